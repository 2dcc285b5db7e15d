/* SPDX-License-Identifier: Apache-2.0 */
/* The customer record:
 *
 *   u8      version, 1
 *   u8      flags: 1 has ever been on the actual side, 2 has a market version,
 *           4 has a source, 8 has a parameters version
 *   varint  settled_ms       everything up to here has been announced
 *   varint  lifecycle version that judged
 *   varint  due              when to look again: 0 never, else 1 + zigzag(due_ms - settled_ms)
 *   varint  armed            row in the deadline index: 0 none, else 1 + zigzag(armed_ms - due_ms),
 *                            from settled_ms when due is never
 *   varint  quiet_until_ms   0 none
 *   varint  alarm_ms    0 none
 *   varint  market version   with flag 2: the signals that have been heeded
 *   varint  source           with flag 4: its number * 8 + votes (silence.h)
 *   varint  parameters version that judged, with flag 8
 *   u8      n, then n × { varint ladder number (0: a risk), varint rung or risk number,
 *                         varint zigzag(since_ms - settled_ms) }
 *   facts   as facts_pack() writes them
 *   sections to the end, none or each one once: { u8 tag, varint size, bytes }
 *           1 the trail (trail.c); none: nothing has happened lately
 *           2 the bond: varint ids, varint members, u8 size, head, varint number of the merge (only
 *             with a head), u8 size, account; none: it has to do with nobody
 */
#include <assert.h>
#include "workers/customer.h"

#define RECORD_VERSION 1
#define FLAG_WAS_ACTUAL 1
#define FLAG_MARKET     2
#define FLAG_SOURCE     4
#define FLAG_PARAMETERS 8

enum section { SECTION_TRAIL = 1, SECTION_BOND = 2 };

static void number_all(struct numbering *n, struct env *env, const struct machine *m,
	uint16_t (*number)(struct env *env, struct span name))
{
	memset(n, 0, sizeof *n);
	for (unsigned l = 0; l < m->n_ladders; l++) {
		const struct ladder *ladder = &m->ladders[l];

		n->ladder[l] = number(env, ladder->name);
		for (unsigned r = 0; r < ladder->n_rungs; r++) {
			n->rung[l][r] = number(env, ladder->rungs[r].name);
			n->rung_id[l][r] = number(env, ladder->rungs[r].id);
		}
	}
	for (unsigned k = 0; k < m->n_risks; k++) {
		n->risk[k] = number(env, m->risks[k].name);
		n->risk_id[k] = number(env, m->risks[k].id);
	}
	for (unsigned x = 1; x < CROSSING_COUNT; x++)
		n->crossing[x] = number(env, span_str(crossing_name(x)));
	for (unsigned i = 0; i < m->n_follow_ups; i++) {
		n->follow_up[i] = number(env, m->follow_ups[i].id);
		n->follow_up_on[i] = number(env, m->follow_ups[i].on);
	}
	n->clear = number(env, span_str("clear"));
	n->raised = number(env, span_str("raised"));
}

int numbering_make(struct numbering *n, struct env *env, const struct machine *m)
{
	number_all(n, env, m, env_name_number);
	return env_failed(env) ? env_failed(env) : births_make(n, env, m);
}

int numbering_find(struct numbering *n, struct env *env, const struct machine *m)
{
	number_all(n, env, m, env_name_find);
	return env_failed(env) ? env_failed(env) : births_find(n, env, m);
}

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
	c->own_size = c->facts_at = 0;
	c->trail_section = span_of(NULL, 0);
	trail_cut(&c->trail);
	standing_init(&c->standing);
	c->counted = c->standing.verdict;
}

void customer_init(struct customer *c, struct span id)
{
	init_but_facts(c, id);
	facts_init(&c->facts);
}

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
	const struct numbering *n, uint8_t out[RECORD_MAX], size_t *ret_facts_at)
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
	*ret_facts_at = (size_t)(p - out);
	p += facts_pack(&c->facts, p);
	assert((size_t)(p - out) <= RECORD_MAX);
	return (size_t)(p - out);
}

static bool is_bound(const struct customer *c)
{
	return customer_is_merged(c) || customer_is_head(c) || c->bond.account_size;
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

size_t customer_bond_bytes(const struct customer *c)
{
	uint8_t bond[BOND_BYTES_MAX], section[BOND_BYTES_MAX + 4];

	return is_bound(c) ? (size_t)(put_section(section, SECTION_BOND, bond,
		pack_bond(&c->bond, bond)) - section) : 0;
}

size_t customer_pack_sections(const struct customer *c, uint8_t out[RECORD_MAX], size_t size)
{
	uint8_t head[1 + 10], bond[BOND_BYTES_MAX], *p = head;
	const size_t room = 3; /* for the tag and, nearly always, the size */
	size_t n;

	if (is_bound(c))
		size = (size_t)(put_section(out + size, SECTION_BOND, bond,
			pack_bond(&c->bond, bond)) - out);
	if (trail_is_empty(&c->trail) || size + 4 + trail_bytes(&c->trail) > RECORD_TRAIL_MAX)
		return size;
	n = trail_put(&c->trail, out + size + room);
	*p++ = SECTION_TRAIL;
	p = put_varint(p, n);
	if ((size_t)(p - head) != room)
		memmove(out + size + (p - head), out + size + room, n);
	memcpy(out + size, head, (size_t)(p - head));
	return size + (size_t)(p - head) + n;
}

size_t customer_pack(const struct customer *c, const struct machine *m,
	const struct numbering *n, uint8_t out[RECORD_MAX])
{
	size_t facts_at, size = customer_pack_own(c, m, n, out, &facts_at);

	return customer_pack_sections(c, out, size);
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
	for (unsigned r = 0; r < RUNGS_MAX && n->rung[l][r]; r++)
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
	return is_bound(c) ? 0 : ERR_CORRUPT;
}

static int unpack_sections(struct customer *c, struct cursor *in)
{
	struct span section[SECTION_BOND + 1] = { { NULL, 0 } };

	while (in->p < in->end) {
		uint8_t tag = *in->p++;
		uint64_t size = take(in);

		if (in->bad || size > (size_t)(in->end - in->p) || tag < SECTION_TRAIL ||
			tag > SECTION_BOND || section[tag].data)
			return ERR_CORRUPT;
		section[tag] = span_of(in->p, (size_t)size);
		in->p += size;
	}
	c->trail_section = section[SECTION_TRAIL];
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
	c->facts_at = (uint16_t)(in.p - record.data);
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
