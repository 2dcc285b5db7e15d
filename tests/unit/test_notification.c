/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications, written and read by hand: the same bytes and the same reading as protobuf-c's, and the
 * same table as kith.proto. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "proto/notification.h"
#include "tests/unit/arena_fixture.h"
#include "tests/unit/codec_random.h"

/* ------------------------------------------------------------------------------- by protobuf-c */

static void what_fill(Kith__Notification__Evidence *m, const struct evidence *e)
{
	const char *unit = unit_name(e->unit);

	kith__notification__evidence__init(m);
	SET_BYTES(m, fact, e->fact);
	SET_BYTES(m, test, e->test);
	m->has_value = e->known && e->unit != UNIT_NAME;
	m->value = e->value;
	m->has_text = e->known && e->unit == UNIT_NAME;
	m->text = binary_of(e->text);
	if (unit)
		SET_BYTES(m, unit, span_str(unit));
}

static Kith__Notification__Evidence **list_fill(const struct evidence *list, unsigned n, bool tests)
{
	Kith__Notification__Evidence **all = arena_alloc(arena, (n + 1) * sizeof *all);

	for (unsigned i = 0; i < n; i++) {
		Kith__Notification__Evidence *m = all[i] = arena_alloc(arena, sizeof *m);

		what_fill(m, &list[i]);
		if (!tests)
			continue;
		m->has_holds = true;
		m->holds = list[i].holds;
		m->has_speaks = m->speaks = list[i].speaks;
		m->has_left = m->left = list[i].left;
	}
	return all;
}

/* Each field by its name in the generated struct; none by its number. */
static void notification_pack(struct buf *out, const struct notification *n)
{
	Kith__Notification m = KITH__NOTIFICATION__INIT;
	char id[40];

	snprintf(id, sizeof id, "%u-%llu", n->shard, (unsigned long long)n->sequence);
	SET_BYTES(&m, id, span_str(id));
#define TEXT(number, name) SET_BYTES(&m, name, n->name);
#define NUMBER(number, name, member) SET_NUMBER(&m, name, n->member);
#define GIVEN(number, name, has) \
	m.has_##name = n->has; \
	m.name = n->name;
#define ALWAYS(number, name) \
	m.has_##name = true; \
	m.name = n->name;
#define ENUM(number, name, count) SET_NUMBER(&m, name, n->name);
#define LIST(number, name, max, tests) \
	m.n_##name = n->n_##name; \
	m.name = list_fill(n->name, n->n_##name, tests);
#include "proto/notification.def"
	message_append(out, &m);
}

/* --------------------------------------------------------------------------------------- random */

static struct span maybe_text(struct dice *d, unsigned full)
{
	size_t max = dice_below(d, 8) ? 30 : 300;

	return dice_below(d, 8) < full ? random_text(d, max, arena) : span_of(NULL, 0);
}

static void random_evidence(struct evidence *e, struct dice *d, unsigned full)
{
	*e = (struct evidence){ .fact = maybe_text(d, full), .test = maybe_text(d, full),
		.text = maybe_text(d, full), .unit = (uint8_t)dice_below(d, UNIT_COUNT_),
		.known = dice_below(d, 4) != 0, .holds = dice_below(d, 2), .speaks = dice_below(d, 2),
		.left = dice_below(d, 2), .value = (double)random_number(d, -1000, 1000) / 8 };
}

/* All that a member can hold, all fields at once or few. */
static void random_notification(struct notification *n, struct dice *d)
{
	unsigned full = (unsigned)dice_below(d, 9); /* eighths */

	memset(n, 0, sizeof *n);
#define TEXT(number, name) n->name = maybe_text(d, full);
#define NUMBER(number, name, member) \
	n->member = dice_below(d, 8) < full ? (__typeof__(n->member))dice_64(d) >> dice_below(d, 31) : 0;
#define GIVEN(number, name, has) \
	n->has = dice_below(d, 8) < full; \
	n->name = (int64_t)dice_64(d) >> dice_below(d, 64);
#define ALWAYS(number, name) n->name = (__typeof__(n->name))dice_64(d) >> dice_below(d, 31);
#define ENUM(number, name, count) n->name = (uint8_t)dice_below(d, count);
#define LIST(number, name, max, tests) \
	n->n_##name = (unsigned)dice_below(d, max + 1); \
	for (unsigned i = 0; i < n->n_##name; i++) \
		random_evidence(&n->name[i], d, full);
#include "proto/notification.def"
}

static void a_notification_is_written_as_protobuf_c_would(void **state)
{
	struct dice d = { test_seed() };
	struct buf by_hand = { 0 }, packed = { 0 };
	struct notification n, back;

	(void)state;
	for (unsigned run = 0; run < test_runs(3000); run++) {
		arena_reset(arena);
		random_notification(&n, &d);
		buf_clear(&by_hand);
		buf_clear(&packed);
		notification_encode(&by_hand, &n);
		notification_pack(&packed, &n);
		assert_int_equal(by_hand.size, packed.size);
		assert_memory_equal(by_hand.data, packed.data, packed.size);
		if (n.sequence == 0 || packed.size > NOTIFICATION_BYTES_MAX)
			continue;
		assert_int_equal(notification_decode(&back, by_hand.data, by_hand.size, arena), 0);
		buf_clear(&packed);
		notification_encode(&packed, &back);
		assert_int_equal(by_hand.size, packed.size);
		assert_memory_equal(by_hand.data, packed.data, packed.size);
	}
	buf_fini(&by_hand);
	buf_fini(&packed);
}

static int decode_by_protobuf_c(struct notification *n, struct span bytes)
{
	const struct message_limit limit = { NOTIFICATION_BYTES_MAX, 1024 };
	Kith__Notification *m;
	int rc = message_unpack(&kith__notification__descriptor, bytes, limit, arena, &m, NULL);

	return rc ? rc : notification_take(n, m);
}

static void no_mutation_is_read_otherwise_than_protobuf_c_reads_it(void **state)
{
	struct dice d = { test_seed() + 1 };
	struct buf b = { 0 }, by_hand = { 0 }, packed = { 0 };
	struct notification n, other;
	unsigned taken = 0, refused = 0;

	(void)state;
	for (unsigned run = 0; run < test_runs(20000); run++) {
		int rc;

		arena_reset(arena);
		random_notification(&n, &d);
		buf_clear(&b);
		notification_encode(&b, &n);
		mutate(&b, &d);
		rc = notification_decode(&n, b.data, b.size, arena);
		assert_int_equal(decode_by_protobuf_c(&other, span_of(b.data, b.size)), rc);
		refused += rc != 0;
		if (rc != 0)
			continue;
		taken++;
		buf_clear(&by_hand);
		buf_clear(&packed);
		notification_encode(&by_hand, &n);
		notification_encode(&packed, &other);
		assert_int_equal(by_hand.size, packed.size);
		assert_memory_equal(by_hand.data, packed.data, packed.size);
	}
	assert_true(taken > 1000 && refused > 1000);
	buf_fini(&b);
	buf_fini(&by_hand);
	buf_fini(&packed);
}

/* Whoever adds a field to kith.proto and not to the table, or with another number, is told. */
static void the_table_is_that_of_kith_proto(void **state)
{
	static const struct { unsigned number; const char *name; ProtobufCType type; bool many; } rows[] = {
		{ 1, "id", PROTOBUF_C_TYPE_BYTES, false },
#define TEXT(number, name) { number, #name, PROTOBUF_C_TYPE_BYTES, false },
#define NUMBER(number, name, member) { number, #name, \
	sizeof(((struct notification *)0)->member) == 4 ? PROTOBUF_C_TYPE_UINT32 : PROTOBUF_C_TYPE_INT64, \
	false },
#define GIVEN(number, name, has) { number, #name, PROTOBUF_C_TYPE_INT64, false },
#define ALWAYS(number, name) { number, #name, \
	sizeof(((struct notification *)0)->name) == 4 ? PROTOBUF_C_TYPE_UINT32 : PROTOBUF_C_TYPE_UINT64, \
	false },
#define ENUM(number, name, count) { number, #name, PROTOBUF_C_TYPE_ENUM, false },
#define LIST(number, name, max, tests) { number, #name, PROTOBUF_C_TYPE_MESSAGE, true },
#include "proto/notification.def"
	};
	const ProtobufCMessageDescriptor *type = &kith__notification__descriptor;

	(void)state;
	assert_int_equal(sizeof rows / sizeof rows[0], type->n_fields);
	for (unsigned i = 0; i < type->n_fields; i++) { /* descriptors are in the order of numbers */
		assert_string_equal(rows[i].name, type->fields[i].name);
		assert_int_equal(rows[i].number, type->fields[i].id);
		assert_int_equal(rows[i].type, type->fields[i].type);
		assert_int_equal(rows[i].many, type->fields[i].label == PROTOBUF_C_LABEL_REPEATED);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_notification_is_written_as_protobuf_c_would),
		cmocka_unit_test(no_mutation_is_read_otherwise_than_protobuf_c_reads_it),
		cmocka_unit_test(the_table_is_that_of_kith_proto),
	};

	return cmocka_run_group_tests(tests, arena_setup, arena_teardown);
}
