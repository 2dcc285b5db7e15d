/* SPDX-License-Identifier: Apache-2.0 */
/* kith fit: the rhythm of one's own customers, as a block for the lifecycle file. */
#include <dirent.h>
#include <errno.h>
#include <jansson.h>
#include <math.h>
#include <string.h>
#include "base/zone.h"
#include "ctl/buyers.h"
#include "fit/fit.h"
#include "ctl/fit_live.h"
#include "ctl/mapping.h"
#include "ctl/reply.h"
#include "ctl/verb.h"
#include "lifecycle/machine.h"

#define DAYS(time) ((time) / (double)DAY_MS)
#define TIME_BYTES 32

enum { UNIT_IN_DAYS, UNIT_IN_WEEKS };

struct fit_settings {
	const char *map, *zone, *until, *customers;
	int64_t sample, window;
	int unit;
	bool prior, json, apply, live, status, force;
	struct remote_settings remote;
};

/* What is printed, and what it comes from. */
struct fit_report {
	const struct fit_settings *settings;
	struct buyers buyers;
	struct fit fit;
};

/* The rhythm for the lifecycle file: days, within what the file allows. */
static struct rhythm chosen_rhythm(const struct fit_report *p)
{
	struct rhythm r = p->settings->prior ? p->fit.map.rhythm : p->fit.likely.rhythm;

	r.alpha = fmin(fmax(r.alpha, DAYS(RHYTHM_TIME_MIN_MS)), DAYS(RHYTHM_TIME_MAX_MS));
	r.floor = RHYTHM_DEFAULT.floor;
	r.window = (double)p->settings->window;
	return r;
}

static int block_text(const struct fit_report *p, char *out, size_t size)
{
	struct rhythm r = chosen_rhythm(p);

	return snprintf(out, size, "rhythm {\n    r %.4f  alpha %.3fd\n    a %.4f  b %.4f\n"
		"    floor %g%%\n    window %gd\n}\n", r.r, r.alpha, r.a, r.b, 100 * r.floor, r.window);
}

/* ---- who is where by that rhythm: a line a customer */

static void day_text(double day, char out[TIME_BYTES])
{
	time_format((int64_t)floor(day) * DAY_MS, out);
	out[10] = 0; /* the date */
}

static void print_name(const char *name, FILE *out)
{
	if (!strpbrk(name, "\",")) {
		fputs(name, out);
		return;
	}
	fputc('"', out);
	for (; *name; name++)
		fprintf(out, *name == '"' ? "\"\"" : "%c", *name);
	fputc('"', out);
}

static void print_buyer(const struct fit_report *p, const struct rhythm *r, const struct buyer *row,
	FILE *out)
{
	double tx = row->days > 1 ? row->last - row->first : 0;
	double silence = fmax(p->buyers.until - row->last, 0);
	struct tempo t = rhythm_tempo(r, row->days - 1, tx);
	char first[TIME_BYTES], last[TIME_BYTES];

	day_text(row->first, first);
	day_text(row->last, last);
	print_name(buyer_name(&p->buyers, row), out);
	fprintf(out, ",%.0f,%s,%s,%.9g,%.9g,%.9g,%.9g,%.9g,%.9g\n", row->days, first, last, silence,
		tempo_alive(&t, silence), tempo_active(&t, silence, r->window), tempo_median(&t),
		silence / tempo_median(&t),
		rhythm_expected(r, row->days - 1, tx, silence, r->window));
}

static int print_customers(const struct fit_report *p, struct complaint *c)
{
	const char *path = p->settings->customers;
	FILE *out = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
	struct rhythm r = chosen_rhythm(p);

	if (!out)
		return complain(c, err_from_errno(errno), "%s cannot be written: %m", path);
	fputs("customer,purchase_days,first,last,silence,alive,active,own_gap,overdue,expected\n", out);
	for (size_t i = 0; i < p->buyers.n; i++)
		print_buyer(p, &r, &p->buyers.rows[i], out);
	if (ferror(out) || (out == stdout ? fflush(out) : fclose(out)) != 0)
		return complain(c, ERR_IO, "%s is not complete: it could not be written", path);
	return 0;
}

/* ---- the report */

/* Of times in the unit that was asked for. */
static double log_likelihood(const struct fit_report *p, const struct fitted *f)
{
	return f->log_likelihood + (p->settings->unit == UNIT_IN_WEEKS ? p->fit.repeats * log(7) : 0);
}

static double alpha(const struct fit_report *p, const struct fitted *f)
{
	return f->rhythm.alpha / (p->settings->unit == UNIT_IN_WEEKS ? 7 : 1);
}

static void print_fitted(const struct fit_report *p, const char *name, const struct fitted *f)
{
	printf("  %-14s %8.4f %10.4f %9.4f %9.4f %14.4f\n", name, f->rhythm.r, alpha(p, f),
		f->rhythm.a, f->rhythm.b, log_likelihood(p, f));
}

static void print_dropout(const struct fit *f)
{
	const struct rhythm *r = &f->likely.rhythm;
	double gain = f->likely.log_likelihood - f->no_dropout.log_likelihood;

	if (f->dropout_identified)
		printf("Drop-out is identified: after a purchase %.1f %% leave for good on average, and "
			"saying so\nexplains the data better by %.1f nats.\n", 100 * r->a / (r->a + r->b),
			gain);
	else
		printf("Drop-out is not identified: these data do not tell who has left from who is slow "
			"(a / (a + b)\nis %.2g, the gain %.1f nats). `alive` means little here; `active` "
			"does not depend on it.\n", r->a / (r->a + r->b), gain);
}

static void print_text(const struct fit_report *p)
{
	const struct fit *f = &p->fit;
	char until[TIME_BYTES], block[400];

	day_text(p->buyers.until, until);
	printf("%zu customers until %s; fitted to %.0f of them, who came back %.0f times, every %.1f days on "
		"average.\n", p->buyers.n, until, f->customers, f->repeats, f->mean_gap);
	if (p->buyers.skipped)
		printf("%llu lines or rows could not be read.\n", (unsigned long long)p->buyers.skipped);
	printf("\n  %-14s %8s %10s %9s %9s %14s\n", "", "r", p->settings->unit == UNIT_IN_WEEKS
		? "alpha (w)" : "alpha (d)", "a", "b", "ln likelihood");
	print_fitted(p, "likelihood", &f->likely);
	print_fitted(p, "with the prior", &f->map);
	print_fitted(p, "nobody leaves", &f->no_dropout);
	putchar('\n');
	print_dropout(f);
	(void)block_text(p, block, sizeof block);
	printf("\nFor the lifecycle file (%s):\n\n%s", p->settings->prior ? "with the prior"
		: "likelihood", block);
}

static json_t *fitted_json(const struct fit_report *p, const struct fitted *f)
{
	return json_pack("{s:f, s:f, s:f, s:f, s:f, s:i}", "r", f->rhythm.r, "alpha", alpha(p, f), "a",
		f->rhythm.a, "b", f->rhythm.b, "log_likelihood", log_likelihood(p, f), "steps", f->steps);
}

static void print_json(const struct fit_report *p)
{
	char block[400], until[TIME_BYTES];
	json_t *o;

	(void)block_text(p, block, sizeof block);
	day_text(p->buyers.until, until);
	o = json_pack("{s:I, s:s, s:f, s:f, s:f, s:I, s:s, s:o, s:o, s:o, s:b, s:s}",
		"customers", (json_int_t)p->buyers.n, "until", until, "fitted", p->fit.customers,
		"repeats", p->fit.repeats, "mean_gap", p->fit.mean_gap, "skipped",
		(json_int_t)p->buyers.skipped, "unit",
		p->settings->unit == UNIT_IN_WEEKS ? "week" : "day", "likelihood",
		fitted_json(p, &p->fit.likely), "prior", fitted_json(p, &p->fit.map), "no_dropout",
		fitted_json(p, &p->fit.no_dropout), "dropout_identified", p->fit.dropout_identified,
		"block", block);
	if (o)
		json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

/* ---- reading */

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

static int read_buyers(struct fit_report *p, const char *path, struct complaint *c)
{
	const struct fit_settings *o = p->settings;
	struct mapping *map = NULL;
	int32_t until;
	int rc = 0;

	if (is_directory(path))
		return buyers_from_store(&p->buyers, path, c);
	(void)read_day(o->until, &until); /* usage_of() has looked */
	if (o->map)
		rc = mapping_load(o->map, &map, c);
	if (!rc)
		rc = buyers_from_file(&p->buyers, path, map, o->zone, until, c);
	mapping_free(map);
	return rc;
}

static int usage_of(const struct fit_settings *o, const char *path)
{
	size_t n = strlen(path);
	int32_t day;

	if (is_directory(path) && (o->map || o->until || o->zone))
		fprintf(stderr, "kith fit: --map, --until and --zone are for files, and %s is a store\n", path);
	else if (!o->map && n > 4 && strcmp(path + n - 4, ".csv") == 0)
		fprintf(stderr, "kith fit: a CSV file wants --map FILE, which says what its columns mean\n");
	else if (!read_day(o->until, &day))
		fprintf(stderr, "kith fit: --until wants a day such as 2026-05-31, found %s\n", o->until);
	else
		return EXIT_WELL;
	return EXIT_USAGE;
}

/* Give it to the daemon, for the whole: customers of classes of their own keep the file's. */
static int apply(const struct fit_report *p)
{
	struct rhythm r = chosen_rhythm(p);
	json_t *asked = json_pack("{s:[{s:i,s:f,s:f,s:f,s:f}]}", "fits", "class", 0, "r", r.r, "alpha",
		r.alpha * (double)DAY_MS, "a", r.a, "b", r.b), *answer = NULL;
	int code = reply_get_json(&p->settings->remote, "parameters", asked, &answer);

	if (answer)
		fprintf(stderr, "in force: parameters version %lld\n",
			(long long)reply_int(answer, "parameters_version"));
	json_decref(asked);
	json_decref(answer);
	return code;
}

static int report(struct fit_report *p, struct complaint *c)
{
	struct histories h = { 0 };
	int rc = buyers_histories(&p->buyers, (size_t)p->settings->sample, &h);

	if (rc)
		rc = complain(c, rc, "%s", err_text(rc));
	else
		rc = fit_histories(&h, NULL, &p->fit, c);
	histories_fini(&h);
	if (!rc && p->settings->customers)
		rc = print_customers(p, c);
	if (rc)
		return verb_fail(rc, c);
	if (p->settings->json)
		print_json(p);
	else if (!p->settings->customers || strcmp(p->settings->customers, "-") != 0)
		print_text(p);
	return p->settings->apply ? apply(p) : EXIT_WELL;
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
	else if (remote && (o->map || o->until || o->zone || o->customers))
		fprintf(stderr, "kith fit: --map, --until, --zone and --customers are for files\n");
	else if (!remote && operands == 0)
		fprintf(stderr, "kith fit: expected FILE, -, DIR, --live or --status\n");
	else if (o->force && !(o->live && o->apply))
		fprintf(stderr, "kith fit: --force goes with --live --apply\n");
	else
		return EXIT_WELL;
	return EXIT_USAGE;
}

static int run(void *settings, char **operands, int n)
{
	struct fit_report p = { .settings = settings };
	struct remote_settings remote = p.settings->remote;
	struct complaint c = { 0 };
	int code = usage_of_all(settings, n), rc;

	remote.json = p.settings->json;
	if (code != EXIT_WELL)
		return code;
	if (p.settings->status)
		return fit_status(&remote);
	if (p.settings->live)
		return fit_live(&remote, p.settings->apply, p.settings->force);
	code = usage_of(settings, operands[0]);
	if (code != EXIT_WELL)
		return code;
	rc = read_buyers(&p, operands[0], &c);
	if (rc) { /* the file or the store is at fault, whatever the reason */
		(void)verb_fail(rc, &c);
		code = EXIT_FILE;
	} else {
		code = report(&p, &c);
	}
	buyers_fini(&p.buyers);
	return code;
}

#define AT(member) offsetof(struct fit_settings, member)
static const struct fit_settings defaults = { .sample = 5000, .window = 60, .prior = true,
	.remote = REMOTE_DEFAULTS };
static const struct option_def options[] = {
	{ OPTION_TEXT, "map", 'm', "FILE", "the mapping of a CSV file (YAML; see examples/)", AT(map) },
	{ OPTION_TEXT, "until", 'u', "DAY", "the last day that counts, as in 2026-05-31\n"
		"(default: the last one with a purchase)", AT(until) },
	{ OPTION_TEXT, "zone", 'z', "NAME", "whose calendar days are counted\n"
		"(default: the mapping's, else UTC)", AT(zone) },
	{ OPTION_NUMBER, "sample", 's', "N", "fit to so many customers at most (default 5000)",
		AT(sample), 10, 10000000 },
	{ OPTION_NUMBER, "window", 'w', "DAYS", "the window of the block (default 60)", AT(window), 1,
		36500 },
	{ OPTION_FLAG, "prior", 'p', NULL, "let a prior steady the block (default: yes)", AT(prior), 1 },
	{ OPTION_CHOICE, "unit", 'U', "day|week", "of alpha and the likelihood in the report (default: day)",
		AT(unit) },
	{ OPTION_TEXT, "customers", 'c', "FILE",
		"write where each customer stands by the block as CSV\n(\"-\": to standard output, no report)",
		AT(customers) },
	{ OPTION_FLAG, "apply", 'A', NULL, "let the daemon judge by it from now on (window and floor stay\n"
		"the file's); until its file has another rhythm, or kith unfit", AT(apply) },
	{ OPTION_FLAG, "live", 'l', NULL, "let the running daemon fit to its own customers, and wait for it",
		AT(live) },
	{ OPTION_FLAG, "force", 'f', NULL, "with --live --apply: even if something speaks against it", AT(force) },
	{ OPTION_FLAG, "status", 'S', NULL, "what the daemon is fitting, what is in force, and how far\n"
		"judging everybody by it has come", AT(status) },
	OPTION_RUN(struct fit_settings, remote.run),
	OPTION_TIMEOUT(struct fit_settings, remote.timeout_ms, "wait so long for each answer (default 5)"),
	OPTION_JSON(struct fit_settings, json, "the report as one line of JSON"),
	{ OPTION_END },
};

const struct verb verb_fit = {
	.name = "fit", .operands = "[FILE|-|DIR]", .summary = "find the rhythm of one's own customers",
	.text = "Finds the parameters of the MBG/NBD model, by which `alive`, `active` and `overdue` are\n"
		"computed, from past purchases, and prints a rhythm block for the lifecycle file.\n\n"
		"FILE (\"-\" is standard input) holds events as kith send reads them: NDJSON, or CSV with a\n"
		"mapping. DIR is a store, as it stood at its last checkpoint; no daemon may have it.\n"
		"Purchases of one day count as one, those of nothing as none.\n\n"
		"--live has the daemon do it, for its own customers: it samples everybody while it goes on,\n"
		"fits in a thread of its own, and with --apply puts the result in force, unless customers\n"
		"are too few, drop-out cannot be told from slowness, or what is in force is as good.\n\n"
		"A prior steadies the parameters where customers are few; many outweigh it.",
	.examples = "  kith fit sales.csv --map examples/online_retail.yaml\n"
		"  kith fit sales.csv --map my.yaml --until 2026-03-31 --customers then.csv\n"
		"  kith fit /var/lib/kith\n"
		"  kith fit --live\n  kith fit --live --apply && kith fit --status",
	.exits = "  0 fitted   1 nothing to learn from, or not applied   2 usage   3 daemon unreachable\n"
		"  78 file, mapping or store at fault",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 0, .most = 1, .run = run,
};
