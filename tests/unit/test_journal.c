/* SPDX-License-Identifier: Apache-2.0 */
/* Journal: writing, reading, trimming, and what a failed call leaves behind. */
#include "tests/unit/journal_world.h"

static void what_is_synced_is_read_back_after_reopening(void **state)
{
	(void)state;
	must_open();
	assert_int_equal(journal_first(j), 1);
	assert_int_equal(journal_last(j), 0);
	put(5, 100);
	must_open();
	assert_int_equal(journal_first(j), 1);
	assert_int_equal(journal_last(j), 5);
	assert_int_equal(journal_durable(j), 5);
	put(1, 100);
	must_read_up_to(6);
}

static void a_frame_is_durable_only_after_the_sync(void **state)
{
	(void)state;
	must_open();
	append(0, 10);
	assert_int_equal(journal_last(j), 0);
	assert_int_equal(journal_write(j, NOW), 0);
	assert_int_equal(journal_last(j), 1);
	assert_int_equal(journal_durable(j), 0);
	assert_int_equal(journal_sync(j), 0);
	assert_int_equal(journal_durable(j), 1);
}

static void what_is_written_beside_a_sync_waits_for_the_next(void **state)
{
	(void)state;
	must_open();
	put(1, 10);
	append(0, 10);
	assert_int_equal(journal_write(j, NOW), 0);
	journal_sync_begin(j);
	append(0, 10);
	assert_int_equal(journal_write(j, NOW), 0);
	assert_int_equal(journal_synced(j, journal_sync_file(j)), 0);
	assert_int_equal(journal_last(j), 3);
	assert_int_equal(journal_durable(j), 2);
	fault_arm(0, 1, EIO, 0);
	assert_int_equal(journal_sync(j), ERR_UNKNOWN); /* it has something to do */
	fault_none();
}

static void a_segment_is_not_begun_beside_a_sync(void **state)
{
	(void)state;
	must_open();
	append(0, 1000);
	assert_int_equal(journal_write(j, NOW), 0);
	journal_sync_begin(j);
	append(0, 16000);
	fault.calls = 0;
	assert_int_equal(journal_write(j, NOW), ERR_BUSY);
	assert_int_equal(fault.calls, 0); /* no sync of its own, and no write */
	assert_int_equal(journal_last(j), 1);
	assert_int_equal(journal_synced(j, journal_sync_file(j)), 0);
	assert_int_equal(journal_write(j, NOW), 0);
	assert_int_equal(journal_last(j), 2);
	assert_int_equal(journal_sync(j), 0);
	must_read_up_to(2);
	must_open();
	must_read_up_to(2);
}

/* It is cut off when the sync is over, and what it was to write goes into the next segment. */
static void a_write_that_fails_beside_a_sync_takes_place_after_it(void **state)
{
	(void)state;
	for (int tenth = 0; tenth <= 10; tenth++) {
		remove_files();
		must_open();
		put(1, 300);
		append(0, 300);
		assert_int_equal(journal_write(j, NOW), 0);
		journal_sync_begin(j);
		append(0, 300);
		fault_arm(0, 1, ENOSPC, tenth / 10.0);
		assert_int_equal(journal_write(j, NOW), ERR_BUSY);
		fault_none();
		assert_int_equal(journal_write(j, NOW), ERR_BUSY);
		assert_int_equal(fault.calls, 0); /* nothing more until then */
		assert_int_equal(journal_last(j), 2);
		assert_int_equal(journal_synced(j, journal_sync_file(j)), 0);
		assert_int_equal(journal_durable(j), 2);
		fault_arm(2, 1000, ENOSPC, 0); /* cut, but no room for another segment */
		if (tenth % 2)
			assert_int_equal(journal_write(j, NOW), ERR_NOSPACE);
		fault_none();
		if (tenth % 2) {
			must_read_up_to(2);
			assert_int_equal(append(1, 200), 3);
		}
		assert_int_equal(journal_write(j, NOW), 0);
		assert_int_equal(journal_sync(j), 0);
		must_read_up_to(3);
		must_open();
		must_read_up_to(3);
	}
}

static void a_payload_may_be_empty_come_in_parts_and_have_8_mib(void **state)
{
	uint8_t *big = calloc(1, JOURNAL_PAYLOAD_MAX + 1);
	struct span parts[3] = { span_str("one"), span_str(""), span_str("two") };
	struct span whole = span_of(big, JOURNAL_PAYLOAD_MAX);
	struct journal_reader *r;
	struct frame f;
	int rc;

	(void)state;
	must_open();
	assert_int_equal(journal_append(j, INPUT_TIME, NULL, 0, &rc), 1);
	assert_int_equal(journal_append(j, INPUT_SETTINGS, parts, 3, &rc), 2);
	big[JOURNAL_PAYLOAD_MAX - 1] = 'x';
	assert_int_equal(journal_append(j, INPUT_BATCH, &whole, 1, &rc), 3);
	whole.size++;
	assert_int_equal(journal_append(j, INPUT_BATCH, &whole, 1, &rc), 0);
	assert_int_equal(rc, ERR_TOOBIG);
	whole.size--;
	assert_int_equal(journal_write(j, NOW), 0);
	assert_int_equal(journal_sync(j), 0);
	must_open();
	assert_int_equal(journal_last(j), 3);

	assert_int_equal(journal_reader_open(dir, id, 0, &r, &said), 0);
	assert_int_equal(journal_reader_next(r, &f, &said), 0);
	assert_int_equal(f.type, INPUT_TIME);
	assert_int_equal(f.payload.size, 0);
	assert_int_equal(journal_reader_next(r, &f, &said), 0);
	assert_int_equal(f.type, INPUT_SETTINGS);
	assert_true(span_eq(f.payload, span_str("onetwo")));
	assert_int_equal(journal_reader_next(r, &f, &said), 0);
	assert_true(span_eq(f.payload, whole));
	assert_int_equal(journal_reader_next(r, &f, &said), ERR_NOTFOUND);
	journal_reader_close(r);
	free(big);
}

static void a_full_segment_is_followed_by_the_next(void **state)
{
	(void)state;
	must_open();
	put(100, 1000); /* 15 or so to a segment */
	must_read_up_to(100);
	must_open();
	assert_int_equal(journal_last(j), 100);
	must_read_up_to(100);
	assert_true(journal_bytes(j) > 100 * 1000);
	assert_true(journal_bytes(j) < 100 * 1056 + 11 * 4096);
}

static void a_reader_begins_in_the_middle_and_waits_at_the_end(void **state)
{
	struct journal_reader *r;
	struct frame f;

	(void)state;
	must_open();
	put(50, 1000);
	assert_int_equal(journal_reader_open(dir, id, 48, &r, &said), 0);
	for (uint64_t n = 48; n <= 50; n++) {
		assert_int_equal(journal_reader_next(r, &f, &said), 0);
		assert_int_equal(f.sequence, n);
	}
	assert_int_equal(journal_reader_next(r, &f, &said), ERR_NOTFOUND);
	for (uint64_t n = 51; n <= 100; n++) { /* over several segments */
		put(1, 1000);
		assert_int_equal(journal_reader_next(r, &f, &said), 0);
		assert_int_equal(f.sequence, n);
		assert_int_equal(journal_reader_next(r, &f, &said), ERR_NOTFOUND);
	}
	journal_reader_close(r);
	assert_int_equal(journal_reader_open(dir, id, 500, &r, &said), 0);
	assert_int_equal(journal_reader_next(r, &f, &said), ERR_NOTFOUND);
	journal_reader_close(r);
}

static void a_reader_may_be_there_before_the_journal(void **state)
{
	struct journal_reader *r;
	struct frame f;

	(void)state;
	assert_int_equal(journal_reader_open(dir, id, 0, &r, &said), 0);
	assert_int_equal(journal_reader_next(r, &f, &said), ERR_NOTFOUND);
	must_open();
	assert_int_equal(journal_reader_next(r, &f, &said), ERR_NOTFOUND);
	put(1, 10);
	assert_int_equal(journal_reader_next(r, &f, &said), 0);
	assert_int_equal(f.sequence, 1);
	journal_reader_close(r);
}

static void only_applied_segments_beyond_the_retention_are_trimmed(void **state)
{
	uint64_t last, before;

	(void)state;
	must_open();
	put(100, 1000);
	before = journal_bytes(j);
	assert_int_equal(journal_trim(j, 100, NOW + 1000), 0); /* kept by both */
	assert_int_equal(journal_first(j), 1);
	settings.keep_bytes = 40000;
	must_open();
	assert_int_equal(journal_trim(j, 5, NOW + 1000), 0); /* not applied */
	assert_int_equal(journal_first(j), 1);
	assert_int_equal(journal_trim(j, 100, NOW + 1000), 0);
	assert_true(journal_first(j) > 1);
	assert_true(journal_bytes(j) < before);
	assert_true(journal_bytes(j) >= 40000 - 16384);
	assert_int_equal(read_from(journal_first(j), &last), ERR_NOTFOUND);
	assert_int_equal(last, 100);
	assert_int_equal(read_from(1, &last), ERR_NOTFOUND);
	assert_non_null(strstr(said.text, "not kept"));
}

static void old_segments_are_trimmed_but_never_the_current_one(void **state)
{
	(void)state;
	settings.keep_ms = 1000;
	must_open();
	put(100, 1000);
	assert_int_equal(journal_trim(j, 100, NOW - 5000), 0); /* the clock was set back */
	assert_int_equal(journal_trim(j, 100, NOW + 999), 0);
	assert_int_equal(journal_first(j), 1);
	assert_int_equal(journal_trim(j, 100, NOW + 1000), 0);
	assert_true(journal_first(j) > 80 && journal_first(j) <= 100);
	must_open();
	assert_int_equal(journal_last(j), 100);
	put(1, 10);
	must_read_up_to(101);
}

static void a_directory_without_segments_begins_where_it_is_told(void **state)
{
	(void)state;
	assert_int_equal(journal_open(dir, id, &settings, 501, 500, NOW, &j, &said), 0);
	assert_int_equal(journal_first(j), 501);
	assert_int_equal(journal_last(j), 500);
	put(1, 10);
	assert_int_equal(try_open(501), 0);
	assert_int_equal(journal_last(j), 501);
}

static void a_full_disk_refuses_whole_groups_until_there_is_room(void **state)
{
	(void)state;
	must_open();
	put(10, 1000);
	append(1, 8000);
	fault_arm(0, 1000, ENOSPC, 0);
	assert_int_equal(journal_write(j, NOW), ERR_NOSPACE);
	fault_none();
	assert_int_equal(journal_last(j), 10);
	put(1, 500); /* what fits into the current segment still does */
	append(2, 8000);
	fault_arm(0, 1000, ENOSPC, 0);
	assert_int_equal(journal_write(j, NOW), ERR_NOSPACE);
	fault_none();
	assert_int_equal(append(3, 8000), 12);
	assert_int_equal(journal_write(j, NOW), 0);
	assert_int_equal(journal_sync(j), 0);
	must_read_up_to(12);
	must_open();
	assert_int_equal(journal_last(j), 12);
}

/* However much of the group reached the file before the error: after a crash none is there. */
static void a_group_that_failed_does_not_come_back(void **state)
{
	(void)state;
	for (int tenth = 0; tenth <= 10; tenth++) {
		remove_files();
		must_open();
		put(3, 100);
		for (int i = 0; i < 3; i++) {
			struct span p = payload_of(4 + (uint64_t)i, 1, 203);
			int rc;

			assert_int_equal(journal_append(j, INPUT_BATCH, &p, 1, &rc), 4 + i);
		}
		fault_arm(0, 1, tenth % 2 ? EIO : ENOSPC, tenth / 10.0);
		assert_int_equal(journal_write(j, NOW), tenth % 2 ? ERR_IO : ERR_NOSPACE);
		fault_none();
		must_read_up_to(3);
		must_open();
		assert_int_equal(journal_last(j), 3);
		assert_int_equal(append(2, 203), 4);
		assert_int_equal(journal_write(j, NOW), 0);
		must_read_up_to(4);
	}
}

static void a_failed_sync_is_final(void **state)
{
	(void)state;
	must_open();
	append(0, 10);
	assert_int_equal(journal_write(j, NOW), 0);
	fault_arm(0, 1, EIO, 0);
	assert_int_equal(journal_sync(j), ERR_UNKNOWN);
	fault_none();
	assert_int_equal(journal_sync(j), ERR_UNKNOWN);
	append(0, 10);
	assert_int_equal(journal_write(j, NOW), ERR_UNKNOWN);
	assert_int_equal(journal_durable(j), 0);
	must_open();
	put(1, 10);
}

static void a_failed_write_that_cannot_be_cut_is_final(void **state)
{
	(void)state;
	for (long spared = -1; spared <= 1; spared += 2) { /* the truncate fails; or its sync */
		remove_files();
		must_open();
		put(2, 10);
		append(0, 10);
		fault_arm(0, 3, EIO, 0.5);
		fault.spared = spared;
		assert_int_equal(journal_write(j, NOW), ERR_UNKNOWN);
		fault_none();
		assert_int_equal(journal_write(j, NOW), ERR_UNKNOWN);
		must_open();
		assert_int_equal(journal_last(j), 2);
	}
}

/* After a failed first write the next segment has the same name; it is one segment, not two. */
static void a_segment_that_got_no_frame_is_replaced(void **state)
{
	(void)state;
	settings.keep_bytes = 0;
	must_open();
	for (int i = 0; i < 2; i++) {
		append(0, 10);
		fault_arm(0, 1, EIO, 0.5);
		assert_int_equal(journal_write(j, NOW), ERR_IO);
		fault_none();
	}
	put(1, 10);
	assert_int_equal(journal_bytes(j), settings.segment_bytes);
	assert_int_equal(journal_trim(j, 1, NOW), 0);
	must_read_up_to(1);
	must_open();
	must_read_up_to(1);
}

/* Each storage call of making a new segment fails once; the journal goes on or says ERR_UNKNOWN,
 * and nothing durable is lost either way. */
static void any_call_may_fail_while_a_segment_is_made(void **state)
{
	(void)state;
	for (long at = 0; at < 12; at++) {
		int rc;

		remove_files();
		must_open();
		put(10, 1000);
		append(1, 1000);
		assert_int_equal(journal_write(j, NOW), 0); /* written, not synced */
		append(1, 8000);
		fault_arm(at, 1, at % 2 ? EIO : ENOSPC, 0.5);
		rc = journal_write(j, NOW);
		fault_none();
		if (rc == 0)
			assert_int_equal(journal_last(j), 12);
		else if (rc != ERR_UNKNOWN)
			assert_int_equal(journal_last(j), 11);
		if (rc == ERR_UNKNOWN)
			must_open();
		assert_true(journal_last(j) >= 11);
		put(1, 8000);
		must_read_up_to(journal_last(j));
		must_open();
		must_read_up_to(journal_last(j));
	}
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		T(what_is_synced_is_read_back_after_reopening),
		T(a_frame_is_durable_only_after_the_sync),
		T(what_is_written_beside_a_sync_waits_for_the_next),
		T(a_segment_is_not_begun_beside_a_sync),
		T(a_write_that_fails_beside_a_sync_takes_place_after_it),
		T(a_payload_may_be_empty_come_in_parts_and_have_8_mib),
		T(a_full_segment_is_followed_by_the_next),
		T(a_reader_begins_in_the_middle_and_waits_at_the_end),
		T(a_reader_may_be_there_before_the_journal),
		T(only_applied_segments_beyond_the_retention_are_trimmed),
		T(old_segments_are_trimmed_but_never_the_current_one),
		T(a_directory_without_segments_begins_where_it_is_told),
		T(a_full_disk_refuses_whole_groups_until_there_is_room),
		T(a_group_that_failed_does_not_come_back),
		T(a_failed_sync_is_final),
		T(a_failed_write_that_cannot_be_cut_is_final),
		T(a_segment_that_got_no_frame_is_replaced),
		T(any_call_may_fail_while_a_segment_is_made),
	};

	return cmocka_run_group_tests_name("journal", tests, NULL, NULL);
}
