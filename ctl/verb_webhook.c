/* SPDX-License-Identifier: Apache-2.0 */
/* kith webhook: endpoints to which notifications are pushed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "ctl/reply.h"

struct settings {
	struct remote_settings remote;
	const char *secret, *format, *order, *rate, *start;
	const char *type, *stage, *tier, *severity, *owner, *source, *region;
	const char *from;
	bool allow_private;
};

static int refuse(const char *text)
{
	fprintf(stderr, "kith webhook: %s; \"kith webhook --help\" explains\n", text);
	return EXIT_USAGE;
}

static json_t *command(const char *what, const char *name)
{
	json_t *o = json_pack("{s:s}", "do", what);

	if (name)
		json_object_set_new(o, "name", json_string(name));
	return o;
}

/* Takes over ARGUMENTS. Says what NAME is when it is done. */
static int tell(const struct settings *s, json_t *arguments, const char *name, const char *is)
{
	json_t *answer;
	int code = reply_get_json(&s->remote, "webhook", arguments, &answer);

	if (answer)
		printf("%s is %s\n", name, is);
	json_decref(arguments);
	json_decref(answer);
	return code;
}

/* The daemon reads the files, from another directory than ours. */
static int absolute(const char *list, char **ret, struct complaint *c)
{
	char *copy = strdup(list), *save = NULL, *out = calloc(1, 4 * 4096 + 8);
	int rc = copy && out ? 0 : ERR_NOMEM;

	for (char *p = rc ? NULL : strtok_r(copy, ",", &save); p && !rc;
		p = strtok_r(NULL, ",", &save)) {
		char path[4096];

		if (!strchr(p, '/'))
			snprintf(path, sizeof path, "%s", p);
		else if (!realpath(p, path))
			rc = complain(c, err_from_errno(errno), "%s: %s", p, strerror(errno));
		if (!rc && strlen(out) + strlen(path) > 4 * 4096)
			rc = ERR_TOOBIG;
		if (!rc)
			sprintf(out + strlen(out), "%s%s", *out ? "," : "", path);
	}
	free(copy);
	if (rc)
		free(out);
	else
		*ret = out;
	return rc;
}

static int add(const struct settings *s, const char *name, const char *url)
{
	const char *const options[][2] = { { "format", s->format }, { "order", s->order },
		{ "rate", s->rate }, { "start", s->start }, { "type", s->type }, { "stage", s->stage },
		{ "tier", s->tier }, { "severity", s->severity }, { "owner", s->owner },
		{ "source", s->source }, { "region", s->region },
		{ "allow-private", s->allow_private ? "yes" : NULL } };
	json_t *o = command("add", name);
	struct complaint c = { 0 };
	char *secret;
	int rc;

	if (!s->secret) {
		json_decref(o);
		return refuse("add needs --secret, the name of a credential or the path of a file");
	}
	rc = absolute(s->secret, &secret, &c);
	if (rc) {
		json_decref(o);
		return verb_fail(rc, &c);
	}
	json_object_set_new(o, "url", json_string(url));
	json_object_set_new(o, "secret", json_string(secret));
	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (options[i][1])
			json_object_set_new(o, options[i][0], json_string(options[i][1]));
	free(secret);
	return tell(s, o, name, "added; \"kith webhook test\" sends it an event of its own");
}

static int list(const struct settings *s)
{
	json_t *o = command("list", NULL), *answer;
	int code = reply_get_json(&s->remote, "webhook", o, &answer);

	if (answer)
		show_webhooks(answer, stdout);
	json_decref(o);
	json_decref(answer);
	return code;
}

/* The receiver may take as long as webhook-timeout lets it. */
static int test(const struct settings *s, const char *name)
{
	struct settings patient = *s;
	struct remote_settings *o = &patient.remote;
	json_t *command_test = command("test", name), *answer;
	bool json = o->json;
	int code;

	if (o->timeout_ms < 35000)
		o->timeout_ms = 35000;
	o->json = false;
	code = reply_get_json(o, "webhook", command_test, &answer);
	if (answer && json)
		json_dumpf(answer, stdout, JSON_COMPACT);
	else if (answer)
		printf("%s: %s, %lld ms", name, reply_text(answer, "text"),
			(long long)reply_int(answer, "ms"));
	if (answer)
		putchar('\n');
	if (answer && !reply_flag(answer, "delivered"))
		code = EXIT_REJECTED;
	json_decref(command_test);
	json_decref(answer);
	return code;
}

static int replay(const struct settings *s, const char *name)
{
	json_t *o = command("replay", name), *answer;
	int code;

	if (!s->from) {
		json_decref(o);
		return refuse("replay needs --from: oldest, the id of a notification, or an instant");
	}
	json_object_set_new(o, "from", json_string(s->from));
	code = reply_get_json(&s->remote, "webhook", o, &answer);
	if (answer)
		printf("%s reads %lld notifications again, and sends those that its filter takes\n", name,
			(long long)reply_int(answer, "notifications"));
	json_decref(o);
	json_decref(answer);
	return code;
}

static int change_dead(const struct settings *s, const char *name, const char *what, const char *id)
{
	bool drops = strcmp(what, "drop") == 0;
	json_t *o = command(what, name), *answer;
	int code;

	if (id)
		json_object_set_new(o, "id", json_string(id));
	code = reply_get_json(&s->remote, "webhook", o, &answer);
	if (answer)
		printf("%lld %s%s\n", (long long)reply_int(answer, drops ? "dropped" : "redriven"),
			drops ? "dropped" : "on their way again",
			reply_int(answer, "left") ? "; more are left: say it again" : "");
	json_decref(o);
	json_decref(answer);
	return code;
}

static int dead(const struct settings *s, char **operands, int n)
{
	json_t *o, *answer;
	int code;

	if (n > 2 && strcmp(operands[2], "redrive") != 0 && strcmp(operands[2], "drop") != 0)
		return refuse("after \"dead NAME\" comes redrive or drop, and perhaps an id");
	if (n > 2)
		return change_dead(s, operands[1], operands[2], n > 3 ? operands[3] : NULL);
	o = command("dead", operands[1]);
	code = reply_get_json(&s->remote, "webhook", o, &answer);
	if (answer)
		show_dead_letters(answer, stdout);
	json_decref(o);
	json_decref(answer);
	return code;
}

static int run(void *settings, char **operands, int n)
{
	const struct settings *s = settings;
	const char *what = n ? operands[0] : "list";

	if (strcmp(what, "list") == 0 && n <= 1)
		return list(s);
	if (strcmp(what, "add") == 0 && n == 3)
		return add(s, operands[1], operands[2]);
	if (strcmp(what, "dead") == 0 && n >= 2)
		return dead(s, operands, n);
	if (n != 2)
		return refuse("expected list, add NAME URL, dead NAME, or one of pause, resume, test, "
			"replay and remove with a NAME");
	if (strcmp(what, "pause") == 0)
		return tell(s, command("pause", operands[1]), operands[1], "paused");
	if (strcmp(what, "resume") == 0)
		return tell(s, command("resume", operands[1]), operands[1], "resumed");
	if (strcmp(what, "remove") == 0)
		return tell(s, command("remove", operands[1]), operands[1], "removed");
	if (strcmp(what, "test") == 0)
		return test(s, operands[1]);
	if (strcmp(what, "replay") == 0)
		return replay(s, operands[1]);
	return refuse("no such command");
}

static const struct settings defaults = { .remote = REMOTE_DEFAULTS };
#define TEXT(name, value, text) { OPTION_TEXT, #name, 0, value, text, offsetof(struct settings, name) }
static const struct option_def options[] = {
	TEXT(secret, "NAME|FILE", "what it signs with: a systemd credential of kithd's, or a file\n"
		"(with a slash) of lines \"whsec_…\"; several between commas"),
	TEXT(format, "structured|binary", "of the CloudEvents (default structured)"),
	TEXT(order, "customer|none", "customer: a customer's later notification waits for the\n"
		"earlier one (default)"),
	TEXT(rate, "N", "requests a second at most (default: no limit)"),
	TEXT(start, "newest|oldest", "begin with the next notification (default) or the oldest kept"),
	{ OPTION_FLAG, "allow-private", 0, NULL, "loopback, private and unique local addresses, and "
		"http", offsetof(struct settings, allow_private) },
	TEXT(type, "PREFIX,…", "only these types"),
	TEXT(stage, "NAME,…", "only moves to these stages"),
	TEXT(tier, "NAME,…", "only customers of these tiers"),
	TEXT(severity, "NAME", "at least: watch, low, medium, high, critical"),
	TEXT(owner, "NAME,…", "only customers of these account managers"),
	TEXT(source, "NAME,…", "only what events of these sources caused"),
	TEXT(region, "NAME,…", "only customers of these regions"),
	TEXT(from, "WHERE", "replay: oldest, an id (0-1042), or an instant (RFC 3339)"),
	OPTION_JSON(struct settings, remote.json, "the daemon's answer as it is: one line of JSON"),
	OPTION_RUN(struct settings, remote.run),
	OPTION_TIMEOUT(struct settings, remote.timeout_ms, "wait so long for the answer (default 5)"),
	{ OPTION_END },
};

const struct verb verb_webhook = {
	.name = "webhook",
	.operands = "[list | add NAME URL | pause|resume|test|replay|remove NAME | dead NAME "
		"[redrive|drop [ID]]]",
	.summary = "endpoints to which notifications are pushed",
	.text = "Lists, adds, pauses, resumes, tests and removes webhooks, and sends again. A webhook gets every\n"
		"notification that its filter takes at least once, as a signed CloudEvent (docs/WEBHOOKS.md),\n"
		"in order per customer. What it does not take is tried for three days and then is a dead letter,\n"
		"which \"dead\" lists, drives again or drops. \"replay\" sets its place back. Webhooks that\n"
		"stand in kithd's configuration are removed there.",
	.examples = "  kith webhook add crm https://crm.example/kith --secret crm-webhook --type customer.\n"
		"  kith webhook test crm\n"
		"  kith webhook replay crm --from 2026-04-17T00:00:00Z\n"
		"  kith webhook dead crm redrive",
	.exits = "  0 done   1 refused, not found, or the test was not taken   2 usage   3 daemon unreachable",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 0, .most = 4, .run = run,
};
