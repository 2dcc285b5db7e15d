/* SPDX-License-Identifier: Apache-2.0 */
/* Flattening a lifecycle file. */
#include <stdio.h>
#include <string.h>
#include "lifecycle/include.h"
#include "lifecycle/lex.h"
#include "lifecycle/machine.h"

/* One file on the way down to the one that is being read. */
struct level {
	const struct level *above;
	const struct include_reader *reader;
	struct buf *out;
	struct complaint *complaint;
	char path[COMPLAINT_FILE_MAX]; /* empty: the first file */
	struct span text;
	const uint8_t *copied;         /* the text before it is in OUT */
};

static int refuse(const struct level *v, const struct token *t, int rc, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
static int refuse(const struct level *v, const struct token *t, int rc, const char *format, ...)
{
	va_list args;

	if (v->complaint) {
		va_start(args, format);
		(void)vsnprintf(v->complaint->text, sizeof v->complaint->text, format, args);
		va_end(args);
	}
	token_place(t, v->complaint);
	return rc;
}

/* Down from the folder of the including file, and nowhere else. */
static bool path_goes_down(struct span path)
{
	const uint8_t *part = path.data, *end = path.data + path.size;

	if (path.size == 0 || memchr(path.data, '\\', path.size) || !bytes_are_plain_utf8(path))
		return false;
	for (const uint8_t *p = part; p <= end; p++) {
		if (p < end && *p != '/')
			continue;
		if (p == part || part[0] == '.')
			return false; /* empty, ., .. or hidden */
		part = p + 1;
	}
	return true;
}

/* PATH as seen from the first file. False: too long. */
static bool path_join(const struct level *v, struct span path, char out[COMPLAINT_FILE_MAX])
{
	const char *slash = strrchr(v->path, '/');
	int n = snprintf(out, COMPLAINT_FILE_MAX, "%.*s%.*s", slash ? (int)(slash - v->path) + 1 : 0,
		v->path, (int)path.size, (const char *)path.data);

	return n > 0 && n < COMPLAINT_FILE_MAX;
}

static int check_path(const struct level *v, const struct token *t, const char *path)
{
	int depth = 0;

	for (const struct level *up = v; up; up = up->above) {
		if (strcmp(up->path, path) == 0)
			return refuse(v, t, ERR_INVALID, "%s includes itself, by way of this line",
				path);
		depth++;
	}
	return depth <= INCLUDE_DEPTH_MAX ? 0 : refuse(v, t, ERR_INVALID,
		"files include each other more than %d deep", INCLUDE_DEPTH_MAX);
}

static int characters(struct span s)
{
	int n = 0;

	for (size_t i = 0; i < s.size; i++)
		n += (s.data[i] & 0xc0) != 0x80;
	return n;
}

static int copy_level(struct level *v);

/* The file that T names, in place of the include. */
static int include(struct level *v, const struct token *word, const struct token *t)
{
	struct level below = { v, v->reader, v->out, v->complaint, "", { 0 }, NULL };
	struct span path = span_of(t->text.data + 1, t->text.size - 2);
	struct buf file = { 0 };
	int rc;

	if (!path_goes_down(path) || !path_join(v, path, below.path))
		return refuse(v, t, ERR_INVALID, "a file to include is named from the folder of the "
			"file that includes it, without .. and not from /");
	rc = check_path(v, t, below.path);
	if (rc != 0)
		return rc;
	rc = v->reader->read(v->reader->arg, below.path, &file, v->complaint);
	if (rc == 0 && file.failed)
		rc = complain(v->complaint, ERR_NOMEM, "out of memory");
	if (rc != 0) {
		token_place(t, v->complaint);
		buf_fini(&file);
		return rc;
	}
	buf_add(v->out, v->copied, (size_t)(word->text.data - v->copied));
	buf_printf(v->out, "\n#@line 1 \"%s\"\n", below.path);
	below.text = span_of(file.data, file.size);
	rc = copy_level(&below);
	buf_printf(v->out, "\n#@line %d \"%s\"\n%*s", t->line, v->path,
		t->column + characters(t->text) - 1, "");
	v->copied = t->text.data + t->text.size;
	buf_fini(&file);
	if (rc == 0 && v->out->size > LIFECYCLE_BYTES_MAX)
		rc = refuse(v, t, ERR_TOOBIG, "with what it includes a lifecycle file has at most "
			"%u bytes", LIFECYCLE_BYTES_MAX);
	return rc;
}

/* V's text with its includes. A token that is none ends the search: the compiler will say so. */
static int copy_level(struct level *v)
{
	struct lexer l;
	struct token t, next = { 0 };
	int braces = 0, rc = 0;

	lexer_init(&l, v->text);
	l.file = span_str(v->path);
	v->copied = l.at; /* not the byte order mark, but for the first file */
	if (!v->above)
		v->copied = v->text.data;
	while (rc == 0 && lexer_next(&l, &t, NULL) == 0 && t.kind != TOKEN_END) {
		braces += token_is(&t, "{") - token_is(&t, "}");
		if (t.kind != TOKEN_NAME || !token_is(&t, "include") || braces > 0)
			continue;
		if (lexer_next(&l, &next, NULL) != 0 || next.kind != TOKEN_STRING)
			break;
		rc = include(v, &t, &next);
	}
	/* The rest also after a failure: whoever shows the place looks for its line here. */
	buf_add(v->out, v->copied, (size_t)(v->text.data + v->text.size - v->copied));
	return rc;
}

int include_flatten(const struct include_reader *r, struct span text, struct buf *out,
	struct complaint *c)
{
	struct level first = { NULL, r, out, c, "", text, NULL };
	int rc = text.size == 0 ? 0 : copy_level(&first);

	if (rc == 0 && out->failed)
		return complain(c, ERR_NOMEM, "out of memory");
	return rc;
}

struct span include_line(struct span text, struct span file, int number)
{
	const uint8_t *p = text.data, *end = text.data + text.size;
	struct span here = span_of("", 0);
	int n = 0;

	while (p && p < end) {
		const uint8_t *lf = memchr(p, '\n', (size_t)(end - p));
		struct span line = span_of(p, (size_t)((lf ? lf : end) - p));

		if (line_mark_read(line, &n, &here))
			n--;
		else if (n + 1 == number && span_eq(here, file))
			return line;
		else
			n++;
		p = lf ? lf + 1 : NULL;
	}
	return span_of("", 0);
}
