/* SPDX-License-Identifier: Apache-2.0 */
/* A message and its cause. */
#include "workers/send.h"

/* When what WHY tells of happened. */
static int64_t cause_time(const struct cause *why)
{
	if (why->event)
		return why->event->time_ms;
	return why->message ? why->message->time_ms : why->input->clock_ms;
}

int message_send(struct shard *s, struct message *m, const struct cause *why)
{
	uint8_t bytes[MESSAGE_BYTES_MAX];
	uint64_t number;

	m->backfill = why->input->backfill;
	m->time_ms = cause_time(why);
	if (why->event) {
		m->cause_source = why->event->source;
		m->cause_id = why->event->id;
	} else if (why->message) {
		m->cause_source = why->message->cause_source;
		m->cause_id = why->message->cause_id;
	}
	return env_message_add(s->env, span_of(bytes, message_encode(m, bytes)), &number);
}
