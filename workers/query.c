/* SPDX-License-Identifier: Apache-2.0 */
/* Questions to a shard, answered from its open transaction: one reads what one has written. */
#include <stdlib.h>
#include "workers/preview.h"
#include "workers/funnel.h"
#include "workers/query.h"
#include "workers/sample.h"
#include "workers/seek.h"
#include "workers/snapshot.h"
#include "workers/survey.h"

struct query *query_new(enum query_kind kind, void (*answered)(struct query *), void *arg)
{
	struct query *q = calloc(1, sizeof *q);

	if (!q)
		return NULL;
	q->mail.kind = MAIL_QUERY;
	q->kind = (uint8_t)kind;
	q->answered = answered;
	q->arg = arg;
	return q;
}

void query_free(struct query *q)
{
	if (!q)
		return;
	buf_fini(&q->key);
	buf_fini(&q->texts);
	buf_fini(&q->group);
	free(q->who);
	free(q->history);
	free(q->census);
	free(q->breakers);
	buf_fini(&q->rows);
	free(q->limits);
	free(q->sources);
	free(q->names);
	free(q->filter);
	free(q->funnel);
	lifecycle_drop(q->lifecycle);
	outcome_fini(&q->notes);
	free(q);
}

const char *query_name(const struct query *q, unsigned number)
{
	if (number == 0 || number >= q->n_names || q->names[number] == UINT32_MAX)
		return "";
	return (const char *)q->texts.data + q->names[number];
}

int query_names(struct shard *s, struct query *q)
{
	unsigned n = 1;

	while (env_name(s->env, (uint16_t)n).size != 0 && n < UINT16_MAX)
		n++;
	q->names = malloc(n * sizeof *q->names);
	if (!q->names)
		return ERR_NOMEM;
	q->n_names = n;
	q->names[0] = UINT32_MAX;
	for (unsigned i = 1; i < n; i++) {
		struct span name = env_name(s->env, (uint16_t)i);

		q->names[i] = (uint32_t)q->texts.size;
		buf_add(&q->texts, name.data, name.size);
		buf_add(&q->texts, "", 1);
	}
	return q->texts.failed ? ERR_NOMEM : 0;
}

/* At most GROUP_SHOWN of each kind. */
#define GROUP_SHOWN 1000
static int list_group(struct shard *s, struct query *q, enum belonging how)
{
	uint8_t after[EVENT_CUSTOMER_MAX], head[2];
	struct span member, row;
	size_t size = 0;

	for (unsigned n = 0; n < GROUP_SHOWN; n++) {
		int rc = env_member_next(s->env, customer_id(q->who), (uint8_t)how,
			span_of(after, size), &member, &row);

		if (rc == ERR_NOTFOUND)
			return 0;
		if (rc != 0 && !env_row_is_damaged(s->env, rc))
			return rc;
		size = member.size;
		memcpy(after, member.data, size);
		head[0] = (uint8_t)how;
		head[1] = (uint8_t)size;
		buf_add(&q->group, head, sizeof head);
		buf_add(&q->group, after, size);
	}
	return q->group.failed ? ERR_NOMEM : 0;
}

static int answer_customer(struct shard *s, struct query *q)
{
	struct span id = span_of(q->key.data, q->key.size);
	unsigned cap = s->settings.history_keep ? s->settings.history_keep : 1;
	int rc;

	q->who = malloc(sizeof *q->who);
	q->history = malloc(cap * sizeof *q->history);
	if (!q->who || !q->history)
		return ERR_NOMEM;
	rc = shard_customer(s, id, q->who);
	if (rc != 0)
		return rc;
	q->lifecycle = lifecycle_hold(s->lifecycle);
	memcpy(q->fact_since_ms, s->numbering.fact_since_ms, sizeof q->fact_since_ms);
	memcpy(q->fact_born, s->numbering.fact_born, sizeof q->fact_born);
	rc = env_history_get(s->env, id, q->history, cap);
	if (rc < 0)
		return rc;
	q->n_history = (unsigned)rc;
	rc = list_group(s, q, BELONGS_AS_ID);
	if (rc == 0)
		rc = list_group(s, q, BELONGS_TO_ACCOUNT);
	return rc != 0 ? rc : query_names(s, q);
}

/* When the oldest notification kept was taken; of a damaged one nobody knows. */
static void outbox_oldest(struct shard *s, struct query *q)
{
	struct span encoded;

	if (env_outbox_get(s->env, env_meta(s->env)->outbox_first, &q->outbox_since_ms,
		&encoded) != 0)
		q->outbox_since_ms = 0;
}

static int counts_of(const struct tally *t, struct query *q)
{
	q->census = malloc((t->size + 1) * sizeof *q->census);
	if (!q->census)
		return ERR_NOMEM;
	for (unsigned i = 0; i < t->size; i++)
		if (t->counts[i] != 0)
			q->census[q->n_census++] = (struct census_row){ (uint16_t)i, t->counts[i] };
	return 0;
}

/* What every rule says, and what was said to nobody. */
static int answer_rules(struct shard *s, struct query *q)
{
	const struct breakers *all = &s->breakers;

	q->breakers = malloc((all->n + 1) * sizeof *q->breakers);
	q->limits = malloc((all->n + 1) * sizeof *q->limits);
	if (!q->breakers || !q->limits || counts_of(&s->hush.passed, q) != 0)
		return ERR_NOMEM;
	for (unsigned i = 0; i < all->n; i++) {
		q->breakers[i] = all->list[i];
		q->limits[i] = breaker_limit(s, &all->list[i]);
	}
	q->n_breakers = all->n;
	q->hush = s->hush;
	q->hush.passed = (struct tally){ 0 };
	q->settings = s->settings;
	return query_names(s, q);
}

#define FOLLOW_UP_ROWS_BYTES (2u << 20)

static bool add_follow_up(struct query *q, uint16_t name, struct span customer, struct span record)
{
	struct follow_up_row f;
	uint8_t *p;

	if (follow_up_unpack(&f, record) != 0 || follow_up_is_closed(f.state) || (q->key.size &&
		!span_eq(span_of(q->key.data, q->key.size), span_of(f.owner, f.owner_size))))
		return true;
	p = buf_room(&q->rows, 4 + customer.size + record.size);
	if (!p || q->rows.size > FOLLOW_UP_ROWS_BYTES)
		return false;
	put_le16(p, name);
	p[2] = (uint8_t)customer.size;
	memcpy(p + 3, customer.data, customer.size);
	p[3 + customer.size] = (uint8_t)record.size;
	memcpy(p + 4 + customer.size, record.data, record.size);
	q->rows.size += 4 + customer.size + record.size;
	return true;
}

/* The open ones. */
static int answer_follow_ups(struct shard *s, struct query *q)
{
	uint8_t after[EVENT_CUSTOMER_MAX];

	for (unsigned i = 0; s->lifecycle && i < s->lifecycle->machine->n_follow_ups; i++) {
		uint16_t name = s->numbering.follow_up[i];
		struct span customer, record;
		size_t size = 0;
		int rc;

		while ((rc = env_follow_up_next(s->env, name, span_of(after, size), &customer,
			&record)) == 0 || (rc == ERR_CORRUPT && env_failed(s->env) == 0)) {
			if (rc == 0 && !add_follow_up(q, name, customer, record)) {
				q->more = true;
				break;
			}
			size = customer.size;
			memcpy(after, customer.data, size);
		}
		if (rc != 0 && rc != ERR_NOTFOUND)
			return rc;
	}
	q->follow_ups = s->follow_ups;
	return query_names(s, q);
}

static int answer_census(struct shard *s, struct query *q)
{
	if (counts_of(&s->census, q) != 0)
		return ERR_NOMEM;
	outbox_oldest(s, q);
	q->n_sources = s->sources.n;
	q->n_silent = sources_silent(s);
	q->sweep = s->sweep;
	return query_names(s, q);
}

static int add_note(struct query *q, uint64_t sequence, struct span encoded)
{
	struct outcome *o = &q->notes;
	struct note *note = &o->notes[o->n_notes];

	memset(note, 0, sizeof *note);
	note->sequence = sequence;
	note->offset = (uint32_t)o->bytes.size;
	note->size = (uint32_t)encoded.size;
	buf_add(&o->bytes, encoded.data, encoded.size);
	if (o->bytes.failed)
		return ERR_NOMEM;
	o->n_notes++;
	return 0;
}

static int answer_letters(struct shard *s, struct query *q)
{
	struct span name = span_of(q->key.data, q->key.size), record;
	uint64_t at = q->from;
	int rc = 0;

	q->notes.notes = malloc(QUERY_NOTES_MAX * sizeof *q->notes.notes);
	if (!q->notes.notes)
		return ERR_NOMEM;
	while (rc == 0 && q->notes.n_notes < q->cap_notes && q->notes.n_notes < QUERY_NOTES_MAX &&
		q->notes.bytes.size < q->cap_bytes) {
		rc = env_letter_next(s->env, name, at, &at, &record);
		if (rc == 0)
			rc = add_note(q, at, record);
		else if (rc == ERR_CORRUPT && env_failed(s->env) == 0)
			rc = 0; /* a damaged one is lost; the others go on */
	}
	q->upto = rc == ERR_NOTFOUND ? UINT64_MAX : at;
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static int answer_outbox(struct shard *s, struct query *q)
{
	const struct env_meta *meta = env_meta(s->env);
	uint64_t from = q->from < meta->outbox_first ? meta->outbox_first : q->from;

	q->notes.notes = malloc(QUERY_NOTES_MAX * sizeof *q->notes.notes);
	if (!q->notes.notes)
		return ERR_NOMEM;
	q->upto = from - 1;
	for (uint64_t at = from; at <= meta->outbox_last; q->upto = at++) {
		struct span encoded;
		int64_t taken;
		int rc;

		if (q->notes.n_notes >= q->cap_notes || q->notes.n_notes >= QUERY_NOTES_MAX ||
			q->notes.bytes.size >= q->cap_bytes)
			break;
		rc = env_outbox_get(s->env, at, &taken, &encoded);
		if (rc == ERR_CORRUPT)
			continue; /* its number stays a hole that the receiver can see */
		if (rc == 0)
			rc = add_note(q, at, encoded);
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* Messages from a number on, all back-filled or all not. A damaged one keeps its number. */
static int answer_messages(struct shard *s, struct query *q)
{
	const struct env_meta *meta = env_meta(s->env);
	uint64_t at = q->from < meta->messages_first ? meta->messages_first : q->from;

	q->from = at;
	q->upto = at - 1;
	for (; at <= meta->messages_last && at - q->from < q->cap_notes &&
		q->texts.size < q->cap_bytes; q->upto = at++) {
		struct span bytes = { 0 };
		int rc = env_message_get(s->env, at, &bytes);

		if (rc == ERR_CORRUPT && env_failed(s->env) == 0) {
			s->damaged++;
			bytes = span_of(NULL, 0);
		} else if (rc != 0) {
			return rc;
		}
		if (at == q->from)
			q->backfill = message_is_backfill(bytes);
		else if (bytes.size && message_is_backfill(bytes) != q->backfill)
			return 0;
		messages_add(&q->texts, bytes);
		if (q->texts.failed)
			return ERR_NOMEM;
	}
	return 0;
}

/* Acknowledged is not journalled: what a crash takes back is delivered once more. */
static int answer_ack(struct shard *s, struct query *q)
{
	struct span name = span_of(q->key.data, q->key.size), old;
	int rc = env_subscription_get(s->env, name, &old);

	if (rc != 0)
		return rc;
	if (old.size < 8 || get_le64(old.data) >= q->from)
		return 0;
	buf_clear(&s->scratch);
	buf_add(&s->scratch, old.data, old.size);
	if (s->scratch.failed)
		return ERR_NOMEM;
	put_le64(s->scratch.data, q->from);
	return env_subscription_put(s->env, name, span_of(s->scratch.data, s->scratch.size));
}

/* The instant of a number, or the number of an instant. */
static int answer_seek(struct shard *s, struct query *q)
{
	if (q->from == 0)
		return outbox_seek(s, q->from_ms, &q->upto);
	return outbox_time(s, q->from, &q->from_ms);
}

void query_answer(struct shard *s, struct query *q)
{
	switch (q->kind) {
	case QUERY_CUSTOMER: q->rc = answer_customer(s, q); break;
	case QUERY_RULES: q->rc = answer_rules(s, q); break;
	case QUERY_FOLLOW_UPS: q->rc = answer_follow_ups(s, q); break;
	case QUERY_SOURCES: q->rc = sources_report(s, &q->sources, &q->n_sources); break;
	case QUERY_CENSUS: q->rc = answer_census(s, q); break;
	case QUERY_OUTBOX: q->rc = answer_outbox(s, q); break;
	case QUERY_SEEK: q->rc = answer_seek(s, q); break;
	case QUERY_SNAPSHOT: q->rc = snapshot_read(s, q); break;
	case QUERY_MESSAGES: q->rc = answer_messages(s, q); break;
	case QUERY_LETTERS: q->rc = answer_letters(s, q); break;
	case QUERY_SURVEY: q->rc = survey_read(s, q); break;
	case QUERY_PREVIEW: q->rc = preview_read(s, q); break;
	case QUERY_FUNNEL: q->rc = funnel_read(s, q); break;
	case QUERY_SAMPLE: q->rc = sample_read(s, q); break;
	case QUERY_ACK: q->rc = answer_ack(s, q); break;
	}
	q->meta = *env_meta(s->env);
	q->deadlines = env_deadlines(s->env);
	env_space(s->env, &q->map_used, &q->map_size);
}

int query_subscriptions(struct shard *s, struct query *q)
{
	uint8_t after[EVENT_TEXT_MAX];
	struct span name, record, from = { NULL, 0 };
	int rc;

	while ((rc = env_subscription_next(s->env, from, &name, &record)) == 0 ||
		(rc == ERR_CORRUPT && env_failed(s->env) == 0)) {
		uint8_t *p;

		if (name.size > sizeof after)
			return ERR_CORRUPT;
		if (rc != 0) { /* a row that fails its checksum is nobody's word: opening makes it anew */
			s->damaged++;
			memcpy(after, name.data, name.size);
			from = span_of(after, name.size);
			continue;
		}
		p = buf_room(&q->texts, 5 + name.size + record.size);
		if (!p)
			return ERR_NOMEM;
		*p++ = (uint8_t)name.size;
		memcpy(p, name.data, name.size);
		p += name.size;
		put_le32(p, (uint32_t)record.size);
		memcpy(p + 4, record.data, record.size);
		q->texts.size += 5 + name.size + record.size;
		memcpy(after, name.data, name.size);
		from = span_of(after, name.size);
	}
	return rc == ERR_NOTFOUND ? 0 : rc;
}
