/* SPDX-License-Identifier: Apache-2.0 */
/* The sweep, written with each checkpoint as the setting "sweep": { u8 reasons, u64 of, visited,
 * judged, moved, the id of the customer visited last }; none before the first. */
#include "workers/settle.h"
#include "workers/sweep.h"

#define HEAD_BYTES 33

int sweep_begin(struct shard *s, enum sweep_reason reason)
{
	struct sweep *w = &s->sweep;

	if (env_meta(s->env)->customers == 0)
		return 0;
	if (w->reasons == 0)
		*w = (struct sweep){ 0 };
	w->reasons |= reason;
	w->of = env_meta(s->env)->customers;
	w->visited = 0;
	w->after_size = 0;
	return 0;
}

/* Settle who comes next; ERR_NOTFOUND when everybody has been visited. */
static int visit_next(struct shard *s, const struct cause *why)
{
	struct sweep *w = &s->sweep;
	struct span id, record;
	int rc = env_customer_next(s->env, span_of(w->after, w->after_size), &id, &record);

	if (rc != 0 && !env_row_is_damaged(s->env, rc))
		return rc;
	w->after_size = (uint8_t)id.size;
	memcpy(w->after, id.data, id.size);
	w->visited++;
	if (rc == 0)
		rc = customer_load(s, &s->customer, span_of(w->after, w->after_size));
	if (rc == 0)
		rc = customer_settle(s, &s->customer, 0, why); /* no further than what is new */
	return shard_save_or_set_aside(s, rc);
}

int sweep_step(struct shard *s, const struct input *in, struct outcome *out)
{
	struct cause why = { .input = in, .out = out };

	for (uint32_t i = 0; s->sweep.reasons && i < in->pace.sweep; i++) {
		int rc = visit_next(s, &why);

		if (rc == ERR_NOTFOUND)
			s->sweep.reasons = 0;
		else if (rc != 0)
			return rc;
	}
	return 0;
}

int sweep_store(struct shard *s)
{
	const struct sweep *w = &s->sweep;
	uint8_t value[HEAD_BYTES + EVENT_CUSTOMER_MAX];

	if (w->of == 0)
		return 0;
	value[0] = (uint8_t)w->reasons;
	put_le64(value + 1, w->of);
	put_le64(value + 9, w->visited);
	put_le64(value + 17, w->judged);
	put_le64(value + 25, w->moved);
	memcpy(value + HEAD_BYTES, w->after, w->after_size);
	return env_setting_put(s->env, "sweep", span_of(value, HEAD_BYTES + (size_t)w->after_size));
}

int sweep_load(struct shard *s)
{
	struct sweep *w = &s->sweep;
	struct span value;
	int rc = env_setting_get(s->env, "sweep", &value);

	if (rc != 0)
		return rc == ERR_NOTFOUND ? 0 : rc;
	if (value.size < HEAD_BYTES || value.size > HEAD_BYTES + EVENT_CUSTOMER_MAX)
		return ERR_CORRUPT;
	w->reasons = value.data[0];
	w->of = get_le64(value.data + 1);
	w->visited = get_le64(value.data + 9);
	w->judged = get_le64(value.data + 17);
	w->moved = get_le64(value.data + 25);
	w->after_size = (uint8_t)(value.size - HEAD_BYTES);
	memcpy(w->after, value.data + HEAD_BYTES, w->after_size);
	return 0;
}
