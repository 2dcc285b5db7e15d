/* SPDX-License-Identifier: Apache-2.0 */
/* kith rule, snooze, hush, live: who is told what, and when. */
#include <string.h>
#include "base/clock.h"
#include "ctl/instant.h"
#include "ctl/preview.h"
#include "ctl/reply.h"
#include "ctl/text.h"

struct settings {
	struct remote_settings remote;
	const char *at;
	bool wake;
};

static const struct settings defaults = { .remote = REMOTE_DEFAULTS };
#define REMOTE_OPTIONS \
	OPTION_JSON(struct settings, remote.json, "the daemon's answer as it is: one line of JSON"), \
	OPTION_RUN(struct settings, remote.run), \
	OPTION_TIMEOUT(struct settings, remote.timeout_ms, "wait so long for the answer (default 5)")
#define COMMAND_VERB .defaults = &defaults, .settings_size = sizeof defaults
#define EXITS "  0 done   1 not found or refused   2 usage   3 daemon unreachable"

static const struct option_def plain_options[] = { REMOTE_OPTIONS, { OPTION_END } };

/* The daemon's own idea of now: with --clock event that is not ours. */
static int daemon_now(const struct remote_settings *o, int64_t *ret_ms)
{
	struct remote_settings quiet = *o;
	json_t *stats;
	int code;

	quiet.json = false;
	code = reply_get(&quiet, "stats", NULL, &stats);
	*ret_ms = reply_int(json_object_get(stats, "clock"), "now");
	json_decref(stats);
	return code;
}

static int misused(const struct complaint *c)
{
	(void)verb_fail(ERR_INVALID, c);
	return EXIT_USAGE;
}

static int obey(const struct remote_settings *o, const struct command *command, const char *said)
{
	json_t *answer;
	int code = reply_obey(o, command, &answer);

	if (answer)
		printf("%s\n", said);
	json_decref(answer);
	return code;
}

/* ---- rule */

static int list_rules(const struct remote_settings *o)
{
	json_t *rules;
	int code = reply_get(o, "rules", NULL, &rules);

	if (rules)
		show_rules(rules, stdout);
	json_decref(rules);
	return code;
}

/* It takes as long as there are customers, unless somebody asks for less. */
static int test_rules(const struct remote_settings *o, const char *path)
{
	struct remote_settings patient = *o;

	if (patient.timeout_ms == defaults.remote.timeout_ms)
		patient.timeout_ms = PREVIEW_TIMEOUT_MS;
	return preview_run(&patient, path, NULL, NULL);
}

static int run_rule(void *settings, char **operands, int n)
{
	const struct settings *o = settings;
	static const struct {
		const char *name, *said;
		enum command_verb verb;
	} orders[] = {
		{ "release", "what was held is being announced, as far as it still holds",
			COMMAND_RELEASE },
		{ "discard", "what was held is being forgotten; the rule speaks again",
			COMMAND_DISCARD },
		{ "pause", "what it says is held from now on", COMMAND_PAUSE },
		{ "resume", "it speaks again, and what was held is being announced",
			COMMAND_RESUME },
	};

	if (n == 1 && strcmp(operands[0], "list") == 0)
		return list_rules(&o->remote);
	if (n == 2 && strcmp(operands[0], "test") == 0)
		return test_rules(&o->remote, operands[1]);
	for (size_t i = 0; n == 2 && i < sizeof orders / sizeof orders[0]; i++)
		if (strcmp(operands[0], orders[i].name) == 0)
			return obey(&o->remote, &(struct command){ .verb = orders[i].verb,
				.name = span_str(operands[1]) }, orders[i].said);
	fprintf(stderr, "kith rule: expected \"list\", \"test\" and a file, or release, discard, pause or resume and the "
		"name of a rule; see \"kith rule --help\"\n");
	return EXIT_USAGE;
}

const struct verb verb_rule = {
	.name = "rule", .operands = "list | release|discard|pause|resume RULE | test FILE",
	.summary = "what each rule says; hold one back, or let it speak; try others",
	.text = "A rule that speaks far beyond its own habit trips its breaker: \"rule.tripped\" is announced\n"
		"with a sample, and everything it says from then on is held. \"release\" announces what was\n"
		"held, as far as it still holds; \"discard\" forgets it (it stays in each customer's history).\n"
		"Either way the rule speaks again. \"pause\" holds a rule back by hand, \"resume\" ends that.\n"
		"\"test\" is kith preview: what the rules in FILE would say of the daemon's customers.\n"
		"How much a rule may say: --breaker-floor and --breaker-factor of kithd.",
	.examples = "  kith rule list\n  kith rule discard risk.silent\n  kith rule pause stage.lapsed",
	.exits = EXITS, .options = plain_options, COMMAND_VERB, .least = 1, .most = 2,
	.run = run_rule,
};

/* ---- snooze */

static const struct option_def snooze_options[] = {
	{ OPTION_TEXT, "until", 'u', "TIME", "until then: 2026-12-01T08:00:00Z, or from now 90min, 7d, 2w\n"
		"(default 7d)", offsetof(struct settings, at) },
	{ OPTION_FLAG, "wake", 'w', NULL, "end it now", offsetof(struct settings, wake) },
	REMOTE_OPTIONS, { OPTION_END },
};

static int run_snooze(void *settings, char **operands, int n)
{
	const struct settings *o = settings;
	struct command command = { .verb = COMMAND_SNOOZE, .customer = span_str(operands[0]) };
	struct complaint c = { 0 };
	char said[TEXT_MAX + 64], until[TEXT_MAX];
	int64_t now_ms;
	int code = daemon_now(&o->remote, &now_ms);

	(void)n;
	if (code)
		return code;
	if (o->wake && o->at) {
		(void)complain(&c, ERR_INVALID, "--wake and --until exclude each other");
		return misused(&c);
	}
	if (!o->wake && instant_parse(o->at ? o->at : "7d", now_ms, 1, "--until", &command.at_ms, &c))
		return misused(&c);
	if (!o->wake && command.at_ms <= now_ms) {
		(void)complain(&c, ERR_INVALID, "--until: %s is over already; --wake ends a snooze",
			text_time(command.at_ms, until));
		return misused(&c);
	}
	snprintf(said, sizeof said, "no risk is announced before %s",
		text_time(command.at_ms, until));
	return obey(&o->remote, &command, o->wake ? "risks are announced again" : said);
}

const struct verb verb_snooze = {
	.name = "snooze", .operands = "CUSTOMER",
	.summary = "no risk of this customer is announced for a while",
	.text = "Somebody is on it already, or has reason to wait: risks of CUSTOMER are judged as ever and\n"
		"stand in the history, but none is announced before the time given. What still holds then is\n"
		"announced, with the time since when it does; what is over by then is told to nobody.",
	.examples = "  kith snooze anna\n  kith snooze anna --until 2026-12-01T08:00:00Z\n  kith snooze anna --wake",
	.exits = EXITS, .options = snooze_options, COMMAND_VERB, .least = 1, .most = 1,
	.run = run_snooze,
};

/* ---- hush, live */

static int run_hush(void *settings, char **operands, int n)
{
	const struct settings *o = settings;

	(void)operands;
	(void)n;
	return obey(&o->remote, &(struct command){ .verb = COMMAND_HUSH },
		"nothing is announced until kith live");
}

const struct verb verb_hush = {
	.name = "hush", .operands = "", .summary = "announce nothing until \"kith live\"",
	.text = "For reading in a history, or trying a lifecycle file: everything is judged and written into\n"
		"the customers' histories, and announced to nobody.",
	.examples = "  kith hush && kith send history.ndjson && kith live",
	.exits = EXITS, .options = plain_options, COMMAND_VERB, .least = 0, .most = 0,
	.run = run_hush,
};

static const struct option_def live_options[] = {
	{ OPTION_TEXT, "at", 'a', "TIME", "not before then: 2026-12-01T08:00:00Z, or from now 90min, 7d\n"
		"(default: at once)", offsetof(struct settings, at) },
	REMOTE_OPTIONS, { OPTION_END },
};

static int run_live(void *settings, char **operands, int n)
{
	const struct settings *o = settings;
	struct command command = { .verb = COMMAND_LIVE };
	struct complaint c = { 0 };
	json_t *answer, *rules = NULL;
	int64_t now_ms;
	int code = o->at ? daemon_now(&o->remote, &now_ms) : 0;

	(void)operands;
	(void)n;
	if (code)
		return code;
	if (o->at && instant_parse(o->at, now_ms, 1, "--at", &command.at_ms, &c))
		return misused(&c);
	code = reply_obey(&o->remote, &command, &answer);
	if (answer) {
		char at[TEXT_MAX];

		printf("announcing what changes from %s on\n", text_time(command.at_ms ?
			command.at_ms : reply_int(answer, "clock"), at));
		code = reply_get(&o->remote, "rules", NULL, &rules);
	}
	if (rules)
		show_passed_over(json_object_get(rules, "announcing"), stdout);
	json_decref(answer);
	json_decref(rules);
	return code;
}

const struct verb verb_live = {
	.name = "live", .operands = "", .summary = "announce again, after a hush or a back-fill",
	.text = "Ends \"kith hush\": only what changes from now on (or from --at on) is announced, so that\n"
		"nobody is flooded. Says what was passed over meanwhile, by type; so it does after a\n"
		"back-fill, which needs no hush. \"kith stats\" shows where everybody stands.",
	.examples = "  kith live\n  kith live --at 2026-12-01T08:00:00Z",
	.exits = EXITS, .options = live_options, COMMAND_VERB, .least = 0, .most = 0, .run = run_live,
};
