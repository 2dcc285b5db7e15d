/* SPDX-License-Identifier: Apache-2.0 */
/* kith subscriptions: the durable subscriptions, and forgetting one. */
#include <string.h>
#include "base/clock.h"
#include "ctl/reply.h"

static bool is_listed(const json_t *list, const char *name)
{
	json_t *sub;
	size_t i;

	json_array_foreach((json_t *)list, i, sub)
		if (strcmp(reply_text(sub, "name"), name) == 0)
			return true;
	return false;
}

/* Whether NAME is there now; or, by the return, an exit code. */
static int look_up(const struct remote_settings *o, const char *name, bool *ret_there)
{
	struct remote_settings quiet = *o;
	json_t *list;
	int code;

	quiet.json = false;
	code = reply_get(&quiet, "subscriptions", NULL, &list);
	*ret_there = is_listed(list, name);
	json_decref(list);
	return code;
}

/* The daemon answers before the forgetting is durable and done: look until it is. */
static int forget(const struct remote_settings *o, const char *name)
{
	int64_t start = clock_monotonic_ns();
	struct complaint c = { 0 };
	json_t *answer;
	bool there;
	int code = look_up(o, name, &there);

	if (code)
		return code;
	if (!there)
		return verb_fail(complain(&c, ERR_NOTFOUND, "there is no subscription \"%s\"; \"kith "
			"subscriptions\" lists them", name), &c);
	code = reply_get(o, "forget", name, &answer);
	if (answer)
		printf("%s is forgotten\n", name);
	json_decref(answer);
	while (!code && there) {
		code = look_up(o, name, &there);
		if (there && clock_monotonic_ns() - start > o->timeout_ms * INT64_C(1000000))
			return verb_fail(complain(&c, ERR_TIMEOUT, "the daemon has not forgotten \"%s\" yet",
				name), &c);
	}
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
