/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon itself puts into the journal, as daemon/inputs.c, timekeeper.c and subscribers.c
 * do. */
#include "tests/sim/sim.h"
#include "workers/merge.h"

bool sim_tick(struct sim *s)
{
	struct sim_task *t = sim_task_new(s, INPUT_TIME);

	t->input.pace.due = s->o.due_per_input;
	for (unsigned i = 0; i < s->o.shards; i++)
		if (s->shard[i].sources.next_due_ms <= t->input.clock_ms)
			t->input.pace.due = 0; /* who is silent is to be known before */
	for (unsigned i = 0; i < s->o.shards; i++)
		if ((sweep_is_on(&s->shard[i]) || hold_is_busy(&s->shard[i])))
			t->input.pace.sweep = s->o.sweep_per_input;
	s->time_inputs++;
	return sim_submit_own(s, t);
}

/* An event may be dated ahead: it is told from its resend for the window after its own time. */
static struct settings settings_wanted(const struct sim *s)
{
	struct settings wanted = s->o.settings;

	wanted.guard_window_ms += s->o.in_future_ms;
	return wanted;
}

bool sim_settings(struct sim *s, const struct settings *settings)
{
	struct sim_task *t = sim_task_new(s, INPUT_SETTINGS);

	s->o.settings = *settings;
	t->input.settings = settings_wanted(s);
	return sim_submit_own(s, t);
}

bool sim_lifecycle(struct sim *s, const char *text)
{
	struct machine *m, *old = s->lifecycle ? s->lifecycle->machine : NULL;
	struct complaint c = { 0 };
	struct sim_task *t;

	s->o.lifecycle = text;
	if (machine_compile(text, strlen(text), &m, &c) != 0)
		sim_fail(s, "lifecycle: %d:%d: %s", c.line, c.column, c.text);
	if (old && span_eq(old->text, m->text)) {
		machine_free(m);
		return true;
	}
	t = sim_task_new(s, INPUT_LIFECYCLE);
	m->version = old ? old->version + 1 : 1;
	m->since_ms = t->input.clock_ms;
	t->input.lifecycle = lifecycle_new(m);
	lifecycle_drop(s->lifecycle);
	s->lifecycle = lifecycle_hold(t->input.lifecycle);
	return sim_submit_own(s, t);
}

bool sim_parameters(struct sim *s, const struct parameters *p)
{
	struct sim_task *t = sim_task_new(s, INPUT_PARAMETERS);
	struct parameters *copy = arena_alloc(t->arena, sizeof *copy);

	if (!copy)
		sim_fail(s, "out of memory");
	*copy = *p;
	copy->version = s->shard[0].parameters.version + 1;
	copy->since_ms = t->input.clock_ms;
	copy->fitted_for = s->lifecycle->machine->rhythm_key;
	t->input.parameters = copy;
	return sim_submit_own(s, t);
}

/* As the daemon does before it journals (daemon/merging.c). */
static bool can_merge(struct sim *s, struct command *c)
{
	struct customer *id = sim_customer(s, (const char *)c->customer.data);
	struct customer *head = c->verb == COMMAND_MERGE && id ?
		sim_customer(s, (const char *)c->other.data) : NULL;
	bool can = id != NULL;

	if (can && c->verb == COMMAND_MERGE)
		can = head && !merge_complaint(id, head);
	else if (can)
		can = customer_is_merged(id);
	free(id);
	free(head);
	return can;
}

/* "merge anna bert": bert is another id of anna. */
static void of_two(struct sim *s, struct sim_task *t, const char *first, const char *second)
{
	struct command *c = &t->input.command;
	bool merges = c->verb == COMMAND_MERGE;
	char *copy = arena_alloc(t->arena, strlen(second) + 1);
	struct customer *id = merges ? NULL : sim_customer(s, first);

	c->customer = span_str(merges ? strcpy(copy, second) : first);
	if (merges)
		c->other = span_str(first);
	if (id && customer_is_merged(id)) {
		char *head = arena_alloc(t->arena, EVENT_CUSTOMER_MAX + 1);

		memcpy(head, id->bond.head, id->bond.head_size);
		head[id->bond.head_size] = '\0';
		c->other = span_str(head);
	}
	free(id);
}

static unsigned verb_of(const char *name)
{
	for (unsigned v = 1; v < COMMAND_VERBS; v++)
		if (strcmp(name, command_verb_name(v)) == 0)
			return v;
	return COMMAND_NONE;
}

bool sim_command(struct sim *s, const char *text)
{
	struct sim_task *t = sim_task_new(s, INPUT_COMMAND);
	struct command *c = &t->input.command;
	char verb[32] = "", what[256] = "", at[48] = "", *copy;

	(void)sscanf(text, "%31s %255s %47s", verb, what, at);
	c->verb = (uint8_t)verb_of(verb);
	copy = arena_alloc(t->arena, sizeof what);
	memcpy(copy, what, sizeof what);
	if (c->verb == COMMAND_SNOOZE) {
		c->customer = span_str(copy);
		c->at_ms = at[0] ? sim_ms(at) : 0;
	} else if (c->verb == COMMAND_DONE || c->verb == COMMAND_REASSIGN) {
		char *second = arena_alloc(t->arena, sizeof at);

		memcpy(second, at, sizeof at);
		c->customer = span_str(copy);
		if (c->verb == COMMAND_DONE)
			c->name = span_str(second);
		else
			c->other = span_str(second);
	} else if (c->verb == COMMAND_LIVE) {
		c->at_ms = what[0] ? sim_ms(what) : 0;
	} else if (c->verb == COMMAND_MERGE || c->verb == COMMAND_UNMERGE) {
		of_two(s, t, copy, at);
	} else {
		c->name = span_str(copy);
	}
	if (command_complaint(c))
		sim_fail(s, "command \"%s\": %s", text, command_complaint(c));
	s->refused = true;
	if ((c->verb == COMMAND_MERGE || c->verb == COMMAND_UNMERGE) && !can_merge(s, c)) {
		sim_task_free(s, t);
		return false;
	}
	return sim_submit_own(s, t) && !s->refused;
}

bool sim_obey(struct sim *s, const struct command *c)
{
	struct sim_task *t = sim_task_new(s, INPUT_COMMAND);

	if (command_complaint(c))
		sim_fail(s, "command: %s", command_complaint(c));
	t->input.command = *c;
	s->refused = true;
	return sim_submit_own(s, t) && !s->refused;
}

void sim_open_subscription(struct sim *s, const char *name, bool newest)
{
	struct subscriber_message m = { .verb = SUBSCRIBER_OPEN, .name = span_str(name),
		.newest = newest };
	struct sim_task *t = sim_task_new(s, INPUT_SUBSCRIPTION);

	subscriber_encode(&t->raw, &m);
	t->input.subscriber = span_of(t->raw.data, t->raw.size);
	t->input.subscription = arena_alloc(t->arena, sizeof m);
	if (subscriber_decode(t->input.subscription, t->raw.data, t->raw.size, t->arena, NULL) != 0)
		sim_fail(s, "a subscription does not decode");
	if (!sim_submit_own(s, t))
		sim_fail(s, "died while a subscription was opened");
}

uint64_t sim_letters(struct sim *s, struct span changes)
{
	struct sim_task *t = sim_task_new(s, INPUT_LETTERS);

	buf_add(&t->raw, changes.data, changes.size);
	t->input.letters = span_of(t->raw.data, t->raw.size);
	return sim_submit_one(s, t);
}

bool sim_inputs_at_start(struct sim *s)
{
	const struct shard *first = &s->shard[0];
	struct settings settings = s->o.settings, wanted = settings_wanted(s);
	bool ok = true;

	if (first->lifecycle)
		s->lifecycle = lifecycle_hold(first->lifecycle);
	if (first->engine != ENGINE_VERSION) {
		struct sim_task *t = sim_task_new(s, INPUT_ENGINE);

		t->input.engine = ENGINE_VERSION;
		ok = sim_submit_own(s, t);
	}
	for (unsigned i = 0; ok && i < s->o.shards; i++)
		if (s->shard[i].sources.next_due_ms != NEVER) {
			ok = sim_submit_own(s, sim_task_new(s, INPUT_LISTENING));
			break;
		}
	if (ok && (env_meta(s->env[0])->position <= 1 ||
		!settings_equal(&first->settings, &wanted)))
		ok = sim_settings(s, &settings);
	return ok && sim_lifecycle(s, s->o.lifecycle);
}
