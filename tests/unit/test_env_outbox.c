/* SPDX-License-Identifier: Apache-2.0 */
/* Env: the outbox, and each customer's history. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/unit/env_steps.h"

static void the_outbox_is_gap_free_and_trimmed_from_the_front(void **state)
{
	struct fixture *f = *state;
	struct span encoded;
	uint64_t sequence;
	int64_t taken;
	char text[32];

	for (unsigned i = 1; i <= 300; i++) {
		snprintf(text, sizeof text, "n%u", i);
		assert_int_equal(env_outbox_add(f->e, 1000 + i, S(text), &sequence), OK);
		assert_int_equal(sequence, i);
	}
	assert_int_equal(env_outbox_get(f->e, 0, &taken, &encoded), ERR_NOTFOUND);
	assert_int_equal(env_outbox_get(f->e, 301, &taken, &encoded), ERR_NOTFOUND);
	assert_int_equal(env_outbox_get(f->e, 300, &taken, &encoded), OK);
	assert_int_equal(taken, 1300);
	assert_span(encoded, "n300");
	assert_int_equal(trim(f->e, 290, 0, 4), OK); /* four only: the limit */
	assert_int_equal(env_meta(f->e)->outbox_first, 5);
	assert_int_equal(trim(f->e, 290, 0, 100), OK);
	assert_int_equal(env_meta(f->e)->outbox_first, 11);
	assert_int_equal(trim(f->e, 290, 1021, 100), OK); /* taken before 1021 */
	assert_int_equal(env_meta(f->e)->outbox_first, 21);
	assert_int_equal(env_outbox_get(f->e, 20, &taken, &encoded), ERR_NOTFOUND);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_outbox_get(f->e, 21, &taken, &encoded), OK);
	assert_span(encoded, "n21");
	assert_int_equal(trim(f->e, 0, 0, 10000), OK);
	assert_int_equal(env_meta(f->e)->outbox_first, 301);
	assert_int_equal(env_meta(f->e)->outbox_last, 300);
	assert_int_equal(env_outbox_add(f->e, 1, S("next"), &sequence), OK);
	assert_int_equal(sequence, 301);
}

static void the_outbox_is_trimmed_to_its_bytes(void **state)
{
	struct fixture *f = *state;
	struct outbox_keep keep = { UINT64_MAX, 25, 0 };
	uint64_t sequence;

	for (unsigned i = 0; i < 6; i++)
		assert_int_equal(env_outbox_add(f->e, 1, S("ten bytes."), &sequence), OK);
	assert_int_equal(env_meta(f->e)->outbox_bytes, 60);
	assert_int_equal(env_outbox_trim(f->e, &keep, 1), OK); /* the limit goes before */
	assert_int_equal(env_meta(f->e)->outbox_bytes, 50);
	assert_int_equal(env_outbox_trim(f->e, &keep, 100), OK);
	assert_int_equal(env_meta(f->e)->outbox_first, 5);
	assert_int_equal(env_meta(f->e)->outbox_bytes, 20);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_meta(f->e)->outbox_bytes, 20);
	keep.bytes = 0;
	assert_int_equal(env_outbox_trim(f->e, &keep, 100), OK);
	assert_int_equal(env_meta(f->e)->outbox_bytes, 0);
	assert_int_equal(env_meta(f->e)->outbox_first, 7);
}

static uint64_t outbox_rows(struct env *e)
{
	const char *name;
	uint64_t rows, bytes;

	for (unsigned i = 0; (name = env_table(e, i, &rows, &bytes)) != NULL; i++)
		if (strcmp(name, "outbox") == 0)
			return rows;
	return UINT64_MAX;
}

static void what_is_trimmed_leaves_no_row_wherever_it_lay(void **state)
{
	struct fixture *f = *state;
	struct span encoded;
	uint64_t sequence;
	int64_t taken;

	for (unsigned i = 1; i <= 100; i++)
		assert_int_equal(env_outbox_add(f->e, i, S("committed"), &sequence), OK);
	commit(f);
	assert_int_equal(env_outbox_add(f->e, 101, S("frozen"), &sequence), OK);
	assert_int_equal(trim(f->e, 71, 0, 1000), OK);
	assert_int_equal(env_freeze(f->e), OK);
	for (unsigned i = 102; i <= 150; i++)
		assert_int_equal(env_outbox_add(f->e, i, S("in memory"), &sequence), OK);
	assert_int_equal(trim(f->e, 20, 0, 1000), OK); /* all of the first two, some of the last */
	env_flushed(f->e, env_flush(f->e));
	assert_int_equal(outbox_rows(f->e), 71); /* as it was frozen */
	assert_int_equal(env_meta(f->e)->outbox_first, 131);
	assert_int_equal(env_outbox_get(f->e, 130, &taken, &encoded), ERR_NOTFOUND);
	assert_int_equal(env_outbox_get(f->e, 131, &taken, &encoded), OK);
	assert_int_equal(taken, 131);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(outbox_rows(f->e), 20);
	assert_int_equal(env_outbox_get(f->e, 131, &taken, &encoded), OK);
	assert_int_equal(taken, 131);
}

static void a_damaged_notification_does_not_hold_up_the_trimming(void **state)
{
	struct fixture *f = *state;
	uint8_t key[8] = { 0, 0, 0, 0, 0, 0, 0, 1 };
	struct span encoded;
	uint64_t sequence;
	int64_t taken;

	assert_int_equal(env_outbox_add(f->e, 50, S("a"), &sequence), OK);
	assert_int_equal(env_outbox_add(f->e, 60, S("b"), &sequence), OK);
	commit(f);
	flip(f, "outbox", span_of(key, 8), 60);
	assert_int_equal(env_outbox_get(f->e, 1, &taken, &encoded), ERR_CORRUPT);
	assert_int_equal(env_outbox_get(f->e, 2, &taken, &encoded), OK);
	assert_int_equal(trim(f->e, 100, 55, 100), OK);
	assert_int_equal(env_meta(f->e)->outbox_first, 2);
}

static void history_keeps_the_latest(void **state)
{
	struct fixture *f = *state;
	struct history_entry h = { 0 }, got[20];

	for (unsigned i = 1; i <= 12; i++) {
		h = (struct history_entry){ .at_ms = -3 + (int64_t)i, .outbox_sequence = i % 3 ? i : 0,
			.type = (uint16_t)(60000 + i), .from = (uint16_t)(i - 1), .to = (uint16_t)i,
			.kind = (uint8_t)(i % 4) };
		assert_int_equal(env_history_add(f->e, S("anna"), &h, 8), OK);
		h.to = 999;
		assert_int_equal(env_history_add(f->e, S("ann"), &h, 8), OK);
		assert_int_equal(env_history_add(f->e, S("annaz"), &h, 8), OK);
	}
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_history_get(f->e, S("anna"), got, 20), 8);
	for (unsigned i = 5; i <= 12; i++) {
		assert_int_equal(got[i - 5].at_ms, -3 + (int64_t)i);
		assert_int_equal(got[i - 5].outbox_sequence, i % 3 ? i : 0);
		assert_int_equal(got[i - 5].type, 60000 + i);
		assert_int_equal(got[i - 5].from, i - 1);
		assert_int_equal(got[i - 5].to, i);
		assert_int_equal(got[i - 5].kind, i % 4);
	}
	assert_int_equal(env_history_get(f->e, S("anna"), got, 3), 3);
	assert_int_equal(got[0].to, 10);
	assert_int_equal(got[2].to, 12);
	assert_int_equal(env_history_add(f->e, S("anna"), &h, 2), OK); /* KEEP was lowered */
	assert_int_equal(env_history_get(f->e, S("anna"), got, 20), 2);
	assert_int_equal(env_history_del(f->e, S("anna")), OK);
	assert_int_equal(env_history_get(f->e, S("anna"), got, 20), 0);
	assert_int_equal(env_history_del(f->e, S("anna")), OK);
	assert_int_equal(env_history_get(f->e, S("ann"), got, 20), 8);
	assert_int_equal(env_history_get(f->e, S("annaz"), got, 20), 8);
	assert_int_equal(env_history_get(f->e, S("an"), got, 20), 0);
	assert_int_equal(env_history_add(f->e, S("b"), &h, 0), OK);
	assert_int_equal(env_history_get(f->e, S("b"), got, 20), 0);
}

static void a_change_that_is_announced_later_gets_its_number(void **state)
{
	struct fixture *f = *state;
	struct history_entry got[4];

	for (unsigned i = 0; i < 4; i++)
		assert_int_equal(env_history_add(f->e, S("anna"), &(struct history_entry){ .at_ms = i / 2,
			.type = 7, .outbox_sequence = i == 3 ? 9 : 0 }, 8), OK);
	assert_int_equal(env_history_announced(f->e, S("anna"), 7, 1, 300), OK);
	assert_int_equal(env_history_announced(f->e, S("anna"), 7, 1, 301), ERR_NOTFOUND);
	assert_int_equal(env_history_announced(f->e, S("anna"), 8, 0, 301), ERR_NOTFOUND);
	assert_int_equal(env_history_announced(f->e, S("bert"), 7, 0, 301), ERR_NOTFOUND);
	assert_int_equal(env_history_announced(f->e, S("anna"), 7, 0, 70000), OK);
	assert_int_equal(env_history_get(f->e, S("anna"), got, 4), 4);
	for (unsigned i = 0; i < 4; i++) {
		static const uint64_t sequence[] = { 0, 70000, 300, 9 };

		assert_int_equal(got[i].at_ms, i / 2);
		assert_int_equal(got[i].outbox_sequence, sequence[i]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(the_outbox_is_gap_free_and_trimmed_from_the_front),
		T(the_outbox_is_trimmed_to_its_bytes),
		T(what_is_trimmed_leaves_no_row_wherever_it_lay),
		T(a_damaged_notification_does_not_hold_up_the_trimming),
		T(history_keeps_the_latest),
		T(a_change_that_is_announced_later_gets_its_number),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
