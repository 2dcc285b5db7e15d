/* SPDX-License-Identifier: Apache-2.0 */
/* A customer into the bytes of a record. */
#include <assert.h>
#include "workers/customer_record.h"

/* 8 bytes are written: what is too much is written over. */
static inline uint8_t *put_instant(uint8_t *p, int64_t at_ms)
{
	put_le64(p, (uint64_t)(at_ms < INSTANT_MAX ? at_ms : INSTANT_MAX));
	return p + INSTANT_BYTES;
}

static inline uint8_t *pack_place(uint8_t *p, uint16_t ladder, uint16_t rung, int64_t since_ms)
{
	if ((ladder | rung) < 0x80) { /* mostly */
		p[0] = (uint8_t)ladder;
		p[1] = (uint8_t)rung;
		return put_instant(p + 2, since_ms);
	}
	p = put_varint(p, ladder);
	p = put_varint(p, rung);
	return put_instant(p, since_ms);
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
		p = pack_place(p, n->ladder[l], n->rung[l][r], s->since_ms[l]);
		++*count;
	}
	for (uint32_t risks = s->verdict.risks; risks; risks &= risks - 1) {
		unsigned k = (unsigned)__builtin_ctz(risks);

		p = pack_place(p, 0, n->risk[k], s->risk_since_ms[k]);
		++*count;
	}
	return p;
}

static inline unsigned flag_if(bool holds, enum record_flag flag)
{
	return holds ? flag : 0;
}

static unsigned flags_of(const struct customer *c)
{
	const struct standing *s = &c->standing;
	bool is_due = s->due_ms != NEVER, as_due = is_due && c->armed_ms == s->due_ms;

	return flag_if(s->was_actual, FLAG_WAS_ACTUAL) | flag_if(c->market_version, FLAG_MARKET) |
		flag_if(c->source, FLAG_SOURCE) | flag_if(s->parameters_version, FLAG_PARAMETERS) |
		flag_if(is_due, FLAG_DUE) | flag_if(as_due, FLAG_ARMED_DUE) |
		flag_if(c->armed_ms && !as_due, FLAG_ARMED) | flag_if(c->quiet_until_ms, FLAG_QUIET) |
		flag_if(c->alarm_ms, FLAG_ALARM);
}

static uint8_t *pack_head(uint8_t *p, const struct customer *c)
{
	const struct standing *s = &c->standing;
	unsigned flags = flags_of(c);

	*p++ = RECORD_VERSION;
	put_le16(p, (uint16_t)flags);
	p = put_instant(p + 2, s->settled_ms);
	if (flags & FLAG_DUE)
		p = put_instant(p, s->due_ms);
	if (flags & FLAG_ARMED)
		p = put_instant(p, c->armed_ms);
	if (flags & FLAG_QUIET)
		p = put_instant(p, c->quiet_until_ms);
	if (flags & FLAG_ALARM)
		p = put_instant(p, c->alarm_ms);
	p = put_varint(p, s->lifecycle_version);
	if (flags & FLAG_MARKET)
		p = put_varint(p, c->market_version);
	if (flags & FLAG_SOURCE)
		p = put_varint(p, (uint64_t)c->source << 3 | c->source_votes);
	if (flags & FLAG_PARAMETERS)
		p = put_varint(p, s->parameters_version);
	return p;
}

size_t customer_pack_own(const struct customer *c, const struct machine *m,
	const struct numbering *n, uint8_t out[RECORD_MAX])
{
	uint8_t *p = pack_places(pack_head(out, c), &c->standing, m, n);

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
