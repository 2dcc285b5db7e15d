/* SPDX-License-Identifier: Apache-2.0 */
/* The two halves of a merge, and of its end. */
#include "base/hash.h"
#include "workers/announce.h"
#include "workers/group.h"
#include "workers/hold.h"
#include "workers/influence.h"
#include "workers/merge.h"
#include "workers/story.h"

static bool is_mine(const struct shard *s, struct span customer)
{
	return hash_shard(customer.data, customer.size, env_shards(s->env)) == s->number;
}

/* TYPE, of C and the OTHER one, now: unless nothing is announced at all. */
static int announce(struct shard *s, struct customer *c, const char *type, struct span other,
	const struct cause *why)
{
	const struct facts *f = &c->facts;
	struct history_entry h = { .at_ms = why->input->clock_ms, .kind = CHANGE_CROSSING,
		.type = env_name_number(s->env, span_str(type)) };
	struct notification n;
	int rc = 0;

	memset(&n, 0, offsetof(struct notification, evidence));
	n.type = span_str(type);
	n.customer = customer_id(c);
	n.other = other;
	n.at_ms = why->input->clock_ms;
	n.lifecycle_version = s->lifecycle->machine->version;
	n.owner = span_of(f->text[TEXT_OWNER].text, f->text[TEXT_OWNER].size);
	n.region = span_of(f->text[TEXT_REGION].text, f->text[TEXT_REGION].size);
	n.has_value = value_at_stake(f, &n.value);
	if (why->input->clock_ms >= s->hush.until_ms)
		rc = notification_emit(s, &n, why, &h.outbox_sequence);
	if (rc != 0 || s->settings.history_keep == 0)
		return rc;
	return env_history_add(s->env, customer_id(c), &h, s->settings.history_keep);
}

/* C's facts have changed otherwise than by an event: judge it now, and tell who has to know. */
static int look_again(struct shard *s, struct customer *c, const struct credit *before,
	const struct cause *why)
{
	int64_t at_ms = why->input->clock_ms;
	int rc;

	if (at_ms < c->standing.settled_ms)
		at_ms = c->standing.settled_ms;
	rc = customer_judge(s, c, NULL, at_ms, why);
	if (rc == 0)
		rc = influence_spread(s, c, before, why);
	if (rc == 0)
		rc = group_tell(s, c, why);
	story_begin(s, c);
	return rc;
}

/* No deadline, no trail, no account, no follow-up, no credit of its own; what is held is
 * forgotten. */
static int fall_silent(struct shard *s, struct customer *c, const struct input *in,
	const struct cause *why)
{
	struct span head = in->command.other;
	int rc = group_leave(s, c, why);

	if (rc == 0)
		rc = follow_ups_end(s, c, why);
	if (rc == 0)
		rc = hold_forget(s, c);
	if (rc == 0 && c->armed_ms != 0)
		rc = env_deadline_del(s->env, c->armed_ms, customer_id(c));
	c->armed_ms = 0;
	tail_cut(&c->tail);
	c->bond.number = in->sequence;
	c->bond.head_size = (uint8_t)head.size;
	memcpy(c->bond.head, head.data, head.size);
	return rc;
}

const char *merge_complaint(const struct customer *id, const struct customer *head)
{
	if (customer_is_merged(id))
		return span_eq(span_of(id->bond.head, id->bond.head_size), customer_id(head)) ?
			"they are one already" :
			"the second is another id of somebody else: unmerge it first";
	if (customer_is_merged(head))
		return "the first is another id of somebody: merge with whom it is merged into";
	if (id->bond.ids)
		return "the second has other ids of its own: merge the other way round, or unmerge "
			"those first";
	if (id->bond.members)
		return "the second is an account with members: let them name the first as their "
			"account before";
	return NULL;
}

/* A new id is of nobody; an id of somebody, or who has ids or members, cannot become one. */
static int merge_id(struct shard *s, const struct input *in, const struct cause *why)
{
	struct customer *c = &s->customer;
	struct credit before;
	int rc = customer_load(s, c, in->command.customer);

	if (rc == 0 && (c->is_new || customer_is_merged(c) || customer_is_head(c)))
		rc = ERR_NOTFOUND;
	if (rc == 0)
		rc = customer_settle(s, c, in->clock_ms, why);
	if (rc == 0)
		rc = influence_credit(s, c, &before);
	if (rc == 0)
		rc = fall_silent(s, c, in, why);
	if (rc == 0)
		rc = influence_spread(s, c, &before, why);
	if (rc == 0)
		rc = group_tell(s, c, why);
	if (rc == 0)
		rc = announce(s, c, "customer.merged", in->command.other, why);
	if (rc != 0)
		return rc;
	census_merged(s, 1);
	return customer_save(s, c);
}

static int merge_head(struct shard *s, const struct input *in, const struct cause *why)
{
	struct customer *c = &s->customer;
	struct credit before;
	int rc = customer_load(s, c, in->command.other);

	if (rc == 0 && (c->is_new || customer_is_merged(c)))
		rc = ERR_NOTFOUND;
	if (rc == 0)
		rc = customer_settle(s, c, in->clock_ms, why);
	if (rc == 0)
		rc = influence_credit(s, c, &before);
	if (rc == 0)
		rc = group_admit(s, c, in->command.customer, in->sequence);
	if (rc == 0)
		rc = influence_spread(s, c, &before, why); /* whom the id has brought in is itself */
	return rc != 0 ? rc : customer_save(s, c);
}

/* What was announced of it last is where it stood when it was merged; what differs now is said. */
static int unmerge_id(struct shard *s, const struct input *in, const struct cause *why)
{
	struct customer *c = &s->customer;
	struct credit before = { 0 };
	int rc = customer_load(s, c, in->command.customer);

	if (rc == 0 && (!customer_is_merged(c) ||
		!span_eq(span_of(c->bond.head, c->bond.head_size), in->command.other)))
		rc = ERR_NOTFOUND;
	if (rc != 0)
		return rc;
	census_merged(s, -1);
	c->bond.head_size = 0;
	c->bond.number = 0;
	c->stale = false;
	c->market_version = s->market.version;
	market_cover(&s->market, c->market_version, &c->facts);
	rc = announce(s, c, "customer.unmerged", in->command.other, why);
	if (rc == 0)
		rc = look_again(s, c, &before, why);
	return rc != 0 ? rc : customer_save(s, c);
}

static int unmerge_head(struct shard *s, const struct input *in, const struct cause *why)
{
	struct customer *c = &s->customer;
	struct credit before;
	int rc = customer_load(s, c, in->command.other);

	if (rc == 0 && c->is_new)
		rc = ERR_NOTFOUND;
	if (rc == 0)
		rc = customer_settle(s, c, in->clock_ms, why);
	if (rc == 0)
		rc = influence_credit(s, c, &before);
	if (rc == 0)
		rc = group_drop(s, c, BELONGS_AS_ID, in->command.customer);
	if (rc == 0)
		rc = look_again(s, c, &before, why);
	return rc != 0 ? rc : customer_save(s, c);
}

/* RC is that of one half: whether it was done, or why the input cannot go on. */
static int half(struct shard *s, int rc, bool *done)
{
	*done = *done || rc == 0;
	return shard_sets_aside(s, rc) ? 0 : rc;
}

int merge_apply(struct shard *s, const struct input *in, struct outcome *out)
{
	struct cause why = { .input = in, .out = out };
	bool merges = in->command.verb == COMMAND_MERGE, done = false;
	int rc = 0;

	if (s->lifecycle && is_mine(s, in->command.customer))
		rc = half(s, merges ? merge_id(s, in, &why) : unmerge_id(s, in, &why), &done);
	if (rc == 0 && s->lifecycle && is_mine(s, in->command.other))
		rc = half(s, merges ? merge_head(s, in, &why) : unmerge_head(s, in, &why), &done);
	if (out)
		out->refused = !done;
	return rc;
}
