/* SPDX-License-Identifier: Apache-2.0 */
/* Crowd: twenty customers and what they do, at random: events of all bodies, from tills that give
 * ids and shops that number theirs. Events stay where they are made. */
#ifndef KITH_TESTS_CROWD_H
#define KITH_TESTS_CROWD_H
#include "base/event.h"
#include "tests/unit/random_event.h"

#define CROWD_CUSTOMERS 20
#define CROWD_SOURCES   5 /* the last two number their events */
#define CROWD_NUMBERED  3

extern const char *const crowd_customer[CROWD_CUSTOMERS];

struct crowd {
	struct random *random;
	unsigned n, capacity;
	struct event *events;
	char (*ids)[RANDOM_ID_SIZE];
	uint64_t numbered[CROWD_SOURCES];
};

void crowd_init(struct crowd *c, struct random *random, unsigned capacity);
void crowd_fini(struct crowd *c);
/* Make one; its place. At most `capacity` of them. */
unsigned crowd_event(struct crowd *c, int64_t time_ms);
/* The same id, another content: a conflict where ids count. */
unsigned crowd_variant(struct crowd *c, unsigned of);
/* One that no daemon takes: it has no customer. */
unsigned crowd_nonsense(struct crowd *c, int64_t time_ms);

#endif
