/* SPDX-License-Identifier: Apache-2.0 */
/* Listening to sources, and noticing that one has fallen silent. */
#include <assert.h>
#include <stdlib.h>
#include "base/hash.h"
#include "workers/announce.h"
#include "workers/source_rows.h"

const char *source_state_name(unsigned v)
{
	static const char *const names[] = { "learning", "speaking", "silent", "gone" };

	return names[v < SOURCE_STATES ? v : SOURCE_LEARNING];
}

static struct span name_of(const struct source_watch *w)
{
	return span_of(w->name, w->size);
}

static const struct source_hours *hours_of(const struct shard *s, struct span name)
{
	return s->lifecycle ? machine_source(s->lifecycle->machine, name) : NULL;
}

static struct habit_place place_of(const struct shard *s, const struct source_watch *w)
{
	const struct source_hours *h = hours_of(s, name_of(w));

	return (struct habit_place){ s->lifecycle ? &s->lifecycle->machine->zone : NULL,
		h ? h->calendar : NULL };
}

/* Whether the file, or the settings, say that it is not to be watched. */
static bool source_is_unwatched(const struct shard *s, struct span name)
{
	const struct source_hours *h = hours_of(s, name);

	return s->settings.source_silence_ms == 0 || (h && h->unwatched);
}

/* When W would be silent, by what is known now; NEVER. */
static int64_t source_due(const struct shard *s, const struct source_watch *w)
{
	struct habit_place at = place_of(s, w);

	if (w->state != SOURCE_SPEAKING || source_is_unwatched(s, name_of(w)))
		return NEVER;
	return habit_due(&w->habit, &at, w->from_ms, s->settings.source_silence_ms);
}

static void solve(struct shard *s, struct source_watch *w)
{
	w->due_ms = source_due(s, w);
	if (w->due_ms < s->sources.next_due_ms)
		s->sources.next_due_ms = w->due_ms;
	if (w->due_ms < s->next_due_ms)
		s->next_due_ms = w->due_ms;
}

void sources_solve(struct shard *s)
{
	s->sources.next_due_ms = NEVER;
	for (unsigned i = 0; i < s->sources.n; i++)
		solve(s, s->sources.list[i]);
}

/* What was silent before the daemon stopped goes on where it was: by as much as nobody listened it
 * begins later. */
void sources_listen(struct shard *s, int64_t now_ms)
{
	int64_t deaf_ms = now_ms - env_meta(s->env)->clock_ms;

	for (unsigned i = 0; i < s->sources.n; i++) {
		struct source_watch *w = s->sources.list[i];

		if (deaf_ms <= 0 || w->from_ms >= now_ms || w->state > SOURCE_SPEAKING)
			continue;
		w->from_ms = w->from_ms + deaf_ms < now_ms ? w->from_ms + deaf_ms : now_ms;
		w->dirty = true;
		habit_skip(&w->habit, now_ms);
		solve(s, w);
	}
}

/* ---- what is said of them */

static int tell_shards(struct shard *s, const struct source_watch *w, enum message_kind kind,
	int64_t at_ms)
{
	struct message m = { .kind = (uint8_t)kind, .time_ms = at_ms, .customer = name_of(w) };
	uint8_t bytes[MESSAGE_BYTES_MAX];

	return env_message_add(s->env, span_of(bytes, message_encode(&m, bytes)), &s->sources.told);
}

static void add_evidence(struct notification *n, const char *fact, const char *test, double value,
	enum unit unit)
{
	n->evidence[n->n_evidence++] = (struct evidence){ .fact = span_str(fact),
		.test = span_str(test), .value = value, .unit = (uint8_t)unit, .known = true,
		.holds = true };
}

static void describe(const struct shard *s, const struct source_watch *w, struct notification *n)
{
	memset(n, 0, offsetof(struct notification, evidence));
	n->ladder = span_str("source");
	n->subject = n->cause_source = name_of(w);
	n->lifecycle_version = s->lifecycle->machine->version;
	add_evidence(n, "events_per_hour", "events_per_hour", habit_events_per_hour(&w->habit),
		UNIT_COUNT);
}

static int announce_silent(struct shard *s, const struct source_watch *w, const struct cause *why)
{
	struct habit_place at = place_of(s, w);
	struct notification n;
	uint64_t sequence;

	describe(s, w, &n);
	n.type = n.rule = span_str("source.silent");
	n.from = span_str("speaking");
	n.to = span_str("silent");
	n.since_ms = w->habit.first_ms;
	n.at_ms = w->since_ms;
	n.severity = SEVERITY_HIGH;
	n.play = span_str("is it on, and does it reach us? what it brings later counts at its own time");
	add_evidence(&n, "silence", "silence", (double)(w->since_ms - w->last_ms), UNIT_DURATION);
	add_evidence(&n, "expected_signs", "expected_signs < 9",
		habit_expected(&w->habit, &at, w->from_ms, w->since_ms), UNIT_COUNT);
	n.evidence[n.n_evidence - 1].holds = false;
	return notification_emit(s, &n, why, &sequence);
}

static int announce_back(struct shard *s, const struct source_watch *w, int64_t silent_ms,
	const struct cause *why)
{
	struct notification n;
	uint64_t sequence;

	describe(s, w, &n);
	n.type = n.rule = span_str("source.back");
	n.from = span_str("silent");
	n.to = span_str("speaking");
	n.since_ms = w->since_ms;
	n.at_ms = why->input->clock_ms;
	n.severity = SEVERITY_LOW;
	add_evidence(&n, "silence", "silence", (double)silent_ms, UNIT_DURATION);
	return notification_emit(s, &n, why, &sequence);
}

/* ---- hearing */

/* Events of one source that stand next to each other in a batch. */
struct run {
	const struct event *events;
	uint32_t n;
};

/* Those that had happened while nobody heard of it. */
static uint32_t late_in(const struct shard *s, const struct run *r, int64_t from_ms, int64_t now_ms)
{
	uint32_t late = 0;

	for (uint32_t i = 0; i < r->n; i++)
		late += r->events[i].time_ms > from_ms &&
			r->events[i].time_ms < now_ms - s->settings.source_silence_ms;
	return late;
}

static int come_back(struct shard *s, struct source_watch *w, const struct run *r,
	const struct cause *why)
{
	int64_t now_ms = why->input->clock_ms;
	uint32_t late = late_in(s, r, w->last_ms, now_ms);
	int rc = announce_back(s, w, now_ms - w->last_ms, why);

	if (rc == 0)
		rc = tell_shards(s, w, MESSAGE_SOURCE_BACK, now_ms);
	if (late)
		habit_skip(&w->habit, now_ms);
	w->late += late;
	w->state = SOURCE_SPEAKING;
	w->since_ms = now_ms;
	return rc;
}

static int hear(struct shard *s, struct source_watch *w, const struct run *r,
	const struct cause *why)
{
	struct habit_place at = place_of(s, w);
	int64_t now_ms = why->input->clock_ms;
	int rc = 0;

	if (now_ms < w->last_ms) /* the clock was put back */
		now_ms = w->last_ms;
	if (w->state >= SOURCE_SILENT)
		rc = come_back(s, w, r, why);
	w->events += r->n;
	w->last_ms = w->from_ms = now_ms;
	w->dirty = true;
	if (!habit_hear(&w->habit, &at, now_ms, r->n) && w->due_ms != NEVER)
		return rc;
	if (w->state == SOURCE_LEARNING && w->events >= s->settings.source_events &&
		now_ms - w->habit.first_ms >= SOURCE_LEARN_MS) {
		w->state = SOURCE_SPEAKING;
		w->since_ms = now_ms;
	}
	solve(s, w);
	return rc;
}

static int hear_run(struct shard *s, const struct run *r, const struct cause *why)
{
	struct span name = r->events[0].source;
	struct source_watch *w;

	if (hash_shard(name.data, name.size, env_shards(s->env)) != s->number ||
		source_is_unwatched(s, name))
		return 0;
	w = source_find_watched(s, name);
	if (!w) {
		int rc = source_make(s, name, why->input->clock_ms, &w);

		if (rc != 0 || !w)
			return rc;
	}
	return hear(s, w, r, why);
}

static bool is_same(struct span a, struct span b)
{
	return a.size == b.size && (a.data == b.data || memcmp(a.data, b.data, a.size) == 0);
}

int sources_hear(struct shard *s, const struct input *in, struct outcome *out)
{
	const struct batch *b = &in->batch;
	struct cause why = { .input = in, .out = out };
	int rc = 0;

	if (in->backfill || s->settings.source_silence_ms == 0 || !s->lifecycle)
		return 0;
	for (uint32_t i = 0, end; rc == 0 && i < b->n_events; i = end) {
		for (end = i + 1; end < b->n_events &&
			is_same(b->events[end].source, b->events[i].source);)
			end++;
		rc = hear_run(s, &(struct run){ &b->events[i], end - i }, &why);
	}
	return rc;
}

/* ---- falling silent */

static bool is_before(const struct source_watch *a, const struct source_watch *b)
{
	size_t n = a->size < b->size ? a->size : b->size;
	int order = a->due_ms < b->due_ms ? -1 : a->due_ms > b->due_ms;

	if (order == 0)
		order = memcmp(a->name, b->name, n);
	return order < 0 || (order == 0 && a->size < b->size);
}

/* Whose deadline comes first; by name where it is the same, since ids depend on it. */
static struct source_watch *first_due(struct shard *s)
{
	struct source_watch *first = NULL;

	for (unsigned i = 0; i < s->sources.n; i++)
		if (s->sources.list[i]->due_ms != NEVER &&
			(!first || is_before(s->sources.list[i], first)))
			first = s->sources.list[i];
	return first;
}

static int fall_silent(struct shard *s, struct source_watch *w, const struct cause *why)
{
	int rc;

	w->state = SOURCE_SILENT;
	w->since_ms = w->due_ms;
	w->due_ms = NEVER;
	w->dirty = true;
	rc = announce_silent(s, w, why);
	return rc != 0 ? rc : tell_shards(s, w, MESSAGE_SOURCE_SILENT, w->last_ms);
}

int sources_settle(struct shard *s, const struct input *in, struct outcome *out)
{
	struct cause why = { .input = in, .out = out };
	struct source_watch *w;
	int rc = 0;

	if (s->sources.next_due_ms > in->clock_ms)
		return 0;
	for (unsigned i = 0; i < s->sources.n; i++) /* what was solved may be out of date */
		if (s->sources.list[i]->due_ms <= in->clock_ms)
			s->sources.list[i]->due_ms = source_due(s, s->sources.list[i]);
	while (rc == 0 && (w = first_due(s)) && w->due_ms <= in->clock_ms)
		rc = fall_silent(s, w, &why);
	w = first_due(s);
	s->sources.next_due_ms = w ? w->due_ms : NEVER;
	return rc;
}

int source_forget(struct shard *s, struct span name, const struct input *in, bool *ret_known)
{
	struct source_watch *w = source_find_watched(s, name);
	int rc = 0;

	*ret_known = w != NULL;
	if (!w)
		return 0;
	/* That it fell silent may be on its way: whoever hears of it hears this after it. */
	if (w->state == SOURCE_SILENT)
		rc = tell_shards(s, w, MESSAGE_SOURCE_BACK, in->clock_ms);
	return rc == 0 ? source_drop(s, w) : rc;
}

/* ---- what is told of them */

unsigned sources_silent(const struct shard *s)
{
	unsigned n = 0;

	for (unsigned i = 0; i < s->sources.n; i++)
		n += s->sources.list[i]->state == SOURCE_SILENT;
	return n;
}

static void report(const struct shard *s, const struct source_watch *w, struct source_report *r)
{
	const struct source_hours *hours = hours_of(s, name_of(w));

	*r = (struct source_report){ .state = w->state,
		.unwatched = source_is_unwatched(s, name_of(w)),
		.knows_week = habit_knows_week(&w->habit), .has_hours = hours && hours->calendar,
		.since_ms = w->since_ms, .last_ms = w->last_ms, .due_ms = source_due(s, w),
		.events = w->events, .late = w->late,
		.events_per_hour = habit_events_per_hour(&w->habit),
		.signs_per_hour = habit_signs_per_hour(&w->habit) };
	memcpy(r->name, w->name, w->size);
}

int sources_report(const struct shard *s, struct source_report **ret, unsigned *ret_n)
{
	*ret = malloc((s->sources.n + 1) * sizeof(**ret));
	if (!*ret)
		return ERR_NOMEM;
	for (unsigned i = 0; i < s->sources.n; i++)
		report(s, s->sources.list[i], &(*ret)[i]);
	*ret_n = s->sources.n;
	return 0;
}
