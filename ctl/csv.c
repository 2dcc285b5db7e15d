/* SPDX-License-Identifier: Apache-2.0 */
/* CSV: a reader of RFC 4180 records. */
#include "ctl/csv.h"
#include <string.h>

enum record_state { RECORD_WELL, RECORD_SHORT /* its end is not in the buffer */, RECORD_BAD };

/* A walk over one record in the buffer. */
struct walk {
	size_t at;          /* in raw */
	size_t text;        /* used of text */
	int64_t lines;      /* line ends inside quotes */
	const char *why;    /* RECORD_BAD */
};

void csv_init(struct csv *v, FILE *file, char delimiter, bool collapse)
{
	v->file = file;
	v->delimiter = delimiter;
	v->collapse = collapse;
	v->started = v->ended = false;
	v->line = 0;
	v->next_line = 1;
	v->bytes = 0;
	v->begin = v->end = 0;
	v->n_fields = 0;
}

/* Move what is left to the front and fill up; ERR_IO. */
static int csv_fill(struct csv *v)
{
	size_t n;

	memmove(v->raw, v->raw + v->begin, v->end - v->begin);
	v->end -= v->begin;
	v->begin = 0;
	if (v->ended)
		return 0;
	n = fread(v->raw + v->end, 1, sizeof v->raw - v->end, v->file);
	v->end += n;
	if (v->end < sizeof v->raw) {
		v->ended = feof(v->file);
		if (ferror(v->file))
			return ERR_IO;
	}
	if (!v->started && v->end >= 3 && memcmp(v->raw, "\xef\xbb\xbf", 3) == 0)
		v->begin = 3;
	v->started = true;
	return 0;
}

/* Length of the line end at AT: 1, 2 or 0. A CR at the end of the buffer waits for its LF. */
static size_t line_end(const struct csv *v, size_t at, bool *ret_short)
{
	if (v->raw[at] == '\n')
		return 1;
	if (v->raw[at] != '\r')
		return 0;
	if (at + 1 < v->end)
		return v->raw[at + 1] == '\n' ? 2 : 0;
	*ret_short = !v->ended;
	return v->ended ? 1 : 0;
}

static enum record_state read_quoted(struct csv *v, struct walk *w, struct span *field)
{
	size_t text = w->text;

	for (w->at++; w->at < v->end; w->at++) {
		uint8_t b = v->raw[w->at];

		if (b == '"') {
			if (w->at + 1 == v->end && !v->ended)
				return RECORD_SHORT;
			if (w->at + 1 == v->end || v->raw[w->at + 1] != '"') {
				w->at++;
				*field = span_of(v->text + text, w->text - text);
				return RECORD_WELL;
			}
			w->at++;
		}
		w->lines += b == '\n';
		v->text[w->text++] = b;
	}
	w->why = "a quoted field has no closing quote";
	return v->ended ? RECORD_BAD : RECORD_SHORT;
}

static enum record_state read_plain(struct csv *v, struct walk *w, struct span *field)
{
	size_t start = w->at;
	bool cut = false;

	while (w->at < v->end && v->raw[w->at] != (uint8_t)v->delimiter &&
		!line_end(v, w->at, &cut) && !cut)
		w->at++;
	*field = span_of(v->raw + start, w->at - start);
	return cut || (w->at == v->end && !v->ended) ? RECORD_SHORT : RECORD_WELL;
}

static void skip_delimiters(const struct csv *v, struct walk *w)
{
	while (w->at < v->end && v->raw[w->at] == (uint8_t)v->delimiter)
		w->at++;
}

/* What follows a field: another one, or the end of the record. */
static enum record_state after_field(struct csv *v, struct walk *w, bool *ret_more)
{
	bool cut = false;
	size_t n;

	*ret_more = false;
	if (v->collapse)
		skip_delimiters(v, w);
	if (w->at == v->end)
		return v->ended ? RECORD_WELL : RECORD_SHORT;
	n = line_end(v, w->at, &cut);
	if (cut)
		return RECORD_SHORT;
	if (n > 0) {
		w->at += n;
		return RECORD_WELL;
	}
	*ret_more = true;
	if (v->collapse)
		return RECORD_WELL;
	if (v->raw[w->at] == (uint8_t)v->delimiter) {
		w->at++;
		return RECORD_WELL;
	}
	w->why = "text follows the closing quote of a field";
	return RECORD_BAD;
}

static enum record_state read_field(struct csv *v, struct walk *w, bool *ret_more)
{
	enum record_state state;

	if (v->n_fields == CSV_FIELDS_MAX) {
		w->why = "there are too many fields";
		return RECORD_BAD;
	}
	state = w->at < v->end && v->raw[w->at] == '"' ?
		read_quoted(v, w, &v->fields[v->n_fields]) :
		read_plain(v, w, &v->fields[v->n_fields]);
	if (state != RECORD_WELL)
		return state;
	v->n_fields++;
	return after_field(v, w, ret_more);
}

static enum record_state read_record(struct csv *v, struct walk *w)
{
	enum record_state state;
	bool more = true;

	*w = (struct walk){ .at = v->begin };
	v->n_fields = 0;
	if (v->collapse)
		skip_delimiters(v, w);
	do {
		state = read_field(v, w, &more);
	} while (state == RECORD_WELL && more);
	return state;
}

/* Past the first line of a bad record. */
static void skip_line(struct csv *v)
{
	const uint8_t *lf = memchr(v->raw + v->begin, '\n', v->end - v->begin);
	size_t n = lf ? (size_t)(lf - v->raw) + 1 - v->begin : v->end - v->begin;

	v->bytes += n;
	v->begin += n;
	v->next_line += lf != NULL;
}

/* A line longer than the buffer: what is left of it is thrown away. */
static int skip_long_line(struct csv *v)
{
	int rc = 0;

	while (!rc && !memchr(v->raw + v->begin, '\n', v->end - v->begin) &&
		!(v->ended && v->begin == v->end)) {
		v->bytes += v->end - v->begin;
		v->begin = v->end;
		rc = csv_fill(v);
	}
	skip_line(v);
	return rc;
}

static int record_bad(struct csv *v, const struct walk *w, const char *why, struct complaint *c)
{
	int64_t line = v->next_line;
	size_t column = w->at - v->begin + 1;
	int rc = skip_long_line(v);

	if (rc)
		return complain(c, rc, "reading failed");
	v->line = line;
	(void)complain(c, ERR_INVALID, "%s", why);
	if (c) {
		c->line = line < INT32_MAX ? (int)line : INT32_MAX;
		c->column = (int)column;
	}
	return ERR_INVALID;
}

static bool record_is_empty(const struct csv *v)
{
	return v->n_fields == 0 || (v->n_fields == 1 && v->fields[0].size == 0);
}

static void record_done(struct csv *v, const struct walk *w)
{
	v->line = v->next_line;
	v->next_line += w->lines + (w->at > v->begin && v->raw[w->at - 1] == '\n');
	v->bytes += w->at - v->begin;
	v->begin = w->at;
}

int csv_next(struct csv *v, struct complaint *c)
{
	enum record_state state;
	struct walk w;
	int rc;

	do {
		if (v->begin == v->end) {
			rc = csv_fill(v);
			if (rc)
				return complain(c, rc, "reading failed");
			if (v->begin == v->end)
				return ERR_NOTFOUND;
		}
		state = read_record(v, &w);
		if (state == RECORD_SHORT && v->begin > 0) {
			rc = csv_fill(v);
			if (rc)
				return complain(c, rc, "reading failed");
			state = read_record(v, &w);
		}
		if (state == RECORD_SHORT)
			return record_bad(v, &w, "a record is longer than 65536 bytes (or a quote is "
				"never closed)", c);
		if (state == RECORD_BAD)
			return record_bad(v, &w, w.why, c);
		record_done(v, &w);
	} while (record_is_empty(v));
	return 0;
}
