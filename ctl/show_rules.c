/* SPDX-License-Identifier: Apache-2.0 */
/* Showing the rules: what each says, what is held, what was passed over. */
#include "ctl/reply.h"
#include "ctl/table.h"
#include "ctl/text.h"

static double number(const json_t *o, const char *name)
{
	return json_number_value(json_object_get(o, name));
}

void show_passed_over(const json_t *announcing, FILE *out)
{
	const char *const heads[] = { "<", ">" };
	const json_t *passed = json_object_get(announcing, "passed_over");
	char since[TEXT_MAX], count[TEXT_MAX];
	const char *type;
	json_t *changes;
	struct table t;

	if (json_object_size(passed) == 0) {
		fprintf(out, "nothing was passed over\n");
		return;
	}
	fprintf(out, "told to nobody since %s, and in the histories:\n",
		text_time(reply_int(announcing, "since"), since));
	table_init(&t, heads, 2);
	json_object_foreach((json_t *)passed, type, changes) {
		table_add(&t, "%s", type);
		table_add(&t, "%s", text_count(json_integer_value(changes), count));
	}
	table_print(&t, 2, out);
	table_fini(&t);
}

static void show_announcing(const json_t *a, FILE *out)
{
	char at[TEXT_MAX];

	if (!reply_flag(a, "hushed"))
		return;
	if (reply_has(a, "until"))
		fprintf(out, "\nnothing is announced before %s\n", text_time(reply_int(a, "until"), at));
	else
		fprintf(out, "\nnothing is announced until \"kith live\"\n");
}

void show_rules(const json_t *rules, FILE *out)
{
	const char *const heads[] = { "<rule", "<state", ">announced", ">held", ">an hour",
		">trips at, in half an hour" };
	const json_t *list = json_object_get(rules, "rules");
	char count[TEXT_MAX];
	struct table t;
	json_t *rule;
	size_t i;

	if (json_array_size(list) == 0)
		fprintf(out, "no rule has spoken yet\n");
	table_init(&t, heads, 6);
	json_array_foreach((json_t *)list, i, rule) {
		table_add(&t, "%s", reply_text(rule, "rule"));
		table_add(&t, "%s", reply_text(rule, "state"));
		table_add(&t, "%s", text_count(reply_int(rule, "announced"), count));
		table_add(&t, "%s", text_count(reply_int(rule, "held"), count));
		table_add(&t, "%.2f", number(rule, "habit_per_hour"));
		table_add(&t, "%.0f", number(rule, "limit_per_half_hour"));
	}
	if (json_array_size(list) > 0)
		table_print(&t, 0, out);
	table_fini(&t);
	show_announcing(json_object_get(rules, "announcing"), out);
}
