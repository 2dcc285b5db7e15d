/* SPDX-License-Identifier: Apache-2.0 */
/* A funnel as tables for people. */
#include "ctl/show_funnel.h"
#include <stdlib.h>
#include "ctl/table.h"
#include "ctl/text.h"

static double share(size_t n, size_t of)
{
	return of ? 100.0 * (double)n / (double)of : 0;
}

static void add_count(struct table *t, size_t n)
{
	char text[TEXT_MAX];

	table_add(t, "%s", text_count((int64_t)n, text));
}

static void add_share(struct table *t, size_t n, size_t of)
{
	if (of)
		table_add(t, "%.1f %%", share(n, of));
	else
		table_add(t, "%s", "");
}

static void add_time(struct table *t, const struct spread *s, int64_t ms)
{
	char text[TEXT_MAX];

	table_add(t, "%s", s->n ? text_duration((double)ms, text) : "");
}

static void show_head(const struct funnel_group *all, FILE *out)
{
	char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX], d[TEXT_MAX];

	fprintf(out, "%s people, %s prospects, of whom %s have converted (%.1f %%)",
		text_count((int64_t)all->people, a), text_count((int64_t)all->prospects, b),
		text_count((int64_t)all->converted, c), share(all->converted, all->prospects));
	if (all->took.n)
		fprintf(out, ", half of these within %s", text_duration((double)all->took.middle, d));
	fprintf(out, ".\n%s bought at once; %s who bought are lost.\n",
		text_count((int64_t)all->at_once, a), text_count((int64_t)all->lost, b));
}

static int show_stages(const struct funnel *f, FILE *out)
{
	const char *const heads[] = { "<came to", ">people", ">went on", ">", ">half of these within",
		">there now" };
	struct table t;

	fputc('\n', out);
	table_init(&t, heads, 6);
	for (unsigned i = 0; i < f->n_rungs; i++) {
		struct funnel_stage s;

		if (funnel_stage(f, i, &s) != 0) {
			table_fini(&t);
			return ERR_NOMEM;
		}
		table_add(&t, "%s", f->rung[i]);
		add_count(&t, s.entered);
		add_count(&t, s.went_on);
		add_share(&t, s.went_on, s.entered);
		add_time(&t, &s.stayed, s.stayed.middle);
		add_count(&t, s.here);
	}
	table_print(&t, 2, out);
	table_fini(&t);
	return 0;
}

static void show_cut(const struct funnel *f, FILE *out)
{
	size_t cut = 0;

	for (size_t i = 0; i < f->n; i++)
		cut += f->people[i].cut;
	if (cut)
		fprintf(out, "  %zu of them have more changes behind them than are kept (history-keep): when they "
			"came to a rung\n  is not known, and they are not among who came to it.\n", cut);
}

static void show_groups(const struct funnel_group *g, size_t n, unsigned by, FILE *out)
{
	const char *const heads[] = { by & BY_SOURCE ? "<source" : "<", by & BY_OWNER ? "<owner" : "<",
		by & BY_MONTH ? "<month" : "<", ">prospects", ">converted", ">", ">a quarter within",
		">half", ">three quarters", ">at once", ">lost" };
	struct table t;

	fputc('\n', out);
	table_init(&t, heads, 11);
	for (const struct funnel_group *end = g + n; g < end; g++) {
		table_add(&t, "%s", by & BY_SOURCE && !*g->source ? "not said" : g->source);
		table_add(&t, "%s", by & BY_OWNER && !*g->owner ? "nobody" : g->owner);
		table_add(&t, "%s", g->month);
		add_count(&t, g->prospects);
		add_count(&t, g->converted);
		add_share(&t, g->converted, g->prospects);
		add_time(&t, &g->took, g->took.low);
		add_time(&t, &g->took, g->took.middle);
		add_time(&t, &g->took, g->took.high);
		add_count(&t, g->at_once);
		add_count(&t, g->lost);
	}
	table_print(&t, 2, out);
	table_fini(&t);
}

static void show_first(const struct funnel_first *r, FILE *out)
{
	size_t converted = r->first_converted + r->rest_converted;
	double first = share(r->first_converted, r->first), rest = share(r->rest_converted, r->rest);

	if (r->first == 0 || converted == 0)
		return;
	fprintf(out, "\nthe first 20 %% of each month's prospects (%s):\n  %zu, %zu converted (%.1f %%); of the "
		"others %zu of %zu (%.1f %%)", r->by_readiness ? "of whom most is told to be there"
		: r->by_source ? "by how earlier ones of their source had converted" : "who came first",
		r->first, r->first_converted, first, r->rest_converted, r->rest, rest);
	if (rest > 0)
		fprintf(out, ": %.1f times as often", first / rest);
	fprintf(out, "\n  %.1f %% of all conversions are theirs\n", share(r->first_converted, converted));
}

/* "need 12, authority 3". */
static void print_counts(json_t *counts, FILE *out)
{
	const char *name, *comma = "";
	char text[TEXT_MAX];
	json_t *n;

	json_object_foreach(counts, name, n) {
		fprintf(out, "%s%s %s", comma, name, text_count(json_integer_value(n), text));
		comma = ", ";
	}
	fputc('\n', out);
}

static void show_why(const struct funnel *f, FILE *out)
{
	json_t *stopped = funnel_stopped(f), *lost = funnel_lost(f), *counts;
	const char *rung;

	if (json_object_size(stopped))
		fprintf(out, "\nnot converted, by where they stand: what is missing first\n");
	json_object_foreach(stopped, rung, counts) {
		fprintf(out, "  %s: ", rung);
		print_counts(counts, out);
	}
	if (json_object_size(lost)) {
		fprintf(out, "\nlost: why\n  ");
		print_counts(lost, out);
	}
	json_decref(stopped);
	json_decref(lost);
}

int show_funnel(struct funnel *f, unsigned by, FILE *out)
{
	struct funnel_group *all = NULL, *groups = NULL;
	struct funnel_first first;
	size_t n_all = 0, n = 0;
	int rc = funnel_groups(f, 0, &all, &n_all);

	if (rc == 0 && n_all == 0) {
		fprintf(out, "nobody yet\n");
		free(all);
		return 0;
	}
	if (rc == 0)
		rc = funnel_groups(f, by, &groups, &n);
	if (rc == 0)
		rc = funnel_first(f, &first);
	if (rc == 0) {
		show_head(all, out);
		rc = show_stages(f, out);
	}
	if (rc == 0) {
		show_cut(f, out);
		show_groups(groups, n, by, out);
		show_first(&first, out);
		show_why(f, out);
	}
	free(all);
	free(groups);
	return rc;
}
