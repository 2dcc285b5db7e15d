/* SPDX-License-Identifier: Apache-2.0 */
/* The sources: what each is used to say, and whether it does. */
#include <stdlib.h>
#include "daemon/answer.h"
#include "daemon/daemon.h"

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct source_report *)a)->name, ((const struct source_report *)b)->name);
}

static json_t *instant(int64_t ms)
{
	return ms == NEVER || ms == 0 ? json_null() : json_integer(ms);
}

static json_t *source_json(const struct source_report *r)
{
	return json_pack("{s:s,s:s,s:o,s:o,s:o,s:I,s:I,s:f,s:f,s:b,s:b}", "source", r->name, "state",
		r->unwatched ? "unwatched" : source_state_name(r->state), "since",
		instant(r->since_ms), "last", instant(r->last_ms), "silent_at", instant(r->due_ms),
		"events", (json_int_t)r->events, "late", (json_int_t)r->late, "events_per_hour",
		r->events_per_hour, "signs_per_hour", r->signs_per_hour, "by_hour_of_week",
		r->knows_week, "opening_hours", r->has_hours);
}

json_t *answer_sources(struct daemon *d, struct query *const *sources)
{
	unsigned n = 0, room = 1;
	struct source_report *all;
	json_t *out;

	for (unsigned i = 0; i < d->store.shards; i++)
		room += sources[i]->n_sources;
	all = malloc(room * sizeof *all);
	if (!all)
		return NULL;
	for (unsigned i = 0; i < d->store.shards; i++) {
		memcpy(all + n, sources[i]->sources, sources[i]->n_sources * sizeof *all);
		n += sources[i]->n_sources;
	}
	qsort(all, n, sizeof *all, by_name);
	out = json_array();
	for (unsigned i = 0; i < n; i++)
		json_array_append_new(out, source_json(&all[i]));
	free(all);
	return out;
}
