/* SPDX-License-Identifier: Apache-2.0 */
/* kith sources: who speaks and who does not, and forgetting one. */
#include <string.h>
#include "ctl/reply.h"

static int forget(const struct remote_settings *o, const char *name)
{
	struct command command = { .verb = COMMAND_FORGET_SOURCE, .name = span_str(name) };
	struct complaint c = { 0 };
	json_t *answer;
	int code;

	if (command_complaint(&command)) {
		(void)verb_fail(complain(&c, ERR_INVALID, "%s", command_complaint(&command)), &c);
		return EXIT_USAGE;
	}
	code = reply_obey(o, &command, &answer);
	if (answer)
		printf("%s is forgotten\n", name);
	json_decref(answer);
	return code;
}

static int run(void *settings, char **operands, int n)
{
	const struct remote_settings *o = settings;
	json_t *list;
	int code;

	if (n == 2 && strcmp(operands[0], "forget") == 0)
		return forget(o, operands[1]);
	if (n != 0) {
		fprintf(stderr, "kith sources: expected nothing or \"forget NAME\"\n");
		return EXIT_USAGE;
	}
	code = reply_get(o, "sources", NULL, &list);
	if (list)
		show_sources(list, stdout);
	json_decref(list);
	return code;
}

static const struct remote_settings defaults = REMOTE_DEFAULTS;
static const struct option_def options[] = {
	OPTION_JSON(struct remote_settings, json, "the daemon's answer as it is: one line of JSON"),
	OPTION_RUN(struct remote_settings, run),
	OPTION_TIMEOUT(struct remote_settings, timeout_ms, "wait so long for the answer (default 5)"),
	{ OPTION_END },
};

const struct verb verb_sources = {
	.name = "sources", .operands = "[forget NAME]",
	.summary = "which source speaks, and which has fallen silent; forget one",
	.text = "Shows each till, shop or system that sends events: how often it does by its own habit,\n"
		"when it was heard last, and when it will be called silent if it is not heard again.\n"
		"\"forget NAME\" is for one that is no more: it is not waited for, what was held for it is\n"
		"announced as far as it still is so, and if it speaks again it is new. Its events stay, and\n"
		"are still known from their resends.",
	.examples = "  kith sources\n  kith sources --json | jq '.[] | select(.state == \"silent\")'\n"
		"  kith sources forget till-9",
	.exits = "  0 done   1 no such source   2 usage   3 daemon unreachable",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 0, .most = 2, .run = run,
};
