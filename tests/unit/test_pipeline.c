/* SPDX-License-Identifier: Apache-2.0 */
/* Pipeline: nothing that a shard gives back is looked at before it is durable, and while one group
 * is being synced the next ones are written and applied. The disk is ours: a sync lasts until we say
 * that it is over. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>
#include "daemon/daemon.h"
#include "tests/unit/env_fixture.h"

#define NOW INT64_C(1700000000000)

static struct daemon d; /* large */
static struct worker workers[2];
static char dir[200];
static char told[64]; /* "a1" input 1 was answered, "d1" done */
static unsigned n_done;
static struct task *under_way[16]; /* what a test leaves is let go of at its end */
static unsigned n_under_way;

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t moved;
	bool slow, fails;
	bool full; /* the main thread's only */
	unsigned begun, woken;
} disk = { PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, false, false, false, 0, 0 };

/* Instead of the system's: what a power cut leaves is not looked at here. */
int fdatasync(int fd)
{
	int rc;

	(void)fd;
	pthread_mutex_lock(&disk.mutex);
	disk.begun++;
	pthread_cond_broadcast(&disk.moved);
	while (disk.slow)
		pthread_cond_wait(&disk.moved, &disk.mutex);
	rc = disk.fails ? -1 : 0;
	pthread_mutex_unlock(&disk.mutex);
	return rc;
}

ssize_t pwrite(int fd, const void *data, size_t size, off_t offset)
{
	if (!disk.full)
		return syscall(SYS_pwrite64, fd, data, size, offset);
	errno = ENOSPC;
	return -1;
}

static void disk_is(bool slow)
{
	pthread_mutex_lock(&disk.mutex);
	disk.slow = slow;
	pthread_cond_broadcast(&disk.moved);
	pthread_mutex_unlock(&disk.mutex);
}

static void wake(void *arg)
{
	(void)arg;
	pthread_mutex_lock(&disk.mutex);
	disk.woken++;
	pthread_cond_broadcast(&disk.moved);
	pthread_mutex_unlock(&disk.mutex);
}

static unsigned disk_woken(void)
{
	unsigned n;

	pthread_mutex_lock(&disk.mutex);
	n = disk.woken;
	pthread_mutex_unlock(&disk.mutex);
	return n;
}

static void wait_for(const unsigned *counter, unsigned n)
{
	pthread_mutex_lock(&disk.mutex);
	while (*counter < n)
		pthread_cond_wait(&disk.moved, &disk.mutex);
	pthread_mutex_unlock(&disk.mutex);
}

static int setup(void **state)
{
	static const uint8_t id[16] = "a store's own id";
	struct journal_settings settings = {
		.segment_bytes = 1 << 20, .keep_bytes = 1 << 30, .keep_ms = INT64_C(1) << 40
	};
	struct journal *j;
	struct complaint c;

	(void)state;
	memset(&d, 0, sizeof d);
	memset(told, 0, sizeof told);
	disk.slow = disk.fails = disk.full = false;
	fixture_temporary_dir(dir, sizeof dir);
	assert_int_equal(journal_open(dir, id, &settings, 1, 0, NOW, &j, &c), 0);
	disk.begun = disk.woken = n_done = 0;
	d.workers = workers;
	d.store.shards = 2;
	mailbox_init(&d.returned);
	for (unsigned i = 0; i < 2; i++)
		mailbox_init(&workers[i].inbox);
	pipeline_init(&d.pipeline, j);
	return pipeline_start(&d.pipeline, &d.returned, wake, NULL);
}

static int teardown(void **state)
{
	(void)state;
	disk_is(false);
	while (n_under_way > 0)
		task_free(&d, under_way[--n_under_way]);
	pipeline_fini(&d.pipeline);
	if (d.flush)
		event_free(d.flush);
	if (d.base)
		event_base_free(d.base);
	mailbox_fini(&d.returned);
	for (unsigned i = 0; i < 2; i++)
		mailbox_fini(&workers[i].inbox);
	fixture_remove_dir(dir);
	return 0;
}

static void tell(char what, const struct task *t)
{
	size_t n = strlen(told);

	if (n + 1 < sizeof told)
		snprintf(told + n, sizeof told - n, "%s%c%llu", n ? " " : "", what,
			(unsigned long long)t->work.input.sequence);
}

static void answer(struct daemon *of, struct task *t)
{
	(void)of;
	tell('a', t);
}

static void done(struct daemon *of, struct task *t)
{
	unsigned i = 0;

	(void)of;
	while (under_way[i] != t)
		i++;
	under_way[i] = under_way[--n_under_way];
	n_done++;
	tell('d', t);
}

/* An input with N events for each shard, which nobody looks at. */
static void submit_events(unsigned n)
{
	struct task *t = task_new(&d);

	assert_non_null(t);
	for (unsigned i = 0; i < 2; i++)
		t->work.parts[i].n = n;
	t->work.input.type = INPUT_TIME;
	t->work.input.taken_ms = t->work.input.clock_ms = NOW;
	t->answer = answer;
	t->done = done;
	assert_int_equal(pipeline_submit(&d, t, span_of(NULL, 0), NULL, 0), 0);
	assert_true(n_under_way < sizeof under_way / sizeof *under_way);
	under_way[n_under_way++] = t;
}

static void submit(void)
{
	submit_events(0);
}

static void take(void)
{
	assert_int_equal(pipeline_take(&d), 0);
	while (d.pipeline.telling.first)
		pipeline_tell(&d);
}

/* SHARD applies all that it has been sent; returns how much that was. */
static unsigned apply(unsigned shard)
{
	struct mail *m = mailbox_take(&workers[shard].inbox, 0), *next;
	unsigned n = 0;

	for (; m; m = next, n++) {
		struct mails one;

		next = m->next;
		mails_init(&one);
		mails_add(&one, m);
		(void)mailbox_post_back(&d.returned, &one);
	}
	return n;
}

static void what_is_applied_waits_for_its_sync(void **state)
{
	(void)state;
	disk_is(true);
	submit();
	assert_int_equal(pipeline_flush(&d), 0);
	assert_int_equal(apply(0), 1); /* while it is synced */
	assert_int_equal(apply(1), 1);
	take();
	assert_string_equal(told, "");
	disk_is(false);
	wait_for(&disk.woken, 1);
	take();
	assert_string_equal(told, "a1 d1");
	assert_int_equal(d.pipeline.under_way_tasks, 0);
}

static void the_next_groups_are_applied_while_one_is_synced(void **state)
{
	(void)state;
	disk_is(true);
	submit();
	assert_int_equal(pipeline_flush(&d), 0);
	wait_for(&disk.begun, 1);
	submit();
	assert_int_equal(pipeline_flush(&d), 0);
	submit();
	assert_int_equal(pipeline_flush(&d), 0);
	assert_int_equal(apply(0), 3);
	assert_int_equal(apply(1), 3);
	take();
	assert_string_equal(told, "");
	disk_is(false);
	wait_for(&disk.woken, 1);
	disk_is(true);
	take(); /* of the others the sync under way knew nothing */
	assert_string_equal(told, "a1 d1");
	wait_for(&disk.begun, 2); /* one for both */
	disk_is(false);
	assert_int_equal(pipeline_finish(&d), 0);
	assert_int_equal(disk.begun, 2);
	take();
	assert_string_equal(told, "a1 d1 a2 a3 d2 d3");
}

static void a_group_that_cannot_be_written_beside_a_sync_is_written_after_it(void **state)
{
	(void)state;
	disk_is(true);
	submit();
	assert_int_equal(pipeline_flush(&d), 0);
	wait_for(&disk.begun, 1);
	disk.full = true;
	submit();
	assert_int_equal(pipeline_flush(&d), 0);
	submit();
	assert_int_equal(pipeline_flush(&d), 0);
	assert_int_equal(d.pipeline.under_way_tasks, 3); /* nobody has failed */
	assert_int_equal(apply(0), 1); /* nor been applied */
	disk.full = false;
	disk_is(false);
	wait_for(&disk.woken, 1);
	take();
	assert_int_equal(apply(0), 2);
	assert_int_equal(apply(1), 3);
	assert_int_equal(pipeline_finish(&d), 0);
	take();
	assert_string_equal(told, "a1 a2 a3 d1 d2 d3");
}

static void a_shard_that_is_late_holds_up_no_other_input(void **state)
{
	(void)state;
	submit();
	assert_int_equal(pipeline_finish(&d), 0);
	disk_is(true);
	submit();
	assert_int_equal(pipeline_flush(&d), 0);
	assert_int_equal(apply(0), 2); /* the second is not durable, and is before the other's first */
	take();
	assert_int_equal(apply(1), 2);
	take();
	assert_string_equal(told, "a1 d1");
	disk_is(false);
	wait_for(&disk.woken, 1);
	take();
	assert_string_equal(told, "a1 d1 a2 d2");
}

static void what_was_submitted_is_durable_when_finished(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 3; i++)
		submit();
	assert_int_equal(pipeline_flush(&d), 0);
	submit();
	assert_int_equal(pipeline_finish(&d), 0);
	assert_int_equal(journal_durable(d.pipeline.journal), 4);
	assert_int_equal(atomic_load(&d.pipeline.durable), 4);
	assert_int_equal(apply(0), 4);
	assert_int_equal(apply(1), 4);
	take();
	assert_string_equal(told, "a1 a2 a3 a4 d1 d2 d3 d4");
}

static void a_sync_that_fails_answers_nothing(void **state)
{
	(void)state;
	disk.fails = true;
	submit();
	assert_int_equal(pipeline_flush(&d), 0);
	assert_int_equal(apply(0), 1);
	assert_int_equal(apply(1), 1);
	wait_for(&disk.woken, 1);
	assert_int_equal(pipeline_take(&d), ERR_UNKNOWN);
	assert_string_equal(told, "");
	assert_int_equal(atomic_load(&d.pipeline.durable), 0);
}

/* Who wakes us does so after we can see that the sync is over, and before it ends. */
static void expect_nobody_woken(void)
{
	syncer_stop(&d.pipeline.syncer);
	assert_int_equal(disk.woken, 0);
}

static void a_sync_for_which_nothing_waits_wakes_nobody(void **state)
{
	(void)state;
	submit();
	assert_int_equal(pipeline_finish(&d), 0); /* no shard has applied anything */
	expect_nobody_woken();
}

static void a_sync_wakes_nobody_for_half_of_an_input(void **state)
{
	(void)state;
	submit();
	disk_is(true);
	assert_int_equal(pipeline_flush(&d), 0);
	assert_int_equal(apply(0), 1);
	disk_is(false);
	assert_int_equal(pipeline_finish(&d), 0);
	expect_nobody_woken();
}

static void a_sync_wakes_for_what_came_back_before_it_was_over(void **state)
{
	(void)state;
	disk_is(true);
	submit();
	assert_int_equal(pipeline_flush(&d), 0);
	assert_int_equal(apply(0), 1);
	assert_int_equal(apply(1), 1);
	disk_is(false);
	wait_for(&disk.woken, 1); /* nobody had looked into the mailbox */
	take();
	assert_string_equal(told, "a1 d1");
}

static void who_gives_back_the_last_part_is_told(void **state)
{
	struct mails one;

	(void)state;
	submit();
	assert_int_equal(pipeline_finish(&d), 0);
	for (unsigned i = 0; i < 2; i++) {
		mails_init(&one);
		mails_add(&one, mailbox_take(&workers[i].inbox, 0));
		assert_int_equal(mailbox_post_back(&d.returned, &one), i == 1);
		assert_int_equal(mailbox_is_whole(&d.returned), i == 1);
		take(); /* the first is gone from there when the second comes */
		assert_false(mailbox_is_whole(&d.returned));
	}
	assert_string_equal(told, "a1 d1");
}

static void nothing(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
}

static void a_sync_waits_while_a_shard_is_behind_and_its_work_does_not(void **state)
{
	struct backlog late = { .events = 1000000, .done_events = 1000, .done_ns = 2000000 };

	(void)state;
	d.base = event_base_new();
	d.flush = event_new(d.base, -1, 0, nothing, NULL);
	d.pipeline.backlog[1] = late;
	for (unsigned i = 0; i < 3; i++) {
		submit();
		assert_int_equal(pipeline_flush(&d), 0);
		assert_int_equal(syncer_state(&d.pipeline.syncer), SYNCER_IDLE);
		assert_true(event_pending(d.flush, EV_TIMEOUT, NULL));
		assert_int_equal(apply(0), 1); /* what one group has, and the next */
	}
	assert_int_equal(disk.begun, 0);
	assert_int_equal(apply(1), 3);
	disk_is(true);
	take(); /* somebody waits for it now */
	assert_string_equal(told, "");
	assert_int_equal(syncer_state(&d.pipeline.syncer), SYNCER_BUSY);
	disk_is(false);
	wait_for(&disk.woken, 1);
	take();
	assert_string_equal(told, "a1 a2 a3 d1 d2 d3");
	assert_int_equal(disk.begun, 1);
}

static void what_no_sync_has_begun_for_is_durable_when_finished(void **state)
{
	struct backlog late = { .events = 1000000, .done_events = 1000, .done_ns = 2000000 };

	(void)state;
	d.base = event_base_new();
	d.flush = event_new(d.base, -1, 0, nothing, NULL);
	d.pipeline.backlog[0] = late;
	submit();
	assert_int_equal(pipeline_flush(&d), 0);
	assert_int_equal(atomic_load(&d.pipeline.durable), 0);
	assert_int_equal(pipeline_finish(&d), 0);
	assert_int_equal(atomic_load(&d.pipeline.durable), 1);
	assert_int_equal(journal_durable(d.pipeline.journal), 1);
}

/* A shard's thread, as worker.c gives back: some parts at a time, and who has the last wakes. */
struct applier {
	pthread_t thread;
	unsigned shard, left, many;
};

static void *apply_all(void *arg)
{
	struct applier *a = arg;

	while (a->left > 0) {
		struct mail *m = mailbox_take(&workers[a->shard].inbox, INT64_C(1000000000)), *next;
		struct mails some;

		for (mails_init(&some); m; m = next) {
			uint64_t first;
			bool whole;

			next = m->next;
			mails_add(&some, m);
			a->left--;
			if (next && some.n < a->many)
				continue;
			first = ((struct part *)some.first)->work->input.sequence;
			whole = mailbox_post_back(&d.returned, &some);
			atomic_thread_fence(memory_order_seq_cst);
			if (whole && first <= atomic_load(&d.pipeline.durable))
				wake(NULL);
		}
	}
	return NULL;
}

/* Woken or not: nothing may be left lying, whoever is faster. */
static void every_input_is_answered_by_those_who_wake(void **state)
{
	enum { INPUTS = 20000, UNDER_WAY = 12 };
	struct applier appliers[2] = { { .shard = 0, .left = INPUTS, .many = 1 },
		{ .shard = 1, .left = INPUTS, .many = 3 } };
	unsigned submitted = 0, woken = 0;

	(void)state;
	for (unsigned i = 0; i < 2; i++)
		pthread_create(&appliers[i].thread, NULL, apply_all, &appliers[i]);
	while (n_done < INPUTS) {
		while (submitted < INPUTS && submitted < n_done + UNDER_WAY) {
			submit();
			submitted++;
			assert_int_equal(pipeline_flush(&d), 0);
		}
		wait_for(&disk.woken, woken + 1);
		woken = disk_woken();
		take();
	}
	for (unsigned i = 0; i < 2; i++)
		pthread_join(appliers[i].thread, NULL);
}

static void what_shards_have_to_do_is_counted(void **state)
{
	(void)state;
	submit_events(7);
	assert_int_equal(pipeline_finish(&d), 0);
	assert_int_equal(d.pipeline.backlog[0].events, 7);
	assert_int_equal(d.pipeline.backlog[1].events, 7);
	assert_int_equal(apply(0), 1);
	take();
	assert_int_equal(d.pipeline.backlog[0].events, 0);
	assert_int_equal(d.pipeline.backlog[1].events, 7);
	assert_int_equal(apply(1), 1);
	take();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_applied_waits_for_its_sync, setup, teardown),
		cmocka_unit_test_setup_teardown(
			the_next_groups_are_applied_while_one_is_synced, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_group_that_cannot_be_written_beside_a_sync_is_written_after_it, setup,
			teardown),
		cmocka_unit_test_setup_teardown(
			a_shard_that_is_late_holds_up_no_other_input, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_was_submitted_is_durable_when_finished, setup, teardown),
		cmocka_unit_test_setup_teardown(a_sync_that_fails_answers_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_sync_for_which_nothing_waits_wakes_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_sync_wakes_nobody_for_half_of_an_input, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_sync_wakes_for_what_came_back_before_it_was_over, setup, teardown),
		cmocka_unit_test_setup_teardown(who_gives_back_the_last_part_is_told, setup, teardown),
		cmocka_unit_test_setup_teardown(what_shards_have_to_do_is_counted, setup, teardown),
		cmocka_unit_test_setup_teardown(
			a_sync_waits_while_a_shard_is_behind_and_its_work_does_not, setup, teardown),
		cmocka_unit_test_setup_teardown(
			what_no_sync_has_begun_for_is_durable_when_finished, setup, teardown),
		cmocka_unit_test_setup_teardown(
			every_input_is_answered_by_those_who_wake, setup, teardown),
	};

	alarm(60); /* who is not woken waits for ever */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
