/* SPDX-License-Identifier: Apache-2.0 */
/* Verbs: what `kith` can do, one file verb_*.c each. */
#ifndef KITH_CTL_VERB_H
#define KITH_CTL_VERB_H
#include <stdbool.h>
#include "ctl/options.h"

/* What `kith` exits with. */
enum exit_code {
	EXIT_WELL = 0,
	EXIT_REJECTED = 1,     /* something was rejected, wrong or not found */
	EXIT_USAGE = 2,
	EXIT_UNREACHABLE = 3,  /* no daemon, or no answer from it */
	EXIT_FILE = 78,        /* a file or the configuration: missing, unreadable, malformed */
	EXIT_INTERRUPTED = 130,
};

struct verb {
	const char *name;
	const char *operands;          /* "FILE|-" */
	const char *summary;           /* a line */
	const char *text;              /* what it does, for --help */
	const char *examples;
	const char *exits;             /* its exit codes */
	const struct option_def *options;
	const void *defaults;          /* the settings before options are read */
	size_t settings_size;          /* at most VERB_SETTINGS_MAX */
	int least, most;               /* operands */
	int (*run)(void *settings, char **operands, int n); /* returns an exit code */
};
#define VERB_SETTINGS_MAX 256

extern const struct verb verb_send, verb_watch, verb_snapshot, verb_show, verb_explain, verb_stats,
	verb_reload, verb_survey, verb_unfit, verb_subscriptions, verb_ping, verb_check,
	verb_preview, verb_store, verb_facts, verb_fit, verb_version, verb_rule, verb_sources,
	verb_follow_up, verb_snooze, verb_hush, verb_live, verb_webhook, verb_merge, verb_unmerge,
	verb_funnel;

struct buf;
struct machine;
/* Compile a lifecycle file for a verb; an exit code, and on failure what is wrong has been said, as
 * kith check says it. The first appends the file with what it includes to TEXT. */
int verb_compile(const char *path, bool json, struct buf *text, struct machine **ret_machine);
int verb_compile_file(const char *path, struct machine **ret_machine);

/* All of them, in the order of the help; ends with NULL. */
extern const struct verb *const verbs[];
const struct verb *verb_find(const char *name); /* or NULL */
/* Read options and run; ARGV[0] is the verb's name. */
int verb_run(const struct verb *v, int argc, char **argv);
void verb_help(const struct verb *v, FILE *out);

/* The options every verb has that talks to the daemon. */
struct remote_settings {
	const char *run;
	bool json;
	int64_t timeout_ms;
};
#define REMOTE_DEFAULTS { .timeout_ms = 5000 }
/* For a verb that has no others. */
extern const struct remote_settings remote_defaults;
extern const struct option_def remote_options[];
#define REMOTE_VERB .options = remote_options, .defaults = &remote_defaults, \
	.settings_size = sizeof remote_defaults
#define OPTION_RUN(type, member) \
	{ OPTION_TEXT, "run", 'r', "DIR", \
		"the daemon's run directory (default: $KITH_RUN, else /run/kith)", \
		offsetof(type, member) }
#define OPTION_JSON(type, member, what) \
	{ OPTION_FLAG, "json", 'j', NULL, what, offsetof(type, member) }
#define OPTION_TIMEOUT(type, member, what) \
	{ OPTION_SECONDS, "timeout", 't', "SECONDS", what, offsetof(type, member) }

/* Print "kith: …" on standard error and return the exit code that fits RC. */
int verb_fail(int rc, const struct complaint *c);

/* Set by SIGINT and SIGTERM after signals_catch(); the second one ends the process at once. */
void signals_catch(void);
bool interrupted(void);

#endif
