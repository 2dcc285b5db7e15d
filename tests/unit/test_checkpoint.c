/* SPDX-License-Identifier: Apache-2.0 */
/* Checkpoint: when a shard freezes, and when it waits. */
#define _GNU_SOURCE /* nftw(), SCHED_IDLE */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sched.h>
#include <semaphore.h>
#include <unistd.h>
#include "base/clock.h"
#include "store/table.h"
#include "tests/unit/env_fixture.h"
#include "workers/worker.h"

#define MS INT64_C(1000000)

struct bench {
	struct fixture *f;
	struct worker w;
	atomic_uint_fast64_t durable;
};

/* The flush's own, and where it is held up: once, when `arrived` is there. */
static struct {
	atomic_bool held;
	sem_t arrived, go_on;
} sync_point;

int fdatasync(int fd);
int fdatasync(int fd)
{
	if (atomic_exchange(&sync_point.held, false)) {
		sem_post(&sync_point.arrived);
		sem_wait(&sync_point.go_on);
	}
	return fsync(fd);
}

/* The next flush is held up in its sync. */
static void sync_hold(void)
{
	sem_init(&sync_point.arrived, 0, 0);
	sem_init(&sync_point.go_on, 0, 0);
	atomic_store(&sync_point.held, true);
}

static void sync_free(void)
{
	sem_destroy(&sync_point.arrived);
	sem_destroy(&sync_point.go_on);
}

/* Time passes when a test says so, but for a nanosecond at each look: a machine that stands still for
 * a while, or is slow, changes nothing. */
static atomic_int_fast64_t monotonic_ns = 1, worked_ns;

int64_t clock_monotonic_ns(void)
{
	return atomic_fetch_add(&monotonic_ns, 1);
}

int64_t clock_thread_ns(void)
{
	return atomic_load(&worked_ns);
}

int64_t clock_wall_ms(void)
{
	return atomic_load(&monotonic_ns) / MS;
}

static void nobody(void *arg)
{
	(void)arg;
}

static int setup(void **state)
{
	struct bench *b = calloc(1, sizeof *b);
	struct complaint c;

	assert_non_null(b);
	b->f = fixture_new(FIXTURE_MAP);
	b->w.env = b->f->e;
	b->w.durable = &b->durable;
	b->w.settings = checkpoint_default;
	b->w.settings.interval_ns = INT64_C(3600) * 1000 * MS;
	b->w.wake = nobody;
	b->w.debt.began_ns = clock_thread_ns();
	mailbox_init(&b->w.inbox);
	assert_int_equal(shard_open(&b->w.shard, 1, b->w.env, &c), 0);
	assert_int_equal(flusher_start(&b->w.flusher, b->w.env, &b->w.inbox), 0);
	*state = b;
	return 0;
}

static int teardown(void **state)
{
	struct bench *b = *state;

	flusher_stop(&b->w.flusher);
	shard_close(&b->w.shard);
	mailbox_fini(&b->w.inbox);
	fixture_free(b->f);
	free(b);
	return 0;
}

/* An input of so many events that has taken so much processor time. */
static void work(struct bench *b, int64_t ns)
{
	atomic_fetch_add(&worked_ns, ns);
	env_meta(b->w.env)->position++;
	checkpoint_applied(&b->w, 1000, 0);
}

static void what_would_take_long_to_apply_again_is_frozen(void **state)
{
	struct bench *b = *state;

	b->w.settings.replay_ns = 30 * MS;
	b->durable = 100;
	checkpoint_step(&b->w, false); /* nothing is owed */
	work(b, 0);
	checkpoint_step(&b->w, false);
	assert_false(env_frozen(b->w.env));
	work(b, 20 * MS);
	checkpoint_step(&b->w, false);
	assert_true(env_frozen(b->w.env));
	assert_false(checkpoint_owes(&b->w));
	assert_int_equal(b->w.debt.frozen_ns, 20 * MS);
	assert_int_equal(b->w.debt.work_ns, 0);
}

static void what_is_not_durable_is_not_frozen(void **state)
{
	struct bench *b = *state;

	b->w.settings.replay_ns = MS;
	work(b, 2 * MS);
	checkpoint_step(&b->w, true);
	assert_false(env_frozen(b->w.env));
	b->durable = 1;
	checkpoint_step(&b->w, false);
	assert_true(env_frozen(b->w.env));
}

static void a_shard_waits_when_two_memtables_would_take_too_long(void **state)
{
	struct bench *b = *state;

	b->w.settings.replay_ns = 30 * MS;
	b->durable = 100;
	work(b, 25 * MS);
	checkpoint_step(&b->w, false);
	assert_true(env_frozen(b->w.env));
	work(b, 10 * MS);
	checkpoint_step(&b->w, false); /* takes what it has waited for */
	assert_false(env_frozen(b->w.env));
	assert_int_equal(env_committed(b->w.env), 1);
	assert_int_equal(b->w.debt.frozen_ns, 0);
	assert_true(checkpoint_owes(&b->w)); /* 10 ms of 30 are not long yet */
}

static void what_can_wait_is_told_to_before_the_shard_has_to(void **state)
{
	struct bench *b = *state;

	b->w.settings.replay_ns = 60 * MS;
	b->durable = 100;
	work(b, 30 * MS);
	assert_false(checkpoint_is_crowded(&b->w)); /* nothing is on its way */
	work(b, 15 * MS);
	assert_int_equal(env_freeze(b->w.env), OK);
	b->w.debt.frozen_ns = 40 * MS;
	b->w.debt.work_ns = 14 * MS;
	assert_false(checkpoint_is_crowded(&b->w));
	b->w.debt.work_ns = 15 * MS;
	assert_true(checkpoint_is_crowded(&b->w));
	assert_false(checkpoint_may_wait(&b->w)); /* the last quarter is for events */
	atomic_store(&b->w.state, WORKER_FULL);
	assert_false(checkpoint_is_crowded(&b->w)); /* no flush is behind: there is no room for it */
	atomic_store(&b->w.state, WORKER_RUNNING);
	env_flushed(b->w.env, env_flush(b->w.env));
	assert_false(checkpoint_is_crowded(&b->w));
}

static void a_flush_stands_back_until_half_of_the_room_is_used_up(void **state)
{
	struct bench *b = *state;
	struct flusher *f = &b->w.flusher;

	if (!f->may_rise)
		skip(); /* an ordinary user without RLIMIT_NICE */
	b->w.settings.replay_ns = 60 * MS;
	b->durable = 100;
	sync_hold();
	work(b, 0);
	checkpoint_step(&b->w, true);
	sem_wait(&sync_point.arrived);
	assert_int_equal(sched_getscheduler(f->tid), SCHED_IDLE);
	checkpoint_step(&b->w, false);
	assert_int_equal(sched_getscheduler(f->tid), SCHED_IDLE);
	work(b, 30 * MS);
	checkpoint_step(&b->w, false);
	assert_int_equal(sched_getscheduler(f->tid), SCHED_OTHER);
	assert_int_equal(b->w.waited_ns, 0);
	assert_false(f->hurried); /* the device is still others' too */
	b->w.debt.work_ns = (b->w.settings.replay_ns - b->w.debt.frozen_ns) / 4 * 3 + 4;
	checkpoint_step(&b->w, false);
	assert_true(f->hurried);
	sem_post(&sync_point.go_on);
	work(b, 40 * MS);
	checkpoint_step(&b->w, false);
	assert_int_equal(env_committed(b->w.env), 1);
	assert_int_equal(b->w.flushes, 1);
	assert_true(b->w.flushed_ns > 0);
	sync_free();
}

/* When somebody had waited for the flush, it would have had its processor again. */
static void *let_go_on_when_forward(void *arg)
{
	struct flusher *f = arg;
	int policy = SCHED_IDLE;

	for (unsigned ms = 0; ms < 10000 && policy == SCHED_IDLE; ms++) {
		usleep(1000);
		policy = sched_getscheduler(f->tid);
	}
	sem_post(&sync_point.go_on);
	return policy == SCHED_IDLE ? NULL : f;
}

static void a_flush_that_fell_back_when_it_had_been_called_is_not_waited_for_behind_others(void **state)
{
	struct bench *b = *state;
	struct flusher *f = &b->w.flusher;
	const struct sched_param none = { 0 };
	pthread_t other;
	void *was_forward;

	if (!f->may_rise)
		skip();
	b->durable = 100;
	sync_hold();
	work(b, 0);
	checkpoint_step(&b->w, true);
	sem_wait(&sync_point.arrived);
	flusher_hurry(f);
	assert_int_equal(sched_setscheduler(f->tid, SCHED_IDLE, &none), 0); /* it came to it only now */
	assert_int_equal(pthread_create(&other, NULL, let_go_on_when_forward, f), 0);
	assert_int_equal(flusher_take(f), OK);
	pthread_join(other, &was_forward);
	assert_non_null(was_forward);
	env_flushed(b->w.env, OK);
	sync_free();
}

static void *let_go_on_when_hurried(void *arg)
{
	struct flusher *f = arg;

	for (unsigned ms = 0; ms < 10000 && !atomic_load(&f->hurried); ms++)
		usleep(1000);
	sem_post(&sync_point.go_on);
	return NULL;
}

static void await_end_of(struct flusher *f)
{
	pthread_mutex_lock(&f->mutex);
	while (f->state == FLUSHER_BUSY)
		pthread_cond_wait(&f->moved, &f->mutex);
	pthread_mutex_unlock(&f->mutex);
}

static void a_flush_that_was_waited_for_has_the_next_one_hurry_from_its_beginning(void **state)
{
	struct bench *b = *state;
	pthread_t other;

	b->w.settings.replay_ns = 30 * MS;
	b->durable = 100;
	sync_hold();
	work(b, 20 * MS);
	checkpoint_step(&b->w, false);
	sem_wait(&sync_point.arrived);
	assert_false(b->w.flusher.hurried);
	atomic_store(&sync_point.held, true); /* the next one, too */
	assert_int_equal(pthread_create(&other, NULL, let_go_on_when_hurried, &b->w.flusher), 0);
	work(b, 20 * MS);
	checkpoint_step(&b->w, false); /* waits; and freezes, as that is long, too */
	pthread_join(other, NULL);
	assert_int_equal(b->w.flushes, 1);
	assert_true(env_frozen(b->w.env));
	sem_wait(&sync_point.arrived);
	assert_true(b->w.flusher.hurried);
	sem_post(&sync_point.go_on);
	await_end_of(&b->w.flusher);
	work(b, 20 * MS);
	checkpoint_step(&b->w, false); /* takes what was over in time, and freezes */
	assert_int_equal(b->w.flushes, 2);
	assert_true(env_frozen(b->w.env));
	assert_false(b->w.flusher.hurried);
	flusher_hurry(&b->w.flusher);
	sync_free();
}

static void a_start_owes_what_it_has_applied_again_and_flushes_what_is_frozen(void **state)
{
	struct bench *b = *state;
	struct debt *d = &b->w.debt;

	b->durable = 100;
	d->began_ns = clock_thread_ns();
	atomic_fetch_add(&worked_ns, 20 * MS);
	env_meta(b->w.env)->position = 3;
	assert_int_equal(shard_freeze(&b->w.shard), OK);
	env_meta(b->w.env)->position = 5;
	checkpoint_replayed(&b->w, 4000, 3000);
	assert_true(checkpoint_owes(&b->w));
	assert_int_equal(d->events, 1000);
	assert_int_equal(d->frozen_ns, 15 * MS);
	assert_int_equal(d->work_ns, 5 * MS);
	assert_int_equal(flusher_take(&b->w.flusher), OK); /* it had begun */
	env_flushed(b->w.env, OK);
	assert_int_equal(env_committed(b->w.env), 3);
}

static void memory_is_shared_by_all_shards(void **state)
{
	const uint64_t mib = 1 << 20;

	(void)state;
	assert_int_equal(checkpoint_pages(64 * mib, 2), 4096); /* 16 MiB of pages, 8 and 8 of rows */
	assert_int_equal(checkpoint_pages(64 * mib, 64), 128);
	assert_int_equal(checkpoint_pages(1024 * mib, 1), CHECKPOINT_PAGES_MAX);
	assert_int_equal(checkpoint_pages(0, 64), 1);
}

static void a_shard_at_rest_gives_its_memory_back(void **state)
{
	struct bench *b = *state;
	struct env *e = b->w.env;
	uint8_t record[1000] = { 1 };
	struct span got;
	char id[16];

	b->durable = 100;
	for (unsigned i = 0; i < 8000; i++) {
		snprintf(id, sizeof id, "c%u", i);
		assert_int_equal(env_customer_put(e, span_str(id), span_of(record, sizeof record), true),
			OK);
	}
	assert_true(env_checkpoint_pages(e) >= 2 * (8000 * 1000 / 4096));
	b->w.mail_ns = clock_monotonic_ns();
	work(b, 0);
	checkpoint_step(&b->w, true);
	assert_true(env_frozen(e));
	flusher_hurry(&b->w.flusher); /* it may have no processor for seconds otherwise */
	while (env_frozen(e))
		checkpoint_step(&b->w, false);
	b->w.mail_ns = clock_monotonic_ns();
	checkpoint_step(&b->w, true);
	assert_true(e->previous->n_chunks > 3); /* it has just been busy */
	atomic_fetch_add(&monotonic_ns, 20 * b->w.settings.idle_ns);
	checkpoint_step(&b->w, true);
	assert_true(e->active->n_chunks <= 1 && e->previous->n_chunks <= 1);
	assert_int_equal(e->previous->slot_bytes, 0);
	assert_int_equal(env_customer_get(e, span_str("c7999"), &got), OK);
	assert_int_equal(got.size, sizeof record);
	assert_int_equal(env_customer_put(e, span_str("c1"), span_of(record, 10), false), OK);
	assert_int_equal(env_commit(e), OK);
	fixture_reopen(b->f);
	b->w.env = b->f->e;
	assert_int_equal(env_customer_get(b->f->e, span_str("c1"), &got), OK);
	assert_int_equal(got.size, 10);
}

/* Of the whole process, in KiB. */
static long anonymous_kib(void)
{
	long kib = 0;
	char line[128];
	FILE *f = fopen("/proc/self/status", "r");

	assert_non_null(f);
	while (fgets(line, sizeof line, f))
		if (sscanf(line, "RssAnon: %ld", &kib) == 1)
			break;
	(void)fclose(f);
	return kib;
}

static void flush_20_mib(struct env *e)
{
	uint8_t record[1000] = { 1 };
	char id[16];

	for (unsigned i = 0; i < 20000; i++) {
		snprintf(id, sizeof id, "c%u", i);
		assert_int_equal(env_customer_put(e, span_str(id), span_of(record, sizeof record), true),
			OK);
	}
	assert_int_equal(env_commit(e), OK);
}

static void what_lmdb_keeps_of_a_flush_is_given_back_too(void **state)
{
	struct bench *b = *state;
	struct env *e = b->w.env;
	MDB_env *lmdb = e->lmdb;
	struct span got;
	long before;

	flush_20_mib(e);
	assert_true(e->reserved_pages > 4000);
	memtable_reset(e->previous);
	(void)memtable_relax(e->previous);
	(void)memtable_relax(e->active);
	before = anonymous_kib();
	assert_int_equal(env_relax(e), OK);
	assert_int_equal(e->reserved_pages, 0);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
	assert_true(anonymous_kib() < before - 10 * 1024);
#else
	(void)before;
#endif
	assert_int_equal(env_customer_get(e, span_str("c19999"), &got), OK);
	lmdb = e->lmdb;
	assert_int_equal(env_relax(e), OK);
	assert_ptr_equal(e->lmdb, lmdb); /* there is nothing more to be had */
}

static void a_shard_whose_environment_does_not_open_again_ends(void **state)
{
	struct bench *b = *state;
	struct env *e = b->w.env;
	char dir[4096], away[5000];
	struct span got;

	store_shard_dir(&b->f->s, 1, dir);
	snprintf(away, sizeof away, "%s.away", dir);
	flush_20_mib(e);
	assert_int_equal(rename(dir, away), 0);
	atomic_fetch_add(&monotonic_ns, 20 * b->w.settings.idle_ns);
	checkpoint_step(&b->w, true);
	assert_int_equal(b->w.state, WORKER_FAILED);
	assert_int_equal(env_customer_get(e, span_str("c1"), &got), ERR_NOTFOUND);
	assert_int_equal(env_failed(e), ERR_NOTFOUND);
	assert_int_equal(env_commit(e), ERR_NOTFOUND);
	assert_int_equal(rename(away, dir), 0);
}

/* As of another input than what lies in memory, however whole it is. */
static void a_file_that_was_put_in_the_place_of_a_shard_s_is_not_gone_on_with(void **state)
{
	struct bench *b = *state;
	struct env *e = b->w.env;
	char dir[4096], copy[4200], from[4300], to[4300];

	store_shard_dir(&b->f->s, 1, dir);
	snprintf(copy, sizeof copy, "%s.copy", dir);
	snprintf(from, sizeof from, "%s/data.mdb", copy);
	snprintf(to, sizeof to, "%s/data.mdb", dir);
	flush_20_mib(e);
	assert_int_equal(mkdir(copy, 0750), 0);
	assert_int_equal(mdb_env_copy(e->lmdb, copy), 0);
	assert_true(env_is_there(e, &b->f->s));
	assert_int_equal(rename(from, to), 0);
	assert_false(env_is_there(e, &b->f->s));
	assert_int_equal(rmdir(copy), 0);
	assert_int_equal(env_relax(e), ERR_NOTFOUND);
	assert_int_equal(env_failed(e), ERR_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_would_take_long_to_apply_again_is_frozen, setup,
			teardown),
		cmocka_unit_test_setup_teardown(what_is_not_durable_is_not_frozen, setup, teardown),
		cmocka_unit_test_setup_teardown(a_shard_waits_when_two_memtables_would_take_too_long,
			setup, teardown),
		cmocka_unit_test_setup_teardown(what_can_wait_is_told_to_before_the_shard_has_to, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_flush_stands_back_until_half_of_the_room_is_used_up,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_flush_that_was_waited_for_has_the_next_one_hurry_from_its_beginning,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_flush_that_fell_back_when_it_had_been_called_is_not_waited_for_behind_others,
			setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_start_owes_what_it_has_applied_again_and_flushes_what_is_frozen, setup, teardown),
		cmocka_unit_test(memory_is_shared_by_all_shards),
		cmocka_unit_test_setup_teardown(a_shard_at_rest_gives_its_memory_back, setup, teardown),
		cmocka_unit_test_setup_teardown(what_lmdb_keeps_of_a_flush_is_given_back_too, setup,
			teardown),
		cmocka_unit_test_setup_teardown(a_shard_whose_environment_does_not_open_again_ends, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_file_that_was_put_in_the_place_of_a_shard_s_is_not_gone_on_with, setup, teardown),
	};

	return cmocka_run_group_tests_name("checkpoint", tests, NULL, NULL);
}
