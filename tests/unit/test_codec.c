/* SPDX-License-Identifier: Apache-2.0 */
/* Events on the wire: held against kith.proto and protobuf-c, rule by rule, and mutated. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "proto/kith.pb-c.h"
#include "tests/unit/arena_fixture.h"
#include "tests/unit/codec_random.h"

/* ------------------------------------------------------------- protobuf-c as the other opinion */

static struct span bytes_of(ProtobufCBinaryData b, bool has)
{
	return has ? span_of(b.len ? b.data : (const uint8_t *)"", b.len) : (struct span){ 0 };
}
#define BYTES(m, f)  bytes_of((m)->f, (m)->has_##f)
#define ANSWER(m, f) ((m)->has_##f ? (m)->f ? ANSWER_YES : ANSWER_NO : ANSWER_NONE)

static void profile_from(struct event *e, const Kith__Profile *m)
{
	e->as.profile.role = (uint8_t)m->role;
	e->as.profile.held_by = BYTES(m, held_by);
	e->as.profile.region = BYTES(m, region);
	e->as.profile.segment = BYTES(m, segment);
	e->as.profile.owner = BYTES(m, owner);
	e->as.profile.acquisition = (uint8_t)m->acquisition;
	e->as.profile.has_expected_margin = m->has_expected_margin;
	e->as.profile.expected_margin = m->expected_margin;
	e->as.profile.account = BYTES(m, account);
}

static void readiness_from(struct event *e, const Kith__Readiness *m)
{
	e->as.readiness.factor[FACTOR_NEED] = ANSWER(m, need);
	e->as.readiness.factor[FACTOR_DESIRE] = ANSWER(m, desire);
	e->as.readiness.factor[FACTOR_ABILITY] = ANSWER(m, ability);
	e->as.readiness.factor[FACTOR_AUTHORITY] = ANSWER(m, authority);
	e->as.readiness.factor[FACTOR_TIMING] = ANSWER(m, timing);
	e->as.readiness.factor[FACTOR_AWARENESS] = ANSWER(m, awareness);
	e->as.readiness.factor[FACTOR_RECOGNITION] = ANSWER(m, recognition);
	e->as.readiness.factor[FACTOR_TRUST] = ANSWER(m, trust);
}

static void body_from(struct event *e, const Kith__Event *m)
{
	switch ((enum body)e->body) {
	case BODY_CONTACT:
		e->as.contact.direction = (uint8_t)m->contact->direction;
		e->as.contact.acquisition = (uint8_t)m->contact->acquisition;
		e->as.contact.subject = BYTES(m->contact, subject);
		e->as.contact.person = BYTES(m->contact, person);
		break;
	case BODY_READINESS:
		readiness_from(e, m->readiness);
		break;
	case BODY_PURCHASE:
		e->as.purchase.order = BYTES(m->purchase, order);
		e->as.purchase.amount = m->purchase->amount;
		e->as.purchase.has_margin = m->purchase->has_margin;
		e->as.purchase.margin = m->purchase->margin;
		e->as.purchase.category = BYTES(m->purchase, category);
		break;
	case BODY_REFUND:
		e->as.refund.order = BYTES(m->refund, order);
		e->as.refund.amount = m->refund->amount;
		e->as.refund.reason = (uint8_t)m->refund->reason;
		break;
	case BODY_COMPLAINT:
		e->as.complaint.complaint = BYTES(m->complaint, complaint);
		e->as.complaint.reason = (uint8_t)m->complaint->reason;
		e->as.complaint.severity = (uint8_t)m->complaint->severity;
		break;
	case BODY_RESOLUTION:
		e->as.resolution.complaint = BYTES(m->resolution, complaint);
		break;
	case BODY_FEEDBACK:
		e->as.feedback.expected = m->feedback->expected;
		e->as.feedback.perceived = m->feedback->perceived;
		e->as.feedback.quality = (uint8_t)m->feedback->quality;
		break;
	case BODY_REFERRAL:
		e->as.referral.customer = BYTES(m->referral, customer);
		break;
	case BODY_MEMBERSHIP:
		e->as.membership.change = (uint8_t)m->membership->change;
		break;
	case BODY_PARTNERSHIP:
		e->as.partnership.change = (uint8_t)m->partnership->change;
		break;
	case BODY_CONTRACT:
		e->as.contract.change = (uint8_t)m->contract->change;
		e->as.contract.ends_ms = m->contract->ends;
		e->as.contract.reason = (uint8_t)m->contract->reason;
		break;
	case BODY_WALLET:
		e->as.wallet.amount = m->wallet->amount;
		e->as.wallet.from_ms = m->wallet->from;
		e->as.wallet.to_ms = m->wallet->to;
		break;
	case BODY_COMPETITOR:
		e->as.competitor.name = BYTES(m->competitor, name);
		e->as.competitor.seen = (uint8_t)m->competitor->seen;
		break;
	case BODY_PROFILE:
		profile_from(e, m->profile);
		break;
	case BODY_MARKET:
		e->as.market.factor = (uint8_t)m->market->factor;
		e->as.market.region = BYTES(m->market, region);
		e->as.market.segment = BYTES(m->market, segment);
		e->as.market.until_ms = m->market->until;
		break;
	case BODY_COUNT:
		break;
	}
}

/* M as a checked struct event, by hand and not by the table. */
static void event_from_protobuf(struct event *e, const Kith__Event *m)
{
	const char *text;

	memset(e, 0, sizeof *e);
	e->source = BYTES(m, source);
	e->id = BYTES(m, id);
	e->sequence = m->sequence;
	e->customer = BYTES(m, customer);
	e->time_ms = m->time;
	e->channel = (uint8_t)m->channel;
	assert_true(m->body_case >= EVENT_BODY_FIRST);
	e->body = (uint8_t)(m->body_case - EVENT_BODY_FIRST);
	body_from(e, m);
	assert_int_equal(event_check(e, &text), REJECT_NONE);
}

static bool kind_fits(const struct event_field *f, const ProtobufCFieldDescriptor *d)
{
	switch ((enum field_kind)f->kind) {
	case FIELD_TEXT: return d->type == PROTOBUF_C_TYPE_BYTES;
	case FIELD_AMOUNT:
	case FIELD_TIME: return d->type == PROTOBUF_C_TYPE_INT64;
	case FIELD_ENUM: return d->type == PROTOBUF_C_TYPE_ENUM;
	case FIELD_ANSWER: return d->type == PROTOBUF_C_TYPE_BOOL;
	case FIELD_SCORE: return d->type == PROTOBUF_C_TYPE_DOUBLE;
	case FIELD_SEQUENCE: return d->type == PROTOBUF_C_TYPE_UINT64;
	}
	return false;
}

static void assert_part_is(const struct event_part *part, const ProtobufCMessageDescriptor *m,
	unsigned n)
{
	assert_int_equal(part->n, n);
	for (unsigned i = 0; i < n; i++) {
		const struct event_field *f = &part->fields[i];
		const ProtobufCEnumDescriptor *values = m->fields[i].descriptor;

		assert_string_equal(f->name, m->fields[i].name);
		assert_int_equal(i + 1, m->fields[i].id);
		assert_true(kind_fits(f, &m->fields[i]));
		if (f->kind != FIELD_ENUM)
			continue;
		assert_int_equal(f->max, values->n_values);
		for (unsigned v = 1; v < values->n_values; v++) {
			assert_int_equal(values->values[v].value, v);
			assert_string_equal(values->values[v].name, f->naming(v));
		}
	}
}

static void the_table_of_fields_is_kith_proto(void **state)
{
	const ProtobufCMessageDescriptor *event = &kith__event__descriptor;

	(void)state;
	assert_part_is(&event_head, event, 6);
	assert_int_equal(event->n_fields, event_head.n + BODY_COUNT);
	for (unsigned b = 0; b < BODY_COUNT; b++) {
		const ProtobufCFieldDescriptor *body = &event->fields[event_head.n + b];
		const ProtobufCMessageDescriptor *message = body->descriptor;

		assert_int_equal(body->id, EVENT_BODY_FIRST + b);
		assert_string_equal(body->name, event_bodies[b].name);
		assert_string_equal(body->name, body_name(b));
		assert_part_is(&event_bodies[b], message, message->n_fields);
	}
}

static void every_event_survives_the_wire_and_protobuf_c_agrees(void **state)
{
	struct dice d = { test_seed() };

	(void)state;
	for (unsigned run = 0; run < test_runs(3000); run++) {
		struct event e, decoded, other;
		uint8_t bytes[EVENT_ENCODED_MAX], packed[EVENT_ENCODED_MAX];
		const char *text;
		Kith__Event *m;
		size_t size;

		arena_reset(arena);
		random_event(&e, run % BODY_COUNT, &d, arena);
		size = (size_t)(event_write(bytes, &e, HEAD_ALL) - bytes);
		assert_true(size <= event_bound(&e));
		assert_int_equal(event_decode(&decoded, span_of(bytes, size), (struct span){ 0 }, &text),
			REJECT_NONE);
		assert_true(events_are_equal(&e, &decoded));

		m = kith__event__unpack(NULL, size, bytes);
		assert_non_null(m);
		event_from_protobuf(&other, m);
		assert_true(events_are_equal(&e, &other));
		assert_int_equal(kith__event__pack(m, packed), size);
		assert_memory_equal(packed, bytes, size);
		kith__event__free_unpacked(m, NULL);
	}
}

/* event_keep() takes the body as it came where it can, and gets the same as by the table. */
static void assert_kept_as_written(const struct event *e)
{
	uint8_t kept[EVENT_KEPT_MAX], written[EVENT_KEPT_MAX];
	struct event again = *e;
	size_t size = (size_t)(event_keep(kept, e) - kept);

	again.wire = span_of(NULL, 0);
	assert_int_equal(event_keep(written, &again) - written, size);
	assert_memory_equal(kept, written, size);
}

/* What is stricter here than in protobuf-c is a rejection, never another reading. */
static void no_mutation_is_read_otherwise_than_protobuf_c_reads_it(void **state)
{
	struct dice d = { test_seed() + 1 };
	unsigned taken = 0, refused = 0, as_it_came = 0;
	struct buf b = { 0 };

	(void)state;
	for (unsigned run = 0; run < test_runs(60000); run++) {
		struct event e, other;
		enum reject code;
		const char *text = NULL;
		Kith__Event *m;

		arena_reset(arena);
		random_event(&e, run % BODY_COUNT, &d, arena);
		buf_clear(&b);
		b.size = (size_t)(event_write(buf_room(&b, EVENT_ENCODED_MAX), &e, HEAD_ALL) - b.data);
		mutate(&b, &d);
		code = event_decode(&e, span_of(b.data, b.size), (struct span){ 0 }, &text);
		m = kith__event__unpack(NULL, b.size, b.data);
		if (!m)
			assert_int_equal(code, REJECT_MALFORMED);
		if (code == REJECT_NONE) {
			event_from_protobuf(&other, m);
			assert_true(events_are_equal(&e, &other));
			other = e;
			assert_int_equal(event_check(&other, &text), REJECT_NONE);
			assert_int_equal(e.fingerprint, other.fingerprint);
			assert_kept_as_written(&e);
			as_it_came += e.wire.size > 0;
			taken++;
		} else {
			assert_non_null(text);
			refused++;
		}
		if (m)
			kith__event__free_unpacked(m, NULL);
	}
	assert_true(taken > 1000 && refused > 1000 && as_it_came > 1000 && as_it_came < taken);
	buf_fini(&b);
}

/* --------------------------------------------------------------------------------- rejections */

#define assert_rejected(e, code, sentence) \
	do { \
		const char *said_ = NULL; \
		assert_int_equal(event_check(&(e), &said_), code); \
		assert_string_equal(said_, sentence); \
	} while (0)

static void each_rule_of_the_head_has_its_code_and_sentence(void **state)
{
	static char long_text[200];
	const char *text;
	struct event e = purchase_event();

	(void)state;
	memset(long_text, 'x', sizeof long_text);
	assert_int_equal(event_check(&e, &text), REJECT_NONE);

	e.source = (struct span){ 0 };
	assert_rejected(e, REJECT_BAD_SOURCE, "source is required, of the event or of its batch: "
		"1 to 64 bytes of UTF-8 without control characters");
	e = purchase_event();
	e.id = span_of(long_text, 65);
	assert_rejected(e, REJECT_BAD_ID, "id is required: 1 to 64 bytes of UTF-8 without control "
		"characters");
	e.id = span_of(long_text, 64);
	assert_int_equal(event_check(&e, &text), REJECT_NONE);
	e.sequence = (uint64_t)INT64_MAX + 1;
	assert_rejected(e, REJECT_BAD_ID, "sequence is an integer from 1 to 2^63 - 1");
	e = purchase_event();
	e.customer = span_of("an\0na", 5);
	assert_rejected(e, REJECT_BAD_CUSTOMER, "customer is required: 1 to 128 bytes of UTF-8 "
		"without control characters");
	e.customer = span_of("ann\xff", 4);
	assert_int_equal(event_check(&e, &text), REJECT_BAD_CUSTOMER);
	e.customer = span_of(long_text, 129);
	assert_int_equal(event_check(&e, &text), REJECT_BAD_CUSTOMER);
	e.customer = span_of(long_text, 128);
	assert_int_equal(event_check(&e, &text), REJECT_NONE);
	e.time_ms = 0;
	assert_rejected(e, REJECT_BAD_TIME, "time is required: Unix ms (in JSON also RFC 3339) between 1970 and 2200");
	e.time_ms = EVENT_TIME_MAX + 1;
	assert_int_equal(event_check(&e, &text), REJECT_BAD_TIME);
	e.time_ms = -1;
	assert_int_equal(event_check(&e, &text), REJECT_BAD_TIME);
	e = purchase_event();
	e.channel = CHANNEL_COUNT;
	assert_rejected(e, REJECT_BAD_BODY, "channel is not one of the values of this protocol");
	e = purchase_event();
	e.body = BODY_COUNT;
	assert_rejected(e, REJECT_UNKNOWN_BODY,
		"the event has no body, or one that this version does not know");
}

static void each_rule_of_a_body_has_its_sentence(void **state)
{
	struct event e = purchase_event();
	const char *text;

	(void)state;
	e.as.purchase.amount = -1;
	assert_rejected(e, REJECT_BAD_BODY,
		"purchase.amount is required: an integer from 0 to 1000000000000 minor units");
	e.as.purchase.amount = EVENT_AMOUNT_MAX + 1;
	assert_int_equal(event_check(&e, &text), REJECT_BAD_BODY);
	e = purchase_event();
	e.as.purchase.margin = -EVENT_AMOUNT_MAX - 1;
	assert_int_equal(event_check(&e, &text), REJECT_NONE); /* has_margin is false */
	e.as.purchase.has_margin = true;
	assert_rejected(e, REJECT_BAD_BODY,
		"purchase.margin is an integer from -1000000000000 to 1000000000000 minor units");
	e = event_with(BODY_READINESS);
	assert_rejected(e, REJECT_BAD_BODY, "readiness says nothing: need, desire, ability, "
		"authority, timing, awareness, recognition or trust is required");
	e = event_with(BODY_FEEDBACK);
	e.as.feedback.perceived = 10.001;
	assert_rejected(e, REJECT_BAD_BODY, "feedback.perceived is required: a number from 0 to 10");
	e.as.feedback.perceived = __builtin_nan("");
	assert_int_equal(event_check(&e, &text), REJECT_BAD_BODY);
	e.as.feedback.perceived = __builtin_inf();
	assert_int_equal(event_check(&e, &text), REJECT_BAD_BODY);
	e = event_with(BODY_WALLET);
	e.as.wallet.from_ms = 2000;
	e.as.wallet.to_ms = 2000;
	assert_rejected(e, REJECT_BAD_BODY, "wallet.to must be later than wallet.from");
	e = event_with(BODY_CONTACT);
	assert_rejected(e, REJECT_BAD_BODY,
		"contact.direction is required: one of the values of this protocol");
	e = event_with(BODY_CONTRACT);
	e.as.contract.change = CONTRACT_SIGNED;
	e.as.contract.ends_ms = EVENT_TIME_MAX + 1;
	assert_rejected(e, REJECT_BAD_BODY, "contract.ends is Unix ms (in JSON also RFC 3339) between 1970 and 2200");
	e = event_with(BODY_REFERRAL);
	assert_rejected(e, REJECT_BAD_BODY, "referral.customer is required: 1 to 128 bytes of UTF-8 "
		"without control characters");
}

/* Append the fields of MESSAGE but NUMBER. */
static void copy_without(struct buf *out, struct span message, unsigned number)
{
	struct wire w = wire_of(message);
	struct wire_field f = { 0 };

	while (w.at < w.end) {
		const uint8_t *from = w.at;

		assert_true(wire_read(&w, &f));
		if (f.number != number)
			buf_add(out, from, (size_t)(w.at - from));
	}
}

/* Append EVENT, its body without field NUMBER. */
static void copy_with_lesser_body(struct buf *out, struct span event, unsigned body, unsigned number)
{
	struct wire w = wire_of(event);
	struct wire_field f = { 0 };
	struct buf lesser = { 0 };

	while (f.number != EVENT_BODY_FIRST + body)
		assert_true(wire_read(&w, &f));
	copy_without(&lesser, f.bytes, number);
	copy_without(out, event, EVENT_BODY_FIRST + body);
	wire_add_bytes(out, EVENT_BODY_FIRST + body, span_of(lesser.data, lesser.size));
	buf_fini(&lesser);
}

/* On the wire 0 and absent differ. */
static void a_required_field_left_out_is_refused_by_name(void **state)
{
	struct dice d = { test_seed() + 2 };
	struct buf out = { 0 };

	(void)state;
	for (unsigned b = 0; b < BODY_COUNT; b++) {
		for (unsigned row = 0; row < event_bodies[b].n; row++) {
			struct event e;
			uint8_t bytes[EVENT_ENCODED_MAX];
			const char *text = NULL;

			if (!event_bodies[b].fields[row].required)
				continue;
			arena_reset(arena);
			buf_clear(&out);
			random_event(&e, b, &d, arena);
			copy_with_lesser_body(&out, span_of(bytes, (size_t)(event_write(bytes, &e,
				HEAD_ALL) - bytes)), b, row + 1);
			assert_int_equal(event_decode(&e, span_of(out.data, out.size),
				(struct span){ 0 }, &text), REJECT_BAD_BODY);
			assert_string_equal(text, event_bodies[b].fields[row].rule);
		}
	}
	buf_fini(&out);
}

static enum reject decode(const void *bytes, size_t size, const char **ret_text)
{
	struct event e;

	return event_decode(&e, span_of(bytes, size), span_str("till"), ret_text);
}
#define DECODE(literal, ret_text) decode(literal, sizeof literal - 1, ret_text)
#define HEAD "\x12\x01" "7" "\x22\x04" "anna" "\x28\x01"
#define BOUGHT "\x62\x05\x0a\x01" "o" "\x10\x05"

static void malformed_events_say_why(void **state)
{
	const char *text;

	(void)state;
	assert_int_equal(DECODE(HEAD BOUGHT, &text), REJECT_NONE);
	assert_int_equal(DECODE(HEAD BOUGHT BOUGHT, &text), REJECT_MALFORMED);
	assert_string_equal(text, "the event has two bodies");
	assert_int_equal(DECODE(HEAD "\x28\x01" BOUGHT, &text), REJECT_MALFORMED);
	assert_string_equal(text, "a field of the event is given twice");
	assert_int_equal(DECODE(HEAD "\x62\x04\x10\x05\x10\x05", &text), REJECT_MALFORMED);
	assert_string_equal(text, "a field of the event is given twice");
	assert_int_equal(DECODE("\x20\x01" HEAD BOUGHT, &text), REJECT_MALFORMED);
	assert_string_equal(text, "a field of the event has another type than in kith.proto");
	assert_int_equal(DECODE(HEAD "\x60\x01", &text), REJECT_MALFORMED);
	assert_string_equal(text, "the body of the event is not a message");
	assert_int_equal(DECODE(HEAD "\x62\x01\x0a", &text), REJECT_MALFORMED);
	assert_string_equal(text, "the body of the event is not a message");
	assert_int_equal(DECODE(HEAD "\x63\x64" BOUGHT, &text), REJECT_MALFORMED); /* a group */
	assert_string_equal(text, "the event is not a message");
	assert_int_equal(DECODE(HEAD "\xca\x01\x00", &text), REJECT_UNKNOWN_BODY); /* field 25 */
	assert_int_equal(DECODE(HEAD, &text), REJECT_UNKNOWN_BODY);
	assert_int_equal(DECODE(HEAD "\x18\x00" BOUGHT, &text), REJECT_BAD_ID);
	assert_string_equal(text, "sequence is an integer from 1 to 2^63 - 1");
	assert_int_equal(DECODE(HEAD BOUGHT "\xa0\x86\x80\x80\x00\x01", &text), REJECT_NONE);
	assert_int_equal(DECODE(HEAD BOUGHT "\xa0\x86\x80\x80\x80\x00\x01", &text),
		REJECT_MALFORMED); /* a tag of six bytes */
	assert_int_equal(DECODE(HEAD "\x30\x0b" BOUGHT, &text), REJECT_BAD_BODY); /* channel 11 */
	assert_int_equal(DECODE(HEAD "\x30\x81\x02" BOUGHT, &text), REJECT_BAD_BODY); /* 257 */
}

static void fields_of_a_newer_version_are_stepped_over_up_to_a_bound(void **state)
{
	struct buf b = { 0 };
	const char *text;

	(void)state;
	buf_add(&b, HEAD BOUGHT, sizeof HEAD BOUGHT - 1);
	for (unsigned i = 0; i < WIRE_UNKNOWN_MAX; i++)
		buf_add(&b, "\xa2\x06\x02hi", 5); /* field 100 */
	assert_int_equal(decode(b.data, b.size, &text), REJECT_NONE);
	buf_add(&b, "\xa0\x06\x01", 3);
	assert_int_equal(decode(b.data, b.size, &text), REJECT_MALFORMED);
	assert_string_equal(text, "the event has more than 32 unknown fields");
	buf_fini(&b);
}

/* ------------------------------------------------------------------------------- fingerprints */

static void the_fingerprint_is_of_what_is_said_and_not_of_its_name(void **state)
{
	struct event a = purchase_event(), b = purchase_event();
	const char *text;

	(void)state;
	b.source = span_str("till-8");
	b.id = span_str("42");
	b.sequence = 9;
	b.as.purchase.category = span_str(""); /* the same as none */
	(void)event_check(&a, &text);
	(void)event_check(&b, &text);
	assert_null(b.as.purchase.category.data);
	assert_int_equal(a.fingerprint, b.fingerprint);
	b.as.purchase.has_margin = true; /* a margin of 0 is not the same as none */
	(void)event_check(&b, &text);
	assert_int_not_equal(a.fingerprint, b.fingerprint);
	b = purchase_event();
	b.time_ms++;
	(void)event_check(&b, &text);
	assert_int_not_equal(a.fingerprint, b.fingerprint);
	b = purchase_event();
	b.channel = CHANNEL_NONE;
	(void)event_check(&b, &text);
	assert_int_not_equal(a.fingerprint, b.fingerprint);

	a = event_with(BODY_FEEDBACK);
	b = a;
	b.as.feedback.expected = -0.0;
	assert_int_equal(event_check(&a, &text), REJECT_NONE);
	assert_int_equal(event_check(&b, &text), REJECT_NONE);
	assert_int_equal(a.fingerprint, b.fingerprint);
}

static uint32_t fingerprint_of(const char *bytes, size_t size)
{
	const char *text = "";
	struct event e;

	assert_int_equal(event_decode(&e, span_of(bytes, size), span_str("till"), &text), REJECT_NONE);
	return e.fingerprint;
}

/* A fingerprint is taken of the bytes as they came where they are the canonical form. */
static void the_fingerprint_is_the_same_in_whatever_form_an_event_comes(void **state)
{
	static const struct { const char *bytes; size_t size; } forms[] = {
#define FORM(literal) { literal, sizeof literal - 1 }
		FORM("\x12\x01" "7" "\x22\x04" "anna" "\x28\x01" BOUGHT),
		FORM("\x12\x01" "8" "\x18\x09" "\x22\x04" "anna" "\x28\x01" BOUGHT), /* another id */
		FORM("\x22\x04" "anna" "\x12\x01" "7" "\x28\x01" BOUGHT),          /* another order */
		FORM("\x22\x04" "anna" "\x28\x01" BOUGHT "\x12\x01" "7"),
		FORM("\x12\x01" "7" "\x28\x01" "\x22\x04" "anna" BOUGHT),
		FORM("\x12\x01" "7" "\x22\x84\x00" "anna" "\x28\x01" BOUGHT),     /* longer numbers */
		FORM("\x12\x01" "7" "\x22\x04" "anna" "\x28\x81\x00" BOUGHT),
		FORM("\x12\x01" "7" "\x22\x04" "anna" "\xa8\x00\x01" BOUGHT),
		FORM("\x12\x01" "7" "\x22\x04" "anna" "\x28\x01" "\x62\x85\x00\x0a\x01" "o" "\x10\x05"),
		FORM("\x12\x01" "7" "\x22\x04" "anna" "\x28\x01" "\x62\x06\x0a\x01" "o" "\x10\x85\x00"),
		FORM("\x12\x01" "7" "\x22\x04" "anna" "\x28\x01" "\x62\x05\x10\x05\x0a\x01" "o"),
		FORM("\x12\x01" "7" "\x22\x04" "anna" "\x28\x01" "\x30\x00" BOUGHT), /* nothing said */
		FORM("\x12\x01" "7" "\x22\x04" "anna" "\x28\x01" "\x62\x07\x0a\x01" "o" "\x10\x05\x22\x00"),
		FORM("\x12\x01" "7" "\x22\x04" "anna" "\x28\x01" BOUGHT "\xa0\x06\x01"), /* newer fields */
		FORM("\x12\x01" "7" "\x22\x04" "anna" "\x28\x01" "\x62\x07\x0a\x01" "o" "\x10\x05\x50\x01"),
	};
	static const char *const pairs[][2] = {
		{ HEAD "\x5a\x02\x08\x01", HEAD "\x5a\x02\x08\x02" }, /* need: yes */
		{ HEAD "\x82\x01\x12" "\x09" "\0\0\0\0\0\0\0\0" "\x11" "\0\0\0\0\0\0\x10\x40",
		  HEAD "\x82\x01\x12" "\x09" "\0\0\0\0\0\0\0\x80" "\x11" "\0\0\0\0\0\0\x10\x40" },
	};
	static const size_t sizes[] = { sizeof HEAD + 3, sizeof HEAD + 20 };
	uint32_t first = fingerprint_of(forms[0].bytes, forms[0].size);

	(void)state;
	for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++)
		assert_int_equal(fingerprint_of(forms[i].bytes, forms[i].size), first);
	for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++)
		assert_int_equal(fingerprint_of(pairs[i][0], sizes[i]),
			fingerprint_of(pairs[i][1], sizes[i]));
}

static void an_empty_text_clears_in_a_profile_and_only_there(void **state)
{
	struct event e = event_with(BODY_PROFILE), none = e;
	const char *text;

	(void)state;
	e.as.profile.owner = span_of("", 0);
	assert_int_equal(event_check(&e, &text), REJECT_NONE);
	assert_int_equal(event_check(&none, &text), REJECT_NONE);
	assert_int_not_equal(e.fingerprint, none.fingerprint);
	assert_non_null(e.as.profile.owner.data);
	assert_int_equal(DECODE(HEAD "\xba\x01\x02\x2a\x00", &text), REJECT_NONE);
	assert_int_equal(event_decode(&e, span_of(HEAD "\xba\x01\x02\x2a\x00", sizeof HEAD + 4),
		span_str("till"), &text), REJECT_NONE);
	assert_non_null(e.as.profile.owner.data);
	assert_null(e.as.profile.region.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_of_fields_is_kith_proto),
		cmocka_unit_test(every_event_survives_the_wire_and_protobuf_c_agrees),
		cmocka_unit_test(no_mutation_is_read_otherwise_than_protobuf_c_reads_it),
		cmocka_unit_test(each_rule_of_the_head_has_its_code_and_sentence),
		cmocka_unit_test(each_rule_of_a_body_has_its_sentence),
		cmocka_unit_test(a_required_field_left_out_is_refused_by_name),
		cmocka_unit_test(malformed_events_say_why),
		cmocka_unit_test(fields_of_a_newer_version_are_stepped_over_up_to_a_bound),
		cmocka_unit_test(the_fingerprint_is_of_what_is_said_and_not_of_its_name),
		cmocka_unit_test(the_fingerprint_is_the_same_in_whatever_form_an_event_comes),
		cmocka_unit_test(an_empty_text_clears_in_a_profile_and_only_there),
	};

	printf("# SEED=%llu\n", (unsigned long long)test_seed());
	return cmocka_run_group_tests_name("codec", tests, arena_setup, arena_teardown);
}
