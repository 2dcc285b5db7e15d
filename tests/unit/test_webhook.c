/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of webhooks: schedule, queue, signatures, addresses, events, rows, settings. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <arpa/inet.h>
#include <sys/stat.h>
#include <unistd.h>
#include <stdio.h>
#include <stdlib.h>
#include "daemon/webhook_address.h"
#include "daemon/webhook_event.h"
#include "daemon/webhook_failing.h"
#include "daemon/webhook_letter.h"
#include "daemon/webhook_schedule.h"
#include "daemon/webhook_settings.h"

#define HOUR INT64_C(3600000)
#define DAY (24 * HOUR)

static uint64_t chance;

static uint64_t next_chance(void)
{
	chance += 0x9e3779b97f4a7c15;
	return (chance ^ (chance >> 31)) * 0xbf58476d1ce4e5b9;
}

static int seeded(void **state)
{
	const char *seed = getenv("SEED");

	(void)state;
	chance = seed ? strtoull(seed, NULL, 0) : 42;
	return 0;
}

/* ----------------------------------------------------------------------------------- failing */

#define SECOND_NS INT64_C(1000000000)
#define NOW (INT64_C(20000) * DAY)

static int64_t failed(struct failing *f, int64_t now_ms, int64_t seconds, bool changes)
{
	bool changed = false;
	int64_t ms = failing_note(f, now_ms, seconds * SECOND_NS, &changed);

	assert_int_equal(changed, changes);
	return ms;
}

static void a_clock_that_jumps_makes_no_failure_older(void **state)
{
	struct failing f = { 0 };

	(void)state;
	assert_int_equal(failed(&f, NOW, 100, true), 0);
	assert_int_equal(f.since_ms, NOW);
	assert_int_equal(failed(&f, NOW + 5000, 105, false), 5000);
	assert_int_equal(failed(&f, NOW + 6 * DAY, 110, true), 10000);
	assert_int_equal(f.since_ms, NOW + 6 * DAY - 10000); /* so that a restart knows no better */
	assert_int_equal(failed(&f, NOW - 6 * DAY, 120, true), 20000);
	assert_int_equal(f.since_ms, NOW - 6 * DAY - 20000);
	assert_int_equal(failed(&f, NOW - 6 * DAY + HOUR - 9000, 120 + 3600, false), 20000 + HOUR);
	assert_int_equal(f.since_ms, NOW - 6 * DAY - 20000); /* slewed by a little */
}

static void failures_before_a_restart_count(void **state)
{
	struct failing f;

	(void)state;
	failing_load(&f, NOW - 4 * DAY, NOW, 7 * SECOND_NS);
	assert_int_equal(failed(&f, NOW + 1000, 8, false), 4 * DAY + 1000);
	assert_int_equal(failed(&f, NOW + DAY, 7 + 86400, false), 5 * DAY);
	failing_load(&f, 0, NOW, 7 * SECOND_NS);
	assert_int_equal(failed(&f, NOW + DAY, 7 + 86400, true), 0);
}

/* It says 1970 until somebody sets it. */
static void a_clock_without_a_battery_ages_nothing(void **state)
{
	struct failing f;

	(void)state;
	failing_load(&f, NOW - 4 * DAY, 5000, 5 * SECOND_NS);
	assert_int_equal(failed(&f, 6000, 6, true), 1000);
	assert_int_equal(f.since_ms, 5000);
	assert_int_equal(failed(&f, NOW, 7, true), 2000);
	assert_int_equal(failed(&f, 0, 8, true), 3000);
	assert_true(f.since_ms > 0);
}

/* ----------------------------------------------------------------------------------- schedule */

static void the_schedule_is_that_of_standard_webhooks_shaken_by_a_fifth(void **state)
{
	static const int64_t seconds[] = { 5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400 };
	const struct attempt failed = { 500, -1 };
	bool moved = false;

	(void)state;
	for (unsigned round = 0; round < 1000; round++)
		for (unsigned i = 0; i < 9; i++) {
			int64_t due, ms = 1000 * seconds[i];

			assert_int_equal(schedule_judge(&schedule_default, i + 1, &failed, 1000000,
				next_chance(), &due), FATE_AGAIN);
			assert_in_range(due - 1000000, ms - ms / 5, ms + ms / 5);
			moved |= due - 1000000 != ms;
		}
	assert_true(moved);
}

static void only_2xx_is_delivered_and_410_is_the_end(void **state)
{
	int64_t due;

	(void)state;
	for (int status = 0; status < 600; status++) {
		struct attempt a = { status, -1 };
		enum fate expected = status >= 200 && status < 300 ? FATE_DELIVERED :
			status == 410 ? FATE_GONE : FATE_AGAIN;

		assert_int_equal(schedule_judge(&schedule_default, 1, &a, 0, 1, &due), expected);
		if (expected == FATE_AGAIN)
			expected = FATE_DEAD;
		assert_int_equal(schedule_judge(&schedule_default, 10, &a, 0, 1, &due), expected);
	}
}

static void retry_after_is_honoured_within_a_day_and_only_for_429_and_503(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		struct attempt slow = { 429, 2 * HOUR }, busy = { 503, 2 * HOUR },
			other = { 500, 2 * HOUR }, far = { 429, 1000 * HOUR }, soon = { 429, 1 };
		int64_t due;

		schedule_judge(&schedule_default, 1, &slow, 0, next_chance(), &due);
		assert_in_range(due, 2 * HOUR, 2 * HOUR + HOUR / 2);
		schedule_judge(&schedule_default, 1, &busy, 0, next_chance(), &due);
		assert_in_range(due, 2 * HOUR, 2 * HOUR + HOUR / 2);
		schedule_judge(&schedule_default, 1, &other, 0, next_chance(), &due);
		assert_in_range(due, 4000, 6000);
		schedule_judge(&schedule_default, 1, &far, 0, next_chance(), &due);
		assert_in_range(due, 24 * HOUR, 29 * HOUR);
		schedule_judge(&schedule_default, 1, &soon, 0, next_chance(), &due);
		assert_in_range(due, 4000, 6000);
	}
}

static void a_schedule_is_read_or_refused_with_a_sentence(void **state)
{
	struct schedule s = { 0 };
	struct complaint c = { 0 };

	(void)state;
	assert_int_equal(schedule_parse(&s, "0s,5s,5min", &c), 0);
	assert_int_equal(s.n, 3);
	assert_int_equal(s.delay_ms[2], 300000);
	assert_int_equal(schedule_parse(&s, "0s,,5s", &c), ERR_INVALID);
	assert_non_null(strstr(c.text, "webhook-schedule"));
	assert_int_equal(schedule_parse(&s, "", &c), ERR_INVALID);
	assert_int_equal(schedule_parse(&s, "0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,"
		"0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s,0s", &c), ERR_INVALID);
	assert_int_equal(s.n, 3);
}

/* -------------------------------------------------------------------------------------- queue */

static struct letter *add(struct queue *q, uint64_t sequence, uint64_t customer)
{
	return queue_add(q, 0, sequence, customer, span_str("body"), true);
}

static void a_customers_later_letter_waits_for_the_earlier_one_and_others_go_on(void **state)
{
	struct queue q;
	struct letter *a1, *a2, *b1;

	(void)state;
	queue_init(&q);
	a1 = add(&q, 1, 'a');
	a2 = add(&q, 2, 'a');
	b1 = add(&q, 3, 'b');
	assert_ptr_equal(queue_ready(&q, false), a1);
	queue_fly(&q, a1);
	assert_ptr_equal(queue_ready(&q, false), b1);
	queue_wait(&q, a1, 5000);
	queue_fly(&q, b1);
	queue_end(&q, b1, LETTER_DONE);
	assert_null(queue_ready(&q, false));
	queue_wake(&q, 4999, 2 * DAY);
	assert_null(queue_ready(&q, false));
	queue_wake(&q, 5000, 2 * DAY);
	assert_ptr_equal(queue_ready(&q, false), a1);
	queue_fly(&q, a1);
	assert_null(queue_ready(&q, false));
	queue_end(&q, a1, LETTER_DEAD); /* or it would be held up for ever */
	assert_ptr_equal(queue_ready(&q, false), a2);
	queue_fini(&q);
}

static void a_clock_that_was_ahead_for_a_while_holds_nobody_up_for_a_year(void **state)
{
	const int64_t now = 1000 * DAY, ahead = now + 365 * DAY;
	const int64_t longest = schedule_longest(&schedule_default);
	struct queue q;
	struct letter *a, *b;

	(void)state;
	assert_int_equal(longest, 24 * HOUR + 24 * HOUR / 5);
	queue_init(&q);
	a = add(&q, 1, 'a');
	b = add(&q, 2, 'b');
	queue_fly(&q, a);
	queue_wait(&q, a, ahead + 5000); /* it failed while the clock was a year ahead */
	queue_fly(&q, b);
	queue_wait(&q, b, now + longest); /* and this one not: it has its time */
	queue_wake(&q, now, longest);
	assert_ptr_equal(queue_ready(&q, false), NULL); /* the first look is at the earliest */
	queue_wake(&q, now + longest, longest);
	assert_int_equal(q.n[LETTER_READY], 2);
	queue_fly(&q, a);
	queue_wait(&q, a, ahead + 5000);
	queue_fly(&q, b);
	queue_end(&q, b, LETTER_DONE);
	queue_wake(&q, now + longest, longest);
	assert_ptr_equal(queue_ready(&q, false), a); /* alone it is seen at once */
	queue_fini(&q);
}

static void the_position_never_passes_what_is_neither_done_nor_kept(void **state)
{
	struct queue q;
	struct letter *l[6];

	(void)state;
	queue_init(&q);
	for (unsigned i = 1; i < 6; i++)
		l[i] = queue_add(&q, 0, i, i, span_str("x"), true);
	(void)queue_add(&q, 1, 1, 9, span_str("x"), true); /* of another shard */
	assert_int_equal(queue_position(&q, 0, 7), 0);
	queue_fly(&q, l[1]);
	queue_end(&q, l[1], LETTER_DONE);
	assert_int_equal(queue_position(&q, 0, 7), 1);
	queue_fly(&q, l[3]);
	queue_end(&q, l[3], LETTER_DONE);
	assert_int_equal(queue_position(&q, 0, 7), 1);
	queue_fly(&q, l[2]);
	queue_wait(&q, l[2], 1);
	queue_mark_kept(&q, l[2]);
	assert_int_equal(queue_position(&q, 0, 7), 3);
	queue_fly(&q, l[4]);
	queue_end(&q, l[4], LETTER_DEAD); /* not kept yet */
	assert_int_equal(queue_position(&q, 0, 7), 3);
	queue_mark_kept(&q, l[4]);
	queue_fly(&q, l[5]);
	queue_end(&q, l[5], LETTER_DONE);
	assert_int_equal(queue_position(&q, 0, 7), 7);
	assert_int_equal(queue_position(&q, 1, 7), 0);
	queue_fini(&q);
}

static void a_letter_is_kept_only_behind_kept_ones_of_its_customer(void **state)
{
	struct letter *first, *second, *other;
	struct queue q;

	(void)state;
	queue_init(&q);
	first = add(&q, 1, 'a');
	other = add(&q, 2, 'b');
	second = add(&q, 3, 'a');
	assert_true(queue_may_keep(first));
	assert_true(queue_may_keep(other));
	queue_fly(&q, first); /* after a crash now it would come from the outbox, and later */
	assert_false(queue_may_keep(second));
	queue_wait(&q, first, 5);
	assert_false(queue_may_keep(second));
	first->writing = true; /* into the same input */
	assert_true(queue_may_keep(second));
	first->writing = false;
	queue_mark_kept(&q, first);
	assert_true(queue_may_keep(second));
	queue_fini(&q);
}

static void a_queue_is_bounded_by_what_is_loose_and_by_what_is_not_done(void **state)
{
	struct queue q;
	struct letter *first;
	uint64_t n = 0;

	(void)state;
	queue_init(&q);
	while (queue_has_room(&q))
		(void)add(&q, ++n, 0);
	assert_int_equal(n, QUEUE_LOOSE_MAX);
	first = q.first;
	queue_fly(&q, first);
	queue_end(&q, first, LETTER_DONE);
	assert_true(queue_has_room(&q));
	for (struct letter *l = q.first; l; l = l->next)
		queue_mark_kept(&q, l);
	assert_int_equal(q.loose, 0);
	while (queue_has_room(&q))
		queue_mark_kept(&q, add(&q, ++n, 0));
	assert_int_equal(queue_undone(&q), QUEUE_LETTERS_MAX);
	queue_fini(&q);
}

/* Days of a receiver that fails, on a virtual clock: each letter is tried by its schedule, in order
 * of its customer, and is delivered or dead at its end. */
static void the_schedule_is_kept_over_days_of_failures(void **state)
{
	static uint64_t last[8];
	int64_t now = 0, began[64] = { 0 };
	unsigned delivered = 0, dead = 0;
	struct queue q;

	(void)state;
	memset(last, 0, sizeof last);
	queue_init(&q);
	for (uint64_t i = 1; i < 64; i++)
		(void)add(&q, i, 1 + i % 8);
	while (queue_undone(&q)) {
		struct letter *l = queue_ready(&q, false);
		struct attempt a = { next_chance() % 8 ? 500 : 200, -1 };
		int64_t due;

		if (!l) {
			assert_int_not_equal(q.next_due_ms, QUEUE_NEVER);
			assert_true(q.next_due_ms > now);
			now = q.next_due_ms;
			queue_wake(&q, now, 2 * DAY);
			continue;
		}
		assert_true(l->sequence > last[l->customer - 1] || l->attempts);
		last[l->customer - 1] = l->sequence;
		if (l->attempts == 0)
			began[l->sequence] = now;
		queue_fly(&q, l);
		l->attempts++;
		switch (schedule_judge(&schedule_default, l->attempts, &a, now, next_chance(), &due)) {
		case FATE_DELIVERED:
			delivered++;
			queue_end(&q, l, LETTER_DONE);
			break;
		case FATE_AGAIN: queue_wait(&q, l, due); break;
		default:
			assert_int_equal(l->attempts, 10);
			assert_in_range((now - began[l->sequence]) / HOUR, 60, 92);
			dead++;
			queue_end(&q, l, LETTER_DEAD);
		}
	}
	assert_int_equal(delivered + dead, 63);
	assert_true(delivered > 20 && dead > 3);
	queue_fini(&q);
}

static struct letter *add_kept(struct queue *q, uint64_t sequence, uint64_t customer, int64_t due)
{
	return queue_add_kept(q, 0, sequence, customer, due, true);
}

/* What the queue sends next, in a string; each is taken. */
static const char *sent(struct queue *q, int64_t now_ms)
{
	static char text[256];
	struct letter *l;

	text[0] = '\0';
	queue_wake(q, now_ms, 2 * DAY);
	while ((l = queue_ready(q, false)) || (l = queue_ready(q, true))) {
		size_t n = strlen(text);

		snprintf(text + n, sizeof text - n, " %llu", (unsigned long long)l->sequence);
		queue_fly(q, l);
		queue_end(q, l, LETTER_DONE);
		queue_remove(q, l);
		queue_wake(q, now_ms, 2 * DAY);
	}
	return text;
}

static void after_a_replay_a_later_letter_that_waited_comes_in_its_place(void **state)
{
	struct queue q;

	(void)state;
	queue_init(&q);
	add_kept(&q, 7, 'a', 1000);
	add_kept(&q, 9, 'a', 1000);
	add(&q, 11, 'b'); /* it has no row: it comes again as it came */
	assert_int_equal(queue_set_back(&q, 0, 3, 500), 0);
	assert_string_equal(sent(&q, 2000), "");
	assert_null(queue_find(&q, 0, 11));
	for (uint64_t i = 4; i <= 12; i++) {
		queue_reach(&q, 0, i - 1, true);
		if (!queue_find(&q, 0, i))
			add(&q, i, 'a');
		queue_reach(&q, 0, i, true);
		if (i == 5)
			assert_string_equal(sent(&q, 2000), " 4 5");
	}
	assert_string_equal(sent(&q, 2000), " 6 7 8 9 10 11 12");
	assert_int_equal(q.n[LETTER_AHEAD], 0);
	queue_fini(&q);
}

static void a_replay_touches_nothing_before_its_place_or_of_another_shard(void **state)
{
	struct queue q;

	(void)state;
	queue_init(&q);
	add(&q, 3, 'a');
	queue_add(&q, 1, 8, 'b', span_str("x"), true);
	add(&q, 4, 'a');
	queue_set_back(&q, 0, 3, 0);
	assert_int_equal(queue_undone(&q), 2);
	assert_string_equal(sent(&q, 0), " 3 8");
	queue_fini(&q);
}

static void what_a_trimmed_outbox_has_no_more_comes_after_a_replay_all_the_same(void **state)
{
	struct queue q;

	(void)state;
	queue_init(&q);
	add_kept(&q, 8, 'a', 1000);
	add_kept(&q, 9, 'a', 1000);
	add_kept(&q, 7, 'b', 500); /* driven again, so behind them */
	queue_set_back(&q, 0, 0, 0);
	queue_reach(&q, 0, 20, true);
	assert_string_equal(sent(&q, 999), " 7");
	assert_string_equal(sent(&q, 1000), " 8 9");
	queue_fini(&q);
}

static void what_was_under_way_at_a_replay_is_sent_again_and_its_answer_is_stale(void **state)
{
	struct letter *l;
	struct queue q;
	uint32_t flight;

	(void)state;
	queue_init(&q);
	l = add_kept(&q, 7, 'a', 0);
	queue_wake(&q, 0, 2 * DAY);
	queue_fly(&q, l);
	flight = l->flight;
	queue_set_back(&q, 0, 0, 0);
	queue_reach(&q, 0, 7, true);
	queue_wake(&q, 0, 2 * DAY);
	assert_ptr_equal(queue_ready(&q, true), l);
	queue_fly(&q, l);
	assert_int_not_equal(l->flight, flight);
	queue_fini(&q);
}

static void what_died_while_a_replay_was_on_its_way_waits_again(void **state)
{
	struct letter *l;
	struct queue q;

	(void)state;
	queue_init(&q);
	l = add(&q, 7, 'a');
	l->attempts = 10;
	queue_fly(&q, l);
	queue_end(&q, l, LETTER_DEAD);
	assert_int_equal(queue_set_back(&q, 0, 0, 100), 1);
	assert_true(l->changed && l->attempts == 0);
	queue_reach(&q, 0, 7, true);
	assert_string_equal(sent(&q, 100), " 7");
	queue_fini(&q);
}

static void a_secret_is_read_from_a_file_and_from_nothing_that_never_ends(void **state)
{
	static const char *const endless[] = { "/dev/zero", "/tmp", NULL };
	char path[64] = "/tmp/kith-secret-XXXXXX";
	struct secrets s = { 0 };
	struct complaint c = { 0 };
	int fd = mkstemp(path);

	(void)state;
	assert_int_equal(dprintf(fd, "\nwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n"), 40);
	assert_int_equal(close(fd), 0);
	assert_int_equal(secrets_read(&s, path, &c), 0);
	assert_int_equal(s.n, 1);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(mkfifo(path, 0600), 0); /* nobody will ever write into it */
	assert_true(secrets_read(&s, path, &c) < 0);
	assert_int_equal(unlink(path), 0);
	for (unsigned i = 0; endless[i]; i++)
		assert_true(secrets_read(&s, endless[i], &c) < 0);
	assert_int_equal(s.n, 1);
}

static void a_letters_row_comes_back(void **state)
{
	struct letter l = { .attempts = 3, .status = 503, .due_ms = 5, .first_ms = 6, .last_ms = 7,
		.customer = 0x0102030405060708, .error = "answered 503", .body = (uint8_t *)"encoded",
		.size = 7 }, back;
	struct buf out = { 0 };
	enum letter_row kind;
	struct span body;

	(void)state;
	letter_pack(&out, &l, ROW_DEAD);
	assert_int_equal(letter_unpack(span_of(out.data, out.size), &back, &kind, &body), 0);
	assert_int_equal(kind, ROW_DEAD);
	assert_true(back.attempts == 3 && back.status == 503 && back.due_ms == 5 &&
		back.first_ms == 6 && back.last_ms == 7 && back.customer == l.customer);
	assert_string_equal(back.error, l.error);
	assert_true(span_eq(body, span_str("encoded")));
	for (size_t n = 0; n < out.size - 7; n++)
		assert_int_equal(letter_unpack(span_of(out.data, n), &back, &kind, &body), ERR_CORRUPT);
	buf_fini(&out);
}

/* --------------------------------------------------------------------------------- signatures */

/* The example of the Standard Webhooks specification's first library. */
static void a_signature_is_that_of_the_published_example(void **state)
{
	struct secrets s = { 0 };
	char out[SIGNATURES_MAX];

	(void)state;
	assert_int_equal(secret_add(&s, span_str("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), NULL), 0);
	signatures_make(&s, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
		span_str("{\"test\": 2432232314}"), out);
	assert_string_equal(out, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	assert_int_equal(secret_add(&s, span_str("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"), NULL), 0);
	signatures_make(&s, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
		span_str("{\"test\": 2432232314}"), out);
	assert_string_equal(out, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE= "
		"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void a_secret_has_24_to_64_bytes_and_is_never_quoted(void **state)
{
	static const char *const bad[] = { "", "whsec_", "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2La****",
		"whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==" };
	struct secrets s = { 0 };
	char text[128] = "whsec_";
	struct complaint c;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		assert_int_equal(secret_add(&s, span_str(bad[i]), &c), ERR_INVALID);
		assert_null(strstr(c.text, "MfKQ"));
	}
	for (unsigned bytes = 3; bytes <= 90; bytes += 3) {
		memset(text + 6, 'A', bytes / 3 * 4);
		text[6 + bytes / 3 * 4] = '\0';
		s.n = 0;
		assert_int_equal(secret_add(&s, span_str(text), NULL),
			bytes >= 24 && bytes <= 64 ? 0 : ERR_INVALID);
	}
	memset(text + 6, 'A', 88); /* 64 bytes: 86 characters and two of padding */
	strcpy(text + 6 + 86, "==");
	s.n = 0;
	assert_int_equal(secret_add(&s, span_str(text), NULL), 0);
	assert_int_equal(s.list[0].size, 64);
}

/* ---------------------------------------------------------------------------------- addresses */

static enum address_class class_of(const char *text)
{
	struct sockaddr_in6 in6 = { .sin6_family = AF_INET6 };
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, text, &in.sin_addr) == 1)
		return address_class((struct sockaddr *)&in, sizeof in);
	assert_int_equal(inet_pton(AF_INET6, text, &in6.sin6_addr), 1);
	return address_class((struct sockaddr *)&in6, sizeof in6);
}

static void addresses_have_the_class_of_the_registries(void **state)
{
	static const char *const public[] = { "1.1.1.1", "9.255.255.255", "11.0.0.0", "100.63.255.255",
		"100.128.0.0", "126.255.255.255", "128.0.0.1", "169.253.255.255", "172.15.255.255",
		"172.32.0.0", "192.167.255.255", "192.169.0.0", "198.17.255.255", "198.20.0.0",
		"223.255.255.255", "2606:4700::1111", "2a00:1450::1", "2001:4860::8888", "3fff::1" };
	static const char *const private[] = { "10.0.0.0", "10.255.255.255", "100.64.0.1",
		"127.0.0.1", "127.255.255.255", "172.16.0.0", "172.31.255.255", "192.168.255.255",
		"::1", "fc00::1", "fdff::1", "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:1.1.1.1",
		"64:ff9b::a00:1", "64:ff9b::101:101", "2002:7f00:1::1" };
	static const char *const never[] = { "0.0.0.0", "0.1.2.3", "169.254.169.254", "192.0.0.1",
		"192.0.2.1", "192.88.99.1", "198.18.0.1", "198.19.255.255", "198.51.100.1", "203.0.113.1",
		"224.0.0.1", "239.1.1.1", "240.0.0.1", "255.255.255.255", "::", "::7f00:1", "fe80::1",
		"fec0::1", "ff02::1", "2001::1", "2001:db8::1", "64:ff9b:1::1", "100::1",
		"::ffff:169.254.169.254", "::ffff:0.0.0.0", "2002:a9fe:a9fe::1", "64:ff9b::a9fe:a9fe",
		"4000::1" };

	(void)state;
#define EACH(list, expected) for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) \
		if (class_of(list[i]) != expected) \
			fail_msg("%s is not %s", list[i], #expected)
	EACH(public, ADDRESS_PUBLIC);
	EACH(private, ADDRESS_PRIVATE);
	EACH(never, ADDRESS_NEVER);
#undef EACH
}

static void plain_http_stays_inside_and_private_wants_a_word(void **state)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0x01010101) };
	struct sockaddr *a = (struct sockaddr *)&in;
	struct sockaddr_storage other = { .ss_family = AF_UNIX };

	(void)state;
	assert_true(address_allowed(a, sizeof in, false, false));
	assert_true(address_allowed(a, sizeof in, true, false));
	assert_false(address_allowed(a, sizeof in, true, true));
	in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_false(address_allowed(a, sizeof in, false, false));
	assert_true(address_allowed(a, sizeof in, true, false));
	assert_true(address_allowed(a, sizeof in, true, true));
	in.sin_addr.s_addr = htonl(0xa9fea9fe);
	assert_false(address_allowed(a, sizeof in, true, true));
	assert_false(address_allowed((struct sockaddr *)&other, sizeof other, true, false));
	assert_false(address_allowed(a, 2, true, false));
}

/* ----------------------------------------------------------------------------------- settings */

static void settings_come_back_from_the_message_that_opens(void **state)
{
	static const char *const values[][2] = { { "name", "crm" }, { "url", "https://a.example/x?y" },
		{ "secret", "one,/etc/two" }, { "format", "binary" }, { "order", "none" },
		{ "rate", "7" }, { "allow-private", "yes" }, { "start", "oldest" },
		{ "type", "risk.,customer." }, { "severity", "high" } };
	struct webhook_settings s = { 0 }, back;
	static struct subscriber_message m, decoded;
	struct arena *a = arena_new(4096, 1 << 20);
	struct buf out = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof values[0]; i++)
		assert_int_equal(webhook_set(&s, values[i][0], values[i][1], NULL), 0);
	assert_int_equal(webhook_check(&s, NULL), 0);
	s.paused = WEBHOOK_GONE;
	strcpy(s.reason, "gone");
	webhook_to_message(&s, &m);
	subscriber_encode(&out, &m);
	assert_int_equal(subscriber_decode(&decoded, out.data, out.size, a, NULL), 0);
	webhook_from_message(&back, &decoded);
	assert_true(webhook_same(&s, &back));
	assert_string_equal(back.name, "crm");
	assert_string_equal(back.reason, "gone");
	assert_int_equal(back.paused, WEBHOOK_GONE);
	assert_true(back.oldest);
	buf_fini(&out);
	arena_free(a);
}

static void bad_settings_are_refused_with_a_sentence(void **state)
{
	static const char *const bad[][2] = { { "format", "xml" }, { "order", "some" }, { "rate", "fast" },
		{ "allow-private", "maybe" }, { "start", "now" }, { "secret", "" }, { "secret", "a,,b" },
		{ "secret", "a,b,c,d,e" }, { "severity", "dire" }, { "colour", "red" },
		{ "secret", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw" } };
	static const char *const urls[] = { "", "a.example", "ftp://a.example/", "http://a.example/",
		"https://u@a.example/", "https://u:p@a.example/", "https://a.example/#f", "https://" };
	struct webhook_settings s = { .name = "crm", .n_secrets = 1, .secrets = { "one" } };
	struct complaint c;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct webhook_settings t = s;

		memset(&c, 0, sizeof c);
		assert_int_equal(webhook_set(&t, bad[i][0], bad[i][1], &c), ERR_INVALID);
		assert_true(strlen(c.text) > 10);
		assert_null(strstr(c.text, "MfKQ"));
	}
	for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
		strcpy(s.url, urls[i]);
		assert_int_equal(webhook_check(&s, &c), ERR_INVALID);
		assert_non_null(strstr(c.text, "url"));
	}
	strcpy(s.url, "http://a.example/");
	s.allow_private = true;
	assert_int_equal(webhook_check(&s, &c), 0);
	s.n_secrets = 0;
	assert_int_equal(webhook_check(&s, &c), ERR_INVALID);
}

/* ------------------------------------------------------------------------------------- events */

static const char *header(const struct buf *lines, const char *name)
{
	size_t n = strlen(name);

	for (size_t at = 0; at < lines->size; at += strlen((char *)lines->data + at) + 1)
		if (strncmp((char *)lines->data + at, name, n) == 0 && lines->data[at + n] == ':')
			return (char *)lines->data + at + n + 2;
	return NULL;
}

static void attributes_in_headers_are_percent_encoded(void **state)
{
	struct notification n = { .shard = 3, .sequence = 1042, .type = span_str("stage.repeat"),
		.customer = span_str("zo\xc3\xab \"100%\""), .at_ms = 1776412800000 };
	struct secrets secrets = { 0 };
	struct event_head head;
	struct buf lines = { 0 };

	(void)state;
	assert_int_equal(secret_add(&secrets, span_str("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
		NULL), 0);
	event_head_of(&n, "urn:kith:00", &head);
	event_headers(&lines, &head, WEBHOOK_BINARY, &secrets, 1776412800123, span_str("{}"));
	assert_string_equal(header(&lines, "ce-id"), "3-1042");
	assert_string_equal(header(&lines, "webhook-id"), "3-1042");
	assert_string_equal(header(&lines, "webhook-timestamp"), "1776412800");
	assert_string_equal(header(&lines, "ce-subject"), "zo%C3%AB%20%22100%25%22");
	assert_string_equal(header(&lines, "ce-time"), "2026-04-17T08:00:00Z");
	assert_string_equal(header(&lines, "Content-Type"), "application/json");
	buf_clear(&lines);
	event_headers(&lines, &head, WEBHOOK_STRUCTURED, &secrets, 0, span_str("{}"));
	assert_null(header(&lines, "ce-id"));
	buf_fini(&lines);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_clock_that_jumps_makes_no_failure_older),
		cmocka_unit_test(failures_before_a_restart_count),
		cmocka_unit_test(a_clock_without_a_battery_ages_nothing),
		cmocka_unit_test_setup(the_schedule_is_that_of_standard_webhooks_shaken_by_a_fifth, seeded),
		cmocka_unit_test(only_2xx_is_delivered_and_410_is_the_end),
		cmocka_unit_test_setup(retry_after_is_honoured_within_a_day_and_only_for_429_and_503,
			seeded),
		cmocka_unit_test(a_schedule_is_read_or_refused_with_a_sentence),
		cmocka_unit_test(a_customers_later_letter_waits_for_the_earlier_one_and_others_go_on),
		cmocka_unit_test(a_clock_that_was_ahead_for_a_while_holds_nobody_up_for_a_year),
		cmocka_unit_test(the_position_never_passes_what_is_neither_done_nor_kept),
		cmocka_unit_test(a_letter_is_kept_only_behind_kept_ones_of_its_customer),
		cmocka_unit_test(a_queue_is_bounded_by_what_is_loose_and_by_what_is_not_done),
		cmocka_unit_test_setup(the_schedule_is_kept_over_days_of_failures, seeded),
		cmocka_unit_test(after_a_replay_a_later_letter_that_waited_comes_in_its_place),
		cmocka_unit_test(a_replay_touches_nothing_before_its_place_or_of_another_shard),
		cmocka_unit_test(what_a_trimmed_outbox_has_no_more_comes_after_a_replay_all_the_same),
		cmocka_unit_test(what_was_under_way_at_a_replay_is_sent_again_and_its_answer_is_stale),
		cmocka_unit_test(what_died_while_a_replay_was_on_its_way_waits_again),
		cmocka_unit_test(a_secret_is_read_from_a_file_and_from_nothing_that_never_ends),
		cmocka_unit_test(a_letters_row_comes_back),
		cmocka_unit_test(a_signature_is_that_of_the_published_example),
		cmocka_unit_test(a_secret_has_24_to_64_bytes_and_is_never_quoted),
		cmocka_unit_test(addresses_have_the_class_of_the_registries),
		cmocka_unit_test(plain_http_stays_inside_and_private_wants_a_word),
		cmocka_unit_test(settings_come_back_from_the_message_that_opens),
		cmocka_unit_test(bad_settings_are_refused_with_a_sentence),
		cmocka_unit_test(attributes_in_headers_are_percent_encoded),
	};

	return cmocka_run_group_tests_name("webhook", tests, seeded, NULL);
}
