/* SPDX-License-Identifier: Apache-2.0 */
/* kith store verify, kith store stat. */
#include <jansson.h>
#include "ctl/store_check.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "store/env.h"
#include "workers/customer.h"

#define PROBLEMS_TOLD 20 /* of one shard */

struct problems {
	unsigned shard;
	long n;
	struct progress *progress;
};

static void say_problem(void *arg, const char *text)
{
	struct problems *p = arg;

	progress_clear(p->progress);
	if (++p->n <= PROBLEMS_TOLD)
		fprintf(stderr, "kith: %s\n", text);
	if (p->n == PROBLEMS_TOLD + 1)
		fprintf(stderr, "kith: shard %u: and more\n", p->shard);
}

/* Verify one shard; returns its number of problems. *RET_POSITION is its checkpoint. */
static long verify_shard(struct store *s, unsigned shard, struct progress *progress,
	struct env_report *report, uint64_t *ret_position)
{
	struct problems p = { .shard = shard, .progress = progress };
	struct complaint c = { 0 };
	struct env *e = NULL;
	long n = env_open(s, shard, STORE_MAP_BYTES, true, &e, &c);

	*report = (struct env_report){ 0 };
	*ret_position = 0;
	if (n == 0) {
		*ret_position = env_meta(e)->position;
		n = env_verify(e, report, say_problem, &p, record_armed);
		if (n < 0)
			(void)complain(&c, (int)n, "shard %u cannot be read: %s", shard,
				err_text((int)n));
	}
	env_close(e);
	if (n < 0) {
		say_problem(&p, c.text);
		n = 1;
	}
	return n;
}

static void say_shard(unsigned shard, const struct env_report *r, uint64_t position, long problems)
{
	char a[TEXT_MAX], b[TEXT_MAX], d[TEXT_MAX];

	printf("shard %u: %s customers, %s deadlines, %s notifications, applied up to frame %llu: ",
		shard, text_count((int64_t)r->customers, a), text_count((int64_t)r->deadlines, b),
		text_count((int64_t)r->outbox, d), (unsigned long long)position);
	if (problems)
		printf("%ld problems\n", problems);
	else
		printf("well\n");
}

/* A shard behind the journal is repaired by it at the next start, provided they meet. */
static long check_meeting(const struct journal_report *j, uint64_t lowest, uint64_t highest)
{
	if (j->frames > 0 && highest > j->last) {
		fprintf(stderr, "kith: journal: it ends with frame %llu, but a shard has applied frame "
			"%llu: the end of the journal is missing\n", (unsigned long long)j->last,
			(unsigned long long)highest);
		return 1;
	}
	if (j->frames > 0 && lowest + 1 < j->first) {
		fprintf(stderr, "kith: journal: it begins with frame %llu, but a shard has applied only "
			"up to frame %llu: those between are missing\n", (unsigned long long)j->first,
			(unsigned long long)lowest);
		return 1;
	}
	return 0;
}

static void say_verdict(const struct store *s, const struct journal_report *j, long problems,
	bool json)
{
	if (json)
		printf("{\"problems\":%ld,\"shards\":%u,\"journal\":{\"first\":%llu,\"last\":%llu,"
			"\"frames\":%llu,\"events\":%llu}}\n", problems, s->shards,
			(unsigned long long)j->first, (unsigned long long)j->last,
			(unsigned long long)j->frames, (unsigned long long)j->events);
	else if (problems)
		printf("%s: %ld problems\n", s->dir, problems);
	else
		printf("%s: well\n", s->dir);
}

int store_verify(struct store *s, const struct store_settings *o)
{
	uint64_t position, lowest = UINT64_MAX, highest = 0;
	struct journal_report j;
	struct progress progress;
	struct complaint c = { 0 };
	long problems = 0, n;

	progress_init(&progress, o->progress);
	for (unsigned i = 0; i < s->shards; i++) {
		struct env_report r;
		char text[40];

		snprintf(text, sizeof text, "shard %u of %u", i, s->shards);
		progress_show(&progress, i, s->shards + 1, text);
		n = verify_shard(s, i, &progress, &r, &position);
		progress_clear(&progress);
		if (!o->json)
			say_shard(i, &r, position, n);
		lowest = position < lowest ? position : lowest;
		highest = position > highest ? position : highest;
		problems += n;
	}
	if (journal_walk(s, &progress, &j, &c)) {
		fprintf(stderr, "kith: journal: %s\n", c.text);
		problems++;
	} else {
		if (!o->json)
			printf("journal: %llu frames, %llu to %llu, %llu events: well\n",
				(unsigned long long)j.frames, (unsigned long long)j.first,
				(unsigned long long)j.last, (unsigned long long)j.events);
		problems += check_meeting(&j, lowest, highest);
	}
	say_verdict(s, &j, problems, o->json);
	return problems ? EXIT_REJECTED : EXIT_WELL;
}

static json_t *tables_to_json(struct env *e)
{
	json_t *all = json_object();
	uint64_t rows, bytes;
	const char *name;

	for (unsigned i = 0; (name = env_table(e, i, &rows, &bytes)) != NULL; i++)
		json_object_set_new(all, name, json_pack("{s:I, s:I}", "rows", (json_int_t)rows,
			"bytes", (json_int_t)bytes));
	return all;
}

static json_t *shard_to_json(unsigned shard, struct env *e)
{
	const struct env_meta *m = env_meta(e);
	uint64_t used, map;

	env_space(e, &used, &map);
	return json_pack("{s:i, s:I, s:I, s:I, s:{s:I, s:I}, s:{s:I, s:I, s:I}, s:I, s:I, s:I, s:o}",
		"shard", (int)shard, "position", (json_int_t)m->position, "clock",
		(json_int_t)m->clock_ms, "customers", (json_int_t)m->customers, "outbox", "first",
		(json_int_t)m->outbox_first, "last", (json_int_t)m->outbox_last, "events", "accepted",
		(json_int_t)m->accepted, "duplicates", (json_int_t)m->duplicates, "conflicts",
		(json_int_t)m->conflicts, "lifecycle_version", (json_int_t)m->lifecycle_version,
		"deadlines", (json_int_t)env_deadlines(e), "bytes", (json_int_t)used,
		"tables", tables_to_json(e));
}

static void add_shard_row(struct table *t, unsigned shard, struct env *e)
{
	const struct env_meta *m = env_meta(e);
	char text[TEXT_MAX];
	uint64_t used, map;

	env_space(e, &used, &map);
	table_add(t, "%u", shard);
	table_add(t, "%s", text_count((int64_t)m->customers, text));
	table_add(t, "%s", text_count((int64_t)m->accepted, text));
	table_add(t, "%s", text_count((int64_t)env_deadlines(e), text));
	table_add(t, "%s", text_count((int64_t)(m->outbox_last + 1 - m->outbox_first), text));
	table_add(t, "%llu", (unsigned long long)m->position);
	table_add(t, "%s", text_time(m->clock_ms, text));
	table_add(t, "%s", text_bytes(used, text));
}

static int stat_shards(struct store *s, json_t *list, struct table *t)
{
	for (unsigned i = 0; i < s->shards; i++) {
		struct complaint c = { 0 };
		struct env *e = NULL;
		int rc = env_open(s, i, STORE_MAP_BYTES, true, &e, &c);

		if (rc) {
			(void)verb_fail(rc, &c);
			return EXIT_REJECTED;
		}
		if (list)
			json_array_append_new(list, shard_to_json(i, e));
		else
			add_shard_row(t, i, e);
		env_close(e);
	}
	return 0;
}

int store_stat(struct store *s, const struct store_settings *o)
{
	static const char *const heads[] = { ">shard", ">customers", ">events", ">deadlines",
		">notifications", ">applied up to", "<clock", ">used" };
	uint64_t free_bytes = 0, total = 0;
	json_t *list = o->json ? json_array() : NULL, *all;
	char a[TEXT_MAX], b[TEXT_MAX];
	struct table t;
	int code;

	table_init(&t, heads, 8);
	(void)store_space(s, &free_bytes, &total);
	code = stat_shards(s, list, &t);
	if (!code && o->json) {
		all = json_pack("{s:s, s:i, s:I, s:I, s:O}", "store", s->dir, "shards", (int)s->shards,
			"disk_free", (json_int_t)free_bytes, "disk", (json_int_t)total, "shard", list);
		if (all)
			json_dumpf(all, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(all);
	} else if (!code) {
		printf("%s: %u shards, %s of %s free on its disk\n", s->dir, s->shards,
			text_bytes(free_bytes, a), text_bytes(total, b));
		table_print(&t, 2, stdout);
	}
	table_fini(&t);
	json_decref(list);
	return code;
}
