/* SPDX-License-Identifier: Apache-2.0 */
/* kith store: looking into a store while no daemon has it. */
#include <string.h>
#include <unistd.h>
#include "ctl/store_check.h"

static const struct {
	const char *name;
	int (*run)(struct store *s, const struct store_settings *o);
} actions[] = {
	{ "verify", store_verify },
	{ "stat", store_stat },
	{ "rebuild", store_rebuild },
};

static int open_and_run(int (*action)(struct store *s, const struct store_settings *o),
	const char *dir, const struct store_settings *o)
{
	struct complaint c = { 0 };
	struct store s;
	int rc = store_open(dir, 0, false, &s, &c), code;

	if (rc) {
		(void)verb_fail(rc, &c);
		return EXIT_FILE;
	}
	code = action(&s, o);
	store_close(&s);
	return code;
}

static int run(void *settings, char **operands, int n)
{
	struct store_settings *o = settings;

	(void)n;
	o->progress = o->progress && isatty(STDERR_FILENO);
	for (unsigned i = 0; i < sizeof actions / sizeof *actions; i++)
		if (strcmp(actions[i].name, operands[0]) == 0)
			return open_and_run(actions[i].run, operands[1], o);
	fprintf(stderr, "kith store: there is no \"%s\": it is verify, stat or rebuild\n", operands[0]);
	return EXIT_USAGE;
}

#define AT(member) offsetof(struct store_settings, member)
static const struct store_settings defaults = { .progress = true };
static const struct option_def options[] = {
	{ OPTION_TEXT, "into", 'i', "DIR", "rebuild: keep the rebuilt store there (it must be empty)",
		AT(into) },
	{ OPTION_FLAG, "progress", 'p', NULL, "a progress line on a terminal (default: yes)",
		AT(progress), 1 },
	OPTION_JSON(struct store_settings, json, "one line of JSON (stat, verify)"),
	{ OPTION_END },
};

const struct verb verb_store = {
	.name = "store", .operands = "verify|stat|rebuild DIR",
	.summary = "verify, measure or rebuild a store that no daemon has",
	.text = "Looks into the store in DIR. The daemon must not be running: it holds the store's lock.\n\n"
		"  verify   reads every row and every frame of the journal, and checks checksums and links\n"
		"  stat     how many customers, events, deadlines, notifications, bytes\n"
		"  rebuild  applies the whole journal to a fresh store and compares the two row by row;\n"
		"           needs a journal that has been kept from its first frame",
	.examples = "  kith store verify /var/lib/kith\n"
		"  kith store stat /var/lib/kith --json\n"
		"  kith store rebuild /var/lib/kith --into /var/lib/kith.new",
	.exits = "  0 well   1 something is wrong, or differs   2 usage\n"
		"  78 not a store, or a daemon has it",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 2, .most = 2, .run = run,
};
