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

/* Put a place of the record where the machine in force has it, if it has. The I-th place is mostly
 * that of the I-th ladder. */
static void place_settle(struct standing *s, const struct place *at, unsigned i,
	const struct machine *m, const struct numbering *n)
{
	unsigned l = i < m->n_ladders && n->ladder[i] == at->ladder ? i : 0;

	if (at->ladder == 0) {
		for (unsigned k = 0; k < m->n_risks; k++)
			if (n->risk[k] == at->rung) {
				s->verdict.risks |= 1u << k;
				s->risk_since_ms[k] = at->since_ms;
			}
		return;
	}
	while (l < m->n_ladders && n->ladder[l] != at->ladder)
		l++;
	if (l == m->n_ladders)
		return;
	s->since_ms[l] = at->since_ms;
	for (unsigned r = 0; r < m->ladders[l].n_rungs; r++) /* a new one may have no number yet */
		if (n->rung[l][r] == at->rung)
			s->verdict.rung[l] = (uint8_t)r;
}

struct cursor {
	const uint8_t *p, *end;
	bool bad;
};

/* After a fault nothing is left, and everything reads as 0. */
static inline uint64_t take(struct cursor *c)
{
	uint64_t v = 0;
	const uint8_t *next = get_varint(c->p, c->end, &v);

	if (!next) {
		c->bad = true;
		c->p = c->end;
		return 0;
	}
	c->p = next;
	return v;
}

static int64_t take_instant(struct cursor *c, int64_t from_ms)
{
	uint64_t v = take(c);

	return v == 0 ? 0 : (int64_t)((uint64_t)from_ms + (uint64_t)unzigzag(v - 1));
}

/* What a record says before its places. */
static void unpack_times(struct cursor *in, struct standing *s, int64_t *ret_armed_ms)
{
	int64_t due_ms;

	s->settled_ms = (int64_t)take(in);
	s->lifecycle_version = (uint32_t)take(in);
	due_ms = take_instant(in, s->settled_ms);
	s->due_ms = due_ms == 0 ? NEVER : due_ms;
	*ret_armed_ms = take_instant(in, due_ms == 0 ? s->settled_ms : due_ms);
}

static void unpack_places(struct customer *c, struct cursor *in, const struct machine *m,
	const struct numbering *n)
{
	unsigned count = in->bad || in->p == in->end ? PLACES_MAX + 1 : *in->p++;

	if (count > PLACES_MAX) {
		in->bad = true;
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		struct place *at = &c->places[i];

		at->ladder = (uint16_t)take(in);
		at->rung = (uint16_t)take(in);
		at->since_ms = c->standing.settled_ms + unzigzag(take(in));
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

static int unpack_sections(struct customer *c, struct cursor *in)
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

static void unpack_source(struct customer *c, uint64_t v)
{
	c->source = (uint32_t)(v >> 3);
	c->source_votes = v & 7;
}

/* What stands before the facts. */
static int unpack_head(struct customer *c, struct cursor *in, const struct machine *m,
	const struct numbering *n)
{
	struct standing *s = &c->standing;
	uint8_t flags;

	if (in->end - in->p < 2 || in->p[0] != RECORD_VERSION)
		return ERR_CORRUPT;
	flags = in->p[1];
	in->p += 2;
	s->was_actual = flags & FLAG_WAS_ACTUAL;
	unpack_times(in, s, &c->armed_ms);
	c->quiet_until_ms = (int64_t)take(in);
	c->alarm_ms = (int64_t)take(in);
	if (flags & FLAG_MARKET)
		c->market_version = take(in);
	if (flags & FLAG_SOURCE)
		unpack_source(c, take(in));
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
	struct cursor in = { record.data + 2, record.data + record.size, record.size < 3 };
	struct standing s;
	int64_t armed_ms;

	unpack_times(&in, &s, &armed_ms);
	return in.bad ? 0 : armed_ms;
}

int64_t record_settled(struct span record)
{
	struct cursor in = { record.data + 2, record.data + record.size, record.size < 3 };

	return (int64_t)take(&in);
}
