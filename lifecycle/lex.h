/* SPDX-License-Identifier: Apache-2.0 */
/* Lexer: a lifecycle file as tokens. Tokens point into the text, which must outlive them.
 *
 * A text that was put together from several files (include.h) says so by lines
 *   #@line 12 "parts/rhythm.lifecycle"
 * each of which gives the line after it its number and its file; "" is the first file. */
#ifndef KITH_LIFECYCLE_LEX_H
#define KITH_LIFECYCLE_LEX_H
#include "base/bytes.h"
#include "base/err.h"

enum token_kind {
	TOKEN_END,
	TOKEN_NAME,   /* a letter or _, then letters, digits, _ */
	TOKEN_NUMBER, /* -2, 45d, 12.5%, 9:00-18:00: what it means is the parser's business */
	TOKEN_STRING, /* with its quotes; no escapes, ends on its line */
	TOKEN_MARK,   /* { } ( ) , * .. < <= > >= = != */
};

struct token {
	uint8_t kind; /* enum token_kind */
	struct span text;
	int line, column; /* from 1; columns are characters */
	struct span file; /* included, or empty for the first one */
};

struct lexer {
	const uint8_t *at, *end;
	int line;
	struct span file;
	const uint8_t *counted; /* the characters of the line up to here have been counted … */
	int column;             /* … and this is the column of the next one */
};

void lexer_init(struct lexer *l, struct span text);
/* If LINE begins with a #@line, what it says of the line after it; false when it does not. */
bool line_mark_read(struct span line, int *ret_number, struct span *ret_file);
/* 0, or ERR_INVALID with a complaint that has a place. At the end, TOKEN_END again and again. */
int lexer_next(struct lexer *l, struct token *ret_token, struct complaint *c);

static inline bool token_is(const struct token *t, const char *text)
{
	return t->kind != TOKEN_STRING && span_eq(t->text, span_str(text));
}

/* The place of T into C (may be NULL). */
void token_place(const struct token *t, struct complaint *c);
/* T as a person would point at it ("45", "the end of the file"), cut short when long. */
#define TOKEN_SHOWN_MAX 64
void token_show(const struct token *t, char out[TOKEN_SHOWN_MAX]);

#endif
