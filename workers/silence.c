/* SPDX-License-Identifier: Apache-2.0 */
/* What is held while a source is silent. */
#include <stdlib.h>
#include "base/hash.h"
#include "base/room.h"
#include "workers/hold_rows.h"

#define ROW_VERSION 1
#define ROW_BYTES   18
#define ROWS_LOOKED 16 /* rows of others passed by, for each customer a step may settle */
#define VOTES_MAX   7

static int by_name(const uint8_t *a, size_t an, const uint8_t *b, size_t bn)
{
	int order = memcmp(a, b, an < bn ? an : bn);

	return order ? order : (an > bn) - (an < bn);
}

/* Where NAME stands, or should. */
static unsigned place_of(const struct silences *all, struct span name)
{
	unsigned at = 0;

	while (at < all->n && by_name(all->list[at].name, all->list[at].size, name.data,
		name.size) < 0)
		at++;
	return at;
}

static struct silence *find(const struct silences *all, struct span name)
{
	unsigned at = place_of(all, name);

	return at < all->n && span_eq(span_of(all->list[at].name, all->list[at].size), name) ?
		&all->list[at] : NULL;
}

static int make(struct shard *s, struct span name, struct silence **ret)
{
	struct silences *all = &s->silences;
	unsigned at = place_of(all, name);
	struct silence fresh = { .size = (uint8_t)name.size }, *list;
	int rc = env_source_number(s->env, name, &fresh.number);

	if (rc != 0)
		return rc;
	list = room_for_one(all->list, all->n, &all->capacity, 8, sizeof *list);
	if (!list)
		return ERR_NOMEM;
	all->list = list;
	memcpy(fresh.name, name.data, name.size);
	memmove(&all->list[at + 1], &all->list[at], (all->n - at) * sizeof *all->list);
	all->list[at] = fresh;
	all->n++;
	*ret = &all->list[at];
	return 0;
}

static bool ends_by_itself(const struct silence *q)
{
	return q->phase == SILENCE_HOLDING || q->phase == SILENCE_GRACE;
}

static void find_next(struct shard *s)
{
	s->silences.next_due_ms = NEVER;
	for (unsigned i = 0; i < s->silences.n; i++)
		if (ends_by_itself(&s->silences.list[i]) &&
			s->silences.list[i].until_ms < s->silences.next_due_ms)
			s->silences.next_due_ms = s->silences.list[i].until_ms;
	if (s->silences.next_due_ms < s->next_due_ms)
		s->next_due_ms = s->silences.next_due_ms;
}

int silence_told(struct shard *s, const struct message *m, const struct input *in)
{
	struct silence *q = find(&s->silences, m->customer);
	bool back = m->kind == MESSAGE_SOURCE_BACK;
	int rc = 0;

	if ((back && !q) || (!q && s->settings.source_hold_ms == 0))
		return 0;
	if (!q)
		rc = make(s, m->customer, &q);
	if (rc != 0)
		return rc;
	if (back && !ends_by_itself(q))
		return 0; /* too late for a grace: what was held is being announced */
	q->phase = back ? SILENCE_GRACE : SILENCE_HOLDING;
	q->until_ms = in->clock_ms +
		(back ? s->settings.source_grace_ms : s->settings.source_hold_ms);
	if (!back)
		q->since_ms = m->time_ms;
	s->silences.dirty = true;
	find_next(s);
	return 0;
}

static void end_phase(struct shard *s, struct silence *q, int64_t now_ms)
{
	struct source_watch *w = source_find_watched(s, span_of(q->name, q->size));

	if (q->phase == SILENCE_HOLDING && w && w->state == SOURCE_SILENT) {
		w->state = SOURCE_GONE;
		w->since_ms = now_ms;
		w->dirty = true;
	}
	q->phase = SILENCE_DONE;
	s->silences.dirty = true;
}

void silences_settle(struct shard *s, const struct input *in)
{
	if (s->silences.next_due_ms > in->clock_ms)
		return;
	for (unsigned i = 0; i < s->silences.n; i++) {
		struct silence *q = &s->silences.list[i];

		if (ends_by_itself(q) && q->until_ms <= in->clock_ms)
			end_phase(s, q, in->clock_ms);
	}
	find_next(s);
}

void silence_forget(struct shard *s, struct span name, int64_t now_ms)
{
	struct silence *q = find(&s->silences, name);

	if (q && ends_by_itself(q))
		end_phase(s, q, now_ms);
	find_next(s);
}

void silences_limit(struct shard *s, int64_t now_ms)
{
	bool off = s->settings.source_silence_ms == 0 || s->settings.source_hold_ms == 0;

	for (unsigned i = 0; off && i < s->silences.n; i++)
		if (ends_by_itself(&s->silences.list[i]))
			end_phase(s, &s->silences.list[i], now_ms);
	find_next(s);
}

/* ---- holding */

static const struct silence *covering(const struct shard *s, const struct customer *c)
{
	for (unsigned i = 0; c->source && i < s->silences.n; i++)
		if (s->silences.list[i].number == c->source && ends_by_itself(&s->silences.list[i]))
			return &s->silences.list[i];
	return NULL;
}

bool silence_would_hold(const struct shard *s, const struct customer *c, const struct machine *m,
	const struct change *ch)
{
	const struct silence *q;
	unsigned owner = ch->kind == CHANGE_RUNG ? ch->ladder : OWNER_RISK + ch->risk;

	if (s->silences.n == 0 || !(m->silent_owners >> owner & 1))
		return false;
	q = covering(s, c);
	return q && ch->at_ms > q->since_ms;
}

bool silence_holds(const struct shard *s, const struct customer *c, const struct change *ch,
	const struct cause *why)
{
	return !why->event && !why->message &&
		silence_would_hold(s, c, s->lifecycle->machine, ch);
}

int silence_vote(struct shard *s, struct customer *c, const struct cause *why)
{
	const struct event *e = why->event;
	uint32_t number;
	int rc;

	if (!e || (e->body != BODY_PURCHASE && (e->body != BODY_CONTACT ||
		e->as.contact.direction != DIRECTION_IN)))
		return 0;
	rc = env_source_number(s->env, e->source, &number);
	if (rc != 0)
		return rc;
	if (why->input->backfill && c->source != 0)
		return 0; /* whoever reads in the past is seldom through whom they come */
	if (c->source == number)
		c->source_votes += c->source_votes < VOTES_MAX;
	else if (c->source_votes > 1)
		c->source_votes--;
	else {
		c->source = number;
		c->source_votes = 1;
	}
	return 0;
}

/* ---- the walk over what is held */

bool silence_is_busy(const struct shard *s)
{
	for (unsigned i = 0; i < s->silences.n; i++)
		if (!ends_by_itself(&s->silences.list[i]))
			return true;
	return false;
}

static bool is_walking(const struct silences *all)
{
	for (unsigned i = 0; i < all->n; i++)
		if (all->list[i].phase == SILENCE_WALKING)
			return true;
	return false;
}

static void walk_begin(struct silences *all)
{
	for (unsigned i = 0; i < all->n; i++)
		if (all->list[i].phase == SILENCE_DONE)
			all->list[i].phase = SILENCE_WALKING;
	all->walk_type = 0;
	all->walk_size = 0;
	all->dirty = true;
}

static struct span row_key(uint8_t key[1 + EVENT_SOURCE_MAX], const struct silence *q)
{
	key[0] = 's';
	memcpy(key + 1, q->name, q->size);
	return span_of(key, 1u + q->size);
}

static int walk_end(struct shard *s)
{
	struct silences *all = &s->silences;
	uint8_t key[1 + EVENT_SOURCE_MAX];
	unsigned kept = 0;
	int rc = 0;

	for (unsigned i = 0; i < all->n; i++) {
		if (all->list[i].phase != SILENCE_WALKING)
			all->list[kept++] = all->list[i];
		else if (rc == 0)
			rc = env_health_del(s->env, row_key(key, &all->list[i]));
	}
	all->n = kept;
	all->dirty = true;
	return rc;
}

/* The customer behind whose row the walk stands. */
static int release_one(struct shard *s, uint16_t type, struct span id, const struct cause *why)
{
	struct customer *c = &s->customer;
	int rc = customer_load(s, c, id);

	if (rc == 0 && c->is_new)
		rc = ERR_NOTFOUND;
	if (rc == 0)
		rc = customer_settle(s, c, why->input->clock_ms, why);
	if (rc == 0 && covering(s, c))
		return customer_save(s, c); /* they come through another one, which is silent too */
	if (rc == 0)
		rc = hold_release_source(s, c, type, why);
	if (rc == 0)
		return customer_save(s, c);
	if (!shard_sets_aside(s, rc))
		return rc;
	return env_held_del(s->env, type, id); /* a damaged record: nothing can be told of it */
}

int silence_step(struct shard *s, const struct input *in, uint32_t *left, struct outcome *out)
{
	struct silences *all = &s->silences;
	struct cause why = { .input = in, .out = out };
	uint64_t look = (uint64_t)*left * ROWS_LOOKED;
	struct span id;
	struct held h;
	int rc = 0;

	if (!is_walking(all))
		walk_begin(all);
	for (; *left > 0 && look > 0; look--) {
		rc = env_held_walk(s->env, all->walk_type, span_of(all->walk, all->walk_size),
			&all->walk_type, &id, &h);
		if (rc == ERR_NOTFOUND)
			return walk_end(s);
		if (rc != 0 && !env_row_is_damaged(s->env, rc))
			return rc;
		all->walk_size = (uint8_t)id.size;
		memcpy(all->walk, id.data, id.size);
		all->dirty = true;
		if (rc != 0 || h.why != HOLD_SOURCE)
			continue;
		--*left;
		rc = release_one(s, all->walk_type, span_of(all->walk, all->walk_size), &why);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* ---- rows */

static void load_walk(struct silences *all, struct span row)
{
	if (row.size < 2 || row.size - 2 > EVENT_CUSTOMER_MAX)
		return;
	all->walk_type = get_le16(row.data);
	all->walk_size = (uint8_t)(row.size - 2);
	memcpy(all->walk, row.data + 2, row.size - 2);
}

static int load_row(struct shard *s, struct span key, struct span row)
{
	uint8_t bytes[ROW_BYTES];
	struct silence *q;
	int rc;

	if (row.size != ROW_BYTES || row.data[0] != ROW_VERSION || row.data[1] > SILENCE_WALKING ||
		key.size < 2 || key.size - 1 > EVENT_SOURCE_MAX) {
		s->damaged++; /* what is held for it waits until another silence is over */
		return 0;
	}
	memcpy(bytes, row.data, ROW_BYTES); /* making it may write */
	rc = make(s, span_of(key.data + 1, key.size - 1), &q);
	if (rc != 0)
		return rc;
	q->phase = bytes[1];
	q->since_ms = (int64_t)get_le64(bytes + 2);
	q->until_ms = (int64_t)get_le64(bytes + 10);
	return 0;
}

int silences_load(struct shard *s)
{
	uint8_t after[255];
	struct span key, row, from = span_of(NULL, 0);
	int rc;

	while ((rc = env_health_next(s->env, from, &key, &row)) == 0 ||
		(rc == ERR_CORRUPT && env_failed(s->env) == 0)) {
		if (key.size > sizeof after || key.data[0] > 's')
			break;
		memcpy(after, key.data, key.size);
		from = span_of(after, key.size);
		rc = 0;
		if (key.data[0] == 'c')
			load_walk(&s->silences, row);
		else if (key.data[0] == 's')
			rc = load_row(s, from, row);
		if (rc != 0)
			return rc;
	}
	find_next(s);
	return rc == ERR_NOTFOUND ? 0 : env_failed(s->env);
}

int silences_store(struct shard *s)
{
	struct silences *all = &s->silences;
	uint8_t key[1 + EVENT_SOURCE_MAX], row[ROW_BYTES] = { ROW_VERSION };
	uint8_t walk[2 + EVENT_CUSTOMER_MAX];
	int rc = 0;

	if (!all->dirty)
		return 0;
	for (unsigned i = 0; rc == 0 && i < all->n; i++) {
		row[1] = all->list[i].phase;
		put_le64(row + 2, (uint64_t)all->list[i].since_ms);
		put_le64(row + 10, (uint64_t)all->list[i].until_ms);
		rc = env_health_put(s->env, row_key(key, &all->list[i]), span_of(row, sizeof row));
	}
	put_le16(walk, all->walk_type);
	memcpy(walk + 2, all->walk, all->walk_size);
	if (rc == 0)
		rc = env_health_put(s->env, span_of("c", 1), span_of(walk, 2u + all->walk_size));
	all->dirty = false;
	return rc;
}

void silences_fini(struct shard *s)
{
	free(s->silences.list);
	s->silences = (struct silences){ 0 };
}
