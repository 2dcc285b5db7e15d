/* SPDX-License-Identifier: Apache-2.0 */
/* A webhook's letters, and their order. */
#include <assert.h>
#include <stdlib.h>
#include "daemon/webhook_queue.h"

void queue_init(struct queue *q)
{
	memset(q, 0, sizeof *q);
	q->next_due_ms = QUEUE_NEVER;
}

void queue_fini(struct queue *q)
{
	while (q->first)
		queue_remove(q, q->first);
}

static bool is_undone(const struct letter *l)
{
	return l->state != LETTER_DONE && l->state != LETTER_DEAD && l->state != LETTER_AHEAD;
}

static bool is_loose(const struct letter *l)
{
	return is_undone(l) && !l->kept;
}

unsigned queue_undone(const struct queue *q)
{
	return q->n[LETTER_READY] + q->n[LETTER_BEHIND] + q->n[LETTER_FLYING] + q->n[LETTER_WAITING];
}

bool queue_has_room(const struct queue *q)
{
	return q->loose < QUEUE_LOOSE_MAX && queue_undone(q) < QUEUE_LETTERS_MAX;
}

/* The only mover: counts, and nothing else. */
static void set_state(struct queue *q, struct letter *l, enum queue_state state)
{
	q->loose -= is_loose(l);
	q->n[l->state]--;
	l->state = (uint8_t)state;
	q->n[l->state]++;
	q->loose += is_loose(l);
}

static bool has_earlier(const struct letter *l)
{
	for (const struct letter *at = l->previous; l->customer && at; at = at->previous)
		if (at->customer == l->customer && is_undone(at))
			return true;
	return false;
}

bool queue_may_keep(const struct letter *l)
{
	for (const struct letter *at = l->previous; l->customer && at; at = at->previous)
		if (at->customer == l->customer && is_loose(at) && !at->writing)
			return false;
	return true;
}

static void link_last(struct queue *q, struct letter *l)
{
	l->next = NULL;
	l->previous = q->last;
	if (q->last)
		q->last->next = l;
	else
		q->first = l;
	q->last = l;
}

static void unlink_letter(struct queue *q, struct letter *l)
{
	if (l->previous)
		l->previous->next = l->next;
	else
		q->first = l->next;
	if (l->next)
		l->next->previous = l->previous;
	else
		q->last = l->previous;
}

static struct letter *append(struct queue *q, uint32_t shard, uint64_t sequence, uint64_t customer)
{
	struct letter *l = calloc(1, sizeof *l);

	if (!l)
		return NULL;
	l->shard = shard;
	l->sequence = sequence;
	l->customer = customer;
	link_last(q, l);
	q->n[l->state]++;
	q->loose++;
	return l;
}

struct letter *queue_add(struct queue *q, uint32_t shard, uint64_t sequence, uint64_t customer,
	struct span body, bool ordered)
{
	uint8_t *copy = malloc(body.size + 1);
	struct letter *l = copy ? append(q, shard, sequence, customer) : NULL;

	if (!l) {
		free(copy);
		return NULL;
	}
	memcpy(copy, body.data, body.size);
	l->body = copy;
	l->size = (uint32_t)body.size;
	l->changed = true;
	if (ordered && has_earlier(l))
		set_state(q, l, LETTER_BEHIND);
	return l;
}

struct letter *queue_add_kept(struct queue *q, uint32_t shard, uint64_t sequence, uint64_t customer,
	int64_t due_ms, bool ordered)
{
	struct letter *l = append(q, shard, sequence, customer);

	if (!l)
		return NULL;
	queue_mark_kept(q, l);
	if (ordered && has_earlier(l))
		set_state(q, l, LETTER_BEHIND);
	else
		queue_wait(q, l, due_ms);
	l->changed = false;
	return l;
}

struct letter *queue_add_ahead(struct queue *q, uint32_t shard, uint64_t sequence,
	uint64_t customer, int64_t due_ms)
{
	struct letter *l = append(q, shard, sequence, customer);

	if (!l)
		return NULL;
	queue_mark_kept(q, l);
	set_state(q, l, LETTER_AHEAD);
	l->due_ms = due_ms;
	return l;
}

struct letter *queue_find(const struct queue *q, uint32_t shard, uint64_t sequence)
{
	for (struct letter *l = q->first; l; l = l->next)
		if (l->shard == shard && l->sequence == sequence && l->state != LETTER_DONE)
			return l;
	return NULL;
}

/* Nobody waits for so long by the schedule: it was set when the clock was ahead. */
static bool is_lost(int64_t due_ms, int64_t now_ms, int64_t longest_ms)
{
	return due_ms != QUEUE_NEVER && due_ms - longest_ms > now_ms;
}

void queue_wake(struct queue *q, int64_t now_ms, int64_t longest_ms)
{
	if (now_ms < q->next_due_ms && !is_lost(q->next_due_ms, now_ms, longest_ms))
		return;
	q->next_due_ms = QUEUE_NEVER;
	for (struct letter *l = q->first; l; l = l->next) {
		if (l->state != LETTER_WAITING)
			continue;
		if (l->due_ms <= now_ms || is_lost(l->due_ms, now_ms, longest_ms))
			set_state(q, l, LETTER_READY);
		else if (l->due_ms < q->next_due_ms)
			q->next_due_ms = l->due_ms;
	}
}

static void set_ahead(struct queue *q, struct letter *l, int64_t now_ms)
{
	if (l->state == LETTER_DEAD) { /* its row has to say otherwise */
		l->attempts = 0;
		l->first_ms = 0;
		l->changed = true;
	}
	if (l->state != LETTER_WAITING)
		l->due_ms = now_ms;
	set_state(q, l, LETTER_AHEAD);
}

unsigned queue_set_back(struct queue *q, uint32_t shard, uint64_t position, int64_t now_ms)
{
	struct letter *next;
	unsigned dead = 0;

	for (struct letter *l = q->first; l; l = next) {
		bool has_row = l->kept || l->writing || l->fetching;

		next = l->next;
		if (l->shard != shard || l->sequence <= position || l->state == LETTER_DONE ||
			l->state == LETTER_AHEAD)
			continue;
		dead += l->state == LETTER_DEAD;
		if (has_row || l->state == LETTER_DEAD)
			set_ahead(q, l, now_ms);
		else
			queue_remove(q, l);
	}
	return dead;
}

static struct letter *first_ahead(const struct queue *q, uint32_t shard, uint64_t upto)
{
	struct letter *first = NULL;

	for (struct letter *l = q->first; l; l = l->next)
		if (l->state == LETTER_AHEAD && l->shard == shard && l->sequence <= upto &&
			(!first || l->sequence < first->sequence))
			first = l;
	return first;
}

void queue_reach(struct queue *q, uint32_t shard, uint64_t upto, bool ordered)
{
	struct letter *l;

	while (q->n[LETTER_AHEAD] && (l = first_ahead(q, shard, upto))) {
		unlink_letter(q, l);
		link_last(q, l);
		set_state(q, l, ordered && has_earlier(l) ? LETTER_BEHIND : LETTER_WAITING);
		if (l->state == LETTER_WAITING && l->due_ms < q->next_due_ms)
			q->next_due_ms = l->due_ms;
	}
}

void queue_hurry(struct queue *q, int64_t now_ms)
{
	for (struct letter *l = q->first; l; l = l->next)
		if ((l->state == LETTER_WAITING || l->state == LETTER_AHEAD) && l->due_ms > now_ms)
			l->due_ms = now_ms;
	q->next_due_ms = now_ms;
}

struct letter *queue_ready(const struct queue *q, bool fetch)
{
	for (struct letter *l = q->n[LETTER_READY] ? q->first : NULL; l; l = l->next)
		if (l->state == LETTER_READY && (l->body ? !fetch : fetch && !l->fetching))
			return l;
	return NULL;
}

void queue_fly(struct queue *q, struct letter *l)
{
	assert(l->state == LETTER_READY);
	set_state(q, l, LETTER_FLYING);
	l->flight = ++q->flights;
}

void queue_wait(struct queue *q, struct letter *l, int64_t due_ms)
{
	set_state(q, l, LETTER_WAITING);
	l->due_ms = due_ms;
	l->changed = true;
	if (due_ms < q->next_due_ms)
		q->next_due_ms = due_ms;
}

void queue_end(struct queue *q, struct letter *l, enum queue_state state)
{
	assert(!is_undone(&(struct letter){ .state = (uint8_t)state }));
	set_state(q, l, state);
	l->changed = true;
	for (struct letter *at = l->next; l->customer && at; at = at->next)
		if (at->customer == l->customer && is_undone(at)) {
			if (at->state == LETTER_BEHIND)
				set_state(q, at, LETTER_READY);
			return;
		}
}

void queue_mark_kept(struct queue *q, struct letter *l)
{
	q->loose -= is_loose(l);
	l->kept = true;
}

void queue_remove(struct queue *q, struct letter *l)
{
	q->loose -= is_loose(l);
	q->n[l->state]--;
	unlink_letter(q, l);
	free(l->body);
	free(l);
}

uint64_t queue_position(const struct queue *q, uint32_t shard, uint64_t read)
{
	for (const struct letter *l = q->first; l; l = l->next)
		if (l->shard == shard && !l->kept && l->state != LETTER_DONE && l->sequence <= read)
			read = l->sequence - 1;
	return read;
}
