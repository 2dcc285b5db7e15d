/* SPDX-License-Identifier: Apache-2.0 */
/* Journal: what an opening makes of what a crash, a bad disk or a wrong hand has left. */
#include "tests/unit/journal_world.h"
#include "base/hash.h"
#include "store/frame.h"
#include "store/segment.h"

static uint8_t image[1 << 20];

static size_t load_segment(uint64_t first)
{
	char path[8192];

	path_of(first, path);
	return file_load(path, image, sizeof image);
}

static void store_segment(uint64_t first, size_t size)
{
	char path[8192];

	path_of(first, path);
	file_store(path, image, size);
}

/* Four synced frames and the bytes of their file, closed and cut. Returns its size. */
static size_t four_frames(size_t *ret_last_offset)
{
	size_t size;

	remove_files();
	must_open();
	put(4, 50);
	must_open();
	journal_close(j);
	j = NULL;
	size = load_segment(1);
	assert_int_equal(size, SEGMENT_HEADER + 4 * frame_size(50));
	*ret_last_offset = size - frame_size(50);
	return size;
}

enum tear { CUT_SHORT, ZEROS, OLD_BYTES, TEARS };

static void a_torn_tail_is_cut_off_at_every_byte(void **state)
{
	size_t last, size = four_frames(&last);

	(void)state;
	for (int tear = 0; tear < TEARS; tear++)
		for (size_t at = last; at < size; at++) {
			uint64_t expected = 3;

			remove_files();
			(void)four_frames(&last);
			if (tear != CUT_SHORT)
				memset(image + at, tear == ZEROS ? 0 : 0xa5, size - at);
			if (tear == ZEROS && at >= last + FRAME_HEADER + 50)
				expected = 4; /* the padding is zeros anyway */
			store_segment(1, tear == CUT_SHORT ? at : size);
			must_open();
			assert_int_equal(journal_last(j), expected);
			assert_int_equal(journal_durable(j), expected);
			put(1, 60);
			must_read_up_to(expected + 1);
			must_open();
			must_read_up_to(expected + 1);
		}
}

static void a_frame_in_a_torn_group_is_cut_though_later_ones_are_whole(void **state)
{
	size_t size;

	(void)state;
	must_open();
	put(2, 50);
	for (int i = 0; i < 3; i++) {
		struct span p = payload_of(3 + (uint64_t)i, 0, 50);
		int rc;

		journal_append(j, INPUT_BATCH, &p, 1, &rc);
	}
	assert_int_equal(journal_write(j, NOW), 0);
	size = load_segment(1);
	image[SEGMENT_HEADER + 2 * frame_size(50) + 60] ^= 1; /* in frame 3; 4 and 5 are whole */
	store_segment(1, size);
	must_read_up_to(2);
	must_open();
	assert_int_equal(journal_last(j), 2);
}

/* One bit anywhere: either it is noticed, or it lay in the last frame, which nothing proves. */
/* The frame of a sync that failed is in memory when the journal is opened again, and its sender is told
 * that a resend is a duplicate: so it has to be on the disk by then. */
static void what_an_opening_finds_of_a_sync_that_failed_survives_a_power_cut(void **state)
{
	(void)state;
	disk.watched = true;
	must_open();
	put(3, 50);
	assert_int_equal(append(0, 700), 4);
	assert_int_equal(journal_write(j, NOW), 0);
	fault_arm(0, 1, EIO, 0);
	assert_int_equal(journal_sync(j), ERR_UNKNOWN);
	fault_none();
	must_open();
	assert_int_equal(journal_durable(j), 4);
	journal_close(j);
	j = NULL;
	memcpy(image, disk.bytes, sizeof disk.bytes);
	store_segment(1, SEGMENT_HEADER + 3 * frame_size(50) + frame_size(700));
	must_open();
	assert_int_equal(journal_last(j), 4);
	must_read_up_to(4);
}

static void a_flipped_bit_is_damage_or_an_unproven_tail(void **state)
{
	size_t last, size = four_frames(&last);

	(void)state;
	for (size_t at = 0; at < size; at++) {
		uint8_t bit = (uint8_t)(1u << (at * 5 % 8));
		uint64_t got;
		int rc;

		image[at] ^= bit;
		store_segment(1, size);
		rc = read_from(0, &got);
		if (at < last)
			assert_true(rc == ERR_CORRUPT || rc == ERR_VERSION);
		else
			assert_int_equal(rc, ERR_NOTFOUND);
		assert_int_equal(try_open(4), rc == ERR_VERSION ? rc : ERR_CORRUPT);
		assert_int_equal(try_open(0), rc == ERR_NOTFOUND ? 0 : rc);
		assert_true(
			rc == ERR_NOTFOUND || strstr(said.text, "00000000000000000001.journal"));
		if (rc == ERR_NOTFOUND)
			must_read_up_to(3);
		image[at] ^= bit;
	}
}

static void a_page_of_zeros_among_durable_frames_is_damage(void **state)
{
	size_t size;
	uint64_t got;

	(void)state;
	must_open();
	put(150, 20);
	size = load_segment(1);
	memset(image + 8192, 0, 4096);
	store_segment(1, size);
	assert_int_equal(try_open(0), ERR_CORRUPT);
	assert_non_null(strstr(said.text, "offset"));
	assert_int_equal(read_from(0, &got), ERR_CORRUPT);
	assert_non_null(strstr(said.text, "offset"));
}

/* A valid frame of the right number and place, behind another one than it was written behind. */
static void a_stale_successor_is_not_believed(void **state)
{
	size_t size, two = SEGMENT_HEADER + frame_size(50);
	uint8_t stale[512];

	(void)state;
	for (unsigned life = 1; life <= 2; life++) {
		remove_files();
		must_open();
		append(life, 50);
		assert_int_equal(journal_write(j, NOW), 0);
		if (life == 2)
			break;
		append(life, 50);
		assert_int_equal(journal_write(j, NOW), 0);
		(void)load_segment(1);
		memcpy(stale, image + two, frame_size(50));
	}
	size = load_segment(1);
	memcpy(image + two, stale, frame_size(50));
	store_segment(1, size);
	must_read_up_to(1);
	must_open();
	assert_int_equal(journal_last(j), 1);
	put(1, 50);
	must_read_up_to(2);
}

static void a_floor_beyond_the_end_is_damage(void **state)
{
	(void)state;
	must_open();
	put(3, 50);
	assert_int_equal(try_open(3), 0);
	assert_int_equal(try_open(4), ERR_CORRUPT);
	assert_non_null(strstr(said.text, "00000000000000000001.journal"));
	assert_non_null(strstr(said.text, "offset"));
	remove_files();
	assert_int_equal(try_open(1), ERR_CORRUPT);
}

static void a_journal_that_begins_behind_the_floor_is_damage(void **state)
{
	(void)state;
	assert_int_equal(journal_open(dir, id, &settings, 11, 10, NOW, &j, &said), 0);
	put(1, 10);
	assert_int_equal(try_open(9), ERR_CORRUPT);
	assert_int_equal(try_open(10), 0);
	assert_int_equal(try_open(11), 0);
}

static void another_stores_journal_is_refused(void **state)
{
	static const uint8_t other[16] = "another store id";
	struct journal_reader *r;

	(void)state;
	must_open();
	put(2, 50);
	journal_close(j);
	j = NULL;
	assert_int_equal(journal_open(dir, other, &settings, 1, 0, NOW, &j, &said), ERR_VERSION);
	assert_non_null(strstr(said.text, "another store"));
	assert_int_equal(journal_reader_open(dir, other, 0, &r, &said), ERR_VERSION);
	must_open();
	must_read_up_to(2);
}

static void a_renamed_segment_is_refused(void **state)
{
	char from[8192], to[8192];

	(void)state;
	must_open();
	put(2, 50);
	path_of(1, from);
	path_of(3, to);
	assert_int_equal(rename(from, to), 0);
	assert_int_equal(try_open(0), ERR_CORRUPT);
	assert_non_null(strstr(said.text, "00000000000000000003.journal"));
}

/* The first sequences of the first three segments of 100 frames. */
static void hundred_frames(uint64_t first[3])
{
	struct segment s;
	uint64_t *firsts;
	size_t n;
	int fd = open(dir, O_RDONLY | O_DIRECTORY), segment_fd;

	must_open();
	put(100, 1000);
	assert_int_equal(segment_list(fd, &firsts, &n), 0);
	assert_true(n > 3);
	memcpy(first, firsts, 3 * sizeof *first);
	free(firsts);
	assert_int_equal(segment_open(fd, first[1], O_RDONLY, id, &s, &segment_fd, NULL), 0);
	assert_int_equal(s.previous_first, first[0]);
	(void)close(segment_fd);
	(void)close(fd);
}

static void a_missing_segment_is_damage(void **state)
{
	uint64_t first[3], got;
	char path[8192];

	(void)state;
	hundred_frames(first);
	path_of(first[1], path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(read_from(0, &got), ERR_CORRUPT);
	assert_int_equal(got, first[1] - 1);
	assert_int_equal(try_open(0), ERR_CORRUPT);
	assert_non_null(strstr(said.text, "missing"));
}

static void damage_in_an_earlier_segment_is_found_by_who_reads_it(void **state)
{
	uint64_t first[3], got;
	size_t size;

	(void)state;
	hundred_frames(first);
	size = load_segment(first[1]);
	image[size - 9] ^= 1; /* its very last frame: that a segment follows proves it */
	store_segment(first[1], size);
	assert_int_equal(read_from(0, &got), ERR_CORRUPT);
	assert_int_equal(got, first[2] - 2);
	assert_int_equal(read_from(first[2], &got), ERR_NOTFOUND);
	assert_int_equal(got, 100);
	must_open();
}

static void a_segment_from_another_history_does_not_continue_this_one(void **state)
{
	uint64_t first[3], got;
	size_t size;

	(void)state;
	hundred_frames(first);
	journal_close(j);
	j = NULL;
	size = load_segment(first[1]);
	remove_files();
	must_open();
	while (journal_last(j) + 1 < first[1]) {
		append(1, 1000);
		assert_int_equal(journal_write(j, NOW), 0);
	}
	store_segment(first[1], size);
	assert_int_equal(read_from(0, &got), ERR_CORRUPT);
	assert_int_equal(got, first[1] - 1);
}

static void a_segment_that_was_never_made_is_removed(void **state)
{
	char path[8192];

	(void)state;
	must_open();
	put(3, 50);
	memset(image, 0, 16384);
	for (size_t size = 0; size <= 16384; size += 8192) {
		store_segment(4, size);
		path_of(4, path);
		(void)strcat(path, ".new");
		file_store(path, image, size);
		must_read_up_to(3);
		must_open();
		assert_int_equal(journal_last(j), 3);
		assert_int_equal(access(path, F_OK), -1);
		path_of(4, path);
		assert_int_equal(access(path, F_OK), -1);
	}
	store_segment(4, 0);
	remove_files();
	store_segment(4, 0); /* nothing else: the journal is empty */
	must_open();
	assert_int_equal(journal_last(j), 0);
}

static void a_segment_without_its_header_is_damage(void **state)
{
	size_t size;

	(void)state;
	must_open();
	put(3, 50);
	size = load_segment(1);
	memset(image, 0, SEGMENT_HEADER);
	store_segment(1, size);
	assert_int_equal(try_open(0), ERR_CORRUPT);
	assert_non_null(strstr(said.text, "00000000000000000001.journal"));
}

static void a_frame_of_a_newer_version_is_refused_and_not_cut(void **state)
{
	struct frame_header h;
	uint8_t *p = image + SEGMENT_HEADER;
	size_t last, size = four_frames(&last);

	(void)state;
	assert_true(frame_read_header(p, frame_seed(id), &h));
	h.flags = 1;
	frame_seal(p, &h, frame_seed(id));
	store_segment(1, size);
	assert_int_equal(try_open(0), ERR_VERSION);
	memcpy(image, "kithjrnl\2", 9);
	put_le64(image + 4088, hash_64(image, 4088, 0));
	store_segment(1, size);
	assert_int_equal(try_open(0), ERR_VERSION);
	assert_non_null(strstr(said.text, "version 2"));
}

/* The opening after a crash is itself interrupted at each of its calls. */
static void recovery_may_be_interrupted_anywhere(void **state)
{
	size_t last, size = four_frames(&last);
	long calls;

	(void)state;
	image[size - 60] ^= 1;
	memcpy(image + size, "leftover", 8);
	store_segment(1, size + 8);
	fault_none();
	must_open();
	calls = fault.calls;
	assert_true(calls >= 3);
	for (long at = 0; at < calls; at++)
		for (int half = 0; half <= 1; half++) {
			(void)four_frames(&last);
			image[size - 60] ^= 1;
			memcpy(image + size, "leftover", 8);
			store_segment(1, size + 8);
			fault_arm(at, 1000, EIO, half * 0.5);
			assert_int_not_equal(try_open(0), 0);
			fault_none();
			must_open();
			assert_int_equal(journal_last(j), 3);
			put(1, 50);
			must_read_up_to(4);
		}
}

static void the_golden_journal_is_read_for_ever(void **state)
{
	static const char *const payload[] = { "kith 0.1.0", "", "a batch of events" };
	static const uint8_t golden_id[16] = "golden store id.";
	static const char path[] = "tests/golden/journal-v1/00000000000000000001.journal";
	size_t size = file_load(path, image, sizeof image);
	struct journal_reader *r;
	struct frame f;
	char made[8192];
	uint8_t again[8192];
	int rc;

	(void)state;
	assert_int_equal(
		journal_reader_open("tests/golden/journal-v1", golden_id, 0, &r, &said), 0);
	for (uint16_t n = 1; n <= 3; n++) {
		assert_int_equal(journal_reader_next(r, &f, &said), 0);
		assert_int_equal(f.sequence, n);
		assert_int_equal(f.type, n == 2 ? INPUT_TIME : n == 1 ? INPUT_ENGINE : INPUT_BATCH);
		assert_true(span_eq(f.payload, span_str(payload[n - 1])));
	}
	assert_int_equal(journal_reader_next(r, &f, &said), ERR_NOTFOUND);
	journal_reader_close(r);

	/* And today's writer makes the same bytes. */
	assert_int_equal(journal_open(dir, golden_id, &settings, 1, 0, NOW, &j, &said), 0);
	for (uint16_t n = 1; n <= 3; n++) {
		struct span p = span_str(payload[n - 1]);

		journal_append(j,
			n == 2   ? INPUT_TIME
			: n == 1 ? INPUT_ENGINE
				 : INPUT_BATCH,
			&p, 1, &rc);
		assert_int_equal(journal_write(j, NOW), 0);
		assert_int_equal(journal_sync(j), 0);
	}
	journal_close(j);
	assert_int_equal(journal_open(dir, golden_id, &settings, 1, 0, NOW, &j, &said), 0);
	path_of(1, made);
	assert_int_equal(file_load(made, again, sizeof again), size);
	assert_memory_equal(again, image, size);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_setup, world_teardown)
	const struct CMUnitTest tests[] = {
		T(a_torn_tail_is_cut_off_at_every_byte),
		T(a_frame_in_a_torn_group_is_cut_though_later_ones_are_whole),
		T(what_an_opening_finds_of_a_sync_that_failed_survives_a_power_cut),
		T(a_flipped_bit_is_damage_or_an_unproven_tail),
		T(a_page_of_zeros_among_durable_frames_is_damage),
		T(a_stale_successor_is_not_believed),
		T(a_floor_beyond_the_end_is_damage),
		T(a_journal_that_begins_behind_the_floor_is_damage),
		T(another_stores_journal_is_refused),
		T(a_renamed_segment_is_refused),
		T(a_missing_segment_is_damage),
		T(damage_in_an_earlier_segment_is_found_by_who_reads_it),
		T(a_segment_from_another_history_does_not_continue_this_one),
		T(a_segment_that_was_never_made_is_removed),
		T(a_segment_without_its_header_is_damage),
		T(a_frame_of_a_newer_version_is_refused_and_not_cut),
		T(recovery_may_be_interrupted_anywhere),
		T(the_golden_journal_is_read_for_ever),
	};

	return cmocka_run_group_tests_name("journal_recovery", tests, NULL, NULL);
}
