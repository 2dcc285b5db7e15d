/* SPDX-License-Identifier: Apache-2.0 */
/* kith sources, subscriptions: what there is by name, and forgetting one. */
#include <string.h>
#include "ctl/reply.h"

struct list {
	const char *verb; /* which asks for it */
	void (*show)(const json_t *list, FILE *out);
	int (*forget)(const struct remote_settings *o, const char *name, json_t **ret_answer);
};

static int forget_source(const struct remote_settings *o, const char *name, json_t **ret_answer)
{
	struct command command = { .verb = COMMAND_FORGET_SOURCE, .name = span_str(name) };
	struct complaint c = { 0 };

	*ret_answer = NULL;
	if (!command_complaint(&command))
		return reply_obey(o, &command, ret_answer);
	(void)verb_fail(complain(&c, ERR_INVALID, "%s", command_complaint(&command)), &c);
	return EXIT_USAGE;
}

static int forget_subscription(const struct remote_settings *o, const char *name,
	json_t **ret_answer)
{
	return reply_get(o, "forget", name, ret_answer);
}

static int run(const struct list *l, const struct remote_settings *o, char **operands, int n)
{
	bool forgets = n == 2 && strcmp(operands[0], "forget") == 0;
	bool lists = n == 0 || (n == 1 && strcmp(operands[0], "list") == 0);
	json_t *answer;
	int code;

	if (!lists && !forgets) {
		fprintf(stderr, "kith %s: expected nothing, \"list\" or \"forget NAME\"\n", l->verb);
		return EXIT_USAGE;
	}
	code = forgets ? l->forget(o, operands[1], &answer) : reply_get(o, l->verb, NULL, &answer);
	if (answer && forgets)
		printf("%s is forgotten\n", operands[1]);
	else if (answer)
		l->show(answer, stdout);
	json_decref(answer);
	return code;
}

static int run_sources(void *settings, char **operands, int n)
{
	return run(&(struct list){ "sources", show_sources, forget_source }, settings, operands, n);
}

static int run_subscriptions(void *settings, char **operands, int n)
{
	return run(&(struct list){ "subscriptions", show_subscriptions, forget_subscription }, settings,
		operands, n);
}

const struct verb verb_sources = {
	.name = "sources", .operands = "[list | forget NAME]",
	.summary = "which source speaks, and which has fallen silent; forget one",
	.text = "Shows each till, shop or system that sends events: how often it does by its own habit,\n"
		"when it was heard last, and when it will be called silent if it is not heard again.\n"
		"\"forget NAME\" is for one that is no more: it is not waited for, what was held for it is\n"
		"announced as far as it still is so, and if it speaks again it is new. Its events stay, and\n"
		"are still known from their resends.",
	.examples = "  kith sources\n  kith sources --json | jq '.[] | select(.state == \"silent\")'\n"
		"  kith sources forget till-9",
	.exits = "  0 done   1 no such source   2 usage   3 daemon unreachable",
	REMOTE_VERB,
	.least = 0, .most = 2, .run = run_sources,
};

const struct verb verb_subscriptions = {
	.name = "subscriptions", .operands = "[list | forget NAME]",
	.summary = "durable subscriptions; forget one",
	.text = "Lists the durable subscriptions: who is connected, and how many notifications each has not\n"
		"acknowledged yet (lag). \"forget NAME\" deletes a name and its position: whoever opens it\n"
		"afterwards begins anew.",
	.examples = "  kith subscriptions\n  kith subscriptions forget old-crm",
	.exits = "  0 done   1 no such name   2 usage   3 daemon unreachable",
	REMOTE_VERB,
	.least = 0, .most = 2, .run = run_subscriptions,
};
