/* SPDX-License-Identifier: Apache-2.0 */
/* kith follow-up: what asks for somebody, by when, and what became of it. */
#include <string.h>
#include "ctl/reply.h"
#include "ctl/table.h"
#include "ctl/text.h"

struct settings {
	struct remote_settings remote;
	const char *owner;
	bool overdue;
};

static const struct settings defaults = { .remote = REMOTE_DEFAULTS };
static const struct option_def options[] = {
	{ OPTION_TEXT, "owner", 'o', "NAME", "list only what is NAME's", offsetof(struct settings, owner) },
	{ OPTION_FLAG, "overdue", 'd', NULL, "list only what is past due",
		offsetof(struct settings, overdue) },
	OPTION_JSON(struct settings, remote.json, "the daemon's answer as it is: one line of JSON"),
	OPTION_RUN(struct settings, remote.run),
	OPTION_TIMEOUT(struct settings, remote.timeout_ms, "wait so long for the answer (default 5)"),
	{ OPTION_END },
};

static void add_row(struct table *t, const json_t *row, int64_t now_ms)
{
	char due[TEXT_MAX], left[TEXT_MAX];
	double ms = (double)(reply_int(row, "due") - now_ms);

	table_add(t, "%s", reply_text(row, "customer"));
	table_add(t, "%s", reply_text(row, "follow_up"));
	table_add(t, "%s", *reply_text(row, "owner") ? reply_text(row, "owner") : "nobody");
	table_add(t, "%s", reply_text(row, "state"));
	table_add(t, "%s", text_time(reply_int(row, "due"), due));
	table_add(t, "%s%s", ms < 0 ? "late by " : "in ", text_duration(ms < 0 ? -ms : ms, left));
	table_add(t, "%s", reply_text(row, "notification"));
}

static void show_list(const json_t *answer, bool overdue, FILE *out)
{
	const char *const heads[] = { "<customer", "<follow-up", "<owner", "<state", "<due", "<",
		"<because of" };
	int64_t now_ms = reply_int(answer, "clock");
	struct table t;
	json_t *row;
	size_t i, shown = 0;

	table_init(&t, heads, 7);
	json_array_foreach(json_object_get(answer, "follow_ups"), i, row) {
		if (overdue && reply_int(row, "due") > now_ms)
			continue;
		add_row(&t, row, now_ms);
		shown++;
	}
	if (shown)
		table_print(&t, 0, out);
	else
		fprintf(out, "nothing is open\n");
	if (reply_flag(answer, "more"))
		fprintf(out, "… and more: ask for those of one --owner\n");
	table_fini(&t);
}

/* Those who came back, of N. */
static void add_share(struct table *t, const json_t *rule, const char *of, const char *came)
{
	int64_t n = reply_int(rule, of), back = reply_int(rule, came);

	if (n)
		table_add(t, "%lld of %lld, %.0f %%", (long long)back, (long long)n,
			100.0 * (double)back / (double)n);
	else
		table_add(t, "%s", "none yet");
}

static void show_counts(const json_t *answer, FILE *out)
{
	const char *const heads[] = { "<follow-up", ">opened", ">in time", ">late", ">by hand",
		">over by itself", ">overdue", ">came back: acted on", ">left alone" };
	const char *name;
	json_t *rule;
	struct table t;

	table_init(&t, heads, 9);
	json_object_foreach(json_object_get(answer, "rules"), name, rule) {
		table_add(&t, "%s", name);
		table_add(&t, "%lld", (long long)reply_int(rule, "opened"));
		table_add(&t, "%lld", (long long)reply_int(rule, "answered_in_time"));
		table_add(&t, "%lld", (long long)reply_int(rule, "answered_late"));
		table_add(&t, "%lld", (long long)reply_int(rule, "done_by_hand"));
		table_add(&t, "%lld", (long long)reply_int(rule, "over_by_itself"));
		table_add(&t, "%lld", (long long)reply_int(rule, "overdue"));
		add_share(&t, rule, "acted_on", "acted_on_came_back");
		add_share(&t, rule, "left_alone", "left_alone_came_back");
	}
	if (json_object_size(json_object_get(answer, "rules")))
		table_print(&t, 0, out);
	else
		fprintf(out, "no follow-up has been opened yet; see follow_up in a lifecycle file\n");
	table_fini(&t);
}

static int look(const struct settings *o, bool counts)
{
	json_t *answer;
	int code = reply_get(&o->remote, "follow_ups", o->owner, &answer);

	if (answer && counts)
		show_counts(answer, stdout);
	else if (answer)
		show_list(answer, o->overdue, stdout);
	json_decref(answer);
	return code;
}

static int obey(const struct remote_settings *o, const struct command *command)
{
	json_t *answer;
	int code = reply_obey(o, command, &answer);

	if (answer)
		printf("%s\n", command->verb == COMMAND_DONE ? "done" : "reassigned");
	json_decref(answer);
	return code;
}

static int run(void *settings, char **operands, int n)
{
	const struct settings *o = settings;
	struct command c = { .customer = span_str(n > 1 ? operands[1] : "") };

	if (n == 1 && strcmp(operands[0], "list") == 0)
		return look(o, false);
	if (n == 1 && strcmp(operands[0], "outcomes") == 0)
		return look(o, true);
	if ((n == 2 || n == 3) && strcmp(operands[0], "done") == 0) {
		c.verb = COMMAND_DONE;
		c.name = span_str(n == 3 ? operands[2] : "");
		return obey(&o->remote, &c);
	}
	if ((n == 3 || n == 4) && strcmp(operands[0], "reassign") == 0) {
		c.verb = COMMAND_REASSIGN;
		c.other = span_str(operands[2]);
		c.name = span_str(n == 4 ? operands[3] : "");
		return obey(&o->remote, &c);
	}
	fprintf(stderr, "kith follow-up: expected \"list\", \"outcomes\", \"done CUSTOMER [FOLLOW-UP]\" or "
		"\"reassign CUSTOMER OWNER [FOLLOW-UP]\"; see \"kith follow-up --help\"\n");
	return EXIT_USAGE;
}

const struct verb verb_follow_up = {
	.name = "follow-up", .operands = "list | outcomes | done CUSTOMER [NAME] | reassign CUSTOMER OWNER [NAME]",
	.summary = "what asks for somebody: who has it, by when, what became of it",
	.text = "A lifecycle file says which notifications ask for action (follow_up … on risk.silent …). Each\n"
		"opens a follow-up for one owner with a due time. An outbound contact with the customer answers\n"
		"it, \"done\" closes it by hand; past due it is announced as follow_up.overdue, then handed to the\n"
		"next in line. \"outcomes\" shows how many were answered in time, and how many customers came back\n"
		"with and without anybody acting, so that one sees which rules earn their keep.",
	.examples = "  kith follow-up list --owner anna@shop --overdue\n  kith follow-up done 17850 call_back\n"
		"  kith follow-up reassign 17850 \"sales desk\"\n  kith follow-up outcomes",
	.exits = "  0 done   1 no such customer, or nothing open   2 usage   3 daemon unreachable",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 1, .most = 4, .run = run,
};
