/* SPDX-License-Identifier: Apache-2.0 */
/* kith subscriptions: the durable subscriptions, and forgetting one. */
#include <string.h>
#include "ctl/reply.h"

static int forget(const struct remote_settings *o, const char *name)
{
	json_t *answer;
	int code = reply_get(o, "forget", name, &answer);

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
		fprintf(stderr, "kith subscriptions: expected nothing or \"forget NAME\"\n");
		return EXIT_USAGE;
	}
	code = reply_get(o, "subscriptions", NULL, &list);
	if (list)
		show_subscriptions(list, stdout);
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

const struct verb verb_subscriptions = {
	.name = "subscriptions", .operands = "[forget NAME]",
	.summary = "durable subscriptions; forget one",
	.text = "Lists the durable subscriptions: who is connected, and how many notifications each has not\n"
		"acknowledged yet (lag). \"forget NAME\" deletes a name and its position: whoever opens it\n"
		"afterwards begins anew.",
	.examples = "  kith subscriptions\n  kith subscriptions forget old-crm",
	.exits = "  0 done   1 no such name   2 usage   3 daemon unreachable",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 0, .most = 2, .run = run,
};
