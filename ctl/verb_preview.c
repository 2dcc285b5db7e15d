/* SPDX-License-Identifier: Apache-2.0 */
/* kith preview: who would stand elsewhere under another lifecycle file, by a store at rest. */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "ctl/store_check.h"
#include "ctl/table.h"
#include "store/env.h"
#include "workers/customer.h"
#include "workers/lifecycle_file.h"

#define SAMPLE_MAX 3
#define MOVES_MAX  1024

/* One step that customers would make: names are those of the two machines. */
struct move {
	struct span ladder, from, to;
	uint64_t customers;
	unsigned n_sample;
	char sample[SAMPLE_MAX][EVENT_CUSTOMER_MAX + 1];
};

struct preview {
	const struct machine *wanted;
	uint64_t customers, moved, skipped;
	unsigned n_moves;
	struct move moves[MOVES_MAX];
};

struct preview_settings {
	bool json;
};

static void count_move(struct preview *p, struct span ladder, struct span from, struct span to,
	struct span id)
{
	struct move *m = p->moves;

	while (m < p->moves + p->n_moves && !(span_eq(m->ladder, ladder) && span_eq(m->from, from) &&
			span_eq(m->to, to)))
		m++;
	if (m == p->moves + MOVES_MAX)
		return;
	if (m == p->moves + p->n_moves) {
		*m = (struct move){ ladder, from, to, 0, 0, { "" } };
		p->n_moves++;
	}
	m->customers++;
	if (m->n_sample < SAMPLE_MAX)
		snprintf(m->sample[m->n_sample++], sizeof m->sample[0], "%.*s", (int)id.size,
			(const char *)id.data);
}

/* The rung of S on the ladder NAME of M; "none" when it has none. */
static struct span rung_name(const struct machine *m, const struct verdict *v, struct span name)
{
	int l = machine_ladder(m, name);

	return l < 0 || v->rung[l] == RUNG_NONE ? span_str("none") : m->ladders[l].rungs[v->rung[l]].name;
}

static bool risk_holds(const struct machine *m, const struct verdict *v, struct span name)
{
	int k = machine_risk(m, name);

	return k >= 0 && (v->risks >> k & 1);
}

static void compare_risk(struct preview *p, const struct machine *old, const struct verdict *was,
	const struct verdict *is, struct span name, struct span id)
{
	bool before = risk_holds(old, was, name), after = risk_holds(p->wanted, is, name);

	if (before != after)
		count_move(p, name, span_str(before ? "raised" : "clear"),
			span_str(after ? "raised" : "clear"), id);
}

/* C stands as it was last announced; NOW is the shard's clock. */
static void compare(struct preview *p, const struct machine *old, struct customer *c, int64_t now)
{
	const struct verdict *was = &c->standing.verdict;
	unsigned moves = 0;
	struct verdict is;

	facts_adopt(&c->facts, p->wanted);
	machine_judge(p->wanted, &c->facts, now > c->standing.settled_ms ? now : c->standing.settled_ms,
		&is);
	for (unsigned i = 0; i < p->n_moves; i++)
		moves += (unsigned)p->moves[i].customers;
	for (unsigned l = 0; l < p->wanted->n_ladders; l++) {
		struct span name = p->wanted->ladders[l].name, from = rung_name(old, was, name);
		struct span to = rung_name(p->wanted, &is, name);

		if (!span_eq(from, to))
			count_move(p, name, from, to, customer_id(c));
	}
	for (unsigned k = 0; k < p->wanted->n_risks; k++)
		compare_risk(p, old, was, &is, p->wanted->risks[k].name, customer_id(c));
	for (unsigned k = 0; k < old->n_risks; k++)
		if (machine_risk(p->wanted, old->risks[k].name) < 0)
			compare_risk(p, old, was, &is, old->risks[k].name, customer_id(c));
	for (unsigned i = 0; i < p->n_moves; i++)
		moves -= (unsigned)p->moves[i].customers;
	p->customers++;
	p->moved += moves != 0;
}

static int walk(struct preview *p, struct env *e, const struct machine *old,
	const struct numbering *names)
{
	static struct customer customer;
	uint8_t key[EVENT_CUSTOMER_MAX];
	struct span id = span_of(key, 0), record;
	int rc;

	while ((rc = env_customer_next(e, id, &id, &record)) == 0 || rc == ERR_CORRUPT) {
		if (env_failed(e))
			return env_failed(e);
		if (rc == ERR_CORRUPT || customer_unpack(&customer, id, record, old, names) != 0)
			p->skipped++;
		else if (!customer_is_merged(&customer))
			compare(p, old, &customer, env_meta(e)->clock_ms);
		memcpy(key, id.data, id.size);
		id = span_of(key, id.size);
	}
	return rc == ERR_NOTFOUND ? 0 : rc;
}

/* *RET_OLD is the file in force there; its names are in the moves, so it stays until they are
 * told. */
static int preview_shard(struct preview *p, struct env *e, struct machine **ret_old,
	struct complaint *c)
{
	static struct numbering names;
	uint32_t version = env_meta(e)->lifecycle_version;
	struct span text;
	int64_t since;
	int rc = version ? env_lifecycle_get(e, version, &since, &text) : ERR_NOTFOUND;

	if (rc != 0)
		return rc == ERR_NOTFOUND ? 0 : rc; /* nobody has been judged there */
	rc = machine_compile((const char *)text.data, text.size, ret_old, c);
	if (rc != 0)
		return rc;
	(*ret_old)->version = version;
	(*ret_old)->since_ms = since;
	rc = numbering_make(&names, e, *ret_old);
	return rc != 0 ? rc : walk(p, e, *ret_old, &names);
}

static int preview_store(struct preview *p, const char *dir, struct machine **old,
	struct complaint *c)
{
	struct store s;
	int rc = store_open(dir, 0, false, &s, c);

	if (rc != 0)
		return rc;
	for (unsigned i = 0; i < s.shards && rc == 0; i++) {
		struct env *e = NULL;

		rc = env_open(&s, i, STORE_MAP_BYTES, true, &e, c);
		if (rc == 0)
			rc = preview_shard(p, e, &old[i], c);
		env_close(e);
	}
	store_close(&s);
	return rc;
}

static void show(const struct preview *p)
{
	const char *const heads[] = { "<ladder or risk", "<from", "<to", ">customers", "<such as" };
	struct table t;

	printf("%llu of %llu customers would stand elsewhere\n\n", (unsigned long long)p->moved,
		(unsigned long long)p->customers);
	if (p->n_moves == 0)
		return;
	table_init(&t, heads, 5);
	for (const struct move *m = p->moves; m < p->moves + p->n_moves; m++) {
		table_add(&t, "%.*s", (int)m->ladder.size, (const char *)m->ladder.data);
		table_add(&t, "%.*s", (int)m->from.size, (const char *)m->from.data);
		table_add(&t, "%.*s", (int)m->to.size, (const char *)m->to.data);
		table_add(&t, "%llu", (unsigned long long)m->customers);
		table_add(&t, "%s %s %s", m->sample[0], m->sample[1], m->sample[2]);
	}
	table_print(&t, 0, stdout);
	table_fini(&t);
}

static void show_json(const struct preview *p)
{
	json_t *moves = json_array(), *o;

	for (const struct move *m = p->moves; m < p->moves + p->n_moves; m++) {
		json_t *sample = json_array();

		for (unsigned i = 0; i < m->n_sample; i++)
			json_array_append_new(sample, json_string(m->sample[i]));
		json_array_append_new(moves, json_pack("{s:s#,s:s#,s:s#,s:I,s:o}", "of",
			(const char *)m->ladder.data, (int)m->ladder.size, "from",
			(const char *)m->from.data, (int)m->from.size, "to",
			(const char *)m->to.data, (int)m->to.size, "customers",
			(json_int_t)m->customers, "sample", sample));
	}
	o = json_pack("{s:I,s:I,s:I,s:o}", "customers", (json_int_t)p->customers, "moved",
		(json_int_t)p->moved, "damaged", (json_int_t)p->skipped, "moves", moves);
	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int run(void *settings, char **operands, int n)
{
	const struct preview_settings *o = settings;
	static struct preview p;
	struct machine *wanted = NULL, *old[SHARDS_MAX] = { NULL };
	struct complaint c = { 0 };
	int rc = verb_compile_file(operands[0], &wanted);

	(void)n;
	if (rc != EXIT_WELL)
		return rc;
	p.wanted = wanted;
	rc = preview_store(&p, operands[1], old, &c);
	if (rc == 0 && o->json)
		show_json(&p);
	else if (rc == 0)
		show(&p);
	else
		(void)verb_fail(rc, &c);
	for (unsigned i = 0; i < SHARDS_MAX; i++)
		machine_free(old[i]);
	machine_free(wanted);
	return rc ? EXIT_FILE : EXIT_WELL;
}

static const struct preview_settings defaults;
static const struct option_def options[] = {
	OPTION_JSON(struct preview_settings, json, "one line of JSON"), { OPTION_END } };

const struct verb verb_preview = {
	.name = "preview", .operands = "FILE DIR", .summary = "who would move under another file",
	.text = "Judges every customer of the store in DIR by a lifecycle file that is not in force, as of the\n"
		"store's clock, and counts who would stand elsewhere than was announced, with a few of them.\n"
		"Facts that the file declares anew count from when it is switched on, so here they are 0.\n"
		"Changes nothing. The daemon must not be running: take a copy of the store.",
	.examples = "  kith preview my.lifecycle /var/lib/kith.copy",
	.exits = "  0 told   1 the file does not compile   2 usage   78 the store cannot be read",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 2, .most = 2, .run = run,
};
