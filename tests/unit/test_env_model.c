/* SPDX-License-Identifier: Apache-2.0 */
/* Env against a model: random operations on a real environment and on plain arrays, with commits,
 * freezes, flushes, aborts and reopenings; both must answer alike throughout, wherever the rows lie
 * at the time. SEED and RUNS from the environment. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <pthread.h>
#include "base/event.h"
#include "tests/unit/env_fixture.h"

#define IDS       48
#define DUES      40
#define SOURCES   5
#define EVENTS    80
#define OUTBOX    6000
#define HISTORY   12
#define NAMES     20
#define STEPS     6000

struct blob {
	uint32_t seed; /* 0: absent */
	uint16_t size;
};

struct model {
	struct blob customer[IDS], subscription[NAMES], setting[NAMES], lifecycle[NAMES];
	bool deadline[DUES][IDS];
	uint32_t guard[2][SOURCES][EVENTS]; /* fingerprints; 0 absent */
	uint64_t highest[SOURCES];
	struct { int64_t taken_ms; struct blob b; } outbox[OUTBOX]; /* by sequence */
	struct blob message[OUTBOX];   /* by number */
	struct history_entry history[IDS][HISTORY];
	unsigned n_history[IDS];
	uint16_t name[NAMES], n_names;
	struct env_meta meta;
};

static struct {
	struct fixture *f;
	struct model now, frozen, committed;
	bool flushing;    /* what is frozen is on its way, and the environment has not been told */
	bool threaded;    /* in a thread beside us */
	pthread_t thread;
	uint64_t random;
	unsigned long seed;
	unsigned step;
} w;

static uint32_t rnd(uint32_t below)
{
	w.random ^= w.random << 13;
	w.random ^= w.random >> 7;
	w.random ^= w.random << 17;
	return (uint32_t)((w.random * UINT64_C(0x2545f4914f6cdd1d)) >> 33) % below;
}

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			fail_msg("SEED=%lu step %u: %s does not hold", w.seed, w.step, #condition); \
	} while (0)

/* Ids of very different lengths, some the beginning of others, in the order of their bytes. */
static struct span id_of(unsigned i)
{
	static char text[4][EVENT_CUSTOMER_MAX + 1];
	static unsigned turn;
	char *t = text[turn++ % 4];
	int n = snprintf(t, sizeof text[0], "c%02u", i / 4);

	for (unsigned k = 0; k < i % 4; k++)
		n += snprintf(t + n, sizeof text[0] - (size_t)n, "x%.*s", (int)(k * 18),
			"abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
	return span_of(t, (size_t)n);
}

static struct span numbered(const char *what, unsigned i)
{
	static char text[4][32];
	static unsigned turn;
	char *t = text[turn++ % 4];

	snprintf(t, sizeof text[0], "%s%u", what, i);
	return span_str(t);
}

static struct blob new_blob(void)
{
	static const uint16_t sizes[] = { 8, 60, 200, 200, 200, 900, 1800, 5000 };

	return (struct blob){ 1 + rnd(1000000), (uint16_t)rnd(sizes[rnd(8)]) };
}

static struct span bytes_of(struct blob b)
{
	static uint8_t bytes[5000];

	for (unsigned i = 0; i < b.size; i++)
		bytes[i] = (uint8_t)((b.seed + i) * 2654435761u >> 24);
	return span_of(bytes, b.size);
}

static void customer_step(void)
{
	unsigned i = rnd(IDS);
	struct blob *m = &w.now.customer[i], b = new_blob();
	struct env *e = w.f->e;
	struct span got;
	int rc = env_customer_get(e, id_of(i), &got);

	CHECK(rc == (m->seed ? OK : ERR_NOTFOUND));
	CHECK(rc != OK || span_eq(got, bytes_of(*m)));
	if (rnd(4) == 0) {
		CHECK(env_customer_del(e, id_of(i)) == (m->seed ? OK : ERR_NOTFOUND));
		w.now.meta.customers -= m->seed != 0;
		m->seed = 0;
		return;
	}
	if (rnd(10) == 0) /* lied about being new or not */
		CHECK(!m->seed || env_customer_put(e, id_of(i), bytes_of(b), true) == ERR_EXISTS);
	CHECK(env_customer_put(e, id_of(i), bytes_of(b), !m->seed) == OK);
	w.now.meta.customers += m->seed == 0;
	*m = b;
}

static void customer_walk(void)
{
	struct span id = span_str(""), record;

	for (unsigned i = 0; i < IDS; i++) {
		if (!w.now.customer[i].seed)
			continue;
		CHECK(env_customer_next(w.f->e, id, &id, &record) == OK);
		CHECK(span_eq(id, id_of(i)));
		CHECK(span_eq(record, bytes_of(w.now.customer[i])));
	}
	CHECK(env_customer_next(w.f->e, id, &id, &record) == ERR_NOTFOUND);
}

static void deadline_first_step(void)
{
	uint8_t id[EVENT_CUSTOMER_MAX];
	size_t size;
	int64_t due;
	int rc = env_deadline_first(w.f->e, &due, id, &size);

	for (unsigned d = 0; d < DUES; d++)
		for (unsigned i = 0; i < IDS; i++)
			if (w.now.deadline[d][i]) {
				CHECK(rc == OK && due == (int64_t)d * 1000);
				CHECK(span_eq(span_of(id, size), id_of(i)));
				CHECK(env_deadline_del(w.f->e, due, span_of(id, size)) == OK);
				w.now.deadline[d][i] = false;
				return;
			}
	CHECK(rc == ERR_NOTFOUND);
}

static void deadline_put(unsigned d, unsigned i)
{
	CHECK(env_deadline_put(w.f->e, (int64_t)d * 1000, id_of(i)) == OK);
	w.now.deadline[d][i] = true;
}

/* The first few that are due, taken in turn; one put in between is asked for anew. */
static void deadlines_take_step(void)
{
	struct due due[4];
	unsigned upto = rnd(DUES), n, at = 0;

	CHECK(env_deadlines_due(w.f->e, (int64_t)upto * 1000, due, 1 + rnd(4), &n) == OK);
	for (unsigned d = 0; d <= upto; d++)
		for (unsigned i = 0; i < IDS; i++) {
			if (at == n || !w.now.deadline[d][i])
				continue;
			if (!env_deadline_is_next(w.f->e, &due[at]))
				return;
			CHECK(due[at].due_ms == (int64_t)d * 1000);
			CHECK(span_eq(span_of(due[at].customer, due[at].size), id_of(i)));
			CHECK(env_deadline_take(w.f->e, &due[at++]) == OK);
			w.now.deadline[d][i] = false;
			if (rnd(4) == 0)
				deadline_put(rnd(DUES), rnd(IDS));
		}
	CHECK(at == n);
}

static void deadline_step(void)
{
	unsigned d = rnd(DUES), i = rnd(IDS);

	if (rnd(3) == 0) {
		deadlines_take_step();
	} else if (rnd(3) == 0) {
		deadline_first_step();
	} else if (rnd(3) == 0) {
		CHECK(env_deadline_del(w.f->e, (int64_t)d * 1000, id_of(i)) == OK);
		w.now.deadline[d][i] = false;
	} else {
		deadline_put(d, i);
	}
}

static void guard_step(void)
{
	unsigned s = rnd(SOURCES), i = rnd(EVENTS), print = 1 + rnd(2);
	unsigned current = w.now.meta.guard_current;
	uint32_t known = w.now.guard[!current][s][i];
	int want;

	if (!known)
		known = w.now.guard[current][s][i];
	want = !known ? OK : known == print ? ERR_EXISTS : ERR_INVALID;
	CHECK(env_guard_id(w.f->e, numbered("source-", s), numbered("event-", i), print) == want);
	if (!known)
		w.now.guard[current][s][i] = print;
}

static void sequence_step(void)
{
	unsigned s = rnd(SOURCES);
	uint64_t n = w.now.highest[s] + rnd(3);
	int want = n > w.now.highest[s] ? OK : ERR_EXISTS;

	CHECK(env_guard_sequence(w.f->e, numbered("source-", s), n) == want);
	w.now.highest[s] = n > w.now.highest[s] ? n : w.now.highest[s];
}

static void rotate_step(void)
{
	struct env_meta *m = &w.now.meta;

	m->clock_ms += rnd(50);
	CHECK(env_guard_rotate(w.f->e, m->clock_ms, 400) == OK);
	if (m->guard_since_ms == 0)
		m->guard_since_ms = m->clock_ms;
	if (m->clock_ms - m->guard_since_ms >= 400) {
		m->guard_current = !m->guard_current;
		m->guard_since_ms = m->clock_ms;
		memset(w.now.guard[m->guard_current], 0, sizeof w.now.guard[0]);
	}
}

static void outbox_trim_step(void)
{
	struct env_meta *m = &w.now.meta;
	struct outbox_keep keep = { rnd(100), rnd(3) ? rnd(4000) : UINT64_MAX,
		m->clock_ms - rnd(400) };
	unsigned limit = rnd(30);

	CHECK(env_outbox_trim(w.f->e, &keep, limit) == OK);
	for (; limit > 0 && m->outbox_first <= m->outbox_last; limit--, m->outbox_first++) {
		if (m->outbox_last - m->outbox_first + 1 <= keep.notifications &&
			m->outbox_bytes <= keep.bytes &&
			w.now.outbox[m->outbox_first].taken_ms >= keep.since_ms)
			return;
		m->outbox_bytes -= bytes_of(w.now.outbox[m->outbox_first].b).size;
	}
}

static void outbox_step(void)
{
	struct env_meta *m = &w.now.meta;
	uint64_t sequence = rnd((uint32_t)m->outbox_last + 3);
	struct blob b = new_blob();
	struct span got;
	int64_t taken;
	bool there = sequence >= m->outbox_first && sequence <= m->outbox_last;

	CHECK(env_outbox_get(w.f->e, sequence, &taken, &got) == (there ? OK : ERR_NOTFOUND));
	CHECK(!there || (taken == w.now.outbox[sequence].taken_ms &&
		span_eq(got, bytes_of(w.now.outbox[sequence].b))));
	if (rnd(8) == 0 || m->outbox_last + 1 == OUTBOX) {
		outbox_trim_step();
		return;
	}
	CHECK(env_outbox_add(w.f->e, m->clock_ms, bytes_of(b), &sequence) == OK);
	CHECK(sequence == ++m->outbox_last);
	m->outbox_bytes += bytes_of(b).size;
	w.now.outbox[sequence].taken_ms = m->clock_ms;
	w.now.outbox[sequence].b = b;
}

static void message_step(void)
{
	struct env_meta *m = &w.now.meta;
	uint64_t number = rnd((uint32_t)m->messages_last + 3);
	bool there = number >= m->messages_first && number <= m->messages_last;
	struct blob b = new_blob();
	struct span got;

	CHECK(env_message_get(w.f->e, number, &got) == (there ? OK : ERR_NOTFOUND));
	CHECK(!there || span_eq(got, bytes_of(w.now.message[number])));
	if (rnd(4) == 0 || m->messages_last + 1 == OUTBOX) {
		CHECK(env_messages_done(w.f->e, number) == OK);
		if (number >= m->messages_first)
			m->messages_first = (number < m->messages_last ? number : m->messages_last) + 1;
		return;
	}
	b.size += b.size == 0; /* no message is empty */
	CHECK(env_message_add(w.f->e, bytes_of(b), &number) == OK);
	CHECK(number == ++m->messages_last);
	w.now.message[number] = b;
}

static void history_check(unsigned i)
{
	struct history_entry got[HISTORY];
	unsigned cap = rnd(HISTORY + 1), n = w.now.n_history[i];
	int rc = env_history_get(w.f->e, id_of(i), got, cap);

	if (n > cap)
		n = cap;
	CHECK(rc == (int)n);
	for (unsigned k = 0; k < n; k++) {
		const struct history_entry *a = &got[k],
			*b = &w.now.history[i][w.now.n_history[i] - n + k];
		CHECK(a->at_ms == b->at_ms && a->outbox_sequence == b->outbox_sequence);
		CHECK(a->type == b->type && a->from == b->from && a->to == b->to && a->kind == b->kind);
	}
}

static void history_step(void)
{
	unsigned i = rnd(IDS), keep = 1 + rnd(HISTORY - 1), *n = &w.now.n_history[i];
	struct history_entry h = { .at_ms = (int64_t)rnd(1u << 30) * 1000,
		.outbox_sequence = rnd(1u << 20), .type = (uint16_t)rnd(65536),
		.from = (uint16_t)rnd(300), .to = (uint16_t)rnd(300), .kind = (uint8_t)rnd(4) };

	history_check(i);
	if (rnd(20) == 0) {
		CHECK(env_history_del(w.f->e, id_of(i)) == OK);
		*n = 0;
		return;
	}
	CHECK(env_history_add(w.f->e, id_of(i), &h, keep) == OK);
	w.now.history[i][(*n)++] = h;
	if (*n > keep) {
		memmove(w.now.history[i], w.now.history[i] + *n - keep, keep * sizeof h);
		*n = keep;
	}
	history_check(i);
}

static void name_step(void)
{
	unsigned i = rnd(NAMES);

	if (!w.now.name[i])
		w.now.name[i] = ++w.now.n_names;
	CHECK(env_name_number(w.f->e, numbered("name-", i)) == w.now.name[i]);
	CHECK(span_eq(env_name(w.f->e, w.now.name[i]), numbered("name-", i)));
	CHECK(env_name(w.f->e, (uint16_t)(w.now.n_names + 1)).size == 0);
}

static void small_step(void)
{
	unsigned i = rnd(NAMES);
	struct blob b = new_blob(), *s = &w.now.subscription[i], *t = &w.now.setting[i],
		*l = &w.now.lifecycle[i];
	struct span name = numbered("name-", i), got;
	struct env *e = w.f->e;
	int64_t since;

	CHECK(env_subscription_get(e, name, &got) == (s->seed ? OK : ERR_NOTFOUND));
	CHECK(!s->seed || span_eq(got, bytes_of(*s)));
	CHECK(env_setting_get(e, (const char *)name.data, &got) == (t->seed ? OK : ERR_NOTFOUND));
	CHECK(!t->seed || span_eq(got, bytes_of(*t)));
	CHECK(env_lifecycle_get(e, i, &since, &got) == (l->seed ? OK : ERR_NOTFOUND));
	CHECK(!l->seed || (since == l->seed && span_eq(got, bytes_of(*l))));
	switch (rnd(4)) {
	case 0:
		CHECK(env_subscription_del(e, name) == (s->seed ? OK : ERR_NOTFOUND));
		s->seed = 0;
		break;
	case 1:
		CHECK(env_subscription_put(e, name, bytes_of(b)) == OK);
		*s = b;
		break;
	case 2:
		CHECK(env_setting_put(e, (const char *)name.data, bytes_of(b)) == OK);
		*t = b;
		break;
	case 3:
		CHECK(env_lifecycle_put(e, i, b.seed, bytes_of(b)) == OK);
		*l = b;
	}
}

static void meta_check(void)
{
	const struct env_meta *a = env_meta(w.f->e), *b = &w.now.meta;
	uint64_t deadlines = 0;

	for (unsigned d = 0; d < DUES; d++)
		for (unsigned i = 0; i < IDS; i++)
			deadlines += w.now.deadline[d][i];
	CHECK(env_failed(w.f->e) == OK);
	CHECK(env_deadlines(w.f->e) == deadlines);
	CHECK(a->position == b->position && a->clock_ms == b->clock_ms);
	CHECK(a->outbox_first == b->outbox_first && a->outbox_last == b->outbox_last);
	CHECK(a->messages_first == b->messages_first && a->messages_last == b->messages_last);
	CHECK(a->customers == b->customers && a->guard_since_ms == b->guard_since_ms);
	CHECK(a->guard_current == b->guard_current);
}

static void told(void *arg, const char *text)
{
	(void)arg;
	print_error("%s\n", text);
}

static void *flush_beside(void *arg)
{
	return (void *)(intptr_t)env_flush(arg);
}

static void flush_begin(void)
{
	w.threaded = rnd(4) == 0;
	if (w.threaded)
		CHECK(pthread_create(&w.thread, NULL, flush_beside, w.f->e) == 0);
	else
		CHECK(env_flush(w.f->e) == OK);
	w.flushing = true;
}

static void flush_end(void)
{
	void *rc = NULL;

	if (w.threaded)
		CHECK(pthread_join(w.thread, &rc) == 0 && (intptr_t)rc == OK);
	w.flushing = false;
	w.committed = w.frozen;
}

static void tell_flushed(void)
{
	flush_end();
	env_flushed(w.f->e, OK);
	CHECK(env_committed(w.f->e) == w.committed.meta.position);
}

/* Freeze, flush or tell, whichever comes next. */
static void freeze_step(void)
{
	int rc;

	if (w.flushing) {
		tell_flushed();
	} else if (env_frozen(w.f->e)) {
		flush_begin();
	} else {
		rc = env_freeze(w.f->e);
		CHECK(rc == OK || (rc == ERR_NOTFOUND && w.now.meta.position == w.committed.meta.position));
		CHECK(env_frozen(w.f->e) == (rc == OK));
		w.frozen = w.now;
	}
	meta_check();
}

/* Commit, abort or reopen, now and then; then the environment must be sound. */
static void boundary_step(void)
{
	struct env_report r;
	struct span id = span_str(""), record;
	unsigned what = rnd(6);

	w.now.meta.position += 1 + rnd(9);
	*env_meta(w.f->e) = (struct env_meta){ 0 }; /* the caller's copy is what counts */
	*env_meta(w.f->e) = w.now.meta;
	if (w.flushing && what != 1)
		tell_flushed();
	switch (what) {
	case 0:
		env_abort(w.f->e);
		w.now = w.committed;
		break;
	case 1:
		if (w.flushing)
			flush_end();
		fixture_reopen(w.f);
		w.now = w.committed;
		break;
	default:
		CHECK(env_commit(w.f->e) == OK);
		w.committed = w.now;
	}
	meta_check();
	customer_walk();
	if (rnd(10) == 0) { /* but for history of customers that are gone */
		while (env_customer_next(w.f->e, id, &id, &record) == OK)
			;
		for (unsigned i = 0; i < IDS; i++)
			if (!w.now.customer[i].seed)
				CHECK(env_history_del(w.f->e, id_of(i)) == OK);
		CHECK(env_verify(w.f->e, &r, told, NULL, NULL) == 0);
		env_abort(w.f->e);
		w.now = w.committed;
	}
}

static void step(void)
{
	unsigned n = rnd(100);

	env_meta(w.f->e)->clock_ms = w.now.meta.clock_ms;
	env_meta(w.f->e)->position = w.now.meta.position;
	if (n < 30)
		customer_step();
	else if (n < 45)
		deadline_step();
	else if (n < 60)
		guard_step();
	else if (n < 65)
		sequence_step();
	else if (n < 68)
		rotate_step();
	else if (n < 77)
		outbox_step();
	else if (n < 80)
		message_step();
	else if (n < 90)
		history_step();
	else if (n < 93)
		name_step();
	else if (n < 97)
		small_step();
	else if (n < 99)
		freeze_step();
	else
		boundary_step();
	env_meta(w.f->e)->clock_ms = w.now.meta.clock_ms;
}

static void the_environment_does_what_the_model_does(void **state)
{
	const char *seed = getenv("SEED"), *runs = getenv("RUNS");
	unsigned n = runs ? (unsigned)atoi(runs) : 1;

	(void)state;
	for (unsigned run = 0; run < n * 20; run++) {
		memset(&w, 0, sizeof w);
		w.seed = (seed ? strtoul(seed, NULL, 10) : 20260101) + run;
		w.random = w.seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
		w.f = fixture_new(FIXTURE_MAP);
		w.now.meta.outbox_first = w.committed.meta.outbox_first = 1;
		w.now.meta.messages_first = w.committed.meta.messages_first = 1;
		w.now.meta.clock_ms = 1000;
		for (w.step = 0; w.step < STEPS; w.step++)
			step();
		if (w.flushing)
			flush_end();
		fixture_free(w.f);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_environment_does_what_the_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
