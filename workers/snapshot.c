/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a page of a snapshot. */
#include "workers/page.h"
#include "workers/query.h"
#include "workers/snapshot.h"

static struct span text_of(const struct facts *f, enum facts_text which)
{
	return span_of(f->text[which].text, f->text[which].size);
}

static void row_facts(struct snapshot_row *r, const struct facts *f)
{
	r->owner = text_of(f, TEXT_OWNER);
	r->region = text_of(f, TEXT_REGION);
	r->segment = text_of(f, TEXT_SEGMENT);
	r->has_value = value_at_stake(f, &r->value);
	r->events = f->scalar[FACT_events].i;
	r->purchases = f->scalar[FACT_purchases].i;
	r->spent = f->scalar[FACT_spent].i - f->scalar[FACT_refunded].i;
	r->first_purchase_ms = f->scalar[FACT_first_purchase].i;
	r->last_purchase_ms = f->scalar[FACT_last_purchase].i;
}

static uint8_t severity_of(const struct machine *m, struct span risk)
{
	for (unsigned k = 0; k < m->n_risks; k++)
		if (span_eq(m->risks[k].name, risk))
			return m->risks[k].severity;
	return SEVERITY_NONE;
}

/* Under the names of the record, which a newer file may not have: that is what was announced. */
static void row_places(struct snapshot_row *r, const struct customer *c, const struct query *q,
	const struct machine *m)
{
	for (unsigned i = 0; i < c->n_places; i++) {
		const struct place *at = &c->places[i];
		struct span rung = span_str(query_name(q, at->rung));

		if (at->ladder != 0 && r->n_places < SNAPSHOT_PLACES_MAX)
			r->places[r->n_places++] = (struct snapshot_place){
				span_str(query_name(q, at->ladder)), rung, at->since_ms };
		else if (at->ladder == 0 && r->n_risks < SNAPSHOT_RISKS_MAX)
			r->risks[r->n_risks++] = (struct snapshot_risk){ rung, severity_of(m, rung),
				at->since_ms };
	}
}

static void row_make(struct snapshot_row *r, const struct customer *c, const struct query *q,
	const struct machine *m)
{
	memset(r, 0, sizeof *r);
	r->customer = customer_id(c);
	r->lifecycle_version = c->standing.lifecycle_version;
	r->settled_ms = c->standing.settled_ms;
	r->due_ms = c->standing.due_ms == NEVER ? 0 : c->standing.due_ms;
	row_facts(r, &c->facts);
	row_places(r, c, q, m);
}

/* The next customer, into the page when it is asked for. */
static int add_next(struct shard *s, struct query *q, struct buf *row)
{
	const struct machine *m = s->lifecycle->machine;
	struct snapshot_row r;
	bool is_whole;
	int rc = page_next(s, &q->key, m, &s->numbering, &is_whole);

	if (rc != 0 || !is_whole) /* a damaged record stands for nobody */
		return rc;
	if (customer_is_merged(&s->customer)) /* the person has a row */
		return 0;
	row_make(&r, &s->customer, q, m);
	if (q->filter && !snapshot_row_wanted(&r, q->filter))
		return 0;
	buf_clear(row);
	snapshot_row_encode(row, &r);
	snapshot_page_add_row(&q->notes.bytes, span_of(row->data, row->size));
	q->notes.n_notes++;
	return row->failed || q->notes.bytes.failed ? ERR_NOMEM : 0;
}

int snapshot_read(struct shard *s, struct query *q)
{
	struct buf row = { 0 };
	int rc = query_names(s, q);

	q->upto = env_meta(s->env)->outbox_last;
	if (rc == 0 && !s->lifecycle)
		rc = ERR_NOTFOUND; /* nobody has been judged */
	for (unsigned looked = 0; rc == 0 && looked < SNAPSHOT_LOOK_MAX &&
		q->notes.n_notes < q->cap_notes && q->notes.bytes.size < SNAPSHOT_BYTES; looked++)
		rc = add_next(s, q, &row);
	buf_fini(&row);
	q->done = rc == ERR_NOTFOUND;
	return rc == ERR_NOTFOUND ? 0 : rc;
}
