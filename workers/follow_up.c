/* SPDX-License-Identifier: Apache-2.0 */
/* Opening, closing, and what falls due between. A row:
 *
 *   u8 state, u8 flags (1 came back, 2 was overdue), u64 opened_by, i64 opened_ms, i64 due_ms,
 *   i64 escalate_ms, i64 outcome_ms, the owner to the end
 */
#include <stdio.h>
#include "workers/announce.h"
#include "workers/follow_up.h"

#define ROW_BYTES      42
#define FLAG_CAME_BACK 1
#define FLAG_OVERDUE   2

const char *follow_up_state_name(unsigned v)
{
	static const char *const names[FOLLOW_UP_STATES] = { "open", "overdue", "escalated",
		"answered", "done", "over", "retracted" };

	return names[v < FOLLOW_UP_STATES ? v : FOLLOW_UP_OPEN];
}

int follow_up_unpack(struct follow_up_row *f, struct span record)
{
	const uint8_t *p = record.data;

	if (record.size < ROW_BYTES || record.size > ROW_BYTES + FOLLOW_UP_OWNER_MAX)
		return ERR_CORRUPT;
	*f = (struct follow_up_row){ .state = p[0], .came_back = p[1] & FLAG_CAME_BACK,
		.was_overdue = p[1] & FLAG_OVERDUE, .opened_by = get_le64(p + 2),
		.opened_ms = (int64_t)get_le64(p + 10), .due_ms = (int64_t)get_le64(p + 18),
		.escalate_ms = (int64_t)get_le64(p + 26), .outcome_ms = (int64_t)get_le64(p + 34) };
	f->owner_size = (uint8_t)(record.size - ROW_BYTES);
	memcpy(f->owner, p + ROW_BYTES, f->owner_size);
	return f->state < FOLLOW_UP_STATES ? 0 : ERR_CORRUPT;
}

/* The row of C's follow-up I; a damaged one counts as none. */
static int row_get(struct shard *s, const struct customer *c, unsigned i,
	struct follow_up_row *ret, bool *ret_there)
{
	struct span record;
	int rc = env_follow_up_get(s->env, s->numbering.follow_up[i], customer_id(c), &record);

	if (rc == 0)
		rc = follow_up_unpack(ret, record);
	*ret_there = rc == 0;
	return rc == ERR_NOTFOUND || (rc == ERR_CORRUPT && env_failed(s->env) == 0) ? 0 : rc;
}

static void alarm_at(struct customer *c, int64_t at_ms)
{
	if (at_ms != 0 && (c->alarm_ms == 0 || at_ms < c->alarm_ms))
		c->alarm_ms = at_ms;
}

static int row_put(struct shard *s, struct customer *c, unsigned i, const struct follow_up_row *f)
{
	uint8_t p[ROW_BYTES + FOLLOW_UP_OWNER_MAX];

	p[0] = f->state;
	p[1] = (uint8_t)((f->came_back ? FLAG_CAME_BACK : 0) | (f->was_overdue ? FLAG_OVERDUE : 0));
	put_le64(p + 2, f->opened_by);
	put_le64(p + 10, (uint64_t)f->opened_ms);
	put_le64(p + 18, (uint64_t)f->due_ms);
	put_le64(p + 26, (uint64_t)f->escalate_ms);
	put_le64(p + 34, (uint64_t)f->outcome_ms);
	memcpy(p + ROW_BYTES, f->owner, f->owner_size);
	if (f->state == FOLLOW_UP_OPEN)
		alarm_at(c, f->due_ms);
	if (!follow_up_is_closed(f->state))
		alarm_at(c, f->escalate_ms);
	alarm_at(c, f->outcome_ms);
	return env_follow_up_put(s->env, s->numbering.follow_up[i], customer_id(c),
		span_of(p, ROW_BYTES + f->owner_size));
}

static struct follow_up_counts *counts_under(struct shard *s, uint16_t name)
{
	struct follow_ups *all = &s->follow_ups;

	for (unsigned k = 0; k < all->n; k++)
		if (all->list[k].name == name)
			return &all->list[k];
	if (all->n == sizeof all->list / sizeof *all->list) {
		memmove(all->list, all->list + 1, (all->n - 1) * sizeof *all->list);
		all->n--;
	}
	all->list[all->n] = (struct follow_up_counts){ .name = name };
	return &all->list[all->n++];
}

static struct follow_up_counts *counts_of(struct shard *s, unsigned i)
{
	return counts_under(s, s->numbering.follow_up[i]);
}

static void set_owner(struct follow_up_row *f, struct span owner)
{
	f->owner_size = (uint8_t)(owner.size < FOLLOW_UP_OWNER_MAX ? owner.size : FOLLOW_UP_OWNER_MAX);
	span_copy(f->owner, span_of(owner.data, f->owner_size));
}

/* STEP: "opened", "overdue", "escalated", "closed". */
static int tell_of(struct shard *s, struct customer *c, struct span rule, struct span on,
	const struct follow_up_row *f, const char *step, const char *from, int64_t at_ms,
	const struct cause *why)
{
	const struct facts_string *region = &c->facts.text[TEXT_REGION];
	char type[32], id[48];
	struct notification n;
	uint64_t sequence;

	memset(&n, 0, offsetof(struct notification, evidence));
	snprintf(type, sizeof type, "follow_up.%s", step);
	snprintf(id, sizeof id, "%u-%llu", s->number, (unsigned long long)f->opened_by);
	n.type = span_str(type);
	n.customer = customer_id(c);
	n.ladder = span_str("follow_up");
	n.from = span_str(from);
	n.to = span_str(follow_up_state_name(f->state));
	n.rule = rule;
	n.since_ms = f->opened_ms;
	n.at_ms = at_ms;
	n.lifecycle_version = s->lifecycle->machine->version;
	n.owner = span_of(f->owner, f->owner_size);
	n.region = span_of(region->text, region->size);
	n.severity = f->state == FOLLOW_UP_OVERDUE ? SEVERITY_MEDIUM :
		f->state == FOLLOW_UP_ESCALATED ? SEVERITY_HIGH : SEVERITY_NONE;
	n.evidence[n.n_evidence++] = (struct evidence){ .fact = span_str("notification"),
		.test = on, .text = span_str(id),
		.unit = UNIT_NAME, .known = true, .holds = true };
	n.evidence[n.n_evidence++] = (struct evidence){ .fact = span_str("due"),
		.test = span_str("due"), .value = (double)f->due_ms, .unit = UNIT_TIME,
		.known = true, .holds = at_ms <= f->due_ms };
	return notification_emit(s, &n, why, &sequence);
}

static int tell(struct shard *s, struct customer *c, unsigned i, const struct follow_up_row *f,
	const char *step, const char *from, int64_t at_ms, const struct cause *why)
{
	const struct follow_up *rule = &s->lifecycle->machine->follow_ups[i];

	return tell_of(s, c, rule->id, rule->on, f, step, from, at_ms, why);
}

/* Count how it ended, once: did somebody act, and did the customer come back? */
static void count_outcome(struct follow_up_counts *n, struct follow_up_row *f)
{
	bool acted = f->state == FOLLOW_UP_ANSWERED || f->state == FOLLOW_UP_DONE;

	if (f->outcome_ms == 0 || f->state == FOLLOW_UP_RETRACTED)
		return;
	n->outcomes[acted]++;
	n->came_back[acted] += f->came_back;
	f->outcome_ms = 0;
}

static int close_row(struct shard *s, struct customer *c, unsigned i, struct follow_up_row *f,
	enum follow_up_state state, int64_t at_ms, const struct cause *why)
{
	struct follow_up_counts *n = counts_of(s, i);
	const char *from = follow_up_state_name(f->state);
	bool late = at_ms > f->due_ms;
	int rc;

	f->state = (uint8_t)state;
	n->in_time += state == FOLLOW_UP_ANSWERED && !late;
	n->late += state == FOLLOW_UP_ANSWERED && late;
	n->done += state == FOLLOW_UP_DONE;
	n->over += state == FOLLOW_UP_OVER;
	n->retracted += state == FOLLOW_UP_RETRACTED;
	rc = tell(s, c, i, f, "closed", from, at_ms, why);
	if (rc != 0)
		return rc;
	if (f->outcome_ms == 0 || state == FOLLOW_UP_RETRACTED)
		return env_follow_up_del(s->env, s->numbering.follow_up[i], customer_id(c));
	return row_put(s, c, i, f);
}

static int64_t now_of(const struct cause *why, int64_t at_ms)
{
	return why->input->clock_ms > at_ms ? why->input->clock_ms : at_ms;
}

static int begin(struct shard *s, struct customer *c, unsigned i, int64_t now_ms,
	uint64_t sequence, const struct cause *why)
{
	const struct follow_up *rule = &s->lifecycle->machine->follow_ups[i];
	const struct facts_string *manager = &c->facts.text[TEXT_OWNER];
	const struct facts_string *home = &c->facts.text[TEXT_REGION];
	struct span region = span_of(home->text, home->size);
	struct follow_up_row f = { .opened_by = sequence, .opened_ms = now_ms,
		.due_ms = delay_after(&rule->due, region, now_ms),
		.outcome_ms = now_ms + rule->outcome_ms };
	int rc;

	if (rule->escalate.ms)
		f.escalate_ms = delay_after(&rule->escalate, region, now_ms);
	set_owner(&f, rule->of_customer && manager->size ? span_of(manager->text, manager->size) :
		rule->owner);
	counts_of(s, i)->opened++;
	rc = tell(s, c, i, &f, "opened", "", now_ms, why);
	return rc != 0 ? rc : row_put(s, c, i, &f);
}

int follow_up_open(struct shard *s, struct customer *c, uint16_t type, const struct change *ch,
	uint64_t sequence, const struct cause *why)
{
	const struct machine *m = s->lifecycle->machine;

	for (unsigned i = 0; i < m->n_follow_ups; i++) {
		struct follow_up_row old;
		bool there;
		int rc;

		if (s->numbering.follow_up_on[i] != type ||
			(ch->kind == CHANGE_RISK_CLEARED))
			continue;
		rc = row_get(s, c, i, &old, &there);
		if (rc != 0 || (there && !follow_up_is_closed(old.state)))
			return rc; /* the one that is open serves */
		if (there)
			count_outcome(counts_of(s, i), &old);
		return begin(s, c, i, now_of(why, ch->at_ms), sequence, why);
	}
	return 0;
}

int follow_up_end(struct shard *s, struct customer *c, uint16_t type, enum follow_up_state state,
	const struct cause *why)
{
	const struct machine *m = s->lifecycle->machine;

	for (unsigned i = 0; c->alarm_ms != 0 && i < m->n_follow_ups; i++) {
		struct follow_up_row f;
		bool there;
		int rc;

		if (s->numbering.follow_up_on[i] != type)
			continue;
		rc = row_get(s, c, i, &f, &there);
		if (rc != 0 || !there || follow_up_is_closed(f.state))
			return rc;
		return close_row(s, c, i, &f, state, now_of(why, f.opened_ms), why);
	}
	return 0;
}

/* One that the file in force does not have any more. */
static int end_strange(struct shard *s, struct customer *c, uint16_t name, struct follow_up_row *f,
	const struct cause *why)
{
	const char *from = follow_up_state_name(f->state);
	int rc;

	f->state = FOLLOW_UP_OVER;
	counts_under(s, name)->over++;
	rc = tell_of(s, c, env_name(s->env, name), span_str(""), f, "closed", from,
		now_of(why, f->opened_ms), why);
	return rc != 0 ? rc : env_follow_up_del(s->env, name, customer_id(c));
}

/* The one under NAME, if it is open. */
static int end_name(struct shard *s, struct customer *c, uint16_t name, const struct cause *why)
{
	const struct machine *m = s->lifecycle->machine;
	struct follow_up_row f;
	struct span record;
	unsigned i = 0;
	int rc = env_follow_up_get(s->env, name, customer_id(c), &record);

	if (rc == 0)
		rc = follow_up_unpack(&f, record);
	if (rc != 0)
		return rc == ERR_NOTFOUND || env_failed(s->env) == 0 ? 0 : rc;
	if (follow_up_is_closed(f.state))
		return 0;
	while (i < m->n_follow_ups && s->numbering.follow_up[i] != name)
		i++;
	return i == m->n_follow_ups ? end_strange(s, c, name, &f, why) :
		close_row(s, c, i, &f, FOLLOW_UP_OVER, now_of(why, f.opened_ms), why);
}

int follow_ups_end(struct shard *s, struct customer *c, const struct cause *why)
{
	int rc = 0;

	for (unsigned name = 1; rc == 0 && env_follow_ups(s->env) > 0 &&
		env_name(s->env, (uint16_t)name).size; name++)
		rc = end_name(s, c, (uint16_t)name, why);
	return rc;
}

static int event_row(struct shard *s, struct customer *c, unsigned i, const struct cause *why)
{
	const struct event *e = why->event;
	struct follow_up_row f;
	bool there, open;
	int rc = row_get(s, c, i, &f, &there);

	if (rc != 0 || !there || e->time_ms < f.opened_ms)
		return rc;
	open = !follow_up_is_closed(f.state);
	if (open && e->body == BODY_CONTACT && e->as.contact.direction == DIRECTION_OUT)
		return close_row(s, c, i, &f, FOLLOW_UP_ANSWERED, e->time_ms, why);
	if (e->body != BODY_PURCHASE || f.came_back || e->time_ms > f.outcome_ms)
		return 0;
	f.came_back = true;
	return row_put(s, c, i, &f);
}

int follow_up_event(struct shard *s, struct customer *c, const struct cause *why)
{
	const struct event *e = why->event;
	int rc = 0;

	if (c->alarm_ms == 0 || !e || (e->body != BODY_CONTACT && e->body != BODY_PURCHASE))
		return 0;
	for (unsigned i = 0; rc == 0 && i < s->lifecycle->machine->n_follow_ups; i++)
		rc = event_row(s, c, i, why);
	return rc;
}

static int step(struct shard *s, struct customer *c, unsigned i, struct follow_up_row *f,
	enum follow_up_state state, int64_t at_ms, const struct cause *why)
{
	const char *from = follow_up_state_name(f->state);

	f->state = (uint8_t)state;
	f->was_overdue = true;
	return tell(s, c, i, f, follow_up_state_name(state), from, at_ms, why);
}

static int wake_row(struct shard *s, struct customer *c, unsigned i, int64_t now_ms,
	const struct cause *why)
{
	struct span next = s->lifecycle->machine->follow_ups[i].next;
	struct follow_up_row f;
	bool there;
	int rc = row_get(s, c, i, &f, &there);

	if (rc != 0 || !there)
		return rc;
	if (f.state == FOLLOW_UP_OPEN && f.due_ms <= now_ms) {
		counts_of(s, i)->overdue++;
		rc = step(s, c, i, &f, FOLLOW_UP_OVERDUE, f.due_ms, why);
	}
	if (rc == 0 && !follow_up_is_closed(f.state) && f.escalate_ms && f.escalate_ms <= now_ms) {
		counts_of(s, i)->escalated++;
		if (next.size)
			set_owner(&f, next);
		rc = step(s, c, i, &f, FOLLOW_UP_ESCALATED, f.escalate_ms, why);
		f.escalate_ms = 0;
	}
	if (rc != 0)
		return rc;
	if (f.outcome_ms && f.outcome_ms <= now_ms)
		count_outcome(counts_of(s, i), &f);
	if (f.outcome_ms == 0 && follow_up_is_closed(f.state))
		return env_follow_up_del(s->env, s->numbering.follow_up[i], customer_id(c));
	return row_put(s, c, i, &f);
}

int follow_up_wake(struct shard *s, struct customer *c, int64_t now_ms, const struct cause *why)
{
	int rc = 0;

	for (unsigned i = 0; rc == 0 && i < s->lifecycle->machine->n_follow_ups; i++)
		rc = wake_row(s, c, i, now_ms, why);
	return rc;
}

int follow_up_command(struct shard *s, struct customer *c, const struct command *cmd,
	const struct cause *why, bool *ret_found)
{
	const struct machine *m = s->lifecycle->machine;
	int64_t now_ms = why->input->clock_ms;
	int rc = 0;

	*ret_found = false;
	for (unsigned i = 0; rc == 0 && i < m->n_follow_ups; i++) {
		struct follow_up_row f;
		bool there;

		if (cmd->name.size && !span_eq(cmd->name, m->follow_ups[i].name))
			continue;
		rc = row_get(s, c, i, &f, &there);
		if (rc != 0 || !there || follow_up_is_closed(f.state))
			continue;
		*ret_found = true;
		if (cmd->verb == COMMAND_DONE) {
			rc = close_row(s, c, i, &f, FOLLOW_UP_DONE, now_of(why, f.opened_ms), why);
			continue;
		}
		if (span_eq(span_of(f.owner, f.owner_size), cmd->other))
			continue; /* theirs already: whoever got no answer asks again */
		set_owner(&f, cmd->other);
		rc = tell(s, c, i, &f, "reassigned", follow_up_state_name(f.state), now_ms, why);
		if (rc == 0)
			rc = row_put(s, c, i, &f);
	}
	return rc;
}
