/* SPDX-License-Identifier: Apache-2.0 */
/* Obeying an operator. */
#include "base/hash.h"
#include "workers/command.h"
#include "workers/hold.h"
#include "workers/merge.h"
#include "workers/settle.h"
#include "workers/source.h"

static bool is_mine(const struct shard *s, struct span customer)
{
	return hash_shard(customer.data, customer.size, env_shards(s->env)) == s->number;
}

/* Obey a command about one customer, who is here. */
static int obey(struct shard *s, struct customer *c, const struct command *cmd,
	const struct cause *why)
{
	bool found;
	int rc;

	if (cmd->verb == COMMAND_SNOOZE)
		return hold_snooze(s, c, cmd->at_ms, why);
	rc = follow_up_command(s, c, cmd, why, &found);
	return rc == 0 && !found ? ERR_NOTFOUND : rc;
}

static int about_one(struct shard *s, const struct input *in, struct outcome *out)
{
	const struct command *cmd = &in->command;
	struct cause why = { .input = in, .out = out };
	struct customer *c = &s->customer;
	int rc = is_mine(s, cmd->customer) && s->lifecycle ? 0 : ERR_NOTFOUND;

	if (rc == 0)
		rc = customer_load(s, c, cmd->customer);
	if (rc == 0 && (c->is_new || customer_is_merged(c)))
		rc = ERR_NOTFOUND; /* of a merged id nothing is announced anyway */
	if (rc == 0)
		rc = customer_settle(s, c, in->clock_ms, &why);
	if (rc == 0)
		rc = obey(s, c, cmd, &why);
	if (rc == 0)
		return customer_save(s, c);
	if (!shard_sets_aside(s, rc))
		return rc;
	if (out)
		out->refused = true;
	return 0;
}

/* A rule that the file does not have and that has never spoken is a slip. */
static bool is_rule(struct shard *s, struct span name, uint16_t *ret_number)
{
	const struct machine *m = s->lifecycle ? s->lifecycle->machine : NULL;

	for (unsigned k = 0; m && k < m->n_risks; k++)
		if (span_eq(m->risks[k].id, name)) {
			*ret_number = s->numbering.risk_id[k];
			return true;
		}
	for (unsigned l = 0; m && l < m->n_ladders; l++)
		for (unsigned r = 0; r < m->ladders[l].n_rungs; r++)
			if (span_eq(m->ladders[l].rungs[r].id, name)) {
				*ret_number = s->numbering.rung_id[l][r];
				return true;
			}
	for (unsigned i = 0; i < s->breakers.n; i++)
		if (span_eq(env_name(s->env, s->breakers.list[i].rule), name)) {
			*ret_number = s->breakers.list[i].rule;
			return true;
		}
	return false;
}

static int rule(struct shard *s, const struct input *in, struct outcome *out)
{
	static const uint8_t state_after[COMMAND_VERBS] = {
		[COMMAND_RELEASE] = BREAKER_RELEASING, [COMMAND_DISCARD] = BREAKER_DISCARDING,
		[COMMAND_PAUSE] = BREAKER_PAUSED, [COMMAND_RESUME] = BREAKER_RELEASING,
	};
	struct breaker *b;
	uint16_t number;

	if (!is_rule(s, in->command.name, &number)) {
		if (out)
			out->refused = true;
		return 0;
	}
	b = breaker_make(s, number);
	if (!b)
		return ERR_NOMEM;
	b->state = state_after[in->command.verb];
	b->since_ms = in->clock_ms;
	b->recent = 0; /* the operator has looked: it may speak as if it had not */
	return 0;
}

/* The shard of its name knows it, or nobody does; all hold for it what its customers do not say. */
static int forget_source(struct shard *s, const struct input *in, struct outcome *out)
{
	struct span name = in->command.name;
	bool known;
	int rc = source_forget(s, name, in, &known);

	silence_forget(s, name, in->clock_ms);
	if (out)
		out->refused = !known;
	return rc;
}

int command_apply(struct shard *s, const struct input *in, struct outcome *out)
{
	switch (in->command.verb) {
	case COMMAND_HUSH:
		hush_begin(s, in->clock_ms);
		return 0;
	case COMMAND_LIVE:
		hush_end(s, in->command.at_ms ? in->command.at_ms : in->clock_ms);
		return 0;
	case COMMAND_SNOOZE:
	case COMMAND_DONE:
	case COMMAND_REASSIGN:
		return about_one(s, in, out);
	case COMMAND_MERGE:
	case COMMAND_UNMERGE:
		return merge_apply(s, in, out);
	case COMMAND_FORGET_SOURCE:
		return forget_source(s, in, out);
	default:
		return rule(s, in, out);
	}
}
