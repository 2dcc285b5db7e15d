/* SPDX-License-Identifier: Apache-2.0 */
/* Applying inputs, one function an input type. */
#include <assert.h>
#include <stdlib.h>
#include "base/hash.h"
#include "workers/command.h"
#include "workers/fold.h"
#include "workers/hold.h"
#include "workers/market.h"
#include "workers/seek.h"
#include "workers/settle.h"
#include "workers/story.h"
#include "workers/subscription.h"
#include "workers/sweep.h"

void outcome_fini(struct outcome *o)
{
	free(o->rejected);
	free(o->notes);
	buf_fini(&o->bytes);
	memset(o, 0, sizeof *o);
}

void outcome_clear(struct outcome *o)
{
	struct note *notes = o->notes;
	unsigned capacity = o->notes_capacity;
	struct buf bytes = o->bytes;

	free(o->rejected);
	buf_clear(&bytes);
	*o = (struct outcome){ .notes = notes, .notes_capacity = capacity, .bytes = bytes };
}

/* An answer about one row, not a failure of the store: that row is left alone, and the input goes
 * on. An input that is in the journal must never be able to stop the daemon for good. */
bool shard_sets_aside(const struct shard *s, int rc)
{
	return (rc == ERR_CORRUPT || rc == ERR_TOOBIG || rc == ERR_INVALID || rc == ERR_EXISTS ||
		rc == ERR_NOTFOUND) && env_failed(s->env) == 0;
}

static int reject(struct outcome *out, uint32_t index, enum reject code, const char *text)
{
	struct rejection *grown;

	if (!out)
		return 0;
	grown = realloc(out->rejected, (out->n_rejected + 1) * sizeof *grown);
	if (!grown)
		return ERR_NOMEM;
	out->rejected = grown;
	out->rejected[out->n_rejected++] = (struct rejection){ index, (uint8_t)code, text };
	return 0;
}

/* ERR_EXISTS: a resend. ERR_INVALID: same id, other content. */
static int guard(struct shard *s, const struct event *e)
{
	if (e->sequence != 0)
		return env_guard_sequence(s->env, e->source, e->sequence);
	return env_guard_id(s->env, e->source, e->id, e->fingerprint);
}

static int apply_event(struct shard *s, const struct input *in, uint32_t i, struct outcome *out)
{
	const struct event *e = &in->batch.events[i];
	struct cause why = { .input = in, .event = e, .out = out };
	struct env_meta ignored, *meta = env_meta(s->env);
	int rc = guard(s, e);

	if (e->customer.size == 0 && s->number != 0) {
		meta = &ignored; /* what is for all shards is counted by the first one */
		out = NULL;
	}
	if (rc == ERR_EXISTS) {
		meta->duplicates++;
		if (out)
			out->duplicates++;
		return 0;
	}
	if (rc == ERR_INVALID) {
		meta->conflicts++;
		return reject(out, in->batch.index[i], REJECT_CONFLICT,
			"this source has used this id for another event");
	}
	if (rc == 0 && e->customer.size == 0)
		rc = market_take(s, e, in->clock_ms);
	else if (rc == 0)
		rc = shard_fold(s, &why, e->time_ms, customer_load(s, &s->customer, e->customer));
	if (rc == ERR_TOOBIG && e->customer.size == 0)
		return reject(out, in->batch.index[i], REJECT_TOO_LARGE,
			"as many market signals are in force as can be: end one, or wait until one ends");
	if (shard_sets_aside(s, rc)) {
		s->damaged++;
		return reject(out, in->batch.index[i], REJECT_DAMAGED,
			"the customer's record is damaged and set aside; the event is in the journal: see "
			"kith store rebuild");
	}
	if (rc != 0)
		return rc;
	meta->accepted++;
	if (out)
		out->accepted++;
	return 0;
}

/* How many customers are looked for together: their records lie anywhere in memory. */
#define AHEAD 32
_Static_assert(AHEAD <= DEADLINES_DUE_MAX, "so many are listed at once");
static void look_ahead(struct shard *s, const struct input *in, const uint32_t *list, uint32_t n)
{
	struct span ids[AHEAD];

	for (uint32_t i = 0; i < n; i++)
		ids[i] = in->batch.events[list[i]].customer;
	env_customers_ahead(s->env, ids, n);
}

static int apply_batch(struct shard *s, const struct input *in, const uint32_t *list, uint32_t n,
	struct outcome *out)
{
	int rc = sources_hear(s, in, out);

	if (rc == 0)
		rc = env_guard_rotate(s->env, in->taken_ms, s->settings.guard_window_ms);
	for (uint32_t i = 0; rc == 0 && i < n; i++) {
		if (i % AHEAD == 0)
			look_ahead(s, in, list + i, n - i < AHEAD ? n - i : AHEAD);
		rc = apply_event(s, in, list[i], out);
	}
	return rc;
}

static int apply_message(struct shard *s, const struct input *in, const struct message *m,
	struct outcome *out)
{
	struct cause why = { .input = in, .message = m, .out = out };
	int rc;

	if (message_is_of_source(m))
		return silence_told(s, m, in);
	if (m->kind == MESSAGE_LOST ||
		hash_shard(m->customer.data, m->customer.size, env_shards(s->env)) != s->number)
		return 0;
	rc = customer_load(s, &s->customer, m->customer);
	if (rc == 0 && s->customer.is_new && m->kind != MESSAGE_INTRODUCED &&
		(m->kind != MESSAGE_MEMBER || m->belongs == BELONGS_AS_ID))
		return 0; /* whom it is for had a record; it is gone */
	rc = shard_fold(s, &why, m->time_ms, rc);
	if (!shard_sets_aside(s, rc))
		return rc;
	s->damaged++;
	return 0;
}

/* The table's copies go: from here on the journal has them. */
static int apply_messages(struct shard *s, const struct input *in, struct outcome *out)
{
	int rc = 0;

	for (uint32_t i = 0; rc == 0 && s->lifecycle && i < in->n_messages; i++)
		rc = apply_message(s, in, &in->messages[i], out);
	if (rc == 0 && in->from_shard == s->number && in->n_messages)
		rc = env_messages_done(s->env, in->first_message + in->n_messages - 1);
	return rc;
}

int shard_save_or_set_aside(struct shard *s, int rc)
{
	if (rc == 0)
		rc = customer_save(s, &s->customer);
	if (!shard_sets_aside(s, rc))
		return rc;
	s->damaged++;
	return 0;
}

/* A row that is not the customer's any more just goes; a damaged one has its key: it goes, and
 * saving arms a new one. */
static int settle_one(struct shard *s, const struct input *in, const struct due *d,
	struct outcome *out)
{
	struct cause why = { .input = in, .out = out };
	struct customer *c = &s->customer;
	struct span id = span_of(d->customer, d->size);
	int rc = env_deadline_take(s->env, d);

	if (rc != 0)
		return rc;
	rc = customer_load(s, c, id);
	if (rc == 0) {
		if (c->armed_ms == d->due_ms)
			c->armed_ms = 0;
		rc = c->is_new ? 0 : customer_settle(s, c, in->clock_ms, &why);
	}
	if (rc == 0 && c->is_new)
		return 0; /* a row without a customer */
	return shard_save_or_set_aside(s, rc);
}

/* Settle those whose row has come up, AHEAD at a time, as their records lie anywhere in memory. */
static int settle_due(struct shard *s, const struct input *in, struct outcome *out)
{
	struct due due[AHEAD];
	struct span ids[AHEAD];
	uint32_t left = in->pace.due;
	int rc = 0;

	while (rc == 0 && left > 0) {
		unsigned n, i;

		rc = env_deadlines_due(s->env, in->clock_ms, due, left < AHEAD ? left : AHEAD, &n);
		if (rc != 0 || n == 0)
			return rc;
		for (i = 0; i < n; i++)
			ids[i] = span_of(due[i].customer, due[i].size);
		env_customers_ahead(s->env, ids, n);
		for (i = 0; rc == 0 && i < n && env_deadline_is_next(s->env, &due[i]); i++, left--)
			rc = settle_one(s, in, &due[i], out);
	}
	return rc;
}

static int apply_time(struct shard *s, const struct input *in, struct outcome *out)
{
	int rc = 0;

	if (!s->lifecycle)
		return 0;
	silences_settle(s, in);
	rc = sources_settle(s, in, out);
	if (rc == 0 && sweep_is_on(s) && in->pace.sweep)
		rc = sweep_step(s, in, out);
	if (rc == 0 && hold_is_busy(s))
		rc = hold_step(s, in, in->pace.due, out);
	return rc != 0 ? rc : settle_due(s, in, out);
}

/* Judge by L from here on. Takes the reference. */
static int switch_to(struct shard *s, struct lifecycle *l, enum sweep_reason reason)
{
	int rc = numbering_make(&s->numbering, s->env, l->machine);

	lifecycle_drop(s->lifecycle);
	s->lifecycle = l;
	if (rc != 0)
		return rc;
	sources_solve(s);
	return sweep_begin(s, reason);
}

/* The parameters go on being those of a new file, as far as it asks for them. */
static int apply_lifecycle(struct shard *s, const struct input *in)
{
	struct machine *m = in->lifecycle->machine;
	struct lifecycle *l = NULL;
	int rc = env_lifecycle_put(s->env, m->version, m->since_ms, m->text);

	if (rc == 0 && m->parameters_version != s->parameters.version)
		rc = lifecycle_with(m, &s->parameters, &l);
	else if (rc == 0)
		l = lifecycle_hold(in->lifecycle);
	if (rc != 0)
		return rc;
	env_meta(s->env)->lifecycle_version = m->version;
	return switch_to(s, l, SWEEP_LIFECYCLE);
}

static int apply_parameters(struct shard *s, const struct input *in)
{
	struct lifecycle *l = NULL;
	struct buf bytes = { 0 };
	int rc;

	parameters_encode(&bytes, in->parameters);
	rc = bytes.failed ? ERR_NOMEM :
		env_setting_put(s->env, "parameters", span_of(bytes.data, bytes.size));
	buf_fini(&bytes);
	if (rc != 0)
		return rc;
	s->parameters = *in->parameters;
	if (!s->lifecycle)
		return 0;
	rc = lifecycle_with(s->lifecycle->machine, &s->parameters, &l);
	return rc != 0 ? rc : switch_to(s, l, SWEEP_PARAMETERS);
}

static int apply_settings(struct shard *s, const struct input *in)
{
	uint8_t bytes[SETTINGS_BYTES];

	s->settings = in->settings;
	settings_encode(&in->settings, bytes);
	sources_solve(s);
	silences_limit(s, in->clock_ms);
	return env_setting_put(s->env, "settings", span_of(bytes, sizeof bytes));
}

static int apply_engine(struct shard *s, const struct input *in)
{
	uint8_t bytes[4];

	s->engine = in->engine;
	put_le32(bytes, in->engine);
	return env_setting_put(s->env, "engine", span_of(bytes, sizeof bytes));
}

static int read_next_due(struct shard *s)
{
	uint8_t id[EVENT_CUSTOMER_MAX];
	size_t size;
	int rc = env_deadline_first(s->env, &s->next_due_ms, id, &size);

	if (rc == ERR_NOTFOUND) {
		s->next_due_ms = NEVER;
		rc = 0;
	}
	if (s->sources.next_due_ms < s->next_due_ms)
		s->next_due_ms = s->sources.next_due_ms;
	if (s->silences.next_due_ms < s->next_due_ms)
		s->next_due_ms = s->silences.next_due_ms;
	return rc == ERR_CORRUPT && env_failed(s->env) == 0 ? 0 : rc; /* the key is good */
}

int shard_apply(struct shard *s, const struct input *in, const uint32_t *list, uint32_t n,
	struct outcome *out)
{
	struct env_meta *meta = env_meta(s->env);
	int rc = 0;

	assert(in->sequence == meta->position + 1);
	rc = stories_turn(s, in->clock_ms);
	if (rc != 0)
		return rc;
	switch (in->type) {
	case INPUT_BATCH: rc = apply_batch(s, in, list, n, out); break;
	case INPUT_MESSAGES: rc = apply_messages(s, in, out); break;
	case INPUT_TIME: rc = apply_time(s, in, out); break;
	case INPUT_LIFECYCLE: rc = apply_lifecycle(s, in); break;
	case INPUT_SETTINGS: rc = apply_settings(s, in); break;
	case INPUT_ENGINE: rc = apply_engine(s, in); break;
	case INPUT_COMMAND: rc = command_apply(s, in, out); break;
	case INPUT_SUBSCRIPTION: rc = subscription_apply(s, in, out); break;
	case INPUT_LETTERS: rc = letters_apply(s, in); break;
	case INPUT_PARAMETERS: rc = apply_parameters(s, in); break;
	case INPUT_LISTENING: sources_listen(s, in->clock_ms); break;
	}
	if (rc == 0 && in->type == INPUT_TIME)
		rc = read_next_due(s);
	if (rc == 0)
		rc = env_failed(s->env);
	if (rc != 0)
		return rc;
	meta->position = in->sequence;
	if (in->clock_ms > meta->clock_ms)
		meta->clock_ms = in->clock_ms;
	return 0;
}

static int load_lifecycle(struct shard *s, struct complaint *c)
{
	uint32_t version = env_meta(s->env)->lifecycle_version;
	struct machine *m;
	struct span text;
	int64_t since;
	int rc;

	if (version == 0)
		return 0;
	rc = env_lifecycle_get(s->env, version, &since, &text);
	if (rc == 0)
		rc = lifecycle_compile((const char *)text.data, text.size, &m, c);
	if (rc != 0)
		return rc;
	m->version = version;
	m->since_ms = since;
	if (s->parameters.version)
		machine_take_parameters(m, &s->parameters);
	s->lifecycle = lifecycle_new(m);
	if (!s->lifecycle)
		return ERR_NOMEM;
	return numbering_make(&s->numbering, s->env, m);
}

static int load_parameters(struct shard *s)
{
	struct span value;
	int rc = env_setting_get(s->env, "parameters", &value);

	if (rc == ERR_NOTFOUND)
		return 0;
	return rc != 0 ? rc : parameters_decode(&s->parameters, value);
}

static int load_settings(struct shard *s)
{
	struct span value;
	int rc = env_setting_get(s->env, "settings", &value);

	s->settings = settings_default;
	if (rc == 0 && value.size == SETTINGS_BYTES)
		settings_decode(&s->settings, value.data);
	if (rc != 0 && rc != ERR_NOTFOUND)
		return rc;
	rc = env_setting_get(s->env, "engine", &value);
	if (rc == 0 && value.size == 4)
		s->engine = get_le32(value.data);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

int shard_open(struct shard *s, unsigned number, struct env *env, struct complaint *c)
{
	int rc;

	memset(s, 0, sizeof *s);
	s->number = number;
	s->env = env;
	rc = load_parameters(s);
	if (rc == 0)
		rc = load_lifecycle(s, c);
	if (rc == 0)
		rc = load_settings(s);
	if (rc == 0)
		rc = census_load(s);
	if (rc == 0)
		rc = stories_load(s);
	if (rc == 0)
		rc = hush_load(s);
	if (rc == 0)
		rc = breakers_load(s);
	if (rc == 0)
		rc = follow_ups_load(s);
	if (rc == 0)
		rc = sources_load(s);
	if (rc == 0)
		rc = silences_load(s);
	if (rc == 0)
		rc = read_next_due(s);
	if (rc == 0)
		rc = sweep_load(s);
	if (rc == 0)
		rc = market_load(s);
	if (rc == 0)
		return 0;
	if (c && c->text[0] == '\0')
		complain(c, rc, "shard %u: %s", number, err_text(rc));
	shard_close(s);
	return rc;
}

void shard_close(struct shard *s)
{
	lifecycle_drop(s->lifecycle);
	s->lifecycle = NULL;
	hush_fini(s);
	breakers_fini(s);
	sources_fini(s);
	silences_fini(s);
	tally_fini(&s->census);
	buf_fini(&s->scratch);
}

/* Write what is kept in memory and counted along. */
static int remember(struct shard *s)
{
	int rc = census_store(s);

	if (rc == 0)
		rc = hush_store(s);
	if (rc == 0)
		rc = breakers_store(s);
	if (rc == 0)
		rc = follow_ups_store(s);
	if (rc == 0)
		rc = sources_store(s);
	if (rc == 0)
		rc = sweep_store(s);
	return rc != 0 ? rc : silences_store(s);
}

int shard_checkpoint(struct shard *s)
{
	int rc = remember(s);

	return rc != 0 ? rc : env_commit(s->env);
}

int shard_freeze(struct shard *s)
{
	int rc = remember(s);

	return rc != 0 ? rc : env_freeze(s->env);
}

int shard_customer(struct shard *s, struct span id, struct customer *ret)
{
	struct span record;
	int rc;

	if (!s->lifecycle)
		return ERR_NOTFOUND;
	rc = env_customer_get(s->env, id, &record);
	if (rc == 0)
		rc = customer_unpack(ret, id, record, s->lifecycle->machine, &s->numbering);
	if (rc == 0)
		market_cover(&s->market, ret->market_version, &ret->facts);
	return rc;
}
