/* SPDX-License-Identifier: Apache-2.0 */
/* Batches: neighbours of a bad event, bounds, hostile bytes, the golden file. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/unit/arena_fixture.h"
#include "tests/unit/codec_random.h"

#define BOUGHT "\x62\x05\x0a\x01" "o" "\x10\x05"

static void a_bad_event_harms_no_other(void **state)
{
	struct complaint c;
	struct batch b;
	struct buf out = { 0 };
	struct event e = purchase_event(), bad = purchase_event();

	(void)state;
	bad.customer = span_str("");
	batch_encode(&out, 7, span_str("till-7"), true, &e, 1);
	wire_add_bytes(&out, 4, span_of("\x0a", 1)); /* cut off */
	batch_encode(&out, 0, span_str(""), false, &bad, 1);
	wire_add_bytes(&out, 9, span_str("a field of a newer version"));
	batch_encode(&out, 0, span_str(""), false, &e, 1);
	wire_add_bytes(&out, 4, span_of("", 0));
	assert_int_equal(batch_decode(&b, out.data, out.size, arena, &c), 0);
	assert_int_equal(b.number, 7);
	assert_true(b.backfill);
	assert_int_equal(b.n_all, 5);
	assert_int_equal(b.n_events, 2);
	assert_int_equal(b.index[0], 0);
	assert_int_equal(b.index[1], 3);
	assert_true(span_eq(b.events[0].source, span_str("till-7")));
	assert_int_equal(b.n_rejected, 3);
	assert_int_equal(b.rejected[0].index, 1);
	assert_int_equal(b.rejected[0].code, REJECT_MALFORMED);
	assert_int_equal(b.rejected[1].index, 2);
	assert_int_equal(b.rejected[1].code, REJECT_BAD_CUSTOMER);
	assert_int_equal(b.rejected[2].index, 4);
	assert_int_equal(b.rejected[2].code, REJECT_BAD_ID);
	buf_fini(&out);
}

static int decode_batch(const void *bytes, size_t size, struct batch *b, struct complaint *c)
{
	arena_reset(arena);
	return batch_decode(b, bytes, size, arena, c);
}

static void a_batch_that_is_none_is_refused_as_a_whole(void **state)
{
	struct complaint c;
	struct batch b;

	(void)state;
	assert_int_equal(decode_batch("", 0, &b, &c), 0);
	assert_int_equal(b.n_all, 0);
	assert_int_equal(decode_batch("\x08\x01\x08\x02", 4, &b, &c), ERR_INVALID);
	assert_string_equal(c.text, "field 1 of the batch is given twice");
	assert_int_equal(decode_batch("\x0a\x01x", 3, &b, &c), ERR_INVALID);
	assert_string_equal(c.text, "field 1 of the batch has another type than in kith.proto");
	assert_int_equal(decode_batch("\x22\xff\xff\xff\xff\x0f", 6, &b, &c), ERR_INVALID);
	assert_string_equal(c.text, "the batch is not a protobuf message");
	assert_int_equal(decode_batch("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 11, &b, &c),
		ERR_INVALID); /* beyond 64 bits */
	assert_int_equal(decode_batch("\x00\x01", 2, &b, &c), ERR_INVALID); /* field 0 */
	assert_int_equal(decode_batch("\x23\x24", 2, &b, &c), ERR_INVALID); /* a group */
}

static void a_batch_has_bounds(void **state)
{
	struct buf out = { 0 };
	struct complaint c;
	struct batch b;
	struct arena *small = arena_new(4096, BATCH_ARENA_MAX);

	(void)state;
	for (unsigned i = 0; i < BATCH_EVENTS_MAX; i++)
		buf_add(&out, "\x22\x00", 2);
	assert_int_equal(batch_decode(&b, out.data, out.size, small, &c), 0);
	assert_int_equal(b.n_rejected, BATCH_EVENTS_MAX); /* the most an arena has to hold */
	arena_reset(small);
	buf_add(&out, "\x22\x00", 2);
	assert_int_equal(batch_decode(&b, out.data, out.size, small, &c), ERR_TOOBIG);
	assert_string_equal(c.text, "a batch has at most 10000 events");
	while (out.size <= BATCH_BYTES_MAX)
		buf_add(&out, "\x22\x00", 2);
	assert_int_equal(batch_decode(&b, out.data, out.size, small, &c), ERR_TOOBIG);
	assert_string_equal(c.text, "a batch has at most 4194304 bytes");
	arena_free(small);

	small = arena_new(64, 64);
	assert_int_equal(batch_decode(&b, "\x22\x00\x22\x00", 4, small, &c), ERR_NOMEM);
	arena_free(small);
	buf_fini(&out);
}

static void hostile_batches_take_no_memory(void **state)
{
	struct arena *small = arena_new(1024, 256 << 10);
	struct buf out = { 0 }, event = { 0 };
	struct complaint c;
	struct batch b;

	(void)state;
	while (out.size < 1 << 20) /* 1 MiB of unknown fields */
		buf_add(&out, "\xa0\x06\x01", 3);
	assert_int_equal(batch_decode(&b, out.data, out.size, small, &c), ERR_INVALID);
	assert_int_equal(arena_held(small), 0);

	buf_clear(&event); /* the same within an event */
	buf_add(&event, out.data, out.size);
	buf_clear(&out);
	wire_add_bytes(&out, 4, span_of(event.data, event.size));
	assert_int_equal(batch_decode(&b, out.data, out.size, small, &c), 0);
	assert_int_equal(b.rejected[0].code, REJECT_TOO_LARGE);
	assert_true(arena_held(small) < 4096);

	arena_reset(small);
	buf_clear(&event);
	while (event.size < 1 << 20) /* one singular body a hundred thousand times */
		buf_add(&event, BOUGHT, sizeof BOUGHT - 1);
	buf_clear(&out);
	for (size_t at = 0; at + 16100 <= event.size; at += 16100)
		wire_add_bytes(&out, 4, span_of(event.data + at, 16100));
	assert_int_equal(batch_decode(&b, out.data, out.size, small, &c), 0);
	assert_int_equal(b.n_events, 0);
	assert_int_equal(b.rejected[0].code, REJECT_MALFORMED);
	assert_true(arena_held(small) < 256 << 10);
	arena_free(small);
	buf_fini(&event);
	buf_fini(&out);
}

static void random_batch(struct buf *out, unsigned n, struct dice *d)
{
	struct event *events = arena_alloc(arena, n * sizeof *events);

	for (unsigned i = 0; i < n; i++)
		random_event(&events[i], i % BODY_COUNT, d, arena);
	batch_encode(out, 3, events[0].source, true, events, n);
}

static void a_batch_cut_at_any_byte_is_refused_or_shorter(void **state)
{
	struct dice d = { test_seed() + 3 };
	struct buf out = { 0 };
	struct complaint c;
	struct batch b;

	(void)state;
	arena_reset(arena);
	random_batch(&out, BODY_COUNT, &d);
	for (size_t size = 0; size < out.size; size++) {
		uint8_t *exact = malloc(size ? size : 1); /* a sanitizer sees a read past its end */
		int rc;

		memcpy(exact, out.data, size);
		rc = decode_batch(exact, size, &b, &c);
		assert_true(rc == ERR_INVALID || (rc == 0 && b.n_rejected == 0 &&
			b.n_events < BODY_COUNT));
		free(exact);
	}
	buf_fini(&out);
}

static void mutated_batches_keep_their_word(void **state)
{
	struct dice d = { test_seed() + 4 };
	struct buf out = { 0 }, again = { 0 };
	struct complaint c;
	struct batch b, b2;

	(void)state;
	for (unsigned run = 0; run < test_runs(4000); run++) {
		uint32_t n;

		arena_reset(arena);
		buf_clear(&out);
		random_batch(&out, 1 + (unsigned)dice_below(&d, 20), &d);
		mutate(&out, &d);
		if (batch_decode(&b, out.data, out.size, arena, &c) != 0) {
			assert_true(strlen(c.text) > 0);
			continue;
		}
		assert_int_equal(b.n_events + b.n_rejected, b.n_all);
		buf_clear(&again); /* what was taken is taken again, all of it */
		batch_encode(&again, b.number, b.source, b.backfill, b.events, b.n_events);
		n = b.n_events;
		assert_int_equal(batch_decode(&b2, again.data, again.size, arena, &c), 0);
		assert_int_equal(b2.n_events, n);
		for (uint32_t i = 0; i < n; i++)
			assert_true(events_are_equal(&b.events[i], &b2.events[i]));
	}
	buf_fini(&out);
	buf_fini(&again);
}

static void a_batch_of_a_hundred_takes_one_block(void **state)
{
	struct dice d = { test_seed() + 5 };
	struct arena *small = arena_new(64 << 10, BATCH_ARENA_MAX);
	struct buf out = { 0 };
	struct complaint c;
	struct batch b;

	(void)state;
	arena_reset(arena);
	random_batch(&out, 100, &d);
	assert_int_equal(batch_decode(&b, out.data, out.size, small, &c), 0);
	assert_int_equal(b.n_events, 100);
	assert_int_equal(arena_held(small), 64 << 10);
	assert_true(sizeof(struct event) <= 192); /* the promise of codec.h */
	arena_free(small);
	buf_fini(&out);
}

/* ------------------------------------------------------------------------------------- golden */

/* One event of each body, every field said. */
static void golden_events(struct event events[BODY_COUNT])
{
	static const char *const texts[] = { "alpha", "béta", "客户", "delta" };
	unsigned said = 0;

	for (unsigned b = 0; b < BODY_COUNT; b++) {
		struct event *e = &events[b];

		*e = event_with((enum body)b);
		e->sequence = 1000 + b;
		for (unsigned i = 0; i < event_bodies[b].n; i++, said++) {
			const struct event_field *f = &event_bodies[b].fields[i];
			void *to = field_of(e, f);

			if (f->kind == FIELD_TEXT)
				*(struct span *)to = span_str(texts[said % 4]);
			else if (f->kind == FIELD_ENUM || f->kind == FIELD_ANSWER)
				*(uint8_t *)to = (uint8_t)(1 + said % (f->max - 1u));
			else if (f->kind == FIELD_SCORE)
				*(double *)to = 2.5 + i;
			else
				*(int64_t *)to = f->kind == FIELD_TIME ? 1323435000000 + i
					: f->negative ? -45 : 4711;
			if (f->has)
				*((bool *)e + f->has) = true;
		}
	}
}

static size_t file_read(const char *path, uint8_t *bytes, size_t size)
{
	FILE *f = fopen(path, "rb");

	if (!f)
		fail_msg("%s: run the tests from the top of the project", path);
	size = fread(bytes, 1, size, f);
	fclose(f);
	return size;
}

static void the_golden_batch_of_version_1_is_read_and_written(void **state)
{
	uint8_t golden[8192];
	size_t size = file_read("tests/golden/batch_v1.bin", golden, sizeof golden);
	struct event events[BODY_COUNT];
	struct buf out = { 0 };
	struct complaint c;
	struct batch b;
	const char *text;

	(void)state;
	golden_events(events);
	batch_encode(&out, 42, span_str("till-7"), true, events, BODY_COUNT);
	if (getenv("GOLDEN_WRITE")) { /* for a new version's file */
		FILE *f = fopen(getenv("GOLDEN_WRITE"), "wb");

		fwrite(out.data, 1, out.size, f);
		fclose(f);
	}
	assert_int_equal(out.size, size);
	assert_memory_equal(out.data, golden, size);
	assert_int_equal(decode_batch(golden, size, &b, &c), 0);
	assert_int_equal(b.n_events, BODY_COUNT);
	for (unsigned i = 0; i < BODY_COUNT; i++) {
		assert_int_equal(event_check(&events[i], &text), REJECT_NONE);
		assert_true(events_are_equal(&b.events[i], &events[i]));
	}
	buf_fini(&out);
}

/* Fingerprints are kept on disk for a month: another hash would call every resend a conflict. */
static void fingerprints_of_version_1_stay_what_they_are(void **state)
{
	struct event e = purchase_event();
	const char *text;

	(void)state;
	assert_int_equal(event_check(&e, &text), REJECT_NONE);
	assert_int_equal(e.fingerprint, 0x15df1fe4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_event_harms_no_other),
		cmocka_unit_test(a_batch_that_is_none_is_refused_as_a_whole),
		cmocka_unit_test(a_batch_has_bounds),
		cmocka_unit_test(hostile_batches_take_no_memory),
		cmocka_unit_test(a_batch_cut_at_any_byte_is_refused_or_shorter),
		cmocka_unit_test(mutated_batches_keep_their_word),
		cmocka_unit_test(a_batch_of_a_hundred_takes_one_block),
		cmocka_unit_test(the_golden_batch_of_version_1_is_read_and_written),
		cmocka_unit_test(fingerprints_of_version_1_stay_what_they_are),
	};

	printf("# SEED=%llu\n", (unsigned long long)test_seed());
	return cmocka_run_group_tests_name("batch", tests, arena_setup, arena_teardown);
}
