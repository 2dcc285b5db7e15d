/* SPDX-License-Identifier: Apache-2.0 */
/* kith funnel: who came, who went on, who stopped where. */
#include <string.h>
#include "ctl/reply.h"
#include "ctl/show_funnel.h"

struct funnel_settings {
	struct remote_settings remote;
	const char *by, *since, *until;
	bool rows;
};

static bool is_month(const char *text)
{
	unsigned year, month;
	int n = 0;

	return !text || (sscanf(text, "%4u-%2u%n", &year, &month, &n) == 2 && n == 7 && !text[7] &&
		month >= 1 && month <= 12);
}

/* "source,month" as bits; 0: something else stands there. */
static unsigned by_of(const char *text)
{
	static const char *const names[] = { "source", "owner", "month" };
	unsigned by = 0;

	while (*text) {
		size_t n = strcspn(text, ",");
		unsigned i = 0;

		while (i < 3 && !(strlen(names[i]) == n && memcmp(names[i], text, n) == 0))
			i++;
		if (i == 3)
			return 0;
		by |= 1u << i;
		text += n;
		text += *text == ',' && text[1];
	}
	return by;
}

static void print_rows(const json_t *page)
{
	json_t *row;
	size_t i;

	json_array_foreach(json_object_get(page, "rows"), i, row) {
		json_dumpf(row, stdout, JSON_COMPACT);
		putchar('\n');
	}
}

/* All pages, one after the other; an exit code after having said why. */
static int read_pages(const struct funnel_settings *o, struct funnel *f)
{
	struct remote_settings remote = o->remote;
	json_t *next = json_object(), *page = NULL;
	struct complaint c = { 0 };
	int code = 0, rc = 0;

	remote.json = false; /* a page is no answer yet */
	while (code == 0 && rc == 0 && json_is_object(next)) {
		code = reply_get_json(&remote, "funnel", next, &page);
		if (code != 0)
			break;
		if (o->rows)
			print_rows(page);
		else
			rc = funnel_add(f, page, o->since, o->until);
		json_decref(next);
		next = json_incref(json_object_get(page, "next"));
		json_decref(page);
	}
	json_decref(next);
	if (rc == ERR_EXISTS)
		rc = complain(&c, rc, "the lifecycle file has changed meanwhile: ask again");
	else if (rc != 0)
		rc = complain(&c, rc, "%s", err_text(rc));
	return rc ? verb_fail(rc, &c) : code;
}

static int show(const struct funnel_settings *o, unsigned by, struct funnel *f)
{
	struct complaint c = { 0 };
	json_t *json = NULL;
	int rc = 0;

	if (o->remote.json) {
		json = funnel_json(f, by);
		rc = json && json_dumpf(json, stdout, JSON_COMPACT) == 0 && putchar('\n') != EOF ? 0
			: ERR_NOMEM;
		json_decref(json);
	} else {
		rc = show_funnel(f, by, stdout);
	}
	return rc ? verb_fail(complain(&c, rc, "%s", err_text(rc)), &c) : EXIT_WELL;
}

static int run(void *settings, char **operands, int n)
{
	const struct funnel_settings *o = settings;
	unsigned by = by_of(o->by);
	struct funnel f = { 0 };
	int code;

	(void)operands;
	(void)n;
	if (!by || !is_month(o->since) || !is_month(o->until)) {
		fprintf(stderr, "kith funnel: %s\n", by ? "--since and --until want a month such as 2026-05" :
			"--by wants source, owner or month, or some of them as in source,month");
		return EXIT_USAGE;
	}
	code = read_pages(o, &f);
	if (code == 0 && !o->rows)
		code = show(o, by, &f);
	funnel_fini(&f);
	return code;
}

#define AT(member) offsetof(struct funnel_settings, member)
static const struct funnel_settings defaults = { .remote = REMOTE_DEFAULTS, .by = "source" };
static const struct option_def options[] = {
	{ OPTION_TEXT, "by", 'b', "WHAT,...", "a line for each source, owner, month, or for several of\n"
		"them together (default: source)", AT(by) },
	{ OPTION_TEXT, "since", 's', "MONTH", "only whom we met in this month or later, as in 2026-05",
		AT(since) },
	{ OPTION_TEXT, "until", 'u', "MONTH", "only whom we met in this month or earlier", AT(until) },
	{ OPTION_FLAG, "rows", 'R', NULL, "each customer's row as a line of JSON instead", AT(rows) },
	OPTION_JSON(struct funnel_settings, remote.json, "the figures as one line of JSON, times in ms"),
	OPTION_RUN(struct funnel_settings, remote.run),
	OPTION_TIMEOUT(struct funnel_settings, remote.timeout_ms,
		"wait so long for each page (default 5)"),
	{ OPTION_END },
};

const struct verb verb_funnel = {
	.name = "funnel", .operands = "", .summary = "who came, who went on, who stopped where and why",
	.text = "Of those whom we met before they bought (prospects): how many converted, how long it took, per\n"
		"source, owner or month of the first contact. Of those who came to a stage: how many went on, after\n"
		"how long, how many stand there now. What is missing in those who have not converted; why those\n"
		"are lost who bought; and how the first 20 % of prospects, ranked by what was known of them before,\n"
		"did against the rest. A stage with a severity is bad news, and coming to it is no going on.",
	.examples = "  kith funnel\n  kith funnel --by owner,month --since 2026-01\n"
		"  kith funnel --json | jq .first_fifth",
	.exits = "  0 answered   1 no ladder has sides, or refused   2 usage   3 daemon unreachable",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 0, .most = 0, .run = run,
};
