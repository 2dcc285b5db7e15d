/* SPDX-License-Identifier: Apache-2.0 */
/* A customer into the bytes of a record. */
#include <assert.h>
#include "workers/customer_record.h"

static uint8_t *pack_place(uint8_t *p, uint16_t ladder, uint16_t rung, int64_t since,
	int64_t settled)
{
	p = put_varint(p, ladder);
	p = put_varint(p, rung);
	return put_varint(p, zigzag(since - settled));
}

static uint8_t *pack_places(uint8_t *p, const struct standing *s, const struct machine *m,
	const struct numbering *n)
{
	uint8_t *count = p++;

	*count = 0;
	for (unsigned l = 0; l < m->n_ladders; l++) {
		unsigned r = s->verdict.rung[l];

		if (r == RUNG_NONE)
			continue;
		p = pack_place(p, n->ladder[l], n->rung[l][r], s->since_ms[l], s->settled_ms);
		++*count;
	}
	for (unsigned k = 0; k < m->n_risks; k++)
		if (s->verdict.risks >> k & 1) {
			p = pack_place(p, 0, n->risk[k], s->risk_since_ms[k], s->settled_ms);
			++*count;
		}
	return p;
}

/* AT as seen from FROM; 0 is none. */
static uint8_t *put_instant(uint8_t *p, int64_t at_ms, int64_t from_ms)
{
	return put_varint(p, at_ms == 0 ? 0 : 1 + zigzag(at_ms - from_ms));
}

size_t customer_pack_own(const struct customer *c, const struct machine *m,
	const struct numbering *n, uint8_t out[RECORD_MAX])
{
	const struct standing *s = &c->standing;
	uint8_t *p = out;

	*p++ = RECORD_VERSION;
	*p++ = (uint8_t)((s->was_actual ? FLAG_WAS_ACTUAL : 0) | (c->market_version ? FLAG_MARKET : 0) |
		(c->source ? FLAG_SOURCE : 0) | (s->parameters_version ? FLAG_PARAMETERS : 0));
	p = put_varint(p, (uint64_t)s->settled_ms);
	p = put_varint(p, s->lifecycle_version);
	p = put_instant(p, s->due_ms == NEVER ? 0 : s->due_ms, s->settled_ms);
	p = put_instant(p, c->armed_ms, s->due_ms == NEVER ? s->settled_ms : s->due_ms);
	p = put_varint(p, (uint64_t)c->quiet_until_ms);
	p = put_varint(p, (uint64_t)c->alarm_ms);
	if (c->market_version)
		p = put_varint(p, c->market_version);
	if (c->source)
		p = put_varint(p, (uint64_t)c->source << 3 | c->source_votes);
	if (s->parameters_version)
		p = put_varint(p, s->parameters_version);
	p = pack_places(p, s, m, n);
	p += facts_pack(&c->facts, p);
	assert((size_t)(p - out) <= RECORD_MAX);
	return (size_t)(p - out);
}

static uint8_t *put_id(uint8_t *p, const uint8_t *id, uint8_t size)
{
	*p++ = size;
	memcpy(p, id, size);
	return p + size;
}

static size_t pack_bond(const struct bond *b, uint8_t out[BOND_BYTES_MAX])
{
	uint8_t *p = out;

	p = put_varint(p, b->ids);
	p = put_varint(p, b->members);
	p = put_id(p, b->head, b->head_size);
	if (b->head_size)
		p = put_varint(p, b->number);
	p = put_id(p, b->account, b->account_size);
	return (size_t)(p - out);
}

static uint8_t *put_section(uint8_t *p, enum section tag, const uint8_t *bytes, size_t size)
{
	*p++ = (uint8_t)tag;
	p = put_varint(p, size);
	memcpy(p, bytes, size);
	return p + size;
}

/* The tail is written where it belongs, with room before it for a size that is not known yet. */
static uint8_t *put_tail(uint8_t *p, struct tail *t)
{
	uint8_t *begin = p + 2, *end = tail_put(t, begin);
	size_t size = (size_t)(end - begin);

	if (size == 0)
		return p;
	if (size > 127) {
		memmove(begin + 1, begin, size);
		end++;
	}
	*p++ = SECTION_TAIL;
	(void)put_varint(p, size);
	return end;
}

size_t customer_pack_sections(struct customer *c, uint8_t out[RECORD_MAX], size_t size)
{
	uint8_t bond[BOND_BYTES_MAX], *p = put_tail(out + size, &c->tail);

	if (customer_is_bound(c))
		p = put_section(p, SECTION_BOND, bond, pack_bond(&c->bond, bond));
	assert((size_t)(p - out) <= RECORD_MAX);
	return (size_t)(p - out);
}

size_t customer_pack(struct customer *c, const struct machine *m, const struct numbering *n,
	uint8_t out[RECORD_MAX])
{
	return customer_pack_sections(c, out, customer_pack_own(c, m, n, out));
}
