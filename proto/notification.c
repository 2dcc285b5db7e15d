/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications on the wire. */
#include <assert.h>
#include <stdio.h>
#include "proto/notification.h"
#include "proto/wire.h"

static const struct message_limit limit = { NOTIFICATION_BYTES_MAX, 1024 };

static void evidence_fill(Kith__Notification__Evidence *m, const struct evidence *e)
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

static void test_fill(Kith__Notification__Evidence *m, const struct evidence *e)
{
	evidence_fill(m, e);
	m->has_holds = true;
	m->holds = e->holds;
	m->has_speaks = m->speaks = e->speaks;
	m->has_left = m->left = e->left;
}

static void numbers_fill(Kith__Notification *m, const struct notification *n)
{
	SET_NUMBER(m, since, n->since_ms);
	SET_NUMBER(m, at, n->at_ms);
	SET_NUMBER(m, noticed, n->noticed_ms);
	SET_NUMBER(m, lifecycle_version, n->lifecycle_version);
	SET_NUMBER(m, severity, (Kith__Complaint__Severity)n->severity);
	SET_NUMBER(m, job, (Kith__Notification__Job)n->job);
	m->has_value = n->has_value;
	m->value = n->value;
	m->has_potential_value = n->has_potential;
	m->potential_value = n->potential_value;
	SET_NUMBER(m, replacement_cost, n->replacement_cost);
	SET_NUMBER(m, parameters_version, n->parameters_version);
	m->has_shard = m->has_sequence = true;
	m->shard = n->shard;
	m->sequence = n->sequence;
}

static void texts_fill(Kith__Notification *m, const struct notification *n)
{
	SET_BYTES(m, type, n->type);
	SET_BYTES(m, customer, n->customer);
	SET_BYTES(m, ladder, n->ladder);
	SET_BYTES(m, from, n->from);
	SET_BYTES(m, to, n->to);
	SET_BYTES(m, rule, n->rule);
	SET_BYTES(m, play, n->play);
	SET_BYTES(m, owner, n->owner);
	SET_BYTES(m, region, n->region);
	SET_BYTES(m, tier, n->tier);
	SET_BYTES(m, missing, n->missing);
	SET_BYTES(m, reason, n->reason);
	SET_BYTES(m, reason_group, n->reason_group);
	SET_BYTES(m, approach, n->approach);
	SET_BYTES(m, subject, n->subject);
	SET_BYTES(m, retracts, n->retracts);
	SET_BYTES(m, other, n->other);
	SET_BYTES(m, cause_source, n->cause_source);
	SET_BYTES(m, cause_id, n->cause_id);
	SET_BYTES(m, text, n->text);
}

void notification_encode(struct buf *out, const struct notification *n)
{
	Kith__Notification m = KITH__NOTIFICATION__INIT;
	Kith__Notification__Evidence evidence[EVIDENCE_MAX], *pointers[EVIDENCE_MAX];
	Kith__Notification__Evidence context[CONTEXT_MAX], *contexts[CONTEXT_MAX];
	char id[40];

	snprintf(id, sizeof id, "%u-%llu", n->shard, (unsigned long long)n->sequence);
	SET_BYTES(&m, id, span_str(id));
	texts_fill(&m, n);
	numbers_fill(&m, n);
	assert(n->n_evidence <= EVIDENCE_MAX);
	m.n_evidence = n->n_evidence;
	m.evidence = pointers;
	for (size_t i = 0; i < m.n_evidence; i++) {
		test_fill(&evidence[i], &n->evidence[i]);
		pointers[i] = &evidence[i];
	}
	assert(n->n_context <= CONTEXT_MAX);
	m.n_context = n->n_context;
	m.context = contexts;
	for (size_t i = 0; i < m.n_context; i++) {
		evidence_fill(&context[i], &n->context[i]);
		contexts[i] = &context[i];
	}
	message_append(out, &m);
}

static void evidence_take(struct evidence *e, const Kith__Notification__Evidence *m)
{
	e->fact = span_of_binary(m->fact);
	e->test = span_of_binary(m->test);
	e->value = m->value;
	e->text = span_of_binary(m->text);
	e->unit = (uint8_t)name_lookup(unit_name, UNIT_COUNT_, span_of_binary(m->unit));
	e->known = e->unit == UNIT_NAME ? m->has_text : m->has_value;
	e->holds = m->holds;
	e->speaks = m->speaks;
	e->left = m->left;
}

static void texts_take(struct notification *n, const Kith__Notification *m)
{
	n->type = span_of_binary(m->type);
	n->customer = span_of_binary(m->customer);
	n->ladder = span_of_binary(m->ladder);
	n->from = span_of_binary(m->from);
	n->to = span_of_binary(m->to);
	n->rule = span_of_binary(m->rule);
	n->play = span_of_binary(m->play);
	n->owner = span_of_binary(m->owner);
	n->region = span_of_binary(m->region);
	n->tier = span_of_binary(m->tier);
	n->missing = span_of_binary(m->missing);
	n->reason = span_of_binary(m->reason);
	n->reason_group = span_of_binary(m->reason_group);
	n->approach = span_of_binary(m->approach);
	n->subject = span_of_binary(m->subject);
	n->retracts = span_of_binary(m->retracts);
	n->other = span_of_binary(m->other);
	n->cause_source = span_of_binary(m->cause_source);
	n->cause_id = span_of_binary(m->cause_id);
	n->text = span_of_binary(m->text);
}

/* Numbers of a newer version's enums become "not said". */
static void numbers_take(struct notification *n, const Kith__Notification *m)
{
	n->shard = m->shard;
	n->sequence = m->sequence;
	n->since_ms = m->since;
	n->at_ms = m->at;
	n->noticed_ms = m->noticed;
	n->lifecycle_version = m->lifecycle_version;
	n->severity = (unsigned)m->severity < SEVERITY_COUNT ? (uint8_t)m->severity : SEVERITY_NONE;
	n->job = (unsigned)m->job < JOB_COUNT ? (uint8_t)m->job : JOB_NONE;
	n->has_value = m->has_value;
	n->value = m->value;
	n->has_potential = m->has_potential_value;
	n->potential_value = m->potential_value;
	n->replacement_cost = m->replacement_cost;
	n->parameters_version = m->parameters_version;
}

static bool evidence_is_plain(const struct evidence *list, unsigned n)
{
	for (const struct evidence *e = list; e < list + n; e++)
		if (!bytes_are_plain_utf8(e->fact) || !bytes_are_plain_utf8(e->test) ||
			!bytes_are_plain_utf8(e->text))
			return false;
	return true;
}

static bool texts_are_plain(const struct notification *n)
{
	const struct span texts[] = { n->type, n->customer, n->ladder, n->from, n->to, n->rule,
		n->play, n->owner, n->cause_source, n->cause_id, n->region, n->tier, n->subject,
		n->retracts, n->missing, n->reason, n->reason_group, n->approach, n->text,
		n->other };

	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
		if (!bytes_are_plain_utf8(texts[i]))
			return false;
	}
	return evidence_is_plain(n->evidence, n->n_evidence) &&
		evidence_is_plain(n->context, n->n_context);
}

int notification_take(struct notification *n, const Kith__Notification *m)
{
	memset(n, 0, sizeof *n);
	if (m->n_evidence > EVIDENCE_MAX || m->n_context > CONTEXT_MAX)
		return ERR_INVALID;
	texts_take(n, m);
	numbers_take(n, m);
	n->n_evidence = (unsigned)m->n_evidence;
	for (unsigned i = 0; i < n->n_evidence; i++)
		evidence_take(&n->evidence[i], m->evidence[i]);
	n->n_context = (unsigned)m->n_context;
	for (unsigned i = 0; i < n->n_context; i++)
		evidence_take(&n->context[i], m->context[i]);
	return texts_are_plain(n) && n->sequence > 0 ? 0 : ERR_INVALID;
}

enum { NOTIFICATION_TEXT = 60 };

void notification_add_text(struct buf *out, struct span text)
{
	if (text.size > 0)
		wire_add_bytes(out, NOTIFICATION_TEXT, text);
}

size_t notification_text_size(struct span text)
{
	return text.size == 0 ? 0 : wire_varint_size((uint64_t)NOTIFICATION_TEXT << 3 | WIRE_BYTES) +
		wire_varint_size(text.size) + text.size;
}

int64_t notification_noticed(struct span encoded)
{
	enum { NOTICED = 9 };
	struct wire w = wire_of(encoded);
	struct wire_field f = { 0 };

	while (w.at < w.end && wire_read(&w, &f))
		if (f.number == NOTICED && f.type == WIRE_VARINT)
			return (int64_t)f.value;
	return 0;
}

int notification_decode(struct notification *n, const void *data, size_t size, struct arena *a)
{
	Kith__Notification *m;
	int rc = message_unpack(&kith__notification__descriptor, span_of(data, size), limit, a, &m,
		NULL);

	return rc ? rc : notification_take(n, m);
}
