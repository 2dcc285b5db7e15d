/* SPDX-License-Identifier: Apache-2.0 */
/* The sweep, kept as the setting "sweep": { u8 reasons, the id of the customer visited
 * last }, empty when there is none. */
#include "workers/settle.h"
#include "workers/sweep.h"

#define HEAD_BYTES 1

struct sweep {
	unsigned reasons;
	uint8_t after[EVENT_CUSTOMER_MAX]; /* visited last; nothing: from the first */
	size_t size;
};

/* ERR_NOTFOUND when there is none. */
static int sweep_get(struct shard *s, struct sweep *w)
{
	struct span value;
	int rc = env_setting_get(s->env, "sweep", &value);

	if (rc != 0)
		return rc;
	if (value.size == 0)
		return ERR_NOTFOUND;
	if (value.size < HEAD_BYTES || value.size > HEAD_BYTES + EVENT_CUSTOMER_MAX)
		return ERR_CORRUPT;
	w->reasons = value.data[0];
	w->size = value.size - HEAD_BYTES;
	memcpy(w->after, value.data + HEAD_BYTES, w->size);
	return 0;
}

static int sweep_put(struct shard *s, const struct sweep *w)
{
	uint8_t value[HEAD_BYTES + EVENT_CUSTOMER_MAX];

	s->sweeping = true;
	value[0] = (uint8_t)w->reasons;
	memcpy(value + HEAD_BYTES, w->after, w->size);
	return env_setting_put(s->env, "sweep", span_of(value, HEAD_BYTES + w->size));
}

static int sweep_end(struct shard *s)
{
	s->sweeping = false;
	return env_setting_put(s->env, "sweep", span_of(NULL, 0));
}

int sweep_begin(struct shard *s, enum sweep_reason reason)
{
	struct sweep w = { 0 };
	int rc = sweep_get(s, &w);

	if (rc != 0 && rc != ERR_NOTFOUND)
		return rc;
	if (env_meta(s->env)->customers == 0)
		return 0;
	w.reasons |= reason;
	w.size = 0;
	return sweep_put(s, &w);
}

int sweep_step(struct shard *s, const struct input *in, struct outcome *out)
{
	struct cause why = { .input = in, .out = out };
	struct span id, record;
	struct sweep w;
	int rc = sweep_get(s, &w);

	if (rc != 0)
		return rc == ERR_NOTFOUND ? 0 : rc;
	for (uint32_t i = 0; i < in->pace.sweep; i++) {
		rc = env_customer_next(s->env, span_of(w.after, w.size), &id, &record);
		if (rc == ERR_NOTFOUND)
			return sweep_end(s);
		if (rc != 0 && rc != ERR_CORRUPT)
			return rc;
		w.size = id.size;
		memcpy(w.after, id.data, id.size);
		if (rc == 0)
			rc = customer_load(s, &s->customer, span_of(w.after, w.size));
		if (rc == 0)
			rc = customer_settle(s, &s->customer, 0, &why); /* no further than what is new */
		rc = shard_save_or_set_aside(s, rc);
		if (rc != 0)
			return rc;
	}
	return sweep_put(s, &w);
}

int sweep_load(struct shard *s)
{
	struct sweep w;
	int rc = sweep_get(s, &w);

	s->sweeping = rc == 0;
	return rc == ERR_NOTFOUND ? 0 : rc;
}
