/* SPDX-License-Identifier: Apache-2.0 */
/* The report of a fit for people. */
#include <math.h>
#include <string.h>
#include "ctl/fit_report.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "lifecycle/machine.h"

void fit_day(double day, char out[FIT_DAY_BYTES])
{
	time_format((int64_t)floor(day) * DAY_MS, out);
	out[10] = 0; /* the date */
}

double fit_shown_likelihood(const struct fit_report *p, const struct fit *f, const struct fitted *of)
{
	return of->log_likelihood + (p->settings->unit == UNIT_IN_WEEKS ? f->repeats * log(7) : 0);
}

double fit_shown_alpha(const struct fit_report *p, const struct fitted *of)
{
	return of->rhythm.alpha / (p->settings->unit == UNIT_IN_WEEKS ? 7 : 1);
}

void fit_block(const struct fitted_class *k, char *out, size_t size)
{
	const struct rhythm *r = &k->then;

	if (k->name[0])
		(void)snprintf(out, size, "rhythm for %s {\n    r %.4f  alpha %.3fd\n    a %.4f  b %.4f\n}\n",
			k->name, r->r, r->alpha, r->a, r->b);
	else
		(void)snprintf(out, size, "rhythm {\n    r %.4f  alpha %.3fd\n    a %.4f  b %.4f\n"
			"    floor %g%%\n    window %gd\n}\n", r->r, r->alpha, r->a, r->b, 100 * r->floor,
			r->window);
}

static void show_fitted(const struct fit_report *p, const char *name, const struct fitted *of, FILE *out)
{
	fprintf(out, "  %-14s %8.4f %10.4f %9.4f %9.4f %14.4f\n", name, of->rhythm.r,
		fit_shown_alpha(p, of), of->rhythm.a, of->rhythm.b,
		fit_shown_likelihood(p, &p->all[0].fit, of));
}

static double leaves(const struct fit *f)
{
	return f->likely.rhythm.a / (f->likely.rhythm.a + f->likely.rhythm.b);
}

static void show_dropout(const struct fit *f, FILE *out)
{
	double gain = f->likely.log_likelihood - f->no_dropout.log_likelihood;

	if (f->dropout_identified)
		fprintf(out, "Drop-out is identified: after a purchase %.1f %% leave for good on average, and "
			"saying so\nexplains the data better by %.1f nats.\n", 100 * leaves(f), gain);
	else
		fprintf(out, "Drop-out is not identified: these data do not tell who has left from who is slow "
			"(a / (a + b)\nis %.2g, the gain %.1f nats). `alive` means little here; `active` "
			"does not depend on it.\n", leaves(f), gain);
}

static void show_change(const struct fitted_class *k, const char *in_force, FILE *out)
{
	fprintf(out, "What would change: %.1f %% of these customers would be silent (overdue > 1 and active < "
		"20%%)\ninstead of %.1f %% by %s; for %.1f %% the moment moves by a day or more.\n",
		100 * k->change.then, 100 * k->change.now, in_force, 100 * k->change.moved);
}

static void show_whole(const struct fit_report *p, FILE *out)
{
	const struct fit *f = &p->all[0].fit;
	char until[FIT_DAY_BYTES];

	fit_day(p->buyers.until, until);
	fprintf(out, "%zu customers until %s; fitted to %.0f of them, who came back %.0f times, every %.1f "
		"days on average.\n", p->buyers.n, until, f->customers, f->repeats, f->mean_gap);
	if (p->buyers.skipped)
		fprintf(out, "%llu lines or rows could not be read.\n",
			(unsigned long long)p->buyers.skipped);
	fprintf(out, "\n  %-14s %8s %10s %9s %9s %14s\n", "", "r", p->settings->unit == UNIT_IN_WEEKS
		? "alpha (w)" : "alpha (d)", "a", "b", "ln likelihood");
	show_fitted(p, "likelihood", &f->likely, out);
	show_fitted(p, "with the prior", &f->map, out);
	show_fitted(p, "nobody leaves", &f->no_dropout, out);
	fputc('\n', out);
	show_dropout(f, out);
	show_change(&p->all[0], p->compared_with, out);
}

static void add_class(struct table *t, const struct fitted_class *k)
{
	const struct rhythm *r = &k->then;

	table_add(t, "%s", k->name[0] ? k->name : "all others");
	table_add(t, "%.0f", k->fit.customers);
	table_add(t, "%.0f", k->fit.repeats);
	table_add(t, "%.4f", r->r);
	table_add(t, "%.2f", r->alpha);
	table_add(t, "%.4f", r->a);
	table_add(t, "%.4f", r->b);
	if (k->fit.dropout_identified)
		table_add(t, "%.1f %%", 100 * leaves(&k->fit));
	else
		table_add(t, "%s", "not seen");
	table_add(t, "%.1f %%", 100 * k->change.now);
	table_add(t, "%.1f %%", 100 * k->change.then);
	table_add(t, "%s", k->few ? "few: steadied by everybody's" : "");
}

static void show_classes(const struct fit_report *p, FILE *out)
{
	const char *const heads[] = { "<customers with", ">number", ">came back", ">r", ">alpha (d)", ">a",
		">b", ">leave", ">silent now", ">then", "<" };
	double likelihood = 0;
	struct table t;

	fputc('\n', out);
	table_init(&t, heads, 11);
	for (unsigned i = 1; i < p->n; i++) {
		add_class(&t, &p->all[i]);
		likelihood += p->all[i].fit.map.log_likelihood;
	}
	table_print(&t, 2, out);
	table_fini(&t);
	fprintf(out, "\nEach is fitted by itself, with everybody's fit as its prior: one of fewer than %d customers "
		"keeps\nmuch of that, one of none all of it. ", FIT_CLASS_MIN);
	if (p->settings->sample >= (int64_t)p->buyers.n)
		fprintf(out, "Apart they explain the data better by %.1f\nnats than together; up to %u come by chance.",
			likelihood - p->all[0].fit.map.log_likelihood, 2 * (p->n - 2));
	fputc('\n', out);
}

/* ---- spending */

static void show_spend_row(const char *name, double p, double q, double v, double likelihood, FILE *out)
{
	fprintf(out, "  %-14s %8.4f %8.4f %12.2f", name, p, q, v);
	if (likelihood != 0)
		fprintf(out, " %16.4f", likelihood);
	fputc('\n', out);
}

static void show_spend_words(const struct fit_report *p, FILE *out)
{
	const struct spend_fit *f = &p->spend;
	const struct spend_fitted *s = fit_spend_chosen(p);
	double gain = f->likely.log_likelihood - f->all_alike;

	if (f->identified)
		fprintf(out, "How much customers differ is identified: it explains the data better by %.1f nats than "
			"if all\nspent alike. Who bought on one day is believed for %.0f %%, on ten for %.0f %%; the "
			"rest is what\nall spend.\n", gain, 100 * s->p / (s->p + s->q - 1),
			1000 * s->p / (10 * s->p + s->q - 1));
	else
		fprintf(out, "How much customers differ is not identified: %s.\n", f->repeaters <
			SPEND_REPEATERS_MIN ? "too few spent on more than one day" :
			"these data are explained as well if all spend alike");
	if (fabs(f->correlation) > SPEND_CORRELATION_MAX)
		fprintf(out, "Who comes more often spends %s on a day (correlation %.2f): the model takes it that "
			"one has\nnothing to do with the other.\n", f->correlation > 0 ? "more" : "less",
			f->correlation);
	fprintf(out, "What would change: of %.1f %% of all customers a day is expected to bring a tenth more or less.\n",
		100 * p->spend_moves / (double)p->buyers.n);
}

static void show_spend(const struct fit_report *p, FILE *out)
{
	const struct spend_fit *f = &p->spend;
	struct value now = p->buyers.machine ? p->buyers.machine->value : VALUE_DEFAULT;
	char mean[TEXT_MAX];

	if (!p->has_spend)
		return;
	fprintf(out, "\nMoney: %zu customers spent %s a day on average, %zu of them on more than one day.\n\n"
		"  %-14s %8s %8s %12s %16s\n", f->customers, text_money(f->mean, mean), f->repeaters, "", "p",
		"q", "v", "ln likelihood");
	show_spend_row("likelihood", f->likely.p, f->likely.q, f->likely.v, f->likely.log_likelihood, out);
	show_spend_row("with the prior", f->map.p, f->map.q, f->map.v, f->map.log_likelihood, out);
	show_spend_row("in force", now.p, now.q, now.v, 0, out);
	fputc('\n', out);
	show_spend_words(p, out);
}

/* ---- for the file */

static void show_blocks(const struct fit_report *p, FILE *out)
{
	char block[FIT_BLOCK_MAX];

	fprintf(out, "\nFor the lifecycle file (%s):\n", p->settings->prior ? "with the prior" : "likelihood");
	for (unsigned i = p->n > 1 ? 1 : 0; i < p->n; i++) {
		fit_block(&p->all[i], block, sizeof block);
		fprintf(out, "\n%s", block);
	}
	if (fit_spend_is_known(p)) {
		const struct spend_fitted *s = fit_spend_chosen(p);

		fprintf(out, "\nand in its value block:  p %.4f  q %.4f  v %.2f\n", s->p, s->q, s->v);
	}
}

void fit_report_text(const struct fit_report *p, FILE *out)
{
	show_whole(p, out);
	if (p->n > 1)
		show_classes(p, out);
	show_spend(p, out);
	show_blocks(p, out);
}
