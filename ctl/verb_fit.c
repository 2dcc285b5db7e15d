/* SPDX-License-Identifier: Apache-2.0 */
/* kith fit: the rhythm of one's own customers, and how much they differ in what they spend. */
#include <dirent.h>
#include <string.h>
#include "base/zone.h"
#include "ctl/fit_live.h"
#include "ctl/fit_report.h"
#include "ctl/mapping.h"
#include "lifecycle/machine.h"

static bool is_directory(const char *path)
{
	DIR *dir = opendir(path);

	if (dir)
		closedir(dir);
	return dir != NULL;
}

/* False: TEXT is no day. */
static bool read_day(const char *text, int32_t *ret_day)
{
	int64_t ms;

	*ret_day = DAY_NONE;
	if (!text)
		return true;
	if (strlen(text) != 10 || time_parse(text, 10, &ms) != 0)
		return false;
	*ret_day = (int32_t)div_floor(ms, DAY_MS);
	return true;
}

/* Whose classes, and what the fit is compared with: the file's that was named, or the shipped one. */
static int read_machine(struct fit_report *p)
{
	struct span text = machine_default_text();
	struct complaint c = { 0 };

	if (p->settings->lifecycle)
		return verb_compile_file(p->settings->lifecycle, &p->buyers.machine);
	if (machine_compile((const char *)text.data, text.size, &p->buyers.machine, &c) != 0)
		return verb_fail(ERR_INVALID, &c);
	return EXIT_WELL;
}

static int read_file(struct fit_report *p, const char *path, struct complaint *c)
{
	const struct fit_settings *o = p->settings;
	struct mapping *map = NULL;
	int32_t until;
	int rc = 0;

	(void)read_day(o->until, &until); /* usage_of() has looked */
	if (o->map)
		rc = mapping_load(o->map, &map, c);
	if (!rc)
		rc = buyers_from_file(&p->buyers, path, map, o->zone, until, c);
	mapping_free(map);
	return rc;
}

/* The file or the store is at fault, whatever the reason. */
static int read_buyers(struct fit_report *p, const char *path)
{
	struct complaint c = { 0 };
	int code = EXIT_WELL, rc;

	p->compared_with = "what is in force there";
	if (is_directory(path)) {
		rc = buyers_from_store(&p->buyers, path, &c);
	} else {
		p->compared_with = p->settings->lifecycle ? p->settings->lifecycle : "the shipped file";
		code = read_machine(p);
		rc = code == EXIT_WELL ? read_file(p, path, &c) : 0;
	}
	if (rc == 0)
		return code;
	(void)verb_fail(rc, &c);
	return EXIT_FILE;
}

static int usage_of(const struct fit_settings *o, const char *path)
{
	size_t n = strlen(path);
	int32_t day;

	if (is_directory(path) && (o->map || o->until || o->zone || o->lifecycle))
		fprintf(stderr, "kith fit: --map, --until, --zone and --lifecycle are for files, and %s is a "
			"store\n", path);
	else if (!o->map && n > 4 && strcmp(path + n - 4, ".csv") == 0)
		fprintf(stderr, "kith fit: a CSV file wants --map FILE, which says what its columns mean\n");
	else if (!read_day(o->until, &day))
		fprintf(stderr, "kith fit: --until wants a day such as 2026-05-31, found %s\n", o->until);
	else if (o->apply && o->by >= FIT_BY_TRAIT)
		fprintf(stderr, "kith fit: --apply goes with --by class: paste the blocks into the lifecycle file, "
			"and its classes can be fitted\n");
	else
		return EXIT_WELL;
	return EXIT_USAGE;
}

/* --live and --status want no file, and all else wants one. */
static int usage_of_all(const struct fit_settings *o, int operands)
{
	bool remote = o->live || o->status;

	if (remote && operands > 0)
		fprintf(stderr, "kith fit: --live and --status ask the daemon; they take no FILE\n");
	else if (o->live && o->status)
		fprintf(stderr, "kith fit: either --live or --status\n");
	else if (o->status && o->apply)
		fprintf(stderr, "kith fit: --apply goes with --live or a FILE\n");
	else if (remote && (o->map || o->until || o->zone || o->customers || o->lifecycle || o->by))
		fprintf(stderr, "kith fit: --map, --until, --zone, --lifecycle, --by and --customers are for "
			"files\n");
	else if (!remote && operands == 0)
		fprintf(stderr, "kith fit: expected FILE, -, DIR, --live or --status\n");
	else if (o->force && !(o->live && o->apply))
		fprintf(stderr, "kith fit: --force goes with --live --apply\n");
	else
		return EXIT_WELL;
	return EXIT_USAGE;
}

static int report(struct fit_report *p)
{
	const struct fit_settings *o = p->settings;
	struct complaint c = { 0 };
	int rc = fit_report_make(p, &c);

	if (!rc && o->customers)
		rc = fit_report_customers(p, &c);
	if (rc)
		return verb_fail(rc, &c);
	if (o->json)
		fit_report_json(p, stdout);
	else if (!o->customers || strcmp(o->customers, "-") != 0)
		fit_report_text(p, stdout);
	return o->apply ? fit_report_apply(p) : EXIT_WELL;
}

static int run(void *settings, char **operands, int n)
{
	static struct fit_report p;
	const struct fit_settings *o = settings;
	struct remote_settings remote = o->remote;
	int code = usage_of_all(o, n);

	remote.json = o->json;
	p = (struct fit_report){ .settings = o };
	if (code != EXIT_WELL)
		return code;
	if (o->status)
		return fit_status(&remote);
	if (o->live)
		return fit_live(&remote, o->apply, o->force);
	code = usage_of(o, operands[0]);
	if (code == EXIT_WELL)
		code = read_buyers(&p, operands[0]);
	if (code == EXIT_WELL)
		code = report(&p);
	buyers_fini(&p.buyers);
	return code;
}

#define AT(member) offsetof(struct fit_settings, member)
static const struct fit_settings defaults = { .sample = 5000, .window = 60, .prior = true, .spend = true,
	.remote = { .timeout_ms = 30000 } };
static const struct option_def options[] = {
	{ OPTION_TEXT, "map", 'm', "FILE", "the mapping of a CSV file (YAML; see examples/)", AT(map) },
	{ OPTION_TEXT, "until", 'u', "DAY", "the last day that counts, as in 2026-05-31\n"
		"(default: the last one with a purchase)", AT(until) },
	{ OPTION_TEXT, "zone", 'z', "NAME", "whose calendar days are counted\n"
		"(default: the mapping's, else UTC)", AT(zone) },
	{ OPTION_TEXT, "lifecycle", 'L', "FILE", "of a file of events: whose classes, and what the fit is\n"
		"compared with (default: what ships)", AT(lifecycle) },
	{ OPTION_CHOICE, "by", 'b', "all|class|role|acquisition|region|segment",
		"fit each class of the lifecycle file by itself, or each\nvalue of a trait (default: all together)",
		AT(by) },
	{ OPTION_NUMBER, "sample", 's', "N", "fit to so many customers at most, of each class (default 5000)",
		AT(sample), 10, 10000000 },
	{ OPTION_NUMBER, "window", 'w', "DAYS", "the window of the block (default 60)", AT(window), 1,
		36500 },
	{ OPTION_FLAG, "prior", 'p', NULL, "let a prior steady the block (default: yes)", AT(prior), 1 },
	{ OPTION_FLAG, "spend", 'M', NULL, "fit p, q and v of the value block too (default: yes)", AT(spend), 1 },
	{ OPTION_CHOICE, "unit", 'U', "day|week", "of alpha and the likelihood in the report (default: day)",
		AT(unit) },
	{ OPTION_TEXT, "customers", 'c', "FILE",
		"write where each customer stands by the block as CSV\n(\"-\": to standard output, no report)",
		AT(customers) },
	{ OPTION_FLAG, "apply", 'A', NULL, "let the daemon judge by it from now on (window and floor stay\n"
		"the file's); until its file has others, or kith unfit", AT(apply) },
	{ OPTION_FLAG, "live", 'l', NULL, "let the running daemon fit to its own customers, and wait for it",
		AT(live) },
	{ OPTION_FLAG, "force", 'f', NULL, "with --live --apply: even if something speaks against it", AT(force) },
	{ OPTION_FLAG, "status", 'S', NULL, "what the daemon is fitting, what is in force, and how far\n"
		"judging everybody by it has come", AT(status) },
	OPTION_RUN(struct fit_settings, remote.run),
	OPTION_TIMEOUT(struct fit_settings, remote.timeout_ms, "wait so long for each answer (default 30)"),
	OPTION_JSON(struct fit_settings, json, "the report as one line of JSON"),
	{ OPTION_END },
};

const struct verb verb_fit = {
	.name = "fit", .operands = "[FILE|-|DIR]", .summary = "find the rhythm of one's own customers",
	.text = "Finds the parameters of the MBG/NBD model, by which `alive`, `active` and `overdue` are\n"
		"computed, from past purchases, and prints a rhythm block for the lifecycle file; and the p, q\n"
		"and v of the gamma-gamma model, by which the value of a customer's next purchases is.\n\n"
		"FILE (\"-\" is standard input) holds events as kith send reads them: NDJSON, or CSV with a\n"
		"mapping. DIR is a store, as it stood at its last checkpoint; no daemon may have it.\n"
		"Purchases of one day count as one, those of nothing as none.\n\n"
		"--live has the daemon do it, for its own customers: it samples everybody while it goes on,\n"
		"fits in a thread of its own, and with --apply puts the result in force, unless customers\n"
		"are too few, or what is in force is as good.\n\n"
		"A prior steadies the parameters where customers are few; many outweigh it. With --by each class\n"
		"has the fit of all as its prior, so that one of few customers stays near it.",
	.examples = "  kith fit sales.csv --map examples/online_retail.yaml\n"
		"  kith fit sales.csv --map my.yaml --until 2026-03-31 --customers then.csv\n"
		"  kith fit /var/lib/kith --by class --apply\n"
		"  kith fit --live\n  kith fit --live --apply && kith fit --status",
	.exits = "  0 fitted   1 nothing to learn from, or not applied   2 usage   3 daemon unreachable\n"
		"  78 file, mapping or store at fault",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 0, .most = 1, .run = run,
};
