/* SPDX-License-Identifier: Apache-2.0 */
/* Who is where by a fit: a line a customer. */
#include <errno.h>
#include <math.h>
#include <string.h>
#include "ctl/fit_report.h"

static void print_name(const char *name, FILE *out)
{
	if (!strpbrk(name, "\",")) {
		fputs(name, out);
		return;
	}
	fputc('"', out);
	for (; *name; name++)
		fprintf(out, *name == '"' ? "\"\"" : "%c", *name);
	fputc('"', out);
}

/* Of their class, when classes are fitted. */
static const struct rhythm *rhythm_for(const struct fit_report *p, const struct buyer *row)
{
	for (unsigned i = 1; i < p->n; i++)
		if (p->all[i].class == row->class)
			return &p->all[i].then;
	return &p->all[0].then;
}

static void print_buyer(const struct fit_report *p, const struct buyer *row, FILE *out)
{
	const struct rhythm *r = rhythm_for(p, row);
	double tx = row->days > 1 ? row->last - row->first : 0;
	double silence = fmax(p->buyers.until - row->last, 0);
	struct tempo t = rhythm_tempo(r, row->days - 1, tx);
	char first[FIT_DAY_BYTES], last[FIT_DAY_BYTES];

	fit_day(row->first, first);
	fit_day(row->last, last);
	print_name(buyer_name(&p->buyers, row), out);
	fprintf(out, ",%.0f,%s,%s,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g\n", row->days, first, last, silence,
		tempo_alive(&t, silence), tempo_active(&t, silence, r->window), tempo_median(&t),
		silence / tempo_median(&t),
		rhythm_expected(r, row->days - 1, tx, silence, r->window));
}

int fit_report_customers(const struct fit_report *p, struct complaint *c)
{
	const char *path = p->settings->customers;
	FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");

	if (!out)
		return complain(c, err_from_errno(errno), "%s cannot be written: %m", path);
	fputs("customer,purchase_days,first,last,silence,alive,active,own_gap,overdue,expected\n", out);
	for (size_t i = 0; i < p->buyers.n; i++)
		print_buyer(p, &p->buyers.rows[i], out);
	if (ferror(out) || (out == stdout ? fflush(out) : fclose(out)) != 0)
		return complain(c, ERR_IO, "%s is not complete: it could not be written", path);
	return 0;
}
