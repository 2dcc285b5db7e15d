/* SPDX-License-Identifier: Apache-2.0 */
/* Seeking in the outbox by time. */
#include "workers/seek.h"

/* Of the first readable notification in [*SEQUENCE, END); a damaged one has no time. */
static int time_from(struct shard *s, uint64_t *sequence, uint64_t end, int64_t *ret_ms)
{
	int rc = ERR_NOTFOUND;

	for (; *sequence < end; ++*sequence) {
		struct span encoded;
		int64_t taken_ms;

		rc = env_outbox_get(s->env, *sequence, &taken_ms, &encoded);
		if (rc == 0) {
			*ret_ms = notification_noticed(encoded);
			if (*ret_ms == 0)
				*ret_ms = taken_ms;
		}
		if (rc != ERR_CORRUPT)
			return rc;
		rc = env_failed(s->env);
		if (rc != 0)
			return rc;
		rc = ERR_NOTFOUND;
	}
	return rc;
}

int outbox_time(struct shard *s, uint64_t sequence, int64_t *ret_ms)
{
	const struct env_meta *meta = env_meta(s->env);

	if (sequence < meta->outbox_first)
		sequence = meta->outbox_first;
	return time_from(s, &sequence, meta->outbox_last + 1, ret_ms);
}

int outbox_seek(struct shard *s, int64_t from_ms, uint64_t *ret_position)
{
	const struct env_meta *meta = env_meta(s->env);
	uint64_t low = meta->outbox_first, high = meta->outbox_last + 1;

	while (low < high) { /* everything before LOW is earlier, everything from HIGH on is not */
		uint64_t middle = low + (high - low) / 2, at = middle;
		int64_t ms = 0;
		int rc = time_from(s, &at, high, &ms);

		if (rc != 0 && rc != ERR_NOTFOUND)
			return rc;
		if (rc == 0 && ms < from_ms)
			low = at + 1;
		else
			high = middle;
	}
	*ret_position = low - 1;
	return 0;
}
