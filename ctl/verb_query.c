/* SPDX-License-Identifier: Apache-2.0 */
/* kith stats, show, explain, reload, ping: questions to the daemon. */
#include "ctl/reply.h"
#include <string.h>

#define EXITS "  0 answered   1 not found or refused   2 usage   3 daemon unreachable"

/* Ask and show. */
static int ask(const struct remote_settings *o, const char *verb, const char *customer,
	void (*show)(const json_t *answer, FILE *out))
{
	json_t *answer;
	int code = reply_get(o, verb, customer, &answer);

	if (answer)
		show(answer, stdout);
	json_decref(answer);
	return code;
}

static int run_stats(void *settings, char **operands, int n)
{
	(void)operands;
	(void)n;
	return ask(settings, "stats", NULL, show_stats);
}

static int run_show(void *settings, char **operands, int n)
{
	(void)n;
	return ask(settings, "show", operands[0], show_customer);
}

struct explain_settings {
	struct remote_settings remote;
	const char *language;
	bool tests;
};

static int run_explain(void *settings, char **operands, int n)
{
	const struct explain_settings *s = settings;
	json_t *asked = json_pack("{s:s,s:s*}", "customer", operands[0], "language", s->language);
	json_t *answer = NULL;
	int code;

	(void)n;
	if (!asked) {
		fprintf(stderr, "kith explain: the customer's id is not UTF-8\n");
		return EXIT_USAGE;
	}
	code = reply_get_json(&s->remote, "explain", asked, &answer);
	if (answer)
		show_explanation(answer, s->tests, stdout);
	json_decref(asked);
	json_decref(answer);
	return code;
}

static void show_names(const json_t *names, const char *what, FILE *out)
{
	json_t *name;
	size_t i;

	json_array_foreach((json_t *)names, i, name)
		fprintf(out, "fact %s: %s\n", json_string_value(name), what);
}

static void show_reload(const json_t *answer, FILE *out)
{
	const char *name;
	json_t *fact;

	fprintf(out, "%s, version %lld\n", reply_flag(answer, "changed") ?
		"the lifecycle file has changed and is in force" : "the lifecycle file is unchanged",
		(long long)reply_int(answer, "version"));
	show_names(json_object_get(answer, "new_facts"),
		"new, counts from now on: what was told before is not in it", out);
	json_object_foreach((json_t *)json_object_get(answer, "facts"), name, fact)
		if (reply_flag(answer, "changed") &&
			strcmp(reply_text(fact, "counts_from"), "before") == 0)
			fprintf(out, "fact %s: goes on with what it has counted\n", name);
	show_names(json_object_get(answer, "dropped_facts"), "dropped and forgotten", out);
}

static int run_reload(void *settings, char **operands, int n)
{
	(void)operands;
	(void)n;
	return ask(settings, "reload", NULL, show_reload);
}

static void show_ping(const json_t *answer, FILE *out)
{
	fprintf(out, "kithd %s is %s, %lld shards\n", reply_text(answer, "version"),
		reply_text(answer, "state"), (long long)reply_int(answer, "shards"));
}

static int run_ping(void *settings, char **operands, int n)
{
	(void)operands;
	(void)n;
	return ask(settings, "ping", NULL, show_ping);
}

static void show_survey(const json_t *answer, FILE *out)
{
	fprintf(out, "a survey begins, after %lld others since the start: kith stats has what it finds\n",
		(long long)reply_int(answer, "surveys"));
}

static int run_survey(void *settings, char **operands, int n)
{
	(void)operands;
	(void)n;
	return ask(settings, "survey", NULL, show_survey);
}

static void show_unfit(const json_t *answer, FILE *out)
{
	fprintf(out, "rhythms and spending are the lifecycle file's own, parameters version %lld\n",
		(long long)reply_int(answer, "parameters_version"));
}

static int run_unfit(void *settings, char **operands, int n)
{
	json_t *none = json_pack("{s:[],s:n}", "fits", "spend"), *answer = NULL;
	int code = reply_get_json(settings, "parameters", none, &answer);

	(void)operands;
	(void)n;
	if (answer)
		show_unfit(answer, stdout);
	json_decref(none);
	json_decref(answer);
	return code;
}

const struct verb verb_survey = {
	.name = "survey", .operands = "", .summary = "rank the values of all customers now",
	.text = "Makes the daemon look at the values of all customers now, as it does by itself each hour\n"
		"(--survey of kithd), for comparisons with `top 1%` and the share of the best in kith stats.\n"
		"It takes a page at a time and answers before it has finished.",
	.examples = "  kith survey",
	.exits = EXITS, REMOTE_VERB, .least = 0, .most = 0, .run = run_survey,
};

const struct verb verb_unfit = {
	.name = "unfit", .operands = "", .summary = "go back to the rhythm and spending of the lifecycle file",
	.text = "Takes back what kith fit --apply has given: customers are judged by the rhythms and the p, q\n"
		"and v of the lifecycle file again, whoever has an event or a deadline at once, all others bit by bit.",
	.examples = "  kith unfit",
	.exits = EXITS, REMOTE_VERB, .least = 0, .most = 0, .run = run_unfit,
};

const struct verb verb_stats = {
	.name = "stats", .operands = "", .summary = "how many customers stand where",
	.text = "Shows the funnel (how many customers stand on each rung of each ladder), how many are at\n"
		"risk and why, and the state of the daemon.",
	.examples = "  kith stats\n  kith stats --json | jq .ladders.stage",
	.exits = EXITS, REMOTE_VERB, .least = 0, .most = 0, .run = run_stats,
};

const struct verb verb_show = {
	.name = "show", .operands = "CUSTOMER", .summary = "one customer: standing, facts, history",
	.text = "Shows where CUSTOMER stands and since when, what will change next if nothing happens,\n"
		"the facts behind it, and the latest changes. Durations count from the daemon's clock.",
	.examples = "  kith show 17850\n  kith show anna --json | jq .standing",
	.exits = EXITS, REMOTE_VERB, .least = 1, .most = 1, .run = run_show,
};

static const struct explain_settings explain_defaults = { .remote = REMOTE_DEFAULTS };
static const struct option_def explain_options[] = {
	{ OPTION_TEXT, "lang", 'l', "en|zh", "in this language (default: the daemon's)",
		offsetof(struct explain_settings, language) },
	{ OPTION_FLAG, "tests", 't', NULL,
		"then every ladder and risk, each comparison with its numbers,\nand when it flips",
		offsetof(struct explain_settings, tests) },
	OPTION_JSON(struct explain_settings, remote.json,
		"the daemon's answer as it is: one line of JSON"),
	OPTION_RUN(struct explain_settings, remote.run),
	OPTION_TIMEOUT(struct explain_settings, remote.timeout_ms,
		"wait so long for the answer (default 5)"),
	{ OPTION_END },
};

const struct verb verb_explain = {
	.name = "explain", .operands = "CUSTOMER",
	.summary = "why a customer stands there, in sentences",
	.text = "Tells in sentences where CUSTOMER stands and why, which risks hold, and what will change\n"
		"when, if nothing happens. --tests shows every ladder from its top rung down (the first that\n"
		"holds wins) and every risk, each with the comparisons of its rule, the value compared, and\n"
		"the instant at which the comparison flips if nothing happens. --json has both.",
	.examples = "  kith explain 17850\n  kith explain 17850 --lang zh\n  kith explain 17850 --tests\n"
		"  kith explain 17850 --json | jq '.risks[] | select(.holds)'",
	.exits = EXITS, .options = explain_options, .defaults = &explain_defaults,
	.settings_size = sizeof explain_defaults, .least = 1, .most = 1, .run = run_explain,
};

const struct verb verb_reload = {
	.name = "reload", .operands = "", .summary = "read the lifecycle file again",
	.text = "Makes the daemon read its lifecycle file again and, when it has changed and compiles, put\n"
		"it in force. \"kith check FILE\" tells beforehand whether it compiles.",
	.examples = "  kith check my.lifecycle && kith reload",
	.exits = EXITS, REMOTE_VERB, .least = 0, .most = 0, .run = run_reload,
};

const struct verb verb_ping = {
	.name = "ping", .operands = "", .summary = "is the daemon there?",
	.text = "Asks the daemon for its version and state.",
	.examples = "  kith ping --timeout 1 || echo \"not running\"",
	.exits = EXITS, REMOTE_VERB, .least = 0, .most = 0, .run = run_ping,
};
