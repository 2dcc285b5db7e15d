/* SPDX-License-Identifier: Apache-2.0 */
/* Showing one customer: standing, facts, history; and why. */
#include <string.h>
#include "ctl/reply.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "lifecycle/facts.h"
#include "lifecycle/quantity.h"

/* The name of the unit of a fact, a quantity or a register. */
static const char *unit_of(const char *name)
{
	const char *unit = NULL;
	int q;

	for (unsigned i = 0; i < FACTS_SCALARS; i++)
		if (strcmp(fact_name((enum fact)i), name) == 0)
			unit = unit_name(fact_unit((enum fact)i));
	q = quantity_lookup(span_str(name));
	if (!unit && q >= 0)
		unit = unit_name(quantity_unit((enum quantity)q));
	if (!unit && (strcmp(name, "contract_ends") == 0 || strcmp(name, "market_until") == 0 ||
		strcmp(name, "covered_until") == 0))
		unit = "time";
	return unit ? unit : "";
}

static char *fact_value(const char *name, const json_t *v, char out[TEXT_MAX])
{
	if (json_is_string(v))
		snprintf(out, TEXT_MAX, "%s", json_string_value(v));
	else if (json_is_boolean(v))
		snprintf(out, TEXT_MAX, "%s", json_is_true(v) ? "yes" : "no");
	else
		text_value(json_number_value(v), unit_of(name), out);
	return out;
}

/* "  (45d 3h ago)" for instants, or "  (in 45d 3h)". */
static void show_ago(const char *name, const json_t *v, int64_t now, FILE *out)
{
	char ago[TEXT_MAX];
	int64_t past;

	if (!json_is_integer(v) || !json_integer_value(v) || strcmp(unit_of(name), "time") != 0)
		return;
	past = now - json_integer_value(v);
	if (past < 0)
		fprintf(out, "  (in %s)", text_duration((double)-past, ago));
	else
		fprintf(out, "  (%s ago)", text_duration((double)past, ago));
}

/* Numbers that mean something to the machine only: a set of bits, the origin of decayed sums. */
static bool is_internal(const char *name)
{
	return strcmp(name, "channels") == 0 || strcmp(name, "decayed_at") == 0;
}

static void show_facts(const json_t *facts, int64_t now, FILE *out)
{
	char value[TEXT_MAX];
	const char *name;
	json_t *v;

	fprintf(out, "\nfacts\n");
	json_object_foreach((json_t *)facts, name, v) {
		if ((json_is_integer(v) && json_integer_value(v) == 0) || is_internal(name))
			continue;
		fprintf(out, "  %-18s %s", name, fact_value(name, v, value));
		show_ago(name, v, now, out);
		fputc('\n', out);
	}
}

static void show_next(const json_t *next, int64_t now, FILE *out)
{
	char when[TEXT_MAX], in[TEXT_MAX];

	if (!json_is_object(next)) {
		fprintf(out, "  %-18s none, unless something happens\n", "next change");
		return;
	}
	fprintf(out, "  %-18s %s at %s (in %s), if nothing happens\n", "next change",
		reply_text(next, "what"), text_time(reply_int(next, "at"), when),
		text_duration((double)(reply_int(next, "at") - now), in));
}

static void show_risks(const json_t *standing, int64_t now, FILE *out)
{
	const json_t *since = json_object_get(standing, "since");
	char key[200], ago[TEXT_MAX];
	json_t *risk;
	size_t i;

	if (json_array_size(json_object_get(standing, "risk")) == 0)
		fprintf(out, "  %-18s none\n", "at risk");
	json_array_foreach(json_object_get(standing, "risk"), i, risk) {
		snprintf(key, sizeof key, "risk.%s", json_string_value(risk));
		fprintf(out, "  %-18s %s", i ? "" : "at risk", json_string_value(risk));
		if (reply_int(since, key))
			fprintf(out, "  for %s", text_duration((double)(now - reply_int(since, key)), ago));
		fputc('\n', out);
	}
}

static void show_standing(const json_t *standing, int64_t now, FILE *out)
{
	const json_t *since = json_object_get(standing, "since");
	char when[TEXT_MAX], ago[TEXT_MAX];
	const char *ladder;
	json_t *rung;

	json_object_foreach((json_t *)standing, ladder, rung) {
		if (strcmp(ladder, "risk") == 0 || strcmp(ladder, "since") == 0)
			continue;
		fprintf(out, "  %-18s %s", ladder, json_is_string(rung) ? json_string_value(rung) : "-");
		if (reply_int(since, ladder))
			fprintf(out, "  since %s (%s)", text_time(reply_int(since, ladder), when),
				text_duration((double)(now - reply_int(since, ladder)), ago));
		fputc('\n', out);
	}
	show_risks(standing, now, out);
}

static void show_history(const json_t *history, FILE *out)
{
	const char *const heads[] = { "<when", "<what", "<from", "<to", "<notification" };
	char when[TEXT_MAX];
	struct table t;
	json_t *h;
	size_t i;

	if (json_array_size(history) == 0)
		return;
	fprintf(out, "\nhistory\n");
	table_init(&t, heads, 5);
	json_array_foreach((json_t *)history, i, h) {
		table_add(&t, "%s", text_time(reply_int(h, "at"), when));
		table_add(&t, "%s", reply_text(h, "type"));
		table_add(&t, "%s", *reply_text(h, "from") || !*reply_text(h, "to") ?
			reply_text(h, "from") : "new");
		table_add(&t, "%s", reply_text(h, "to"));
		table_add(&t, "%s%s%s", reply_has(h, "id") ? reply_text(h, "id") : "(backfill)",
			reply_has(h, "retracts") ? " takes back " : "",
			reply_has(h, "retracts") ? reply_text(h, "retracts") : "");
	}
	table_print(&t, 2, out);
	table_fini(&t);
}

static void show_own_facts(const json_t *facts, FILE *out)
{
	char value[TEXT_MAX], since[TEXT_MAX];
	const char *name;
	json_t *f;

	if (json_object_size(facts) > 0)
		fprintf(out, "\nfacts of the lifecycle file\n");
	json_object_foreach((json_t *)facts, name, f) {
		if (reply_has(f, "value"))
			text_value(json_number_value(json_object_get(f, "value")),
				reply_text(f, "unit"), value);
		else
			snprintf(value, sizeof value, "none");
		if (strcmp(reply_text(f, "counts_from"), "beginning") == 0)
			snprintf(since, sizeof since, "from the beginning");
		else
			text_time(reply_int(f, "since"), since);
		fprintf(out, "  %-18s %s  (counted %s%s)\n", name, value,
			strcmp(since, "from the beginning") == 0 ? "" : "since ", since);
	}
}

/* "  other ids          bert, carl": nothing when there is nobody. */
static void show_ids(const char *name, const json_t *ids, int64_t in_all, FILE *out)
{
	size_t n = json_array_size(ids);
	json_t *id;
	size_t i;

	if (n == 0)
		return;
	fprintf(out, "  %-18s ", name);
	json_array_foreach((json_t *)ids, i, id)
		fprintf(out, "%s%s", i ? ", " : "", json_string_value(id));
	if ((int64_t)n < in_all)
		fprintf(out, ", … %lld in all", (long long)in_all);
	fputc('\n', out);
}

static void show_asked(const json_t *answer, FILE *out)
{
	if (reply_has(answer, "asked"))
		fprintf(out, "%s is another id of %s\n\n", reply_text(answer, "asked"),
			reply_text(answer, "customer"));
}

void show_customer(const json_t *c, FILE *out)
{
	int64_t now = reply_int(c, "clock");
	char when[TEXT_MAX];

	show_asked(c, out);
	fprintf(out, "%s  (shard %lld, lifecycle version %lld, at %s)\n\n", reply_text(c, "customer"),
		(long long)reply_int(c, "shard"), (long long)reply_int(c, "lifecycle_version"),
		text_time(now, when));
	show_standing(json_object_get(c, "standing"), now, out);
	show_next(json_object_get(c, "next_change"), now, out);
	show_ids("other ids", json_object_get(c, "ids"), 0, out);
	show_ids("members", json_object_get(c, "members"), reply_int(c, "members_in_all"), out);
	show_facts(json_object_get(c, "facts"), now, out);
	show_own_facts(json_object_get(c, "own_facts"), out);
	show_history(json_object_get(c, "history"), out);
}

/* One comparison: as written, what it compared, and when it flips. */
static void add_test(struct table *t, const json_t *test, int64_t now)
{
	const json_t *value = json_object_get(test, "value");
	const char *unit = reply_text(test, "unit");
	char text[TEXT_MAX], in[TEXT_MAX];
	double v = json_number_value(value);

	table_add(t, "%s", reply_flag(test, "holds") ? "+" : "-");
	table_add(t, "%s", reply_text(test, "test"));
	if (!reply_flag(test, "known"))
		table_add(t, "unknown");
	else if (strcmp(unit, "name") == 0)
		table_add(t, "%s", reply_text(test, "text"));
	else
		table_add(t, "%s", text_value(v, unit, text));
	if (reply_has(test, "flips_at"))
		table_add(t, "flips %s (in %s)", text_time(reply_int(test, "flips_at"), text),
			text_duration((double)(reply_int(test, "flips_at") - now), in));
	else if (strcmp(reply_text(test, "counts_from"), "change") == 0)
		table_add(t, "counted since %s", text_time(reply_int(test, "since"), text));
	else
		table_add(t, "%s", "");
}

static void show_tests(const json_t *tests, int64_t now, FILE *out)
{
	const char *const heads[] = { "<", "<test", "<is", "<" };
	struct table t;
	json_t *test;
	size_t i;

	if (json_array_size(tests) == 0)
		return;
	table_init(&t, heads, 4);
	json_array_foreach((json_t *)tests, i, test)
		add_test(&t, test, now);
	table_print(&t, 8, out);
	table_fini(&t);
}

/* From the top rung down: the first that holds wins. */
static void show_ladder(const json_t *ladder, int64_t now, FILE *out)
{
	const json_t *rungs = json_object_get(ladder, "rungs");
	char when[TEXT_MAX];

	fprintf(out, "\n%s: %s", reply_text(ladder, "name"), reply_text(ladder, "rung"));
	if (reply_int(ladder, "since"))
		fprintf(out, ", since %s", text_time(reply_int(ladder, "since"), when));
	fputc('\n', out);
	for (size_t i = json_array_size(rungs); i-- > 0;) {
		const json_t *rung = json_array_get(rungs, i);
		const char *side = reply_text(rung, "side");

		fprintf(out, "  %s %-16s%s%s%s%s\n", reply_flag(rung, "wins") ? "=>" : "  ",
			reply_text(rung, "name"), *side ? " " : "", side,
			reply_flag(rung, "holds") ? "  holds" : "",
			reply_flag(rung, "wins") ? " and wins" : "");
		show_tests(json_object_get(rung, "tests"), now, out);
	}
}

static void show_risk(const json_t *risk, int64_t now, FILE *out)
{
	char when[TEXT_MAX];

	fprintf(out, "  %s %-16s %s", reply_flag(risk, "holds") ? "=>" : "  ",
		reply_text(risk, "name"), reply_text(risk, "severity"));
	if (reply_has(risk, "since"))
		fprintf(out, "  since %s", text_time(reply_int(risk, "since"), when));
	fputc('\n', out);
	show_tests(json_object_get(risk, "tests"), now, out);
}

static void show_every_test(const json_t *e, int64_t now, FILE *out)
{
	json_t *item;
	size_t i;

	fprintf(out, "\n\"=>\" is what holds now, \"+\" a comparison that is true, \"-\" one that is "
		"not.\n");
	json_array_foreach(json_object_get(e, "ladders"), i, item)
		show_ladder(item, now, out);
	fprintf(out, "\nrisks\n");
	json_array_foreach(json_object_get(e, "risks"), i, item)
		show_risk(item, now, out);
	fputc('\n', out);
	show_next(json_object_get(e, "next_change"), now, out);
}

void show_explanation(const json_t *e, bool tests, FILE *out)
{
	int64_t now = reply_int(e, "clock");
	const json_t *sentences = json_object_get(e, "text");
	char when[TEXT_MAX];
	json_t *sentence;
	size_t i;

	show_asked(e, out);
	fprintf(out, "%s  (%s)\n", reply_text(e, "customer"), text_time(now, when));
	json_array_foreach((json_t *)sentences, i, sentence)
		fprintf(out, "\n%s\n", json_string_value(sentence));
	if (tests || json_array_size(sentences) == 0)
		show_every_test(e, now, out);
}
