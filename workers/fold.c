/* SPDX-License-Identifier: Apache-2.0 */
/* One event or message: at the end of a story, late, of a member, or of an id that is silent. */
#include "workers/fold.h"
#include "workers/group.h"
#include "workers/influence.h"
#include "workers/send.h"
#include "workers/story.h"
#include "workers/withdraw.h"

/* What is told of C's past until UNTIL_MS is announced to nobody. A deadline that was live, and
 * came up while nobody looked, is no part of that: it is announced first. */
static int hush(struct shard *s, struct customer *c, int64_t until_ms, const struct cause *time)
{
	int rc = 0;

	if (c->standing.due_ms > c->quiet_until_ms)
		rc = customer_settle(s, c, time->input->clock_ms, time);
	if (until_ms > c->quiet_until_ms)
		c->quiet_until_ms = until_ms;
	return rc;
}

/* Fold WHY, which is at the end of C's story. What comes too late for its place is seen from what
 * has been announced on. */
static int fold_behind(struct shard *s, struct customer *c, int64_t at_ms, const struct cause *why)
{
	struct before before;

	customer_before(s, c, why, &before);
	if (at_ms < c->standing.settled_ms)
		at_ms = c->standing.settled_ms;
	story_ahead(s, c, 1);
	story_fold(s, c, why);
	story_ahead(s, c, 2);
	return customer_judge(s, c, &before, at_ms, why);
}

/* An event of C, or a message to C. */
static int fold_own(struct shard *s, struct customer *c, int64_t at_ms, const struct cause *why)
{
	bool is_late = false, done = false;
	int rc = silence_vote(s, c, why);

	if (why->input->backfill)
		tail_cut(&c->tail); /* what is read in as history is not told again */
	else if (rc == 0)
		rc = story_add(s, c, why, at_ms, &is_late);
	if (rc == 0 && is_late)
		rc = withdraw_late(s, c, at_ms, why, &done);
	if (rc == 0 && !done)
		rc = fold_behind(s, c, at_ms, why);
	if (rc == 0)
		rc = group_fold(s, c, why);
	return rc != 0 ? rc : follow_up_event(s, c, why);
}

/* What another of their ids did, the person did. */
static int answer_for(struct shard *s, struct customer *c, const struct cause *why)
{
	struct cause deed = *why;
	struct event e;
	int rc;

	if (!group_deed(c, why->message, &e))
		return 0;
	deed.event = &e;
	deed.message = NULL;
	rc = silence_vote(s, c, &deed);
	return rc != 0 ? rc : follow_up_event(s, c, &deed);
}

/* Word of a member: their facts as they are now. It is not told again when something comes late. */
static int fold_member(struct shard *s, struct customer *c, int64_t at_ms, const struct cause *why)
{
	bool taken;
	int rc = group_take(s, c, why->message, &taken);

	if (rc != 0 || !taken)
		return rc;
	if (at_ms < c->standing.settled_ms)
		at_ms = c->standing.settled_ms;
	rc = customer_judge(s, c, NULL, at_ms, why);
	if (rc == 0)
		rc = answer_for(s, c, why);
	story_begin(s, c);
	return rc;
}

/* Another id of somebody: the facts are its own, and the person is told. */
static int fold_silent(struct shard *s, struct customer *c, const struct cause *why)
{
	bool taken;
	int rc;

	if (cause_is_of_group(why)) {
		rc = group_take(s, c, why->message, &taken);
	} else {
		rc = group_fold(s, c, why);
		story_fold(s, c, why);
	}
	if (rc == 0)
		rc = influence_spread(s, c, &(struct credit){ 0 }, why);
	if (rc == 0)
		rc = group_tell(s, c, why);
	tail_cut(&c->tail);
	return rc != 0 ? rc : customer_save(s, c);
}

int shard_fold(struct shard *s, const struct cause *why, int64_t at_ms, int rc)
{
	const struct input *in = why->input;
	struct customer *c = &s->customer;
	struct cause time = { .input = in, .out = why->out };
	struct credit before;

	/* A sender's clock ahead of ours lets no deadline fire early. */
	if (!in->backfill && at_ms > in->clock_ms)
		at_ms = in->clock_ms;
	if (rc != 0)
		return rc;
	if (customer_is_merged(c))
		return fold_silent(s, c, why);
	if (in->backfill)
		rc = hush(s, c, in->clock_ms > at_ms ? in->clock_ms : at_ms, &time);
	if (rc == 0)
		rc = customer_settle(s, c, at_ms, &time);
	if (rc == 0)
		rc = influence_credit(s, c, &before);
	if (rc == 0)
		rc = cause_is_of_group(why) ? fold_member(s, c, at_ms, why) :
			fold_own(s, c, at_ms, why);
	if (rc == 0)
		rc = influence_spread(s, c, &before, why);
	if (rc == 0)
		rc = group_tell(s, c, why);
	return rc != 0 ? rc : customer_save(s, c);
}
