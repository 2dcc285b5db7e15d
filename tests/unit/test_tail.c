/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a trail in a customer's record, against a plain list of what was put to it: written and
 * read again and again, taken back, moved to a row, each piece leaning on others or alone. SEED and
 * RUNS from the environment. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/unit/random_event.h"
#include "workers/tail.h"

#define RECORD_TAIL_BYTES (2 * TAIL_ADDED_MAX)
#define LIST_MAX 200
#define TILLS    4

static struct tail end;

static struct event purchase(unsigned i, char id[RANDOM_ID_SIZE])
{
	struct event e = { .body = BODY_PURCHASE };

	(void)snprintf(id, RANDOM_ID_SIZE, "2023/01/01/%03u", i * 50);
	e.id = span_str(id);
	e.as.purchase.order = span_str("o-1");
	e.as.purchase.amount = 1200;
	return e;
}

static struct {
	struct random r;
	struct item {
		uint8_t tag; /* enum piece */
		struct moment m; /* its key is in `key` */
		struct told told;
		uint8_t key[PIECE_KEY_MAX];
	} items[LIST_MAX];
	unsigned n, n_held; /* of these, in the record */
	uint64_t number;
	int64_t now_ms;
} list;

static struct item *list_add(enum piece tag)
{
	struct item *i = &list.items[list.n++];

	assert_true(list.n <= LIST_MAX);
	i->tag = (uint8_t)tag;
	return i;
}

/* Like the purchases of a shop: tills in turn, ids that rise, now and then something else. */
static void add_random_event(void)
{
	static char ids[2][RANDOM_ID_SIZE];
	char source[12];
	struct item *i = list_add(PIECE_EVENT);
	struct event e = purchase((unsigned)list.number++, ids[0]);
	struct message m = { .kind = MESSAGE_BOUGHT, .time_ms = list.now_ms, .other = span_str("bert"),
		.cause_source = span_str("t"), .cause_id = span_str(ids[0]), .customer = span_str("anna") };

	list.now_ms += (int64_t)random_below(&list.r, 3) * 60000;
	if (random_below(&list.r, 8) == 0)
		random_event(&list.r, list.number, ids[1], &e);
	snprintf(source, sizeof source, "till-%u", (unsigned)random_below(&list.r, TILLS));
	e.source = span_str(source);
	e.time_ms = list.now_ms - (int64_t)random_below(&list.r, 2);
	if (random_below(&list.r, 6) == 0) {
		i->m = moment_of(NULL, &m, list.now_ms, i->key);
		tail_add(&end, NULL, &m, list.now_ms);
	} else {
		i->m = moment_of(&e, NULL, list.now_ms, i->key);
		tail_add(&end, &e, NULL, list.now_ms);
	}
}

static void add_random_told(void)
{
	struct item *i = list_add(random_below(&list.r, 4) ? PIECE_TOLD : PIECE_ANNOUNCED);

	i->told = (struct told){ .sequence = random_below(&list.r, 3) ? ++list.number : 0,
		.change = { .kind = CHANGE_RISK_RAISED, .risk = (uint8_t)random_below(&list.r, 9),
			.from = RUNG_NONE, .to = RUNG_NONE,
			.at_ms = list.now_ms + (int64_t)random_below(&list.r, 5) - 2 } };
	if (i->tag == PIECE_TOLD)
		tail_tell_again(&end, &i->told);
	else
		tail_announced(&end, &i->told);
}

static void check_moment(const struct moment *want, const struct moment *got)
{
	assert_int_equal(want->at_ms, got->at_ms);
	assert_int_equal(want->time_ms, got->time_ms);
	assert_int_equal(want->is_message, got->is_message);
	assert_int_equal(want->key.size, got->key.size);
	assert_memory_equal(want->key.data, got->key.data, got->key.size);
}

static void check_item(const struct item *i, const struct strip_piece *piece)
{
	uint8_t room[PIECE_KEY_MAX];
	struct moment got;

	assert_int_equal(piece->tag, i->tag);
	if (i->tag == PIECE_EVENT) {
		assert_int_equal(packed_open(&piece->event, room, &got), 0);
		check_moment(&i->m, &got);
	} else {
		assert_int_equal(piece->told.sequence, i->told.sequence);
		assert_int_equal(piece->told.change.at_ms, i->told.change.at_ms);
		assert_int_equal(piece->told.change.risk, i->told.change.risk);
	}
}

/* Items from FROM to UPTO are PIECES, behind those that K has met. */
static void check_items(struct strip *k, struct span pieces, unsigned from, unsigned upto)
{
	struct strip_piece piece;

	for (unsigned i = from; i < upto; i++) {
		assert_int_equal(strip_next(k, &pieces, &piece), 0);
		check_item(&list.items[i], &piece);
	}
	assert_int_equal(strip_next(k, &pieces, &piece), ERR_NOTFOUND);
}

static void list_drop(unsigned n)
{
	memmove(list.items, list.items + n, (list.n - n) * sizeof *list.items);
	list.n -= n;
	for (unsigned i = 0; i < list.n; i++) /* its key has moved along */
		list.items[i].m.key.data = list.items[i].key;
}

/* As story_store() has it: what is held goes to a row when it is much, and then what is left into the
 * record, from which it is read again. */
static void save_and_load(uint8_t bytes[RECORD_TAIL_BYTES])
{
	struct strip k;
	size_t n;

	if (end.n_events >= TAIL_HALF_EVENTS || end.held.size + end.size > TAIL_HALF_BYTES) {
		tail_stand_alone(&end);
		list_drop(list.n_held);
		tail_moved(&end, 3, 70000, 100, 0);
	}
	if (end.size > TAIL_HALF_BYTES) {
		list_drop(list.n);
		tail_init(&end);
		tail_begin(&end);
		tail_moved(&end, 3, 70000, 100, 0);
	}
	n = (size_t)(tail_put(&end, bytes) - bytes);
	tail_init(&end);
	assert_non_null(tail_take(&end, span_of(bytes, n)));
	list.n_held = list.n;
	tail_keep(&end, 3);
	strip_begin(&k);
	check_items(&k, end.held, 0, list.n);
}

/* The last item of all that is an event; NULL. */
static const struct item *last_event(void)
{
	for (unsigned i = list.n; i-- > 0;)
		if (list.items[i].tag == PIECE_EVENT)
			return &list.items[i];
	return NULL;
}

static void check_last(void)
{
	const struct item *i = last_event();
	struct moment got;
	struct packed last;
	uint8_t room[PIECE_KEY_MAX];
	bool there = strip_last(end.held, end.model, end.last, &last);

	assert_int_equal(there, i != NULL);
	if (!there)
		return;
	assert_int_equal(packed_open(&last, room, &got), 0);
	check_moment(&i->m, &got);
}

static void try_and_take_back(void)
{
	uint16_t size = end.size;
	unsigned n = list.n;

	add_random_event();
	tail_take_back(&end, size);
	list.n = n;
}

static void an_end_says_what_was_put_to_it_wherever_that_lies(void **state)
{
	(void)state;
	list.r.state = random_seed(1) * 1000003;
	for (unsigned run = 0; run < random_runs(300); run++) {
		uint8_t bytes[2][RECORD_TAIL_BYTES];

		list.n = list.n_held = 0;
		list.now_ms = RANDOM_BEGIN_MS;
		tail_init(&end);
		tail_begin(&end);
		tail_moved(&end, 3, 70000, 100, 0);
		for (unsigned step = 0; step < 60; step++) {
			struct strip k;

			for (unsigned n = (unsigned)random_below(&list.r, 3); n > 0 && end.kept; n--) {
				if (random_below(&list.r, 5) == 0)
					try_and_take_back();
				if (random_below(&list.r, 2))
					add_random_event();
				else
					add_random_told();
			}
			assert_true(end.kept);
			strip_begin(&k);
			if (!end.is_alone)
				check_items(&k, end.held, 0, list.n_held);
			check_items(&k, tail_news(&end), list.n_held, list.n);
			save_and_load(bytes[step % 2]);
			check_last();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_end_says_what_was_put_to_it_wherever_that_lies),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
