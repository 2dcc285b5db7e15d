/* SPDX-License-Identifier: Apache-2.0 */
/* Snapshots on the wire. Rows are encoded where the customers are, and carried as they are. */
#include <assert.h>
#include "proto/snapshot.h"
#include "proto/wire.h"

enum { PAGE_ROWS = 3 };

static void texts_fill(Kith__SnapshotRow *m, const struct snapshot_row *r)
{
	SET_BYTES(m, customer, r->customer);
	SET_BYTES(m, owner, r->owner);
	SET_BYTES(m, region, r->region);
	SET_BYTES(m, segment, r->segment);
}

static void numbers_fill(Kith__SnapshotRow *m, const struct snapshot_row *r)
{
	m->has_value = r->has_value;
	m->value = r->value;
	SET_NUMBER(m, lifecycle_version, r->lifecycle_version);
	SET_NUMBER(m, settled, r->settled_ms);
	SET_NUMBER(m, due, r->due_ms);
	SET_NUMBER(m, events, (uint64_t)r->events);
	SET_NUMBER(m, purchases, (uint64_t)r->purchases);
	SET_NUMBER(m, spent, r->spent);
	SET_NUMBER(m, first_purchase, r->first_purchase_ms);
	SET_NUMBER(m, last_purchase, r->last_purchase_ms);
}

static void place_fill(Kith__SnapshotRow__Place *m, const struct snapshot_place *p)
{
	kith__snapshot_row__place__init(m);
	SET_BYTES(m, ladder, p->ladder);
	SET_BYTES(m, rung, p->rung);
	SET_NUMBER(m, since, p->since_ms);
}

static void risk_fill(Kith__SnapshotRow__Risk *m, const struct snapshot_risk *r)
{
	kith__snapshot_row__risk__init(m);
	SET_BYTES(m, name, r->name);
	SET_NUMBER(m, severity, (Kith__Complaint__Severity)r->severity);
	SET_NUMBER(m, since, r->since_ms);
}

void snapshot_row_encode(struct buf *out, const struct snapshot_row *r)
{
	Kith__SnapshotRow m = KITH__SNAPSHOT_ROW__INIT;
	Kith__SnapshotRow__Place places[SNAPSHOT_PLACES_MAX], *place[SNAPSHOT_PLACES_MAX];
	Kith__SnapshotRow__Risk risks[SNAPSHOT_RISKS_MAX], *risk[SNAPSHOT_RISKS_MAX];

	assert(r->n_places <= SNAPSHOT_PLACES_MAX && r->n_risks <= SNAPSHOT_RISKS_MAX);
	texts_fill(&m, r);
	numbers_fill(&m, r);
	for (unsigned i = 0; i < r->n_places; i++)
		place_fill(place[i] = &places[i], &r->places[i]);
	for (unsigned i = 0; i < r->n_risks; i++)
		risk_fill(risk[i] = &risks[i], &r->risks[i]);
	m.n_places = r->n_places;
	m.places = place;
	m.n_risks = r->n_risks;
	m.risks = risk;
	message_append(out, &m);
}

void snapshot_page_add_row(struct buf *rows, struct span encoded)
{
	wire_add_bytes(rows, PAGE_ROWS, encoded);
}

static void numbers_take(struct snapshot_row *r, const Kith__SnapshotRow *m)
{
	r->has_value = m->has_value;
	r->value = m->value;
	r->lifecycle_version = m->lifecycle_version;
	r->settled_ms = m->settled;
	r->due_ms = m->due;
	r->events = (int64_t)m->events;
	r->purchases = (int64_t)m->purchases;
	r->spent = m->spent;
	r->first_purchase_ms = m->first_purchase;
	r->last_purchase_ms = m->last_purchase;
}

static bool lists_take(struct snapshot_row *r, const Kith__SnapshotRow *m)
{
	bool plain = true;

	for (unsigned i = 0; i < m->n_places; i++) {
		r->places[i] = (struct snapshot_place){ span_of_binary(m->places[i]->ladder),
			span_of_binary(m->places[i]->rung), m->places[i]->since };
		plain = plain && bytes_are_plain_utf8(r->places[i].ladder) &&
			bytes_are_plain_utf8(r->places[i].rung);
	}
	for (unsigned i = 0; i < m->n_risks; i++) {
		unsigned severity = (unsigned)m->risks[i]->severity;

		r->risks[i] = (struct snapshot_risk){ span_of_binary(m->risks[i]->name),
			severity < SEVERITY_COUNT ? (uint8_t)severity : SEVERITY_NONE,
			m->risks[i]->since };
		plain = plain && bytes_are_plain_utf8(r->risks[i].name);
	}
	r->n_places = (unsigned)m->n_places;
	r->n_risks = (unsigned)m->n_risks;
	return plain;
}

static int row_take(struct snapshot_row *r, const Kith__SnapshotRow *m)
{
	memset(r, 0, sizeof *r);
	if (m->n_places > SNAPSHOT_PLACES_MAX || m->n_risks > SNAPSHOT_RISKS_MAX)
		return ERR_INVALID;
	r->customer = span_of_binary(m->customer);
	r->owner = span_of_binary(m->owner);
	r->region = span_of_binary(m->region);
	r->segment = span_of_binary(m->segment);
	numbers_take(r, m);
	return lists_take(r, m) && r->customer.size > 0 && r->customer.size <= EVENT_CUSTOMER_MAX &&
		bytes_are_plain_utf8(r->customer) && bytes_are_plain_utf8(r->owner) &&
		bytes_are_plain_utf8(r->region) && bytes_are_plain_utf8(r->segment) ? 0 : ERR_INVALID;
}

int snapshot_page_take(struct snapshot_page **ret, const Kith__SnapshotPage *m, struct arena *a)
{
	struct snapshot_page *p;
	int rc = 0;

	*ret = NULL;
	if (!m)
		return 0;
	if (m->n_rows > SNAPSHOT_ROWS_MAX || m->after.len > EVENT_CUSTOMER_MAX ||
		m->upto.len > EVENT_CUSTOMER_MAX)
		return ERR_INVALID;
	p = arena_alloc(a, sizeof *p);
	if (p)
		p->rows = arena_alloc(a, (m->n_rows + 1) * sizeof *p->rows);
	if (!p || !p->rows)
		return ERR_NOMEM;
	p->shard = m->shard;
	p->as_of = m->as_of;
	p->after = span_of_binary(m->after);
	p->upto = span_of_binary(m->upto);
	p->done = m->done;
	p->n_rows = (unsigned)m->n_rows;
	for (unsigned i = 0; rc == 0 && i < p->n_rows; i++)
		rc = row_take(&p->rows[i], m->rows[i]);
	*ret = p;
	return rc;
}
