/* SPDX-License-Identifier: Apache-2.0 */
/* Habit: how often a source of events speaks, by the hour of its week, and when its silence is too
 * long for that.
 *
 * What is counted are signs of life: moments at which anything came from the source, at most one a
 * minute, so that a batch of a thousand events and a basket of one are each one sign. Each of the
 * 168 hours of the local week has its signs and the time for which it was listened to, both
 * weighted by how long ago they are (half-life two weeks); the quotient is the cell's rate. Time
 * outside the source's opening hours, if it has a calendar, counts for nothing.
 *
 * A source that speaks at random (a Poisson process with such rates) is silent with probability
 * e^-x while x signs are expected, and 9 expected signs are silence: e^-9, with what is uncertain
 * about a rate learnt in two half-lives below one in a thousand (the predictive law of a gamma
 * posterior, (1 + 1/w)^(-9w) for a cell seen w weeks). Within an hour nothing says that its signs
 * are spread evenly: a shop that opens at half past eight is silent in the first half of that cell,
 * always. So an hour counts in full when all of it was silent, and before its end only with the
 * least rate of it and the hours beside it.
 *
 * Until two weeks are known the mean rate is taken instead, and a silence of less than three days,
 * or twice the longest pause so far, is none.
 *
 * Pure and exact: the deadline is found by walking the cells, not by looking again and again. */
#ifndef KITH_LIFECYCLE_HABIT_H
#define KITH_LIFECYCLE_HABIT_H
#include "lifecycle/calendar.h"

#define HABIT_CELLS     168
#define HABIT_FADES_MS   (14 * DAY_MS)
#define HABIT_KNOWN_MS  (14 * DAY_MS)
#define HABIT_YOUNG_MS  (3 * DAY_MS)
#define HABIT_SIGN_MS   INT64_C(60000)
#define HABIT_EXPECTED  9.0
#define HABIT_WALK_MS   (56 * DAY_MS) /* who does not speak often enough for this is not judged */
#define HABIT_NEVER     INT64_MAX

struct habit_cell {
	float signs, hours; /* weighted */
};

struct habit {
	int64_t first_ms;   /* of the first sign; 0: there is none */
	int64_t sign_ms;    /* of the last one counted */
	int64_t passed_ms;  /* time is counted up to here */
	int64_t weight_ms;  /* what happens then weighs 1 */
	int64_t pause_ms;   /* the longest between two signs, silences that were announced apart */
	double events;      /* weighted like the signs */
	struct habit_cell cells[HABIT_CELLS];
};

/* Whose clock and opening hours count. */
struct habit_place {
	const struct zone *zone;
	const struct calendar *calendar; /* NULL: always open */
};

/* EVENTS came at AT_MS, which is never before an earlier call's. True: that is a new sign of
 * life. */
bool habit_hear(struct habit *h, const struct habit_place *at, int64_t at_ms, uint32_t events);
/* What has passed up to TO_MS is no habit: nobody listened, or the source was out of order. */
void habit_skip(struct habit *h, int64_t to_ms);

/* The first instant from which on a silence since FROM_MS is too long, and at least LEAST_MS of
 * opening hours long; HABIT_NEVER. */
int64_t habit_due(const struct habit *h, const struct habit_place *at, int64_t from_ms,
	int64_t least_ms);
/* Signs that should have come from FROM_MS to TO_MS, as habit_due() counts them. */
double habit_expected(const struct habit *h, const struct habit_place *at, int64_t from_ms,
	int64_t to_ms);

bool habit_knows_week(const struct habit *h); /* by the hour of the week */
double habit_events_per_hour(const struct habit *h); /* of its opening hours, all of them */
double habit_signs_per_hour(const struct habit *h);

/* To and from bytes, little-endian, in the order above; floats as IEEE 754 has them. */
#define HABIT_BYTES (6 * 8 + HABIT_CELLS * 8)
void habit_pack(const struct habit *h, uint8_t out[HABIT_BYTES]);
void habit_unpack(struct habit *h, const uint8_t in[HABIT_BYTES]);

#endif
