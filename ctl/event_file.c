/* SPDX-License-Identifier: Apache-2.0 */
/* Event file: NDJSON lines, or CSV records through a plan. */
#include "ctl/event_file.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "ctl/lines.h"
#include "ctl/orders.h"

struct event_file {
	FILE *file;
	const char *name;           /* "standard input", or the path, which is the caller's */
	uint64_t all;
	struct lines *lines;        /* NDJSON, or … */
	struct csv *csv;            /* … CSV */
	struct plan plan;
	struct orders orders;
	struct order_result result;
	struct complaint bad;       /* of a record that could not be read */
	bool at_end;
};

static int open_file(struct event_file *in, const char *path, struct complaint *c)
{
	struct stat st;

	if (strcmp(path, "-") == 0) {
		in->file = stdin;
		in->name = "standard input";
	} else {
		in->file = fopen(path, "rb");
		in->name = path;
	}
	if (!in->file)
		return complain(c, err_from_errno(errno), "%s cannot be read: %m", path);
	if (fstat(fileno(in->file), &st) == 0 && S_ISDIR(st.st_mode))
		return complain(c, ERR_INVALID, "%s is a directory", path);
	if (fstat(fileno(in->file), &st) == 0 && S_ISREG(st.st_mode))
		in->all = (uint64_t)st.st_size;
	return 0;
}

/* What begins as START is no text: better said once than of each line. */
static int check_text(const char *name, struct span start, struct complaint *c)
{
	static const struct {
		const char *begins, *is;
	} kinds[] = {
		{ "\x1f\x8b", "compressed: zcat FILE | kith send -" },
		{ "PK\x03\x04", "a spreadsheet or an archive: save it as CSV" },
		{ "\xff\xfe", "UTF-16: convert it first, as in: iconv -f UTF-16 -t UTF-8" },
		{ "\xfe\xff", "UTF-16: convert it first, as in: iconv -f UTF-16 -t UTF-8" },
	};

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		size_t n = strlen(kinds[i].begins);

		if (start.size >= n && memcmp(start.data, kinds[i].begins, n) == 0)
			return complain(c, ERR_CORRUPT, "%s is %s", name, kinds[i].is);
	}
	return 0;
}

static int open_csv(struct event_file *in, const struct mapping *m, struct complaint *c)
{
	int rc = 0;

	in->csv = malloc(sizeof *in->csv);
	if (!in->csv)
		return complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	csv_init(in->csv, in->file, mapping_delimiter(m), m->collapse);
	if (!m->columns_count) {
		rc = csv_next(in->csv, c);
		if (rc == ERR_NOTFOUND)
			return complain(c, ERR_INVALID, "%s is empty: it has no header line", in->name);
		if (check_text(in->name, span_of(in->csv->raw, in->csv->end), c) || rc)
			return rc ? rc : ERR_CORRUPT;
	}
	rc = plan_open(&in->plan, m, in->csv->fields, in->csv->n_fields, c);
	orders_init(&in->orders, &in->plan);
	return rc;
}

int event_file_open(const char *path, const struct mapping *mapping, struct event_file **ret_file,
	struct complaint *c)
{
	struct event_file *in = calloc(1, sizeof *in);
	int rc;

	if (!in)
		return complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	rc = open_file(in, path, c);
	if (!rc && mapping) {
		rc = open_csv(in, mapping, c);
	} else if (!rc) {
		in->lines = calloc(1, sizeof *in->lines);
		if (in->lines)
			in->lines->file = in->file;
		else
			rc = complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	if (rc)
		event_file_close(in);
	else
		*ret_file = in;
	return rc;
}

void event_file_close(struct event_file *in)
{
	if (!in)
		return;
	if (in->file && in->file != stdin)
		fclose(in->file);
	if (in->csv) {
		orders_fini(&in->orders);
		plan_close(&in->plan);
	}
	buf_fini(&in->result.json);
	free(in->lines);
	free(in->csv);
	free(in);
}

static bool is_blank(struct span s)
{
	for (size_t i = 0; i < s.size; i++)
		if (s.data[i] != ' ' && s.data[i] != '\t')
			return false;
	return true;
}

static int next_line(struct event_file *in, struct event_item *item, struct complaint *c)
{
	struct span line;
	int rc;

	do {
		rc = lines_next(in->lines, &line);
	} while (!rc && is_blank(line) && !in->lines->too_long);
	if (!rc && in->lines->line == 1)
		rc = check_text(in->name, line, c);
	if (rc)
		return rc;
	*item = (struct event_item){ .line = in->lines->line, .json = line };
	if (in->lines->too_long) {
		item->code = REJECT_TOO_LARGE;
		item->text = "the line is longer than 65536 bytes";
	}
	return 0;
}

static void item_of_result(const struct event_file *in, struct event_item *item)
{
	const struct order_result *out = &in->result;

	*item = (struct event_item){ .line = out->line };
	if (!out->bad) {
		item->json = span_of(out->json.data, out->json.size);
		return;
	}
	if (out->misfit.why.line)
		item->line = out->misfit.why.line;
	item->code = out->misfit.code;
	item->text = out->misfit.why.text;
}

static int next_order(struct event_file *in, struct event_item *item, struct complaint *c)
{
	int rc;

	while (!in->at_end && !(rc = csv_next(in->csv, &in->bad))) {
		struct record r = { .line = in->csv->line, .n = in->csv->n_fields,
			.fields = in->csv->fields };

		if (orders_take(&in->orders, &r, &in->result)) {
			item_of_result(in, item);
			return 0;
		}
	}
	if (!in->at_end && rc == ERR_INVALID) {
		*item = (struct event_item){ .line = in->csv->line, .code = REJECT_MALFORMED,
			.text = in->bad.text };
		return 0;
	}
	if (!in->at_end && rc != ERR_NOTFOUND) {
		if (c)
			*c = in->bad;
		return rc;
	}
	in->at_end = true;
	if (!orders_finish(&in->orders, &in->result))
		return ERR_NOTFOUND;
	item_of_result(in, item);
	return 0;
}

int event_file_next(struct event_file *in, struct event_item *ret_item, struct complaint *c)
{
	int rc = in->csv ? next_order(in, ret_item, c) : next_line(in, ret_item, c);

	if (rc && rc != ERR_NOTFOUND && rc != ERR_CORRUPT)
		return complain(c, rc, "%s cannot be read: %s", in->name, err_text(rc));
	return rc;
}

void event_file_progress(const struct event_file *in, uint64_t *ret_read, uint64_t *ret_all)
{
	*ret_read = in->csv ? in->csv->bytes : in->lines->bytes;
	*ret_all = in->all;
}
