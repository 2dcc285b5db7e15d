/* SPDX-License-Identifier: Apache-2.0 */
/* Messages from the shards' tables into the journal, as daemon/courier.c does. */
#include "tests/sim/sim.h"

#define CARRY_MAX 7 /* few, so that a table is emptied in several goes */

static uint64_t first_waiting(const struct sim *s, unsigned shard)
{
	uint64_t first = env_meta(s->env[shard])->messages_first;

	return first > s->carried[shard] ? first : s->carried[shard] + 1;
}

bool sim_messages_wait(const struct sim *s)
{
	for (unsigned i = 0; i < s->o.shards; i++)
		if (env_meta(s->env[i])->messages_last >= first_waiting(s, i))
			return true;
	return false;
}

static void carry(struct sim *s, unsigned shard)
{
	uint64_t first = first_waiting(s, shard), last = env_meta(s->env[shard])->messages_last, at;
	struct sim_task *t = sim_task_new(s, INPUT_MESSAGES);
	struct span bytes;

	t->input.from_shard = shard;
	t->input.first_message = first;
	for (at = first; at <= last && at < first + CARRY_MAX; at++) {
		if (env_message_get(s->env[shard], at, &bytes) != 0)
			sim_fail(s, "message %u-%llu cannot be read", shard, (unsigned long long)at);
		if (at == first)
			t->input.backfill = message_is_backfill(bytes);
		else if (t->input.backfill != message_is_backfill(bytes))
			break;
		messages_add(&t->raw, bytes);
	}
	if (messages_decode(span_of(t->raw.data, t->raw.size), t->arena, &t->input.messages,
		&t->input.n_messages) != 0)
		sim_fail(s, "messages do not decode");
	s->carried[shard] = at - 1;
	sim_submit_task(s, t);
}

void sim_carry(struct sim *s)
{
	for (unsigned i = 0; i < s->o.shards; i++)
		if (env_meta(s->env[i])->messages_last >= first_waiting(s, i))
			carry(s, i);
}

void sim_deliver(struct sim *s)
{
	enum sim_point later = s->crash_at;

	s->crash_at = POINT_NONE;
	while (sim_messages_wait(s)) {
		sim_carry(s);
		if (!sim_flush_group(s))
			sim_fail(s, "died without being told to");
	}
	s->crash_at = later;
}
