/* SPDX-License-Identifier: Apache-2.0 */
/* The lexer of lifecycle files. */
#include <stdio.h>
#include "lifecycle/lex.h"

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

void lexer_init(struct lexer *l, struct span text)
{
	l->at = text.data;
	l->end = text.data + text.size;
	if (text.size >= 3 && memcmp(l->at, "\xef\xbb\xbf", 3) == 0)
		l->at += 3; /* the byte order mark that some editors leave */
	l->line = 1;
	l->file = span_of("", 0);
	l->counted = l->at;
	l->column = 1;
}

bool line_mark_read(struct span line, int *ret_number, struct span *ret_file)
{
	static const char head[] = "#@line ";
	const uint8_t *p = line.data + sizeof head - 1, *end = line.data + line.size;
	int number = 0;

	if (line.size < sizeof head || memcmp(line.data, head, sizeof head - 1) != 0)
		return false;
	for (; p < end && is_digit(*p) && number < 100000000; p++)
		number = number * 10 + (*p - '0');
	if (number == 0 || end - p < 3 || p[0] != ' ' || p[1] != '"' || end[-1] != '"')
		return false;
	*ret_number = number;
	*ret_file = span_of(p + 2, (size_t)(end - p) - 3);
	return ret_file->size < COMPLAINT_FILE_MAX;
}

/* L stands at the # of a comment; leave it at the end of the line. */
static void skip_comment(struct lexer *l)
{
	const uint8_t *begin = l->at;
	bool whole_line = l->at == l->counted;
	int number;

	while (l->at < l->end && *l->at != '\n')
		l->at++;
	if (whole_line && line_mark_read(span_of(begin, (size_t)(l->at - begin)), &number, &l->file))
		l->line = number - 1;
}

static void skip_blanks(struct lexer *l)
{
	for (; l->at < l->end; l->at++) {
		if (*l->at == '#')
			skip_comment(l);
		if (l->at == l->end)
			return;
		if (*l->at == '\n') {
			l->line++;
			l->counted = l->at + 1;
			l->column = 1;
		} else if (*l->at != ' ' && *l->at != '\t' && *l->at != '\r') {
			return;
		}
	}
}

/* A character of UTF-8 is counted at its first byte; each byte of a line is looked at once. */
static int column_here(struct lexer *l)
{
	for (; l->counted < l->at; l->counted++)
		l->column += (*l->counted & 0xc0) != 0x80;
	return l->column;
}

static size_t string_size(const uint8_t *p, const uint8_t *end)
{
	for (const uint8_t *q = p + 1; q < end && *q != '\n'; q++)
		if (*q == '"')
			return (size_t)(q - p) + 1;
	return 0;
}

static size_t number_size(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *q = p + 1;

	/* 9:00-18:00 is one; 2-3 is two. */
	for (bool clock = false; q < end; q++) {
		bool range = *q == '.' && q + 1 < end && q[1] == '.';

		clock = clock || *q == ':';
		if (range || !(is_digit(*q) || is_letter(*q) || *q == '.' || *q == '%' ||
			    *q == ':' || (clock && *q == '-')))
			break;
	}
	return (size_t)(q - p);
}

static size_t name_size(const uint8_t *p, const uint8_t *end)
{
	const uint8_t *q = p;

	while (q < end && (is_letter(*q) || is_digit(*q)))
		q++;
	return (size_t)(q - p);
}

static size_t mark_size(const uint8_t *p, const uint8_t *end)
{
	bool equals = end - p > 1 && p[1] == '=';

	switch (*p) {
	case '{': case '}': case '(': case ')': case ',': case '*': return 1;
	case '<': case '>': return equals ? 2 : 1;
	case '.': return end - p > 1 && p[1] == '.' ? 2 : 1;
	case '=': return 1;
	case '!': return equals ? 2 : 0;
	default: return 0;
	}
}

/* The kind and size of the token at L; size 0: none begins here. */
static size_t measure(const struct lexer *l, uint8_t *ret_kind)
{
	const uint8_t *p = l->at;

	if (is_letter(*p)) {
		*ret_kind = TOKEN_NAME;
		return name_size(p, l->end);
	}
	if (is_digit(*p) || (*p == '-' && p + 1 < l->end && is_digit(p[1]))) {
		*ret_kind = TOKEN_NUMBER;
		return number_size(p, l->end);
	}
	if (*p == '"') {
		*ret_kind = TOKEN_STRING;
		return string_size(p, l->end);
	}
	*ret_kind = TOKEN_MARK;
	return mark_size(p, l->end);
}

static int refuse(const struct lexer *l, const struct token *t, struct complaint *c)
{
	uint8_t byte = *l->at;

	if (t->kind == TOKEN_STRING)
		(void)complain(c, ERR_INVALID, "the text in quotes does not end on its line");
	else if (byte >= 0x80)
		(void)complain(c, ERR_INVALID, "letters beyond ASCII may stand only in comments "
			"and in quotes");
	else if (byte > 0x20 && byte < 0x7f)
		(void)complain(c, ERR_INVALID, "unexpected character %c", byte);
	else
		(void)complain(c, ERR_INVALID, "unexpected byte 0x%02x", byte);
	token_place(t, c);
	return ERR_INVALID;
}

int lexer_next(struct lexer *l, struct token *ret_token, struct complaint *c)
{
	size_t size;

	skip_blanks(l);
	*ret_token = (struct token){ .kind = TOKEN_END, .text = span_of(l->at, 0),
				     .line = l->line, .column = column_here(l), .file = l->file };
	if (l->at == l->end)
		return 0;
	size = measure(l, &ret_token->kind);
	if (size == 0)
		return refuse(l, ret_token, c);
	ret_token->text.size = size;
	l->at += size;
	return 0;
}

void token_place(const struct token *t, struct complaint *c)
{
	if (!c)
		return;
	c->line = t->line;
	c->column = t->column;
	memcpy(c->file, t->file.data, t->file.size);
	c->file[t->file.size] = 0;
}

void token_show(const struct token *t, char out[TOKEN_SHOWN_MAX])
{
	size_t n = t->text.size;
	bool whole = n <= 40;

	if (t->kind == TOKEN_END) {
		snprintf(out, TOKEN_SHOWN_MAX, "the end of the file");
		return;
	}
	if (!whole) { /* not in the middle of a character */
		for (n = 40; n > 0 && (t->text.data[n] & 0xc0) == 0x80; n--)
			;
	}
	snprintf(out, TOKEN_SHOWN_MAX, "%.*s%s", (int)n, (const char *)t->text.data,
		whole ? "" : "…");
}
