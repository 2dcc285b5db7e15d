/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a customer's record, which is drawn in customer_record.h. */
#include <assert.h>
#include "workers/customer_record.h"

static void init_but_facts(struct customer *c, struct span id)
{
	assert(id.size >= 1 && id.size <= EVENT_CUSTOMER_MAX);
	memcpy(c->id, id.data, id.size);
	c->id_size = (uint8_t)id.size;
	c->is_new = true;
	c->stale = false;
	c->armed_ms = 0;
	c->market_version = 0;
	memset(&c->bond, 0, offsetof(struct bond, head));
	c->quiet_until_ms = 0;
	c->alarm_ms = 0;
	c->source = 0;
	c->source_votes = 0;
	c->n_places = 0;
	c->own_size = 0;
	tail_init(&c->tail);
	standing_init(&c->standing);
	c->counted = c->standing.verdict;
}

void customer_init(struct customer *c, struct span id)
{
	init_but_facts(c, id);
	facts_init(&c->facts);
}

/* L is the ladder of a place on RUNG. A new rung may have no number yet. */
static inline void rung_settle(struct standing *s, unsigned l, uint16_t rung,
	const struct machine *m, const struct numbering *n)
{
	unsigned r = n->rung_near[l][rung % RUNGS_NEAR];

	if (rung == 0 || n->rung[l][r] != rung)
		for (r = 0; r < m->ladders[l].n_rungs && n->rung[l][r] != rung;)
			r++;
	if (n->rung[l][r] == rung)
		s->verdict.rung[l] = (uint8_t)r;
}

static void risk_settle(struct standing *s, const struct place *at, const struct machine *m,
	const struct numbering *n)
{
	for (unsigned k = 0; k < m->n_risks; k++)
		if (n->risk[k] == at->rung) {
			s->verdict.risks |= 1u << k;
			s->risk_since_ms[k] = at->since_ms;
		}
}

/* Put a place of the record where the machine in force has it, if it has. The I-th place is mostly
 * that of the I-th ladder. */
static inline void place_settle(struct standing *s, const struct place *at, unsigned i,
	const struct machine *m, const struct numbering *n)
{
	unsigned l = i < m->n_ladders && n->ladder[i] == at->ladder ? i : 0;

	if (at->ladder == 0) {
		risk_settle(s, at, m, n);
		return;
	}
	while (l < m->n_ladders && n->ladder[l] != at->ladder)
		l++;
	if (l == m->n_ladders)
		return;
	s->since_ms[l] = at->since_ms;
	rung_settle(s, l, at->rung, m, n);
}

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

/* After a fault nothing is left, and everything reads as 0. */
static inline void fail(struct cursor *c)
{
	c->bad = true;
	c->p = c->end;
}

/* Few are longer than a byte. Given values only, so that a cursor may lie in registers. */
struct long_varint {
	const uint8_t *next; /* NULL: it is none */
	uint64_t v;
};
static __attribute__((noinline)) struct long_varint long_varint(const uint8_t *p, const uint8_t *end)
{
	struct long_varint ret = { NULL, 0 };

	ret.next = get_varint(p, end, &ret.v);
	return ret;
}

static inline uint64_t take(struct cursor *c)
{
	struct long_varint v;

	if (c->p < c->end && *c->p < 0x80)
		return *c->p++;
	v = long_varint(c->p, c->end);
	c->p = v.next;
	if (!v.next)
		fail(c);
	return v.v;
}

static inline int64_t take_instant(struct cursor *c)
{
	const uint8_t *p = c->p;

	if (c->end - p < 8) {
		fail(c);
		return 0;
	}
	c->p += INSTANT_BYTES;
	return (int64_t)(get_le64(p) & INSTANT_MAX);
}

/* What a record says before its versions; returns its flags. */
static inline unsigned unpack_times(struct customer *c, struct cursor *in)
{
	struct standing *s = &c->standing;
	unsigned flags;

	if (in->end - in->p < 3 || in->p[0] != RECORD_VERSION) {
		fail(in);
		return 0;
	}
	flags = get_le16(in->p + 1);
	in->p += 3;
	s->settled_ms = take_instant(in);
	s->due_ms = flags & FLAG_DUE ? take_instant(in) : NEVER;
	c->armed_ms = flags & FLAG_ARMED ? take_instant(in) :
		flags & FLAG_ARMED_DUE ? s->due_ms : 0;
	c->quiet_until_ms = flags & FLAG_QUIET ? take_instant(in) : 0;
	c->alarm_ms = flags & FLAG_ALARM ? take_instant(in) : 0;
	if (flags > FLAGS_ALL || ((flags & FLAG_ARMED_DUE) && !(flags & FLAG_DUE)))
		fail(in);
	return flags;
}

/* The I-th place, if it is as most are: on the I-th ladder, and both numbers a byte each. Settles it. */
static inline bool take_near(struct customer *c, struct cursor *in, unsigned i,
	const struct machine *m, const struct numbering *n)
{
	struct place *at = &c->places[i];
	const uint8_t *p = in->p;
	unsigned r;

	if (i >= m->n_ladders || in->end - p < 2 + 8 || p[0] != n->ladder[i] || p[0] - 1u >= 0x7f ||
		p[1] - 1u >= 0x7f)
		return false;
	r = n->rung_near[i][p[1] % RUNGS_NEAR];
	if (n->rung[i][r] != p[1])
		return false;
	at->ladder = p[0];
	at->rung = p[1];
	at->since_ms = (int64_t)(get_le64(p + 2) & INSTANT_MAX);
	c->standing.since_ms[i] = at->since_ms;
	c->standing.verdict.rung[i] = (uint8_t)r;
	in->p = p + 2 + INSTANT_BYTES;
	return true;
}

static inline void take_place(struct cursor *in, struct place *at)
{
	at->ladder = (uint16_t)take(in);
	at->rung = (uint16_t)take(in);
	at->since_ms = take_instant(in);
}

static inline void unpack_places(struct customer *c, struct cursor *in, const struct machine *m,
	const struct numbering *n)
{
	unsigned count = in->bad || in->p == in->end ? PLACES_MAX + 1 : *in->p++;

	if (count > PLACES_MAX) {
		in->bad = true;
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		struct place *at = &c->places[i];

		if (take_near(c, in, i, m, n))
			continue;
		take_place(in, at);
		if (!in->bad)
			place_settle(&c->standing, at, i, m, n);
	}
	c->n_places = count;
}

static void take_id(struct cursor *in, size_t max, uint8_t *id, uint8_t *ret_size)
{
	size_t size = in->bad || in->p == in->end ? SIZE_MAX : *in->p++;

	if (in->bad || size > max || size > (size_t)(in->end - in->p)) {
		in->bad = true;
		return;
	}
	memcpy(id, in->p, size);
	*ret_size = (uint8_t)size;
	in->p += size;
}

static int unpack_bond(struct customer *c, struct span section)
{
	struct cursor in = { section.data, section.data + section.size, false };
	uint64_t ids = take(&in), members = take(&in);
	struct bond *b = &c->bond;

	take_id(&in, EVENT_CUSTOMER_MAX, b->head, &b->head_size);
	if (b->head_size)
		b->number = take(&in);
	take_id(&in, EVENT_TEXT_MAX, b->account, &b->account_size);
	if (in.bad || in.p != in.end || ids > UINT32_MAX || members > UINT32_MAX)
		return ERR_CORRUPT;
	b->ids = (uint32_t)ids;
	b->members = (uint32_t)members;
	c->facts.group.members = b->members;
	return customer_is_bound(c) ? 0 : ERR_CORRUPT;
}

static inline int unpack_sections(struct customer *c, struct cursor *in)
{
	struct span section[SECTION_BOND + 1] = { { NULL, 0 } };

	while (in->p < in->end) {
		uint8_t tag = *in->p++;
		uint64_t size = take(in);

		if (in->bad || size > (size_t)(in->end - in->p) || tag < SECTION_TAIL ||
			tag > SECTION_BOND || section[tag].data)
			return ERR_CORRUPT;
		section[tag] = span_of(in->p, (size_t)size);
		in->p += size;
	}
	if (section[SECTION_TAIL].data && !tail_take(&c->tail, section[SECTION_TAIL]))
		return ERR_CORRUPT;
	return section[SECTION_BOND].data ? unpack_bond(c, section[SECTION_BOND]) : 0;
}

/* What stands before the facts. */
static inline int unpack_head(struct customer *c, struct cursor *in, const struct machine *m,
	const struct numbering *n)
{
	struct standing *s = &c->standing;
	unsigned flags = unpack_times(c, in);
	uint64_t source;

	s->was_actual = flags & FLAG_WAS_ACTUAL;
	s->lifecycle_version = (uint32_t)take(in);
	if (flags & FLAG_MARKET)
		c->market_version = take(in);
	source = flags & FLAG_SOURCE ? take(in) : 0;
	c->source = (uint32_t)(source >> 3);
	c->source_votes = source & 7;
	if (flags & FLAG_PARAMETERS)
		s->parameters_version = (uint32_t)take(in);
	unpack_places(c, in, m, n);
	c->stale = s->lifecycle_version != m->version ||
		s->parameters_version != m->parameters_version;
	return in->bad ? ERR_CORRUPT : 0;
}

int customer_unpack(struct customer *c, struct span id, struct span record,
	const struct machine *m, const struct numbering *n)
{
	struct cursor in = { record.data, record.data + record.size, false };
	size_t used;
	int rc;

	init_but_facts(c, id);
	c->is_new = false;
	rc = unpack_head(c, &in, m, n);
	if (rc != 0) {
		facts_init(&c->facts);
		return rc;
	}
	rc = facts_unpack(&c->facts, in.p, (size_t)(in.end - in.p), &used);
	if (rc != 0)
		return rc;
	births_adopt(c, m, n);
	in.p += used;
	c->own_size = (uint16_t)(in.p - record.data);
	return unpack_sections(c, &in);
}

int64_t record_armed(struct span record)
{
	struct cursor in = { record.data, record.data + record.size, false };
	unsigned flags = in.end - in.p < 9 ? 0 : get_le16(in.p + 1);
	int64_t due_ms;

	if (record_settled(record) == 0)
		return 0;
	in.p += 9;
	due_ms = flags & FLAG_DUE ? take_instant(&in) : 0;
	return flags & FLAG_ARMED ? take_instant(&in) : flags & FLAG_ARMED_DUE ? due_ms : 0;
}

int64_t record_settled(struct span record)
{
	struct cursor in = { record.data + 3, record.data + record.size, false };

	return record.size < 3 || record.data[0] != RECORD_VERSION ? 0 : take_instant(&in);
}
