/* SPDX-License-Identifier: Apache-2.0 */
/* Showing what the daemon has fitted, and how far judging by it has come. */
#include "ctl/fit_live.h"
#include "ctl/text.h"

static double number(const json_t *o, const char *name)
{
	return json_number_value(json_object_get(o, name));
}

static void show_row(const char *name, const json_t *rhythm, FILE *out)
{
	fprintf(out, "  %-14s %8.4f %10.3f %9.4f %9.4f", name, number(rhythm, "r"),
		number(rhythm, "alpha"), number(rhythm, "a"), number(rhythm, "b"));
	if (reply_has(rhythm, "log_likelihood"))
		fprintf(out, " %14.2f", number(rhythm, "log_likelihood"));
	fputc('\n', out);
}

static void show_dropout(const json_t *fit, FILE *out)
{
	const json_t *likely = json_object_get(fit, "likelihood");
	double a = number(likely, "a"), share = a / (a + number(likely, "b"));
	double gain = number(likely, "log_likelihood") -
		number(json_object_get(fit, "no_dropout"), "log_likelihood");

	if (reply_flag(fit, "dropout_identified"))
		fprintf(out, "After a purchase %.1f %% leave for good on average; saying so explains the "
			"data better by %.1f nats.\n", 100 * share, gain);
	else
		fprintf(out, "Drop-out is not identified (a / (a + b) is %.2g, the gain %.1f nats): `alive` "
			"means little here,\n`active` does not depend on it.\n", share, gain);
}

static void show_class(const json_t *fit, FILE *out)
{
	char a[TEXT_MAX];

	if (reply_text(fit, "of")[0])
		fprintf(out, "\nCustomers with %s\n", reply_text(fit, "of"));
	else if (reply_int(fit, "class"))
		fprintf(out, "\nClass %lld of the file\n", (long long)reply_int(fit, "class"));
	fprintf(out, "Fitted to %.0f of %s buyers", number(fit, "fitted"),
		text_count(reply_int(fit, "buyers"), a));
	if (!reply_has(fit, "prior")) {
		fprintf(out, ": %s.\n", reply_text(fit, "text"));
		return;
	}
	fprintf(out, ", who came back %.0f times, every %.1f days on average.\n\n  %-14s %8s %10s %9s %9s %14s\n",
		number(fit, "repeats"), number(fit, "mean_gap"), "", "r", "alpha (d)", "a", "b",
		"ln likelihood");
	show_row("in force", json_object_get(fit, "now"), out);
	show_row("likelihood", json_object_get(fit, "likelihood"), out);
	show_row("with the prior", json_object_get(fit, "prior"), out);
	show_row("nobody leaves", json_object_get(fit, "no_dropout"), out);
	fputc('\n', out);
	show_dropout(fit, out);
	fprintf(out, "With the prior it explains these customers better by %.1f nats than what was in force. Of them\n"
		"%.1f %% would be silent (overdue > 1 and active < 20%%) instead of %.1f %%; for %.1f %% the moment\n"
		"moves by a day or more.\n", number(fit, "gain"), 100 * number(fit, "silent_then"),
		100 * number(fit, "silent_now"), 100 * number(fit, "moved"));
	if (strcmp(reply_text(fit, "reason"), "well") != 0)
		fprintf(out, "Against it: %s%s.\n", reply_text(fit, "text"),
			strcmp(reply_text(fit, "reason"), "same") == 0 ? "" :
			"; --live --apply --force puts it in force all the same");
}

static void show_spend_row(const char *name, const json_t *s, FILE *out)
{
	fprintf(out, "  %-14s %8.4f %8.4f %12.2f", name, number(s, "p"), number(s, "q"), number(s, "v"));
	if (reply_has(s, "log_likelihood"))
		fprintf(out, " %14.2f", number(s, "log_likelihood"));
	fputc('\n', out);
}

/* How much customers differ in what they spend. */
static void show_spend(const json_t *s, FILE *out)
{
	char a[TEXT_MAX], b[TEXT_MAX];

	if (!reply_has(s, "prior"))
		return;
	fprintf(out, "\nMoney: %s customers spent %s a day on average.\n\n  %-14s %8s %8s %12s %14s\n",
		text_count(reply_int(s, "customers"), a), text_money(number(s, "mean"), b), "", "p", "q",
		"v", "ln likelihood");
	show_spend_row("in force", json_object_get(s, "now"), out);
	show_spend_row("likelihood", json_object_get(s, "likelihood"), out);
	show_spend_row("with the prior", json_object_get(s, "prior"), out);
	fprintf(out, "\nOf %.1f %% of them a day would be expected to bring a tenth more or less. By itself: %s.\n",
		100 * number(s, "moved"), reply_text(s, "text"));
}

void show_fit(const json_t *last, FILE *out)
{
	json_t *fit;
	char a[TEXT_MAX];
	size_t i;

	fprintf(out, "%s customers looked at in %.1f s.\n", text_count(reply_int(last, "customers"), a),
		number(last, "seconds"));
	json_array_foreach(json_object_get(last, "fits"), i, fit)
		show_class(fit, out);
	show_spend(json_object_get(last, "spend"), out);
	if (reply_flag(last, "applied"))
		fprintf(out, "\nIn force: parameters version %lld (%s).\nWho has an event or a deadline is judged by "
			"it at once, the others bit by bit: kith fit --status.\n",
			(long long)reply_int(last, "parameters_version"), reply_text(last, "text"));
	else
		fprintf(out, "\nNot in force: %s.\n", reply_text(last, "text"));
}

void show_judging(const json_t *judging, FILE *out)
{
	char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX];

	if (reply_int(judging, "of") == 0)
		return;
	text_count(reply_int(judging, "judged"), a);
	text_count(reply_int(judging, "moved"), b);
	if (reply_flag(judging, "under_way"))
		fprintf(out, "judging anew: %.1f %% visited, ", 100 * number(judging, "visited") /
			number(judging, "of"));
	else
		fprintf(out, "judged anew last: everybody, ");
	fprintf(out, "%s customers by new rules or parameters, the next change of %s moved", a, b);
	fprintf(out, " (of %s)\n", text_count(reply_int(judging, "of"), c));
}

static void show_in_force(const json_t *p, FILE *out)
{
	char a[TEXT_MAX];
	json_t *fit;
	size_t i;

	if (!reply_flag(p, "fitted")) {
		fprintf(out, "The rhythm in force is that of the lifecycle file.\n");
		return;
	}
	fprintf(out, "The rhythm in force was fitted %s:\n\n  %-14s %8s %10s %9s %9s\n",
		text_time(reply_int(p, "fitted_at"), a), "", "r", "alpha (d)", "a", "b");
	json_array_foreach(json_object_get(p, "fits"), i, fit)
		show_row(reply_text(fit, "of")[0] ? reply_text(fit, "of") : "all others", fit, out);
}

void show_fit_status(const json_t *s, FILE *out)
{
	const char *state = reply_text(s, "state");
	char a[TEXT_MAX], b[TEXT_MAX];

	if (strcmp(state, "samples") == 0)
		fprintf(out, "A fit is under way: %s of %s customers looked at.\n",
			text_count(reply_int(s, "looked_at"), a), text_count(reply_int(s, "customers"), b));
	else if (strcmp(state, "fits") == 0)
		fprintf(out, "A fit is under way: %lld of %lld classes fitted.\n",
			(long long)reply_int(s, "classes_fitted"), (long long)reply_int(s, "classes"));
	else if (strcmp(state, "applies") == 0)
		fprintf(out, "A fit is on its way into the journal.\n");
	show_in_force(json_object_get(s, "parameters"), out);
	show_judging(json_object_get(s, "judging"), out);
	if (reply_int(s, "every"))
		fprintf(out, "By itself: every %s.\n", text_duration((double)reply_int(s, "every"), a));
	if (reply_has(s, "last")) {
		const json_t *last = json_object_get(s, "last");

		fprintf(out, "\nThe last fit, %s%s\n", text_time(reply_int(last, "at"), a),
			reply_flag(last, "by_itself") ? ", by itself:" : ":");
		show_fit(last, out);
	}
}
