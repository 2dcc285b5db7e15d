/* SPDX-License-Identifier: Apache-2.0 */
/* kith facts, kith version: what this binary knows. */
#include <jansson.h>
#include "ctl/table.h"
#include "ctl/verb.h"
#include "lifecycle/machine.h"
#include "workers/lifecycle_file.h"

struct facts_settings {
	bool json;
};

static const char *unit_text(unsigned unit)
{
	const char *name = unit_name(unit);

	return name ? name : "";
}

/* How it moves between events, for who writes rules. */
static const char *law_text(enum law_kind law)
{
	switch (law) {
	case LAW_AGE: return "grows";
	case LAW_MULTIPLE: return "grows";
	case LAW_ALIVE:
	case LAW_ACTIVE:
	case LAW_VALUE: return "falls";
	case LAW_REMAINING: return "shrinks";
	case LAW_EXP: return "decays";
	case LAW_CONST: return "stands";
	case LAW_UNKNOWN: break;
	}
	return "";
}

/* How two values of a fact become one. */
static const char *fold_text(enum fact_law law)
{
	switch (law) {
	case FACT_COUNT: return "added";
	case FACT_FIRST: return "the earlier wins";
	case FACT_LAST: return "the later wins";
	case FACT_MASK: return "united";
	case FACT_DECAY: return "added, each fading";
	}
	return "";
}

struct row {
	const char *name, *unit, *law, *fold, *text;
};

/* Row I of the quantities, or of the facts when it is behind them; false behind both. */
static bool row_of(int i, struct row *r)
{
	enum quantity q = (enum quantity)i;
	enum fact f = (enum fact)(i - QUANTITIES);

	if (i < QUANTITIES)
		*r = (struct row){ quantity_name(q), unit_text(quantity_unit(q)),
			law_text(quantity_law_kind(q)), "", quantity_text(q) };
	else if (i < QUANTITIES + FACTS_SCALARS)
		*r = (struct row){ fact_name(f), unit_text(fact_unit(f)), "",
			fold_text(fact_law(f)), fact_text(f) };
	return i < QUANTITIES + FACTS_SCALARS;
}

static void print_quantities(void)
{
	const char *const heads[] = { "<quantity", "<unit", "<in time", "<meaning" };
	struct table t;
	struct row r;

	printf("What a rule of a lifecycle file may compare:\n\n");
	table_init(&t, heads, 4);
	for (int i = 0; i < QUANTITIES && row_of(i, &r); i++) {
		table_add(&t, "%s", r.name);
		table_add(&t, "%s", r.unit);
		table_add(&t, "%s", r.law);
		table_add(&t, "%s", r.text);
	}
	table_print(&t, 0, stdout);
	table_fini(&t);
}

static void print_facts(void)
{
	const char *const heads[] = { "<fact", "<unit", "<folded", "<meaning" };
	struct table t;
	struct row r;

	printf("\nThe facts kept of each customer, from which these are read:\n\n");
	table_init(&t, heads, 4);
	for (int i = QUANTITIES; row_of(i, &r); i++) {
		table_add(&t, "%s", r.name);
		table_add(&t, "%s", r.unit);
		table_add(&t, "%s", r.fold);
		table_add(&t, "%s", r.text);
	}
	table_print(&t, 0, stdout);
	table_fini(&t);
}

static void print_customs(const struct machine *m)
{
	const char *const heads[] = { "<fact", "<unit", "<in time", "<folded", "<definition" };
	struct table t;

	if (!m || m->n_customs == 0)
		return;
	printf("\nThe facts that the file declares itself, quantities too:\n\n");
	table_init(&t, heads, 5);
	for (unsigned i = 0; i < m->n_customs; i++) {
		const struct custom *c = &m->customs[i];

		table_add(&t, "%.*s", (int)c->name.size, (const char *)c->name.data);
		table_add(&t, "%s", unit_text(c->unit));
		table_add(&t, "%s", law_text(machine_quantity(m, QUANTITY_CUSTOM + i).law));
		table_add(&t, "%s", custom_fold_text(c->law));
		table_add(&t, "%.*s", (int)c->text.size, (const char *)c->text.data);
	}
	table_print(&t, 0, stdout);
	table_fini(&t);
}

static json_t *customs_json(const struct machine *m)
{
	json_t *out = json_array();

	for (unsigned i = 0; m && i < m->n_customs; i++) {
		const struct custom *c = &m->customs[i];

		json_array_append_new(out, json_pack("{s:s#, s:s, s:s, s:s, s:s#}", "name",
			(const char *)c->name.data, (int)c->name.size, "unit", unit_text(c->unit),
			"law", law_text(machine_quantity(m, QUANTITY_CUSTOM + i).law), "fold",
			custom_fold_text(c->law), "text", (const char *)c->text.data,
			(int)c->text.size));
	}
	return out;
}

static void print_json(const struct machine *m)
{
	json_t *o = json_object(), *quantities = json_array(), *facts = json_array();
	struct row r;

	for (int i = 0; row_of(i, &r); i++)
		json_array_append_new(i < QUANTITIES ? quantities : facts,
			json_pack("{s:s, s:s, s:s, s:s, s:s}", "name", r.name, "unit", r.unit, "law",
				r.law, "fold", r.fold, "text", r.text));
	json_object_set_new(o, "quantities", quantities);
	json_object_set_new(o, "facts", facts);
	json_object_set_new(o, "own_facts", customs_json(m));
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int run_facts(void *settings, char **operands, int n)
{
	const struct facts_settings *o = settings;
	struct machine *m = NULL;
	int status = n > 0 ? verb_compile_file(operands[0], &m) : EXIT_WELL;

	if (status != EXIT_WELL)
		return status;
	if (o->json) {
		print_json(m);
	} else {
		print_quantities();
		print_facts();
		print_customs(m);
	}
	machine_free(m);
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
	.name = "facts", .operands = "[FILE|-]", .summary = "what rules may compare, with units",
	.text = "Lists the quantities that the rules of a lifecycle file may compare, with their units and\n"
		"how they move while nothing happens, and the facts they are read from, with how two values\n"
		"become one; with a lifecycle FILE, also the facts that it declares itself. Needs no daemon.",
	.examples = "  kith facts | grep silence\n  kith facts my.lifecycle",
	.exits = "  0 well   1 the file does not compile   2 usage   78 it cannot be read",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 0, .most = 1, .run = run_facts,
};

const struct verb verb_version = {
	.name = "version", .operands = "", .summary = "the version of this tool",
	.text = "Prints the version.", .examples = "  kith version", .exits = "  0 always   2 usage",
	.options = no_options, .least = 0, .most = 0, .run = run_version,
};
