/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs: finding, reading options, helping, failing. */
#include "ctl/verb.h"
#include <assert.h>
#include <signal.h>
#include <stdalign.h>
#include <string.h>

const struct verb *const verbs[] = {
	&verb_send, &verb_watch, &verb_snapshot, &verb_stats, &verb_funnel, &verb_show, &verb_explain,
	&verb_subscriptions, &verb_webhook, &verb_check, &verb_preview, &verb_fit,
	&verb_unfit, &verb_survey, &verb_reload, &verb_rule, &verb_sources, &verb_follow_up,
	&verb_snooze, &verb_merge, &verb_unmerge, &verb_hush, &verb_live,
	&verb_facts, &verb_store, &verb_ping, &verb_version, NULL,
};

const struct remote_settings remote_defaults = REMOTE_DEFAULTS;
const struct option_def remote_options[] = {
	OPTION_JSON(struct remote_settings, json, "the daemon's answer as it is: one line of JSON"),
	OPTION_RUN(struct remote_settings, run),
	OPTION_TIMEOUT(struct remote_settings, timeout_ms, "wait so long for the answer (default 5)"),
	{ OPTION_END },
};

const struct verb *verb_find(const char *name)
{
	for (const struct verb *const *v = verbs; *v; v++)
		if (strcmp((*v)->name, name) == 0)
			return *v;
	return NULL;
}

void verb_help(const struct verb *v, FILE *out)
{
	fprintf(out, "usage: kith %s [OPTION]...%s%s\n\n%s\n\nOptions\n", v->name,
		*v->operands ? " " : "", v->operands, v->text);
	options_print(v->options, out);
	fprintf(out, "\nExamples\n%s\n\nExit codes\n%s\n", v->examples, v->exits);
}

static int usage(const struct verb *v, const char *text)
{
	fprintf(stderr, "kith %s: %s\nusage: kith %s [OPTION]...%s%s; \"kith %s --help\" explains\n",
		v->name, text, v->name, *v->operands ? " " : "", v->operands, v->name);
	return EXIT_USAGE;
}

int verb_run(const struct verb *v, int argc, char **argv)
{
	alignas(max_align_t) char settings[VERB_SETTINGS_MAX] = { 0 };
	struct complaint c = { 0 };
	int first = 1, rc;

	assert(v->settings_size <= sizeof settings);
	if (v->defaults)
		memcpy(settings, v->defaults, v->settings_size);
	rc = options_parse(v->options, settings, argc, argv, &first, &c);
	if (rc == ERR_CLOSED) {
		verb_help(v, stdout);
		return EXIT_WELL;
	}
	if (rc)
		return usage(v, c.text);
	if (argc - first < v->least)
		return usage(v, "an operand is missing");
	if (argc - first > v->most)
		return usage(v, "too many operands");
	return v->run(settings, argv + first, argc - first);
}

static int exit_of(int rc)
{
	switch (rc) {
	case ERR_CLOSED:
	case ERR_TIMEOUT: return EXIT_UNREACHABLE;
	case ERR_NOTFOUND:
	case ERR_INVALID:
	case ERR_BUSY:
	case ERR_DENIED: return EXIT_REJECTED;
	default: return EXIT_FILE;
	}
}

int verb_fail(int rc, const struct complaint *c)
{
	fflush(stdout);
	fprintf(stderr, "kith: %s\n", c && c->text[0] ? c->text : err_text(rc));
	return exit_of(rc);
}

static volatile sig_atomic_t signals_seen;

static void signal_seen(int number)
{
	signals_seen = 1;
	signal(number, SIG_DFL); /* the second one means it */
}

void signals_catch(void)
{
	struct sigaction action = { .sa_handler = signal_seen };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

bool interrupted(void)
{
	return signals_seen != 0;
}
