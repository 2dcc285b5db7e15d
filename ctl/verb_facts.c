/* SPDX-License-Identifier: Apache-2.0 */
/* kith facts, kith version: what this binary knows. */
#include <jansson.h>
#include "ctl/table.h"
#include "ctl/verb.h"
#include "lifecycle/quantity.h"

struct facts_settings {
	bool json;
};

static const char *unit_text(unsigned unit)
{
	const char *name = unit_name(unit);

	return name ? name : "";
}

/* How it moves between events, for who writes rules. */
static const char *law_text(enum quantity q)
{
	switch (quantity_law_kind(q)) {
	case LAW_AGE: return "grows";
	case LAW_MULTIPLE: return "grows";
	case LAW_ALIVE:
	case LAW_ACTIVE: return "falls";
	case LAW_REMAINING: return "shrinks";
	case LAW_EXP: return "fades";
	case LAW_CONST:
	case LAW_UNKNOWN: break;
	}
	return "";
}

static void print_quantities(void)
{
	const char *const heads[] = { "<quantity", "<unit", "<in time", "<meaning" };
	struct table t;

	table_init(&t, heads, 4);
	for (int q = 0; q < QUANTITIES; q++) {
		table_add(&t, "%s", quantity_name((enum quantity)q));
		table_add(&t, "%s", unit_text(quantity_unit((enum quantity)q)));
		table_add(&t, "%s", law_text((enum quantity)q));
		table_add(&t, "%s", quantity_text((enum quantity)q));
	}
	table_print(&t, 0, stdout);
	table_fini(&t);
}

static void print_facts(void)
{
	const char *const heads[] = { "<fact", "<unit", "<meaning" };
	struct table t;

	table_init(&t, heads, 3);
	for (int f = 0; f < FACTS_SCALARS; f++) {
		table_add(&t, "%s", fact_name((enum fact)f));
		table_add(&t, "%s", unit_text(fact_unit((enum fact)f)));
		table_add(&t, "%s", fact_text((enum fact)f));
	}
	table_print(&t, 0, stdout);
	table_fini(&t);
}

static json_t *row(const char *name, unsigned unit, const char *law, const char *text)
{
	return json_pack("{s:s, s:s, s:s, s:s}", "name", name, "unit", unit_text(unit), "law", law,
		"text", text);
}

static void print_json(void)
{
	json_t *o = json_object(), *quantities = json_array(), *facts = json_array();

	for (int q = 0; q < QUANTITIES; q++)
		json_array_append_new(quantities, row(quantity_name((enum quantity)q),
			quantity_unit((enum quantity)q), law_text((enum quantity)q),
			quantity_text((enum quantity)q)));
	for (int f = 0; f < FACTS_SCALARS; f++)
		json_array_append_new(facts, row(fact_name((enum fact)f), fact_unit((enum fact)f), "",
			fact_text((enum fact)f)));
	json_object_set_new(o, "quantities", quantities);
	json_object_set_new(o, "facts", facts);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int run_facts(void *settings, char **operands, int n)
{
	const struct facts_settings *o = settings;

	(void)operands;
	(void)n;
	if (o->json) {
		print_json();
		return EXIT_WELL;
	}
	printf("What a rule of a lifecycle file may compare:\n\n");
	print_quantities();
	printf("\nThe facts kept of each customer, from which these are read:\n\n");
	print_facts();
	return EXIT_WELL;
}

static int run_version(void *settings, char **operands, int n)
{
	(void)settings;
	(void)operands;
	(void)n;
	puts("kith " KITH_VERSION);
	return EXIT_WELL;
}

static const struct facts_settings defaults;
static const struct option_def options[] = {
	OPTION_JSON(struct facts_settings, json, "one line of JSON"), { OPTION_END } };
static const struct option_def no_options[] = { { OPTION_END } };

const struct verb verb_facts = {
	.name = "facts", .operands = "", .summary = "what rules may compare, with units",
	.text = "Lists the quantities that the rules of a lifecycle file may compare, with their units and\n"
		"how they move while nothing happens, and the facts they are read from. Needs no daemon.",
	.examples = "  kith facts | grep silence",
	.exits = "  0 always   2 usage",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 0, .most = 0, .run = run_facts,
};

const struct verb verb_version = {
	.name = "version", .operands = "", .summary = "the version of this tool",
	.text = "Prints the version.", .examples = "  kith version", .exits = "  0 always   2 usage",
	.options = no_options, .least = 0, .most = 0, .run = run_version,
};
