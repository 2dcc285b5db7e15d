/* SPDX-License-Identifier: Apache-2.0 */
/* Rows of members:
 *
 *   u8      version, 1
 *   varint  number of the merge; 0 for an account and for one's own
 *   varint  lifecycle version under which the facts were packed
 *   facts   as facts_pack() writes them */
#include <assert.h>
#include "workers/group.h"
#include "workers/send.h"
#include "workers/story.h"

#define ROW_VERSION 1
#define ROW_MAX     (1 + 10 + 10 + FACTS_PACKED_MAX)

static const struct span itself = { NULL, 0 };

static int row_put(struct shard *s, const struct customer *head, enum belonging how,
	struct span member, uint64_t number, uint32_t judged, struct span facts)
{
	uint8_t row[ROW_MAX], *p = row;

	*p++ = ROW_VERSION;
	p = put_varint(p, number);
	p = put_varint(p, judged);
	memcpy(p, facts.data, facts.size);
	return env_member_put(s->env, customer_id(head), (uint8_t)how, member,
		span_of(row, (size_t)(p - row) + facts.size));
}

static int row_put_facts(struct shard *s, const struct customer *head, enum belonging how,
	struct span member, uint64_t number, const struct facts *f)
{
	uint8_t packed[FACTS_PACKED_MAX];

	return row_put(s, head, how, member, number, s->lifecycle->machine->version,
		span_of(packed, facts_pack(f, packed)));
}

static int row_read(const struct shard *s, struct span row, uint64_t *ret_number, struct facts *f)
{
	const uint8_t *p = row.data + 1, *end = row.data + row.size;
	uint64_t judged = 0;
	size_t used;
	int rc;

	if (row.size < 3 || row.data[0] != ROW_VERSION)
		return ERR_CORRUPT;
	p = get_varint(p, end, ret_number);
	p = p ? get_varint(p, end, &judged) : NULL;
	if (!p)
		return ERR_CORRUPT;
	rc = facts_unpack(f, p, (size_t)(end - p), &used);
	if (rc == 0)
		births_void(f, (uint32_t)judged, s->lifecycle->machine, &s->numbering);
	return rc;
}

static int own_read(struct shard *s, const struct customer *head, struct facts *f)
{
	uint64_t number;
	struct span row;
	int rc = env_member_get(s->env, customer_id(head), BELONGS_SELF, itself, &row);

	if (rc == ERR_NOTFOUND)
		return ERR_CORRUPT;
	return rc != 0 ? rc : row_read(s, row, &number, f);
}

/* Into F the facts of all who belong to HEAD so. What is damaged is missing until it is sent
 * anew. */
static int join_rows(struct shard *s, const struct customer *head, enum belonging how,
	struct facts *f)
{
	uint8_t after[EVENT_CUSTOMER_MAX];
	struct span member, row;
	uint64_t number;
	size_t size = 0;
	int rc;

	for (;;) {
		rc = env_member_next(s->env, customer_id(head), (uint8_t)how, span_of(after, size),
			&member, &row);
		if (rc == ERR_NOTFOUND)
			return 0;
		if (rc != 0 && !env_row_is_damaged(s->env, rc))
			return rc;
		size = member.size;
		memcpy(after, member.data, size);
		if (rc == 0)
			rc = row_read(s, row, &number, &s->member);
		if (rc == 0)
			facts_join(f, &s->member);
		else
			s->damaged++;
	}
}

/* C's facts from its rows. */
static int rejoin(struct shard *s, struct customer *c)
{
	int rc = own_read(s, c, &c->facts);

	if (rc == 0)
		rc = join_rows(s, c, BELONGS_AS_ID, &c->facts);
	if (rc == 0)
		rc = join_rows(s, c, BELONGS_TO_ACCOUNT, &c->facts);
	if (rc == 0 && !customer_is_head(c))
		rc = env_member_del(s->env, customer_id(c), BELONGS_SELF, itself);
	c->facts.group.members = c->bond.members;
	market_cover(&s->market, c->market_version, &c->facts);
	return rc;
}

int group_person(struct shard *s, const struct customer *c, const struct facts **ret_facts)
{
	int rc;

	*ret_facts = &c->facts;
	if (c->bond.members == 0)
		return 0;
	rc = own_read(s, c, &s->person);
	*ret_facts = &s->person;
	return rc != 0 ? rc : join_rows(s, c, BELONGS_AS_ID, &s->person);
}

int group_fold(struct shard *s, const struct customer *c, const struct cause *why)
{
	int rc;

	if (!customer_is_head(c))
		return 0;
	rc = own_read(s, c, &s->person);
	if (rc != 0)
		return rc;
	facts_fold(s, &s->person, why);
	return row_put_facts(s, c, BELONGS_SELF, itself, 0, &s->person);
}

static uint32_t *count_of(struct customer *c, enum belonging how)
{
	return how == BELONGS_AS_ID ? &c->bond.ids : &c->bond.members;
}

/* One more belongs to C. */
static int count_up(struct shard *s, struct customer *c, enum belonging how)
{
	int rc = customer_is_head(c) ? 0 : row_put_facts(s, c, BELONGS_SELF, itself, 0, &c->facts);

	++*count_of(c, how);
	return rc;
}

int group_admit(struct shard *s, struct customer *c, struct span member, uint64_t number)
{
	int rc = count_up(s, c, BELONGS_AS_ID);

	facts_init(&s->member);
	return rc != 0 ? rc : row_put_facts(s, c, BELONGS_AS_ID, member, number, &s->member);
}

int group_drop(struct shard *s, struct customer *c, enum belonging how, struct span member)
{
	struct span row;
	int rc = env_member_get(s->env, customer_id(c), (uint8_t)how, member, &row);

	if (rc != 0 && !env_row_is_damaged(s->env, rc))
		return rc;
	rc = env_member_del(s->env, customer_id(c), (uint8_t)how, member);
	--*count_of(c, how);
	return rc != 0 ? rc : rejoin(s, c);
}

int group_take(struct shard *s, struct customer *c, const struct message *m, bool *ret_taken)
{
	enum belonging how = (enum belonging)m->belongs;
	uint64_t number = m->number;
	struct span row;
	int rc;

	*ret_taken = true;
	if (m->kind == MESSAGE_LEFT) {
		rc = group_drop(s, c, how, m->other);
		*ret_taken = rc != ERR_NOTFOUND;
		return *ret_taken ? rc : 0;
	}
	rc = env_member_get(s->env, customer_id(c), m->belongs, m->other, &row);
	if (rc == 0)
		rc = row_read(s, row, &number, &s->member);
	if (rc != 0 && rc != ERR_NOTFOUND && !env_row_is_damaged(s->env, rc))
		return rc;
	/* What was sent before an operator took them apart, or put them together anew, is past. */
	*ret_taken = how != BELONGS_AS_ID || (rc != ERR_NOTFOUND && number == m->number);
	if (!*ret_taken)
		return 0;
	rc = rc == ERR_NOTFOUND ? count_up(s, c, how) : 0;
	if (rc == 0)
		rc = row_put(s, c, how, m->other, m->number, m->lifecycle_version, m->facts);
	return rc != 0 ? rc : rejoin(s, c);
}

static enum deed deed_of(const struct event *e)
{
	if (e && e->body == BODY_PURCHASE)
		return DEED_PURCHASE;
	if (!e || e->body != BODY_CONTACT)
		return DEED_NONE;
	return e->as.contact.direction == DIRECTION_OUT ? DEED_CONTACT_OUT : DEED_CONTACT_IN;
}

bool group_deed(const struct customer *c, const struct message *m, struct event *ret_event)
{
	*ret_event = (struct event){ .source = m->cause_source, .id = m->cause_id,
		.customer = customer_id(c), .time_ms = m->time_ms,
		.body = m->deed == DEED_PURCHASE ? BODY_PURCHASE : BODY_CONTACT };
	if (ret_event->body == BODY_CONTACT)
		ret_event->as.contact.direction =
			m->deed == DEED_CONTACT_OUT ? DIRECTION_OUT : DIRECTION_IN;
	return m->deed != DEED_NONE && m->belongs == BELONGS_AS_ID;
}

static int send(struct shard *s, const struct customer *c, struct span to, enum belonging how,
	const struct facts *f, const struct cause *why)
{
	uint8_t packed[FACTS_PACKED_MAX];
	struct message m = { .kind = f ? MESSAGE_MEMBER : MESSAGE_LEFT, .customer = to,
		.other = customer_id(c), .belongs = (uint8_t)how, .deed = (uint8_t)deed_of(why->event),
		.number = c->bond.number,
		.lifecycle_version = s->lifecycle->machine->version };

	if (f)
		m.facts = span_of(packed, facts_pack(f, packed));
	return message_send(s, &m, why);
}

static struct span account_told(const struct customer *c)
{
	return span_of(c->bond.account, c->bond.account_size);
}

int group_leave(struct shard *s, struct customer *c, const struct cause *why)
{
	int rc = 0;

	if (c->bond.account_size)
		rc = send(s, c, account_told(c), BELONGS_TO_ACCOUNT, NULL, why);
	c->bond.account_size = 0;
	return rc;
}

/* As C says now; nobody is their own account. */
static struct span account_of(const struct customer *c, const struct facts *f)
{
	struct span account = span_of(f->text[TEXT_ACCOUNT].text, f->text[TEXT_ACCOUNT].size);

	return span_eq(account, customer_id(c)) ? span_of(NULL, 0) : account;
}

static int tell_account(struct shard *s, struct customer *c, const struct facts *f,
	const struct cause *why)
{
	struct span account = account_of(c, f);
	int rc = span_eq(account, account_told(c)) ? 0 : group_leave(s, c, why);

	if (rc != 0 || account.size == 0)
		return rc;
	c->bond.account_size = (uint8_t)account.size;
	memcpy(c->bond.account, account.data, account.size);
	return send(s, c, account, BELONGS_TO_ACCOUNT, f, why);
}

int group_tell(struct shard *s, struct customer *c, const struct cause *why)
{
	const struct facts *f;
	int rc;

	if (cause_is_of_group(why) && why->message->belongs == BELONGS_TO_ACCOUNT)
		return 0; /* the person is as before */
	if (!customer_is_merged(c) && c->facts.text[TEXT_ACCOUNT].size == 0 &&
		c->bond.account_size == 0)
		return 0;
	rc = group_person(s, c, &f);
	if (rc != 0)
		return rc;
	if (!customer_is_merged(c))
		return tell_account(s, c, f, why);
	return send(s, c, span_of(c->bond.head, c->bond.head_size), BELONGS_AS_ID, f, why);
}
