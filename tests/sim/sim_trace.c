/* SPDX-License-Identifier: Apache-2.0 */
/* The trace: what left the process, as lines that a test can compare whole.
 *
 *   [      2d] anna risk.complaint raised, customer.at_risk
 *   [   2d1ms] dora stage.first_time <- new, customer.converted (noticed at 5d)
 *
 * In brackets is when it became true. What one customer's one instant gave is one line. */
#include <stdarg.h>
#include "base/hash.h"
#include "tests/sim/sim.h"

void sim_trace_end(struct sim *s)
{
	char noticed[48];

	if (s->line.size == 0)
		return;
	buf_add(&s->trace, s->line.data, s->line.size);
	if (s->line_noticed_ms != 0)
		buf_printf(&s->trace, " (noticed at %s)", sim_offset(s->line_noticed_ms, noticed));
	buf_add_str(&s->trace, "\n");
	buf_clear(&s->line);
}

void sim_trace(struct sim *s, const char *format, ...)
{
	char text[500], at[48];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof text, format, args);
	va_end(args);
	sim_trace_end(s);
	buf_printf(&s->trace, "[%8s] %s\n", sim_offset(s->now_ms, at), text);
}

char *sim_trace_take(struct sim *s)
{
	char *text;

	sim_trace_end(s);
	text = malloc(s->trace.size + 1);
	if (s->trace.size)
		memcpy(text, s->trace.data, s->trace.size);
	text[s->trace.size] = '\0';
	buf_clear(&s->trace);
	return text;
}

static void add_change(struct buf *out, struct span type, struct span from, struct span to)
{
	bool risk = type.size > 5 && memcmp(type.data, "risk.", 5) == 0;

	buf_add(out, type.data, type.size);
	if (type.size > 9 && memcmp(type.data, "customer.", 9) == 0)
		return;
	if (risk)
		buf_add_str(out, span_eq(to, span_str("raised")) ? " raised" : " cleared");
	else
		buf_printf(out, " <- %.*s", from.size ? (int)from.size : 3,
			from.size ? (const char *)from.data : "new");
}

void sim_trace_note(struct sim *s, const struct notification *n)
{
	struct span of = n->customer.size ? n->customer : n->subject;
	char head[200], at[48];

	snprintf(head, sizeof head, "[%8s] %.*s ", sim_offset(n->at_ms, at), (int)of.size,
		(const char *)of.data);
	if (s->line.size && strcmp(head, s->line_head) == 0) {
		buf_add_str(&s->line, ", ");
	} else {
		sim_trace_end(s);
		strcpy(s->line_head, head);
		buf_add_str(&s->line, head);
	}
	s->line_noticed_ms = n->noticed_ms != n->at_ms ? n->noticed_ms : 0;
	add_change(&s->line, n->type, n->from, n->to);
	if (n->other.size) {
		buf_add_str(&s->line, " ");
		buf_add(&s->line, n->other.data, n->other.size);
	}
}

/* One notification leaves the process. */
void sim_hand_out(struct sim *s, unsigned shard, struct span encoded)
{
	uint64_t k = s->n_handed[shard];
	struct arena *a = arena_new(4096, 1 << 20);
	struct notification n;

	if ((k & (k - 1)) == 0)
		s->handed[shard] = realloc(s->handed[shard], (k ? 2 * k : 1) * sizeof *s->handed[0]);
	s->handed[shard][k].bytes = malloc(encoded.size);
	s->handed[shard][k].size = encoded.size;
	memcpy(s->handed[shard][k].bytes, encoded.data, encoded.size);
	s->n_handed[shard] = k + 1;
	if (notification_decode(&n, encoded.data, encoded.size, a) != 0)
		sim_fail(s, "a notification does not decode");
	if (n.shard != shard || n.sequence != k + 1)
		sim_fail(s, "notification %u-%llu goes out as %u-%llu", n.shard,
			(unsigned long long)n.sequence, shard, (unsigned long long)k + 1);
	sim_trace_note(s, &n);
	if (s->on_note)
		s->on_note(s->arg, &n);
	arena_free(a);
}

/* After a restart: what had gone out is found again under its number, byte for byte, as long as
 * it is kept; what had not gone out yet does now. */
void sim_look_again(struct sim *s)
{
	for (unsigned i = 0; i < s->o.shards; i++) {
		const struct env_meta *meta = env_meta(s->env[i]);
		uint64_t last = meta->outbox_last;

		if (last < s->n_handed[i])
			sim_fail(s, "notification %u-%llu went out, and the outbox ends at %llu", i,
				(unsigned long long)s->n_handed[i], (unsigned long long)last);
		for (uint64_t k = meta->outbox_first; k <= last; k++) {
			struct span again;
			int64_t taken_ms;

			if (env_outbox_get(s->env[i], k, &taken_ms, &again) != 0)
				sim_fail(s, "notification %u-%llu is missing", i, (unsigned long long)k);
			if (k > s->n_handed[i] + 1)
				sim_fail(s, "notification %u-%llu was trimmed before it went out", i,
					(unsigned long long)k - 1);
			if (k == s->n_handed[i] + 1)
				sim_hand_out(s, i, again);
			else if (!span_eq(again, span_of(s->handed[i][k - 1].bytes,
				s->handed[i][k - 1].size)))
				sim_fail(s, "notification %u-%llu tells another story after the restart",
					i, (unsigned long long)k);
		}
	}
	sim_trace_end(s);
}

uint16_t sim_name(struct sim *s, unsigned shard, const char *name)
{
	for (uint16_t i = 1;; i++) {
		struct span text = env_name(s->env[shard], i);

		if (text.size == 0 || span_eq(text, span_str(name)))
			return text.size ? i : 0;
	}
}

unsigned sim_shard_of(const struct sim *s, const char *customer)
{
	return hash_shard(customer, strlen(customer), s->o.shards);
}

struct customer *sim_customer(struct sim *s, const char *id)
{
	struct customer *c = malloc(sizeof *c);
	int rc = shard_customer(&s->shard[sim_shard_of(s, id)], span_str(id), c);

	if (rc == 0)
		return c;
	free(c);
	if (rc != ERR_NOTFOUND)
		sim_fail(s, "customer %s: %s", id, err_text(rc));
	return NULL;
}

char *sim_history(struct sim *s, const char *id)
{
	struct env *e = s->env[sim_shard_of(s, id)];
	struct history_entry h[256];
	struct buf out = { 0 };
	int n = env_history_get(e, span_str(id), h, 256);

	if (n < 0)
		sim_fail(s, "history of %s: %s", id, err_text(n));
	for (int i = 0; i < n; i++) {
		char at[48], type[64];
		struct span name = env_name(e, h[i].type);

		snprintf(type, sizeof type, "%.*s%s", (int)name.size, (const char *)name.data,
			h[i].kind == CHANGE_RETRACTED ? ".retracted" : "");
		buf_printf(&out, "[%8s] ", sim_offset(h[i].at_ms, at));
		add_change(&out, span_str(type), h[i].from ? env_name(e, h[i].from) : span_of(NULL, 0),
			env_name(e, h[i].to));
		buf_add_str(&out, h[i].outbox_sequence ? "\n" : " (silent)\n");
	}
	buf_add(&out, "", 1);
	return (char *)out.data;
}

uint64_t sim_deadlines(struct sim *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->o.shards; i++)
		n += env_deadlines(s->env[i]);
	return n;
}

uint64_t sim_notes(const struct sim *s)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->o.shards; i++)
		n += s->n_handed[i];
	return n;
}

uint64_t sim_count(struct sim *s, const char *id)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < s->o.shards; i++)
		n += tally_of(&s->shard[i].census, sim_name(s, i, id));
	return n;
}
