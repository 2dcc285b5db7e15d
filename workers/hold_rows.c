/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of the table `held`, with the breakers' count of them. */
#include "workers/announce.h"
#include "workers/hold_rows.h"

bool held_row_waits(const struct held *h)
{
	return h->why != HOLD_COOLING;
}

int held_row_get(struct shard *s, const struct customer *c, uint16_t type, struct held *ret,
	bool *ret_there)
{
	int rc = 0;

	*ret_there = false;
	if (type == 0 || env_helds(s->env) == 0)
		return 0;
	rc = env_held_get(s->env, type, customer_id(c), ret);
	*ret_there = rc == 0;
	return rc == ERR_NOTFOUND || (rc == ERR_CORRUPT && env_failed(s->env) == 0) ? 0 : rc;
}

void held_wake_at(struct customer *c, int64_t until_ms)
{
	if (until_ms != 0 && (c->alarm_ms == 0 || until_ms < c->alarm_ms))
		c->alarm_ms = until_ms;
}

int held_row_put(struct shard *s, struct customer *c, uint16_t type, const struct held *h)
{
	struct breaker *b = h->why == HOLD_BREAKER ? breaker_make(s, h->rule) : NULL;
	struct held old;
	bool there;
	int rc = held_row_get(s, c, type, &old, &there);

	if (rc != 0)
		return rc;
	if (there && old.why == HOLD_BREAKER && breaker_find(s, old.rule))
		breaker_find(s, old.rule)->held--;
	if (b)
		b->held++;
	held_wake_at(c, h->until_ms);
	return env_held_put(s->env, type, customer_id(c), h);
}

int held_row_del(struct shard *s, const struct customer *c, uint16_t type, const struct held *h)
{
	struct breaker *b = h->why == HOLD_BREAKER ? breaker_find(s, h->rule) : NULL;

	if (b)
		b->held--;
	return env_held_del(s->env, type, customer_id(c));
}

