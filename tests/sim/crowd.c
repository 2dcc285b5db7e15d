/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/sim/crowd.h"

const char *const crowd_customer[CROWD_CUSTOMERS] = {
	"anna", "ann", "anna1", "a", "bert", "carl", "dora", "eva", "Zürich AG", "10017", "10018",
	"10019", "c/o miller", "x y", "\xf0\x9f\x90\x9d", "paula@example.com", "z", "zz",
	"0123456789012345678901234567890123456789012345678901234567890123"
	"0123456789012345678901234567890123456789012345678901234567890123",
	"0123456789012345678901234567890123456789012345678901234567890123"
	"0123456789012345678901234567890123456789012345678901234567890124",
};

static const char *const sources[CROWD_SOURCES] = { "till-1", "till-2", "t", "shop-1", "shop-2" };

void crowd_init(struct crowd *c, struct random *random, unsigned capacity)
{
	*c = (struct crowd){ .random = random, .capacity = capacity };
	c->events = calloc(capacity, sizeof *c->events);
	c->ids = calloc(capacity, sizeof *c->ids);
	if (!c->events || !c->ids)
		abort();
}

void crowd_fini(struct crowd *c)
{
	free(c->events);
	free(c->ids);
}

static struct event *add(struct crowd *c)
{
	if (c->n == c->capacity)
		abort();
	return &c->events[c->n++];
}

unsigned crowd_event(struct crowd *c, int64_t time_ms)
{
	struct event *e = add(c);
	unsigned place = c->n - 1, source = (unsigned)random_below(c->random, CROWD_SOURCES);

	/* random_event() dates it by itself, and some bodies by that */
	random_event(c->random, place, c->ids[place], e);
	e->source = span_str(sources[source]);
	e->customer = span_str(crowd_customer[random_below(c->random, CROWD_CUSTOMERS)]);
	e->time_ms = time_ms;
	random_body(c->random, e);
	if (e->body == BODY_REFERRAL)
		e->as.referral.customer =
			span_str(crowd_customer[random_below(c->random, CROWD_CUSTOMERS)]);
	if (source >= CROWD_NUMBERED)
		e->sequence = ++c->numbered[source];
	return place;
}

unsigned crowd_variant(struct crowd *c, unsigned of)
{
	struct event *e = add(c);

	*e = c->events[of];
	e->time_ms++;
	return c->n - 1;
}

unsigned crowd_nonsense(struct crowd *c, int64_t time_ms)
{
	unsigned place = crowd_event(c, time_ms);

	if (c->events[place].body == BODY_MARKET) { /* may name nobody */
		c->events[place].body = BODY_MEMBERSHIP;
		c->events[place].as.membership.change = MEMBERSHIP_JOINED;
	}
	c->events[place].customer = span_str("");
	return place;
}
