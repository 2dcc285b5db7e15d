/* SPDX-License-Identifier: Apache-2.0 */
/* Time: offsets as text, and the TIME inputs, as daemon/timekeeper.c fires them. */
#include "tests/sim/sim.h"

#define TICKS_MAX 20000 /* in one move of the clock */

static const struct {
	const char *name;
	int64_t ms;
} units[] = { { "d", DAY_MS }, { "h", 3600000 }, { "ms", 1 }, { "m", 60000 }, { "s", 1000 } };

static int64_t unit_read(const char **p)
{
	for (unsigned i = 0; i < sizeof units / sizeof *units; i++) {
		size_t n = strlen(units[i].name);

		if (strncmp(*p, units[i].name, n) == 0) {
			*p += n;
			return units[i].ms;
		}
	}
	return 0;
}

int64_t sim_ms(const char *offset)
{
	const char *p = offset;
	bool before = *p == '-';
	int64_t sum = 0;

	for (p += before; *p;) {
		char *end;
		int64_t n = strtoll(p, &end, 10), unit;

		if (end == p)
			sim_fail(NULL, "no offset: \"%s\"", offset);
		p = end;
		unit = *p ? unit_read(&p) : 0;
		if (n != 0 && unit == 0)
			sim_fail(NULL, "an offset without a unit: \"%s\"", offset);
		sum += n * unit;
	}
	return SIM_BEGIN_MS + (before ? -sum : sum);
}

const char *sim_offset(int64_t ms, char out[48])
{
	static const unsigned order[] = { 0, 1, 3, 4, 2 };
	int64_t left = ms - SIM_BEGIN_MS;
	size_t n = 0;

	if (left == 0)
		return strcpy(out, "0");
	if (left < 0) {
		out[n++] = '-';
		left = -left;
	}
	for (unsigned i = 0; i < 5; i++) {
		int64_t unit = units[order[i]].ms;

		if (left / unit)
			n += (size_t)snprintf(out + n, 48 - n, "%lld%s", (long long)(left / unit),
				units[order[i]].name);
		left %= unit;
	}
	return out;
}

static int64_t earliest_due(const struct sim *s, bool *ret_sweeping)
{
	int64_t due = NEVER;

	*ret_sweeping = false;
	for (unsigned i = 0; i < s->o.shards; i++) {
		if (s->shard[i].next_due_ms < due)
			due = s->shard[i].next_due_ms;
		*ret_sweeping |= (sweep_is_on(&s->shard[i]) || hold_is_busy(&s->shard[i]));
	}
	return due;
}

bool sim_is_drained(const struct sim *s)
{
	bool sweeping;
	int64_t due = earliest_due(s, &sweeping);

	return !sweeping && !sim_messages_wait(s) && due > (s->o.event_clock ? s->event_ms : s->now_ms);
}

static int64_t latest(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* The instant of the next TIME input; NEVER. An event clock only moves with events. */
static int64_t next_tick(const struct sim *s)
{
	bool sweeping;
	int64_t due = earliest_due(s, &sweeping);

	if (sweeping || (s->o.event_clock && due <= s->event_ms))
		return latest(s->now_ms, s->not_before_ms);
	if (due == NEVER || s->o.event_clock)
		return NEVER;
	return latest(latest(due, s->now_ms), s->not_before_ms);
}

bool sim_until_ms(struct sim *s, int64_t at_ms)
{
	unsigned ticks = 0;
	int64_t tick;

	while ((tick = next_tick(s)) <= at_ms) {
		s->now_ms = tick;
		if (++ticks > TICKS_MAX)
			sim_fail(s, "deadlines come up without end");
		if (!sim_tick(s))
			return false;
		s->not_before_ms = s->now_ms + s->o.step_ms;
	}
	s->now_ms = latest(s->now_ms, at_ms);
	return true;
}

bool sim_until(struct sim *s, const char *at)
{
	return sim_until_ms(s, sim_ms(at));
}

void sim_sleep_until(struct sim *s, const char *at)
{
	s->now_ms = latest(s->now_ms, sim_ms(at));
}
