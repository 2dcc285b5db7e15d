/* SPDX-License-Identifier: Apache-2.0 */
/* All messages but events: round trips, hostile bytes before protobuf-c sees them, the arena, the
 * golden files. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "proto/message.h"
#include "tests/unit/arena_fixture.h"
#include "tests/unit/codec_random.h"

static struct buf out;

static int teardown(void **state)
{
	buf_fini(&out);
	return arena_teardown(state);
}

static int fresh(void **state)
{
	(void)state;
	arena_reset(arena);
	buf_clear(&out);
	return 0;
}

/* -------------------------------------------------------------------------------------- arena */

static void an_arena_is_bounded_and_keeps_its_largest_block(void **state)
{
	struct arena *a = arena_new(1024, 16384);
	uint8_t *p;

	(void)state;
	assert_int_equal(arena_held(a), 0);
	p = arena_alloc(a, 1);
	assert_int_equal((uintptr_t)p % 16, 0);
	assert_int_equal(arena_held(a), 1024);
	assert_int_equal((uint8_t *)arena_alloc(a, 17) - p, 16);
	assert_int_equal((uint8_t *)arena_alloc(a, 0) - p, 48);
	assert_non_null(arena_alloc(a, 1024));
	assert_int_equal(arena_held(a), 3072); /* the first, and twice that */
	assert_null(arena_alloc(a, 13313));
	assert_non_null(arena_alloc(a, 13312));
	assert_null(arena_alloc(a, 4096));
	arena_reset(a);
	assert_int_equal(arena_held(a), 13312);
	assert_non_null(arena_alloc(a, 16384)); /* what was kept does not stand in the way */
	assert_int_equal(arena_held(a), 16384);
	arena_reset(a);
	assert_null(arena_alloc(a, 16385));
	assert_null(arena_alloc(a, SIZE_MAX));
	arena_free(a);
	arena_free(NULL);
}

/* --------------------------------------------------------------------------------- round trips */

static void a_receipt_comes_back(void **state)
{
	struct rejection rejected[REJECT_COUNT];
	struct receipt r = { 7, 97, 2, REJECT_COUNT - 1, rejected, 5000, NULL, NULL }, back;

	(void)state;
	for (unsigned i = 0; i < REJECT_COUNT - 1; i++)
		rejected[i] = (struct rejection){ i * 1000, (uint8_t)(i + 1), "a sentence" };
	receipt_encode(&out, &r);
	assert_int_equal(receipt_decode(&back, out.data, out.size, arena), 0);
	assert_int_equal(back.number, 7);
	assert_int_equal(back.accepted, 97);
	assert_int_equal(back.duplicates, 2);
	assert_int_equal(back.credit, 5000);
	assert_null(back.refused);
	assert_null(back.text);
	assert_int_equal(back.n_rejected, REJECT_COUNT - 1);
	for (unsigned i = 0; i < back.n_rejected; i++) {
		assert_int_equal(back.rejected[i].index, i * 1000);
		assert_int_equal(back.rejected[i].code, i + 1);
		assert_string_equal(back.rejected[i].text, "a sentence");
	}
	buf_clear(&out);
	r = (struct receipt){ .number = 8, .refused = "full", .text = "the disk is full" };
	receipt_encode(&out, &r);
	assert_int_equal(receipt_decode(&back, out.data, out.size, arena), 0);
	assert_string_equal(back.refused, "full");
	assert_string_equal(back.text, "the disk is full");
}

static void a_rejection_of_a_newer_daemon_stays_one(void **state)
{
	static const uint8_t bytes[] = { 0x22, 0x0e, 0x08, 5, 0x12, 3, 'n', 'e', 'w', 0x1a, 5, 'w',
		'o', 'r', 'd', 's' };
	struct receipt r;

	(void)state;
	assert_int_equal(receipt_decode(&r, bytes, sizeof bytes, arena), 0);
	assert_int_equal(r.n_rejected, 1);
	assert_int_equal(r.rejected[0].index, 5);
	assert_int_equal(r.rejected[0].code, REJECT_MALFORMED);
	assert_string_equal(r.rejected[0].text, "words");
}

static struct notification sample(void)
{
	struct notification n = { .shard = 3, .sequence = 1042, .type = span_str("risk.silent"),
		.customer = span_str("anna"), .ladder = span_str("risk"), .from = span_str("clear"),
		.to = span_str("raised"), .since_ms = 1300000000000, .at_ms = 1323435000000,
		.noticed_ms = 1323435000007, .rule = span_str("risk.silent"), .lifecycle_version = 4,
		.severity = SEVERITY_HIGH, .job = JOB_MAINTAIN, .play = span_str("retain"),
		.owner = span_str("王"), .region = span_str("nord"), .tier = span_str("gold"),
		.missing = span_str("authority"), .reason = span_str("price"),
		.reason_group = span_str("price"), .approach = span_str("retain"),
		.subject = span_str("crm"), .has_value = true, .value = -45, .n_evidence = 3 };

	n.evidence[0] = (struct evidence){ span_str("silence"), span_str("silence > 45d"), 3.9e9,
		{ 0 }, UNIT_DURATION, true, true };
	n.evidence[1] = (struct evidence){ span_str("role"), span_str("role is wholesaler"), 0,
		span_str("wholesaler"), UNIT_NAME, true, true };
	n.evidence[2] = (struct evidence){ span_str("overdue"), span_str("overdue > 1.5"), 0, { 0 },
		UNIT_RATIO, false, false };
	return n;
}

static void assert_same_text(struct span a, struct span b)
{
	assert_true(span_eq(a, b));
}

static void assert_same_notification(const struct notification *a, const struct notification *b)
{
	assert_int_equal(a->shard, b->shard);
	assert_int_equal(a->sequence, b->sequence);
	assert_same_text(a->type, b->type);
	assert_same_text(a->customer, b->customer);
	assert_same_text(a->ladder, b->ladder);
	assert_same_text(a->from, b->from);
	assert_same_text(a->to, b->to);
	assert_int_equal(a->since_ms, b->since_ms);
	assert_int_equal(a->at_ms, b->at_ms);
	assert_int_equal(a->noticed_ms, b->noticed_ms);
	assert_same_text(a->rule, b->rule);
	assert_int_equal(a->lifecycle_version, b->lifecycle_version);
	assert_int_equal(a->severity, b->severity);
	assert_int_equal(a->job, b->job);
	assert_same_text(a->play, b->play);
	assert_same_text(a->owner, b->owner);
	assert_same_text(a->region, b->region);
	assert_same_text(a->tier, b->tier);
	assert_same_text(a->missing, b->missing);
	assert_same_text(a->reason, b->reason);
	assert_same_text(a->reason_group, b->reason_group);
	assert_same_text(a->approach, b->approach);
	assert_same_text(a->subject, b->subject);
	assert_int_equal(a->has_value, b->has_value);
	assert_int_equal(a->value, b->value);
	assert_same_text(a->cause_source, b->cause_source);
	assert_same_text(a->cause_id, b->cause_id);
	assert_int_equal(a->n_evidence, b->n_evidence);
	for (unsigned i = 0; i < a->n_evidence; i++) {
		const struct evidence *x = &a->evidence[i], *y = &b->evidence[i];

		assert_same_text(x->fact, y->fact);
		assert_same_text(x->test, y->test);
		assert_true(x->value == y->value);
		assert_same_text(x->text, y->text);
		assert_int_equal(x->unit, y->unit);
		assert_int_equal(x->known, y->known);
		assert_int_equal(x->holds, y->holds);
	}
}

static void a_notification_comes_back(void **state)
{
	struct notification n = sample(), back;

	(void)state;
	notification_encode(&out, &n);
	assert_int_equal(notification_decode(&back, out.data, out.size, arena), 0);
	assert_same_notification(&back, &n);

	buf_clear(&out);
	n.cause_source = span_str("till-7");
	n.cause_id = span_str("41");
	n.has_value = true;
	n.value = 0; /* is not the same as none */
	n.n_evidence = EVIDENCE_MAX;
	for (unsigned i = 0; i < EVIDENCE_MAX; i++)
		n.evidence[i] = n.evidence[i % 3];
	notification_encode(&out, &n);
	assert_int_equal(notification_decode(&back, out.data, out.size, arena), 0);
	assert_same_notification(&back, &n);
}

static void subscriber_messages_come_back(void **state)
{
	struct subscriber_message m = { .verb = SUBSCRIBER_OPEN, .name = span_str("crm"),
		.n_types = 2, .credit = 64, .newest = true }, back;
	struct complaint c;

	(void)state;
	m.types[0] = span_str("customer.");
	m.types[1] = span_str("risk.silent");
	subscriber_encode(&out, &m);
	assert_int_equal(subscriber_decode(&back, out.data, out.size, arena, &c), 0);
	assert_int_equal(back.verb, SUBSCRIBER_OPEN);
	assert_same_text(back.name, m.name);
	assert_int_equal(back.n_types, 2);
	assert_same_text(back.types[1], m.types[1]);
	assert_int_equal(back.credit, 64);
	assert_true(back.newest);

	buf_clear(&out);
	m = (struct subscriber_message){ .verb = SUBSCRIBER_ACK,
		.n_positions = SUBSCRIBER_POSITIONS_MAX };
	for (unsigned i = 0; i < m.n_positions; i++)
		m.positions[i] = (struct position){ i, UINT64_MAX - i };
	subscriber_encode(&out, &m);
	assert_int_equal(subscriber_decode(&back, out.data, out.size, arena, &c), 0);
	assert_int_equal(back.verb, SUBSCRIBER_ACK);
	assert_int_equal(back.n_positions, SUBSCRIBER_POSITIONS_MAX);
	assert_int_equal(back.positions[255].shard, 255);
	assert_true(back.positions[255].sequence == UINT64_MAX - 255);

	for (unsigned verb = SUBSCRIBER_CLOSE; verb <= SUBSCRIBER_FORGET; verb++) {
		buf_clear(&out);
		m = (struct subscriber_message){ .verb = (enum subscriber_verb)verb };
		subscriber_encode(&out, &m);
		assert_int_equal(subscriber_decode(&back, out.data, out.size, arena, &c), 0);
		assert_int_equal(back.verb, verb);
	}
}

/* A field at the end is as good as one within. */
static void a_sentence_is_appended_to_what_is_encoded(void **state)
{
	struct notification n = sample(), back;
	struct buf encoded = { 0 }, whole = { 0 };
	struct delivery d;
	char text[301];

	(void)state;
	for (size_t size = 1; size < sizeof text; size += 127) {
		memset(text, 'x', size);
		buf_clear(&encoded);
		buf_clear(&whole);
		buf_clear(&out);
		n.text = span_of(NULL, 0);
		notification_encode(&encoded, &n);
		n.text = span_of(text, size);
		buf_add(&whole, encoded.data, encoded.size);
		notification_add_text(&whole, n.text);
		assert_int_equal(whole.size, encoded.size + notification_text_size(n.text));
		assert_int_equal(notification_decode(&back, whole.data, whole.size, arena), 0);
		assert_true(span_eq(back.text, n.text));
		n.text = span_of(NULL, 0);
		back.text = n.text;
		assert_same_notification(&back, &n);
		delivery_add_notification(&out, span_of(encoded.data, encoded.size),
			span_of(text, size));
		assert_int_equal(delivery_decode(&d, out.data, out.size, arena), 0);
		assert_true(span_eq(d.notifications[0].text, span_of(text, size)));
	}
	buf_clear(&out);
	buf_fini(&encoded);
	buf_fini(&whole);
}

static void a_delivery_is_the_sum_of_its_parts(void **state)
{
	struct position positions[] = { { 0, 17 }, { 1, 0 } };
	struct gap gap = { 1, 5, 9 };
	struct notification n = sample();
	struct buf encoded = { 0 };
	struct delivery d;

	(void)state;
	notification_encode(&encoded, &n);
	delivery_add_notification(&out, span_of(encoded.data, encoded.size), span_of(NULL, 0));
	delivery_add_gap(&out, &gap);
	delivery_add_opened(&out, positions, 2);
	delivery_add_notification(&out, span_of(encoded.data, encoded.size), span_of(NULL, 0));
	assert_int_equal(delivery_decode(&d, out.data, out.size, arena), 0);
	assert_true(d.opened);
	assert_int_equal(d.n_positions, 2);
	assert_int_equal(d.positions[0].sequence, 17);
	assert_int_equal(d.positions[1].shard, 1);
	assert_int_equal(d.n_notifications, 2);
	assert_same_notification(&d.notifications[1], &n);
	assert_int_equal(d.n_gaps, 1);
	assert_int_equal(d.gaps[0].first, 5);
	assert_int_equal(d.gaps[0].last, 9);
	assert_int_equal(d.refused.size, 0);

	buf_clear(&out);
	delivery_add_refused(&out, "fenced", "another took this name over");
	assert_int_equal(delivery_decode(&d, out.data, out.size, arena), 0);
	assert_false(d.opened);
	assert_same_text(d.refused, span_str("fenced"));
	assert_same_text(d.text, span_str("another took this name over"));
	buf_fini(&encoded);
}

static void requests_and_replies_come_back(void **state)
{
	struct request q = { 9, span_str("preview"), span_str("anna"), span_str("ladder {\n}\n") };
	struct reply r = { 9, { 0 }, span_str("well"), span_str("{\"a\":1}") };

	(void)state;
	request_encode(&out, &q);
	q = (struct request){ 0 };
	assert_int_equal(request_decode(&q, out.data, out.size, arena), 0);
	assert_int_equal(q.number, 9);
	assert_same_text(q.verb, span_str("preview"));
	assert_same_text(q.customer, span_str("anna"));
	assert_same_text(q.lifecycle, span_str("ladder {\n}\n"));
	buf_clear(&out);
	reply_encode(&out, &r);
	r = (struct reply){ 0 };
	assert_int_equal(reply_decode(&r, out.data, out.size, arena), 0);
	assert_int_equal(r.number, 9);
	assert_int_equal(r.error.size, 0);
	assert_same_text(r.text, span_str("well"));
	assert_same_text(r.json, span_str("{\"a\":1}"));
}

/* --------------------------------------------------------------------------------- bad messages */

static void a_reading_and_a_snapshot_are_asked_for(void **state)
{
	struct subscriber_message m = { .verb = SUBSCRIBER_OPEN, .reading = true, .has_from = true,
		.from_ms = 1767225600000, .customer = span_str("anna"), .n_positions = 2,
		.positions = { { 0, 7 }, { 3, 1042 } } }, back;
	struct complaint c;

	(void)state;
	subscriber_encode(&out, &m);
	assert_int_equal(subscriber_decode(&back, out.data, out.size, arena, &c), 0);
	assert_true(back.reading && back.has_from && back.name.size == 0);
	assert_int_equal(back.from_ms, 1767225600000);
	assert_same_text(back.customer, m.customer);
	assert_int_equal(back.n_positions, 2);
	assert_int_equal(back.positions[1].sequence, 1042);
	buf_clear(&out);
	m = (struct subscriber_message){ .verb = SUBSCRIBER_SNAPSHOT, .shard = 3, .limit = 100000,
		.customer = span_str("bert") };
	subscriber_encode(&out, &m);
	assert_int_equal(subscriber_decode(&back, out.data, out.size, arena, &c), 0);
	assert_int_equal(back.verb, SUBSCRIBER_SNAPSHOT);
	assert_int_equal(back.shard, 3);
	assert_int_equal(back.limit, SNAPSHOT_ROWS_MAX);
	assert_same_text(back.customer, m.customer);
}

static struct snapshot_row row_of_anna(void)
{
	return (struct snapshot_row){ .customer = span_str("anna"), .owner = span_str("eva"),
		.region = span_str("north"), .has_value = true, .value = -5, .lifecycle_version = 2,
		.settled_ms = 1767225600000, .due_ms = 1767225600001, .events = 4, .purchases = 3,
		.spent = 1200, .first_purchase_ms = 1, .last_purchase_ms = 2,
		.n_places = 2, .places = { { span_str("stage"), span_str("repeat"), 5 },
			{ span_str("tier"), span_str("gold"), 6 } },
		.n_risks = 1, .risks = { { span_str("silent"), SEVERITY_HIGH, 7 } } };
}

static void a_page_of_a_snapshot_comes_back(void **state)
{
	struct snapshot_row anna = row_of_anna();
	struct snapshot_page page = { .shard = 1, .as_of = 42, .after = span_str("a"),
		.upto = span_str("anton"), .done = true };
	struct position ends[2] = { { 0, 9 }, { 1, 42 } };
	struct buf row = { 0 }, rows = { 0 };
	struct delivery d;

	(void)state;
	snapshot_row_encode(&row, &anna);
	snapshot_page_add_row(&rows, span_of(row.data, row.size));
	snapshot_page_add_row(&rows, span_of(row.data, row.size));
	delivery_add_ends(&out, ends, 2);
	delivery_add_passed(&out, &ends[1]);
	delivery_add_page(&out, &page, span_of(rows.data, rows.size));
	assert_int_equal(delivery_decode(&d, out.data, out.size, arena), 0);
	assert_int_equal(d.n_ends, 2);
	assert_int_equal(d.ends[1].sequence, 42);
	assert_int_equal(d.n_passed, 1);
	assert_non_null(d.page);
	assert_int_equal(d.page->as_of, 42);
	assert_true(d.page->done);
	assert_same_text(d.page->upto, page.upto);
	assert_int_equal(d.page->n_rows, 2);
	anna = d.page->rows[1];
	assert_same_text(anna.places[0].rung, span_str("repeat"));
	assert_int_equal(anna.places[1].since_ms, 6);
	assert_int_equal(anna.risks[0].severity, SEVERITY_HIGH);
	assert_int_equal(anna.value, -5);
	assert_int_equal(anna.due_ms, 1767225600001);
	assert_int_equal(anna.last_purchase_ms, 2);
	assert_same_text(anna.region, span_str("north"));
	buf_fini(&row);
	buf_fini(&rows);
}

static bool wants(const char *field, const char *list)
{
	struct filter f = { 0 };
	struct snapshot_row anna = row_of_anna();

	assert_int_equal(filter_add_list(&f, field, list, NULL), 0);
	return snapshot_row_wanted(&anna, &f);
}

static void a_filter_of_notifications_chooses_the_rows_of_a_snapshot(void **state)
{
	struct filter f = { 0 };
	struct snapshot_row anna = row_of_anna();

	(void)state;
	assert_true(snapshot_row_wanted(&anna, &f));
	assert_true(wants("type", "stage.repeat") && wants("type", "risk.") && wants("type", "sta"));
	assert_true(wants("type", "customer.at_risk") && wants("type", "customer."));
	assert_false(wants("type", "stage.client") || wants("type", "risk.complaint"));
	assert_true(wants("stage", "client,repeat") && wants("tier", "gold"));
	assert_false(wants("stage", "gold") || wants("tier", "repeat"));
	assert_true(wants("severity", "medium") && wants("severity", "high"));
	assert_false(wants("severity", "critical"));
	assert_true(wants("owner", "ben,eva") && wants("region", "north") && wants("source", "till"));
	assert_false(wants("owner", "ben") || wants("region", "nort"));
	anna.n_risks = 0;
	assert_int_equal(filter_add_list(&f, "type", "customer.at_risk", NULL), 0);
	assert_false(snapshot_row_wanted(&anna, &f));
	assert_int_equal(filter_add_list(&f, "type", "customer.converted", NULL), 0);
	assert_true(snapshot_row_wanted(&anna, &f));
	assert_int_equal(filter_add_list(&f, "owner", "ben", NULL), 0);
	assert_false(snapshot_row_wanted(&anna, &f)); /* both fields must take it */
}

static void when_a_notification_came_to_light_is_read_without_the_rest(void **state)
{
	struct notification n = sample();

	(void)state;
	n.noticed_ms = 1767225600123;
	notification_encode(&out, &n);
	assert_int_equal(notification_noticed(span_of(out.data, out.size)), 1767225600123);
	assert_int_equal(notification_noticed(span_of("\x0a", 1)), 0);
}

static void assert_subscriber_refused(const void *bytes, size_t size, const char *sentence)
{
	struct subscriber_message m;
	struct complaint c = { 0 };

	assert_int_equal(subscriber_decode(&m, bytes, size, arena, &c), ERR_INVALID);
	assert_string_equal(c.text, sentence);
}
#define REFUSED(literal, sentence) \
	assert_subscriber_refused(literal, sizeof literal - 1, sentence)

static void a_bad_subscriber_message_is_refused_with_a_sentence(void **state)
{
	(void)state;
	REFUSED("", "a Subscriber message says one of open, ack, snapshot, close and forget");
	REFUSED("\x18\x01\x20\x01", "a Subscriber message says one of open, ack, snapshot, close and forget");
	REFUSED("\x0a\x00", "open.name is required: 1 to 64 bytes of UTF-8 without control characters");
	REFUSED("\x0a\x04\x0a\x02" "a\0",
		"open.name is required: 1 to 64 bytes of UTF-8 without control characters");
	REFUSED("\x0a\x06\x0a\x01" "a\x12\x01\xff",
		"open.types[0] is at most 64 bytes of UTF-8 without control characters");
	REFUSED("\x0a\x05\x0a\x01" "a\x20\x07", "open.start is oldest or newest");
	REFUSED("\x12\x00", "ack.positions has 1 to 256 positions; found 0");
	REFUSED("\x0a\x03\x0a\x01" "a\x0a\x03\x0a\x01" "b",
		"not a Subscriber: a field is given twice");
	REFUSED("\x08\x01", "not a Subscriber: a field has another type than in kith.proto");
	REFUSED("\x0a\x7f", "not a Subscriber: it is not a protobuf message");
	REFUSED("\x0a\x01\x0a", "not a Subscriber: it is not a protobuf message");
	REFUSED("\x0b\x0c", "not a Subscriber: it is not a protobuf message");
}

static void positions_beyond_the_bound_are_refused_in_bounded_memory(void **state)
{
	struct arena *small = arena_new(1024, 256 << 10);
	struct subscriber_message m;
	struct complaint c;
	struct buf ack = { 0 };

	(void)state;
	for (unsigned i = 0; i <= SUBSCRIBER_POSITIONS_MAX; i++)
		buf_add(&ack, "\x0a\x00", 2);
	wire_add_bytes(&out, 2, span_of(ack.data, ack.size));
	assert_int_equal(subscriber_decode(&m, out.data, out.size, small, &c), ERR_INVALID);
	assert_string_equal(c.text, "ack.positions has at most 256 positions; found 257");
	while (ack.size < SUBSCRIBER_BYTES_MAX - 10)
		buf_add(&ack, "\x0a\x00", 2);
	buf_clear(&out);
	wire_add_bytes(&out, 2, span_of(ack.data, ack.size));
	assert_int_equal(subscriber_decode(&m, out.data, out.size, small, &c), ERR_INVALID);
	assert_string_equal(c.text, "not a Subscriber: there are too many fields");
	assert_true(arena_held(small) <= 256 << 10);
	buf_fini(&ack);
	arena_free(small);
}

static void unknown_fields_are_bounded_before_protobuf_c_keeps_them(void **state)
{
	struct subscriber_message m;
	struct complaint c;

	(void)state;
	buf_add(&out, "\x18\x01", 2);
	for (unsigned i = 0; i < WIRE_UNKNOWN_MAX; i++)
		buf_add(&out, "\xa2\x06\x02hi", 5);
	assert_int_equal(subscriber_decode(&m, out.data, out.size, arena, &c), 0);
	buf_add(&out, "\xa2\x06\x02hi", 5);
	assert_int_equal(subscriber_decode(&m, out.data, out.size, arena, &c), ERR_INVALID);
	assert_string_equal(c.text, "not a Subscriber: there are too many unknown fields");
}

/* The scan of one message is as strict in sub-messages; DEPTH_MAX is enough for all of them. */
static unsigned depth_of(const ProtobufCMessageDescriptor *m, unsigned depth)
{
	unsigned deepest = depth;

	assert_true(depth <= 4);
	assert_true(m->n_fields <= 64);
	for (unsigned i = 0; i < m->n_fields; i++) {
		const ProtobufCFieldDescriptor *f = &m->fields[i];

		assert_int_not_equal(f->label, PROTOBUF_C_LABEL_REQUIRED);
		assert_int_equal(f->flags & PROTOBUF_C_FIELD_FLAG_PACKED, 0);
		switch (f->type) {
		case PROTOBUF_C_TYPE_BYTES:
		case PROTOBUF_C_TYPE_DOUBLE:
		case PROTOBUF_C_TYPE_BOOL:
		case PROTOBUF_C_TYPE_ENUM:
		case PROTOBUF_C_TYPE_INT64:
		case PROTOBUF_C_TYPE_UINT32:
		case PROTOBUF_C_TYPE_UINT64:
			break;
		case PROTOBUF_C_TYPE_MESSAGE: {
			unsigned d = depth_of(f->descriptor, depth + 1);

			deepest = d > deepest ? d : deepest;
			break;
		}
		default:
			fail_msg("%s.%s has a type that scan.c does not know", m->name, f->name);
		}
	}
	return deepest;
}

static void kith_proto_has_only_what_the_scan_knows(void **state)
{
	(void)state;
	assert_int_equal(depth_of(&kith__delivery__descriptor, 1), 4);
	(void)depth_of(&kith__subscriber__descriptor, 1);
	(void)depth_of(&kith__receipt__descriptor, 1);
	(void)depth_of(&kith__request__descriptor, 1);
	(void)depth_of(&kith__reply__descriptor, 1);
}

static void too_large_is_said_before_a_byte_is_read(void **state)
{
	struct subscriber_message m;
	struct notification n;
	struct complaint c;
	uint8_t *bytes = calloc(1, REQUEST_BYTES_MAX + 1);
	struct request q;

	(void)state;
	assert_int_equal(subscriber_decode(&m, bytes, SUBSCRIBER_BYTES_MAX + 1, arena, &c), ERR_TOOBIG);
	assert_string_equal(c.text, "a Subscriber has at most 16384 bytes");
	assert_int_equal(notification_decode(&n, bytes, NOTIFICATION_BYTES_MAX + 1, arena), ERR_TOOBIG);
	assert_int_equal(request_decode(&q, bytes, REQUEST_BYTES_MAX + 1, arena), ERR_TOOBIG);
	free(bytes);
}

static void too_much_evidence_is_no_notification(void **state)
{
	struct notification n = sample();

	(void)state;
	n.n_evidence = EVIDENCE_MAX;
	for (unsigned i = 0; i < EVIDENCE_MAX; i++)
		n.evidence[i] = n.evidence[0];
	notification_encode(&out, &n);
	wire_add_bytes(&out, 12, (struct span){ 0 });
	assert_int_equal(notification_decode(&n, out.data, out.size, arena), ERR_INVALID);
}

static void an_arena_at_its_limit_is_an_error_and_no_more(void **state)
{
	struct notification n = sample();

	(void)state;
	notification_encode(&out, &n);
	for (size_t limit = 16; limit < 4096; limit += 16) {
		struct arena *small = arena_new(16, limit);
		int rc = notification_decode(&n, out.data, out.size, small);

		assert_true(rc == ERR_NOMEM || rc == 0);
		assert_true(arena_held(small) <= limit);
		arena_free(small);
	}
}

/* Every decoder on mutations of every message: no crash, bounded memory, an error or a struct. */
static void decode_all(const uint8_t *data, size_t size, struct arena *a)
{
	struct subscriber_message s;
	struct complaint c;
	struct receipt r;
	struct notification n;
	struct delivery d;
	struct request q;
	struct reply p;

	(void)subscriber_decode(&s, data, size, a, &c);
	(void)receipt_decode(&r, data, size, a);
	(void)notification_decode(&n, data, size, a);
	(void)delivery_decode(&d, data, size, a);
	(void)request_decode(&q, data, size, a);
	(void)reply_decode(&p, data, size, a);
}

static void random_message(struct dice *d)
{
	struct rejection rejection = { 5, REJECT_TOO_OLD, "too old" };
	struct receipt r = { 1, 2, 3, 1, &rejection, 4, NULL, NULL };
	struct subscriber_message s = { .verb = dice_below(d, 2) ? SUBSCRIBER_OPEN : SUBSCRIBER_ACK,
		.name = span_str("crm"), .n_types = 1, .types = { span_str("risk.") },
		.n_positions = 2 };
	struct request q = { 1, span_str("show"), span_str("anna"), { 0 } };
	struct notification n = sample();
	struct buf encoded = { 0 };

	buf_clear(&out);
	switch (dice_below(d, 4)) {
	case 0:
		receipt_encode(&out, &r);
		break;
	case 1:
		subscriber_encode(&out, &s);
		break;
	case 2:
		request_encode(&out, &q);
		break;
	default:
		notification_encode(&encoded, &n);
		mutate(&encoded, d);
		delivery_add_opened(&out, s.positions, 2);
		delivery_add_notification(&out, span_of(encoded.data, encoded.size), span_of(NULL, 0));
	}
	mutate(&out, d);
	buf_fini(&encoded);
}

static void mutated_messages_harm_nothing(void **state)
{
	struct arena *small = arena_new(4096, 256 << 10);
	struct dice d = { test_seed() + 6 };

	(void)state;
	for (unsigned run = 0; run < test_runs(20000); run++) {
		uint8_t *exact;

		random_message(&d);
		exact = malloc(out.size ? out.size : 1);
		memcpy(exact, out.data, out.size);
		arena_reset(small);
		decode_all(exact, out.size, small);
		free(exact);
	}
	arena_free(small);
}

/* -------------------------------------------------------------------------------------- golden */

static void assert_golden(const char *path)
{
	uint8_t bytes[4096];
	FILE *f;
	size_t size;

	if (getenv("GOLDEN_WRITE")) { /* for the files of a new version */
		f = fopen(path, "wb");
		assert_non_null(f);
		assert_int_equal(fwrite(out.data, 1, out.size, f), out.size);
		fclose(f);
	}
	f = fopen(path, "rb");
	if (!f)
		fail_msg("%s: run the tests from the top of the project", path);
	size = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	assert_int_equal(size, out.size);
	assert_memory_equal(bytes, out.data, size);
}

static void golden_messages_of_version_1_are_written(void **state)
{
	struct rejection rejected[] = { { 3, REJECT_TOO_OLD, "too old" },
		{ 70, REJECT_CONFLICT, "same id, other content" } };
	struct receipt r = { 42, 97, 1, 2, rejected, 5000, NULL, NULL };
	struct notification n = sample();

	(void)state;
	n.cause_source = span_str("till-7");
	n.cause_id = span_str("41");
	receipt_encode(&out, &r);
	assert_golden("tests/golden/receipt_v1.bin");
	buf_clear(&out);
	n.missing = n.reason = n.reason_group = n.approach = span_of(NULL, 0);
	n.region = n.tier = n.subject = span_of(NULL, 0); /* are younger */
	notification_encode(&out, &n);
	assert_golden("tests/golden/notification_v1.bin");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(an_arena_is_bounded_and_keeps_its_largest_block, fresh),
		cmocka_unit_test_setup(a_receipt_comes_back, fresh),
		cmocka_unit_test_setup(a_rejection_of_a_newer_daemon_stays_one, fresh),
		cmocka_unit_test_setup(a_notification_comes_back, fresh),
		cmocka_unit_test_setup(subscriber_messages_come_back, fresh),
		cmocka_unit_test_setup(when_a_notification_came_to_light_is_read_without_the_rest, fresh),
		cmocka_unit_test_setup(a_filter_of_notifications_chooses_the_rows_of_a_snapshot, fresh),
		cmocka_unit_test_setup(a_page_of_a_snapshot_comes_back, fresh),
		cmocka_unit_test_setup(a_reading_and_a_snapshot_are_asked_for, fresh),
		cmocka_unit_test_setup(a_sentence_is_appended_to_what_is_encoded, fresh),
		cmocka_unit_test_setup(a_delivery_is_the_sum_of_its_parts, fresh),
		cmocka_unit_test_setup(requests_and_replies_come_back, fresh),
		cmocka_unit_test_setup(a_bad_subscriber_message_is_refused_with_a_sentence, fresh),
		cmocka_unit_test_setup(positions_beyond_the_bound_are_refused_in_bounded_memory, fresh),
		cmocka_unit_test_setup(unknown_fields_are_bounded_before_protobuf_c_keeps_them, fresh),
		cmocka_unit_test_setup(kith_proto_has_only_what_the_scan_knows, fresh),
		cmocka_unit_test_setup(too_large_is_said_before_a_byte_is_read, fresh),
		cmocka_unit_test_setup(too_much_evidence_is_no_notification, fresh),
		cmocka_unit_test_setup(an_arena_at_its_limit_is_an_error_and_no_more, fresh),
		cmocka_unit_test_setup(mutated_messages_harm_nothing, fresh),
		cmocka_unit_test_setup(golden_messages_of_version_1_are_written, fresh),
	};

	printf("# SEED=%llu\n", (unsigned long long)test_seed());
	return cmocka_run_group_tests_name("messages", tests, arena_setup, teardown);
}
