/* SPDX-License-Identifier: Apache-2.0 */
/* Subscriber: a durable subscription by name.
 *
 * `shards` remembers per shard what was handed to the caller and what they acknowledged, so that
 * after a reconnection, when the daemon begins again behind the last acknowledgement it has,
 * nothing is handed out twice. */
#include <stdlib.h>
#include "base/clock.h"
#include "clients/c/subscriber.h"

#define ARENA_FIRST  (256u << 10)
#define ARENA_LIMIT  (64u << 20)
#define OPEN_WAIT_NS INT64_C(5000000000) /* an Open unanswered so long is sent again */
#define OPEN_AGAIN_NS INT64_C(500000000) /* after "not now" */
#define QUIET_NS     INT64_C(30000000000) /* after which an Open asks whether we are still known */
#define CLOSE_LINGER_MS 500
#define LOOK_MS      500 /* between looks at what time alone changes */
#define ACK_EARLY    64 /* acknowledgements kept back at most while items are at hand */

/* Where to begin, and of whom. */
static int settings_take_start(struct kith_subscriber *s,
	const struct kith_subscriber_settings *settings, struct complaint *c)
{
	if (settings->n_positions > SUBSCRIBER_POSITIONS_MAX)
		return complain(c, ERR_TOOBIG, "%u positions given, at most %d are possible",
			settings->n_positions, SUBSCRIBER_POSITIONS_MAX);
	for (; s->n_positions < settings->n_positions; s->n_positions++)
		s->positions[s->n_positions] = (struct position){
			settings->positions[s->n_positions].shard,
			settings->positions[s->n_positions].sequence };
	s->customer_size = settings->customer ? strlen(settings->customer) : 0;
	if (s->customer_size > EVENT_CUSTOMER_MAX || (s->customer_size && (!s->reading ||
		!bytes_are_plain_utf8(span_str(settings->customer)))))
		return complain(c, ERR_INVALID, "a customer is for a reading, which has no name, and has at "
			"most %d bytes of plain UTF-8", EVENT_CUSTOMER_MAX);
	if (s->customer_size)
		memcpy(s->customer, settings->customer, s->customer_size);
	return 0;
}

static int settings_take(struct kith_subscriber *s, const struct kith_subscriber_settings *settings,
	struct complaint *c)
{
	s->reading = !settings->name;
	s->name_size = settings->name ? strlen(settings->name) : 0;
	if (settings->name && (s->name_size == 0 || s->name_size > SUBSCRIBER_NAME_MAX ||
		!bytes_are_plain_utf8(span_str(settings->name))))
		return complain(c, ERR_INVALID, "a subscription's name is 1 to %d bytes of plain UTF-8",
			SUBSCRIBER_NAME_MAX);
	if (settings->n_types > SUBSCRIBER_TYPES_MAX)
		return complain(c, ERR_TOOBIG, "%u types given, at most %d are possible",
			settings->n_types, SUBSCRIBER_TYPES_MAX);
	if (settings->name)
		memcpy(s->name, settings->name, s->name_size);
	s->credit = settings->credit;
	s->newest = settings->newest;
	s->has_from = settings->has_from;
	s->from_ms = settings->from_ms;
	if (settings->filter)
		s->filter = *settings->filter;
	for (; s->n_types < settings->n_types; s->n_types++) {
		s->types[s->n_types] = strdup(settings->types[s->n_types]);
		if (!s->types[s->n_types])
			return complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	return 0;
}

int kith_subscriber_open(const struct kith_subscriber_settings *settings,
	struct kith_subscriber **ret_subscriber, struct complaint *c)
{
	struct kith_subscriber *s = calloc(1, sizeof *s);
	int rc;

	if (!s)
		return complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	rc = settings_take(s, settings, c);
	if (!rc)
		rc = settings_take_start(s, settings, c);
	if (!rc) {
		s->arena = arena_new(ARENA_FIRST, ARENA_LIMIT);
		if (!s->arena)
			rc = complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	}
	if (!rc)
		rc = link_open(&s->link, settings->run, "subscribe", ZMQ_DEALER, NULL, 0, c);
	if (rc)
		kith_subscriber_close(s);
	else
		*ret_subscriber = s;
	return rc;
}

int subscriber_say(struct kith_subscriber *s, const struct subscriber_message *m)
{
	struct buf out = { 0 };
	int rc;

	subscriber_encode(&out, m);
	rc = out.failed ? ERR_NOMEM : link_send(&s->link, out.data, out.size);
	buf_fini(&out);
	return rc;
}

static int subscriber_ask(struct kith_subscriber *s)
{
	struct subscriber_message m = {
		.verb = SUBSCRIBER_OPEN, .name = span_of(s->name, s->name_size),
		.credit = s->credit, .newest = s->newest, .n_types = s->n_types,
		.filter = s->filter, .reading = s->reading, .has_from = s->has_from,
		.from_ms = s->from_ms, .customer = span_of(s->customer, s->customer_size),
		.n_positions = s->n_positions,
	};
	int rc;

	for (unsigned i = 0; i < s->n_types; i++)
		m.types[i] = span_str(s->types[i]);
	memcpy(m.positions, s->positions, s->n_positions * sizeof m.positions[0]);
	if (s->reading && s->n_shards) { /* nobody but us knows where we are */
		m.n_positions = s->n_shards;
		for (unsigned i = 0; i < s->n_shards; i++)
			m.positions[i] = (struct position){ i, s->shards[i].handed_out };
	}
	rc = subscriber_say(s, &m);
	if (!rc) {
		s->asked = true;
		s->asked_ns = clock_monotonic_ns();
	}
	return rc == ERR_BUSY ? 0 : rc;
}

/* Tell the daemon what is done since the last time. */
static int subscriber_tell(struct kith_subscriber *s)
{
	struct subscriber_message m = { .verb = SUBSCRIBER_ACK };
	int rc;

	if (!s->opened || s->unacknowledged == 0)
		return 0;
	for (unsigned i = 0; i < SUBSCRIBER_POSITIONS_MAX; i++)
		if (s->shards[i].done > s->shards[i].told)
			m.positions[m.n_positions++] = (struct position){ i, s->shards[i].done };
	rc = m.n_positions ? subscriber_say(s, &m) : 0;
	if (rc)
		return rc == ERR_BUSY ? 0 : rc;
	for (unsigned i = 0; i < m.n_positions; i++)
		s->shards[m.positions[i].shard].told = m.positions[i].sequence;
	s->unacknowledged = 0;
	return 0;
}

int kith_subscriber_ack(struct kith_subscriber *s, uint32_t shard, uint64_t sequence)
{
	if (shard >= SUBSCRIBER_POSITIONS_MAX || sequence > s->shards[shard].handed_out)
		return ERR_INVALID;
	if (sequence >= s->shards[shard].given)
		sequence = s->shards[shard].handed_out; /* and what the snapshot had told already */
	if (sequence <= s->shards[shard].done)
		return 0;
	s->shards[shard].done = sequence;
	return ++s->unacknowledged < ACK_EARLY ? 0 : subscriber_tell(s);
}

/* A connection is lost: what the daemon knows of us there is forgotten with it. */
static void subscriber_lost(struct kith_subscriber *s)
{
	s->losses_seen = s->link.losses;
	s->asked = s->opened = false;
	s->snapshot.asked = false;
	for (unsigned i = 0; i < SUBSCRIBER_POSITIONS_MAX; i++) {
		s->shards[i].told = 0;
		s->unacknowledged += s->shards[i].done != 0;
	}
}

static bool refused_for_now(struct span code)
{
	static const char *const codes[] = { "not_open", "full", "busy", "stopping" };

	for (unsigned i = 0; i < sizeof codes / sizeof *codes; i++)
		if (span_eq(code, span_str(codes[i])))
			return true;
	return false;
}

static int subscriber_refused(struct kith_subscriber *s, const struct delivery *d)
{
	int size = (int)d->refused.size;
	const char *code = (const char *)d->refused.data;

	if (refused_for_now(d->refused)) { /* introduce ourselves again, a little later */
		subscriber_lost(s);
		s->ask_at_ns = clock_monotonic_ns() + OPEN_AGAIN_NS;
		return 0;
	}
	s->forgotten = span_eq(d->refused, span_str("forgotten"));
	s->refused = span_eq(d->refused, span_str("fenced")) ? ERR_BUSY : ERR_DENIED;
	return complain(&s->why, s->refused, "subscription \"%.*s\" refused: %.*s%s%.*s",
		(int)s->name_size, s->name, size, code, d->text.size ? ": " : "",
		(int)d->text.size, (const char *)d->text.data);
}

static int subscriber_check_link(struct kith_subscriber *s)
{
	int64_t now = clock_monotonic_ns();
	int rc = 0;

	if (s->asked && !s->opened && now - s->asked_ns > OPEN_WAIT_NS)
		rc = link_reset(&s->link);
	if (s->link.losses != s->losses_seen || (s->opened && now - s->heard_ns > QUIET_NS))
		subscriber_lost(s);
	if (!rc && s->link.connected && !s->asked && now >= s->ask_at_ns)
		rc = subscriber_ask(s);
	return rc;
}

static void opened_take(struct kith_subscriber *s)
{
	const struct delivery *d = &s->delivery;
	bool first = s->n_shards == 0;

	s->opened = true;
	for (unsigned i = 0; first && i < d->n_ends; i++)
		if (d->ends[i].shard < SUBSCRIBER_POSITIONS_MAX) {
			s->shards[d->ends[i].shard].end = d->ends[i].sequence;
			s->n_shards = s->n_shards > d->ends[i].shard ? s->n_shards :
				d->ends[i].shard + 1;
		}
	for (unsigned i = 0; first && i < d->n_positions; i++)
		if (d->positions[i].shard < s->n_shards)
			s->shards[d->positions[i].shard].handed_out = d->positions[i].sequence;
}

/* Take the next message apart; ERR_NOTFOUND when there is none. */
static int subscriber_receive(struct kith_subscriber *s)
{
	struct span data;
	int rc = link_receive(&s->link, &data);

	if (rc)
		return rc;
	s->heard_ns = clock_monotonic_ns();
	/* the message's memory is the link's and goes with its next one */
	free(s->bytes);
	memset(&s->delivery, 0, sizeof s->delivery);
	s->next_gap = s->next_notification = s->next_passed = 0;
	s->snapshot.next_row = 0;
	arena_reset(s->arena);
	s->bytes = malloc(data.size + 1);
	if (!s->bytes)
		return ERR_NOMEM;
	memcpy(s->bytes, data.data, data.size);
	rc = delivery_decode(&s->delivery, s->bytes, data.size, s->arena);
	if (rc) {
		memset(&s->delivery, 0, sizeof s->delivery);
		return rc;
	}
	if (s->delivery.opened)
		opened_take(s);
	rc = subscriber_snapshot_receive(s);
	if (rc)
		return rc;
	return s->delivery.refused.size ? subscriber_refused(s, &s->delivery) : 0;
}

/* What comes again although it is done with: the daemon lost our word for it, and only believes
 * it of what it has delivered. Say it again. */
static void repeat_ack(struct kith_subscriber *s, struct subscriber_shard *shard,
	uint64_t sequence)
{
	if (sequence > shard->done || shard->told < sequence)
		return;
	shard->told = sequence - 1;
	s->unacknowledged++;
}

static bool item_is_new(struct kith_subscriber *s, struct kith_item *i)
{
	struct subscriber_shard *shard;

	if (i->shard >= SUBSCRIBER_POSITIONS_MAX)
		return false;
	shard = &s->shards[i->shard];
	if (i->sequence <= shard->handed_out) {
		repeat_ack(s, shard, i->sequence);
		return false;
	}
	shard->handed_out = i->sequence;
	if (i->kind != KITH_PASSED && subscriber_snapshot_told(s, i))
		return false;
	if (i->kind != KITH_PASSED)
		shard->given = i->sequence;
	return true;
}

/* The next item of the delivery at hand; gaps come first, being older. */
static bool delivery_take(struct kith_subscriber *s, struct kith_item *i)
{
	const struct delivery *d = &s->delivery;

	if (subscriber_snapshot_holds(s))
		return subscriber_snapshot_take(s, i);
	while (s->next_gap < d->n_gaps) {
		const struct gap *g = &d->gaps[s->next_gap++];

		*i = (struct kith_item){ .kind = KITH_GAP, .shard = g->shard, .first = g->first,
			.sequence = g->last };
		if (item_is_new(s, i))
			return true;
	}
	while (s->next_notification < d->n_notifications) {
		const struct notification *n = &d->notifications[s->next_notification++];

		*i = (struct kith_item){ .kind = KITH_NOTIFICATION, .shard = n->shard,
			.first = n->sequence, .sequence = n->sequence, .notification = n };
		if (item_is_new(s, i))
			return true;
	}
	while (s->next_passed < d->n_passed) {
		const struct position *p = &d->passed[s->next_passed++];

		*i = (struct kith_item){ .kind = KITH_PASSED, .shard = p->shard,
			.sequence = p->sequence };
		if (item_is_new(s, i))
			return true;
	}
	return false;
}

/* Look at everything that needs no waiting: 0 with an item, ERR_NOTFOUND when there is none. */
static int subscriber_step(struct kith_subscriber *s, struct kith_item *ret_item)
{
	int rc;

	do {
		if (delivery_take(s, ret_item))
			return 0;
		rc = subscriber_receive(s);
	} while (!rc);
	if (rc != ERR_NOTFOUND)
		return rc;
	rc = subscriber_check_link(s);
	if (!rc)
		rc = subscriber_snapshot_ask(s);
	if (!rc)
		rc = subscriber_tell(s);
	return rc ? rc : ERR_NOTFOUND;
}

int kith_subscriber_next(struct kith_subscriber *s, int timeout_ms, struct kith_item *ret_item,
	struct complaint *c)
{
	int64_t start = clock_monotonic_ns();
	int rc, left;

	while (!s->refused) {
		rc = subscriber_step(s, ret_item);
		if (!rc)
			return 0;
		if (s->refused)
			break;
		if (rc != ERR_NOTFOUND)
			return complain(c, rc, "subscription: %s", err_text(rc));
		left = link_time_left(start, timeout_ms);
		if (left == 0 && timeout_ms != 0)
			return ERR_TIMEOUT;
		rc = link_wait(&s->link, left < 0 || left > LOOK_MS ? LOOK_MS : left, false);
		if (rc && rc != ERR_TIMEOUT)
			return complain(c, rc, "subscription: %s", err_text(rc));
		if (timeout_ms == 0 && rc)
			return ERR_TIMEOUT;
	}
	if (c)
		*c = s->why;
	return s->refused;
}

unsigned kith_subscriber_shards(const struct kith_subscriber *s)
{
	return s->n_shards;
}

uint64_t kith_subscriber_position(const struct kith_subscriber *s, uint32_t shard)
{
	return shard < s->n_shards ? s->shards[shard].handed_out : 0;
}

uint64_t kith_subscriber_end(const struct kith_subscriber *s, uint32_t shard)
{
	return shard < s->n_shards ? s->shards[shard].end : 0;
}

bool kith_subscriber_is_open(const struct kith_subscriber *s)
{
	return s->opened;
}

int kith_subscriber_unreachable(const struct kith_subscriber *s, struct complaint *c)
{
	return link_unreachable(&s->link, c);
}

/* Wait until *FLAG holds or the subscription has ended. */
static int subscriber_wait_for(struct kith_subscriber *s, const bool *flag, int64_t start,
	int timeout_ms, struct complaint *c)
{
	struct kith_item item;
	int rc;

	while (!*flag) {
		rc = kith_subscriber_next(s, 20, &item, c);
		if (rc && rc != ERR_TIMEOUT)
			return *flag ? 0 : rc;
		if (!*flag && link_time_left(start, timeout_ms) == 0)
			return s->link.connected ? complain(c, ERR_TIMEOUT, "no answer from the daemon") :
				link_unreachable(&s->link, c);
	}
	return 0;
}

int kith_subscriber_forget(struct kith_subscriber *s, int timeout_ms, struct complaint *c)
{
	struct subscriber_message m = { .verb = SUBSCRIBER_FORGET };
	int64_t start = clock_monotonic_ns();
	int rc = subscriber_wait_for(s, &s->opened, start, timeout_ms, c);

	if (rc)
		return rc;
	rc = subscriber_say(s, &m);
	if (rc)
		return complain(c, rc, "subscription: %s", err_text(rc));
	return subscriber_wait_for(s, &s->forgotten, start, timeout_ms, c);
}

void kith_subscriber_close(struct kith_subscriber *s)
{
	struct subscriber_message m = { .verb = SUBSCRIBER_CLOSE };

	if (!s)
		return;
	if (s->opened && !s->refused) {
		(void)subscriber_tell(s);
		(void)subscriber_say(s, &m); /* the daemon also notices by itself, later */
	}
	link_close(&s->link, CLOSE_LINGER_MS);
	arena_free(s->arena);
	for (unsigned i = 0; i < s->n_types; i++)
		free(s->types[i]);
	for (unsigned i = 0; i < SUBSCRIBER_POSITIONS_MAX; i++)
		coverage_fini(&s->shards[i].coverage);
	free(s->bytes);
	free(s);
}
