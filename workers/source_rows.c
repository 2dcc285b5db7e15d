/* SPDX-License-Identifier: Apache-2.0 */
/* The sources a shard watches: found by name, and kept as rows. */
#include <assert.h>
#include <stdlib.h>
#include "base/hash.h"
#include "workers/source_rows.h"

#define ROW_VERSION 1
#define ROW_BYTES   (2 + 5 * 8 + HABIT_BYTES)
_Static_assert(ROW_BYTES <= 1900, "no overflow pages");
_Static_assert(SOURCES_WATCHED_MAX < UINT16_MAX, "a slot holds one more than an index");

static struct span row_key(uint8_t key[1 + EVENT_SOURCE_MAX], const struct source_watch *w)
{
	key[0] = 'w';
	memcpy(key + 1, w->name, w->size);
	return span_of(key, 1u + w->size);
}

static unsigned slot_of(const struct sources *all, struct span name)
{
	unsigned at = hash_32(name.data, name.size) & (all->n_slots - 1);

	for (; all->slots[at] != 0; at = (at + 1) & (all->n_slots - 1)) {
		const struct source_watch *w = all->list[all->slots[at] - 1];

		if (span_eq(span_of(w->name, w->size), name))
			break;
	}
	return at;
}

struct source_watch *source_find_watched(struct shard *s, struct span name)
{
	const struct sources *all = &s->sources;
	unsigned at = all->n ? slot_of(all, name) : 0;

	return all->n && all->slots[at] ? all->list[all->slots[at] - 1] : NULL;
}

static void fill_slots(struct sources *all)
{
	memset(all->slots, 0, all->n_slots * sizeof *all->slots);
	for (unsigned i = 0; i < all->n; i++)
		all->slots[slot_of(all, span_of(all->list[i]->name, all->list[i]->size))] =
			(uint16_t)(i + 1);
}

static int make_room(struct sources *all)
{
	unsigned more = all->capacity ? 2 * all->capacity : 16;
	struct source_watch **list;
	uint16_t *slots;

	if (all->n < all->capacity)
		return 0;
	list = realloc(all->list, more * sizeof(*list));
	if (list)
		all->list = list;
	slots = malloc(2 * more * sizeof *slots);
	if (!list || !slots) {
		free(slots);
		return ERR_NOMEM;
	}
	free(all->slots);
	all->slots = slots;
	all->n_slots = 2 * more;
	all->capacity = more;
	fill_slots(all);
	return 0;
}

static int add(struct sources *all, struct span name, struct source_watch **ret)
{
	int rc = make_room(all);
	struct source_watch *w = rc == 0 ? calloc(1, sizeof *w) : NULL;

	if (!w)
		return ERR_NOMEM;
	memcpy(w->name, name.data, name.size);
	w->size = (uint8_t)name.size;
	w->due_ms = NEVER;
	all->slots[slot_of(all, name)] = (uint16_t)(all->n + 1);
	all->list[all->n++] = w;
	*ret = w;
	return 0;
}

static bool is_longer_silent(const struct source_watch *a, const struct source_watch *b)
{
	if (a->last_ms != b->last_ms)
		return a->last_ms < b->last_ms;
	return a->size != b->size ? a->size < b->size : memcmp(a->name, b->name, a->size) < 0;
}

int source_drop(struct shard *s, struct source_watch *w)
{
	struct sources *all = &s->sources;
	uint8_t key[1 + EVENT_SOURCE_MAX];
	int rc = env_health_del(s->env, row_key(key, w));
	unsigned at = 0;

	while (all->list[at] != w)
		at++;
	all->list[at] = all->list[--all->n];
	free(w);
	fill_slots(all);
	return rc;
}

/* Whoever has said nothing for longest makes room, if that is long enough. */
static int forget_one(struct shard *s, int64_t now_ms)
{
	struct sources *all = &s->sources;
	unsigned last = 0;

	for (unsigned i = 1; i < all->n; i++)
		if (is_longer_silent(all->list[i], all->list[last]))
			last = i;
	if (now_ms - all->list[last]->last_ms < SOURCE_FORGOTTEN_MS)
		return ERR_TOOBIG;
	return source_drop(s, all->list[last]);
}

int source_make(struct shard *s, struct span name, int64_t now_ms, struct source_watch **ret)
{
	struct sources *all = &s->sources;
	int rc = all->n < SOURCES_WATCHED_MAX ? 0 : forget_one(s, now_ms);

	*ret = NULL;
	if (rc == ERR_TOOBIG) {
		all->unwatched++;
		return 0;
	}
	if (rc == 0)
		rc = add(all, name, ret);
	if (rc == 0)
		(*ret)->since_ms = (*ret)->from_ms = (*ret)->last_ms = now_ms;
	return rc;
}

static void row_pack(const struct source_watch *w, uint8_t p[ROW_BYTES])
{
	p[0] = ROW_VERSION;
	p[1] = w->state;
	put_le64(p + 2, (uint64_t)w->since_ms);
	put_le64(p + 10, (uint64_t)w->last_ms);
	put_le64(p + 18, (uint64_t)w->from_ms);
	put_le64(p + 26, w->events);
	put_le64(p + 34, w->late);
	habit_pack(&w->habit, p + 42);
}

static void row_unpack(struct source_watch *w, const uint8_t p[ROW_BYTES])
{
	w->state = p[1] < SOURCE_STATES ? p[1] : SOURCE_LEARNING;
	w->since_ms = (int64_t)get_le64(p + 2);
	w->last_ms = (int64_t)get_le64(p + 10);
	w->from_ms = (int64_t)get_le64(p + 18);
	w->events = get_le64(p + 26);
	w->late = get_le64(p + 34);
	habit_unpack(&w->habit, p + 42);
}

/* A damaged row is a source whose habit has to be learnt anew. */
static int load_row(struct shard *s, struct span key, struct span row)
{
	struct source_watch *w;
	int rc;

	if (row.size != ROW_BYTES || row.data[0] != ROW_VERSION || key.size - 1 > EVENT_SOURCE_MAX) {
		s->damaged++;
		return 0;
	}
	rc = add(&s->sources, span_of(key.data + 1, key.size - 1), &w);
	if (rc == 0)
		row_unpack(w, row.data);
	return rc;
}

int sources_load(struct shard *s)
{
	uint8_t after[255];
	struct span key, row, from = span_of("w", 1);
	int rc;

	s->sources.next_due_ms = NEVER;
	while ((rc = env_health_next(s->env, from, &key, &row)) == 0 ||
		(rc == ERR_CORRUPT && env_failed(s->env) == 0)) {
		if (key.size > sizeof after || key.data[0] != 'w')
			break;
		memcpy(after, key.data, key.size);
		from = span_of(after, key.size);
		rc = load_row(s, from, row);
		if (rc != 0)
			return rc;
	}
	sources_solve(s);
	s->sources.told = env_meta(s->env)->messages_last; /* for all that is known */
	return rc == ERR_NOTFOUND ? 0 : env_failed(s->env);
}

int sources_store(struct shard *s)
{
	uint8_t key[1 + EVENT_SOURCE_MAX], row[ROW_BYTES];
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < s->sources.n; i++) {
		struct source_watch *w = s->sources.list[i];

		if (!w->dirty)
			continue;
		row_pack(w, row);
		rc = env_health_put(s->env, row_key(key, w), span_of(row, sizeof row));
		w->dirty = false;
	}
	return rc;
}

void sources_fini(struct shard *s)
{
	for (unsigned i = 0; i < s->sources.n; i++)
		free(s->sources.list[i]);
	free(s->sources.list);
	free(s->sources.slots);
	s->sources = (struct sources){ 0 };
}
