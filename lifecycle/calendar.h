/* SPDX-License-Identifier: Apache-2.0 */
/* Calendar: when a business is open, and how much of that lies between two instants.
 *
 * Open hours are those of the local clock in a zone, by the day of the week, less days that are
 * closed. A clock that is put back or forward makes such a day longer or shorter: what counts is
 * the time that passes (zone_instant()).
 *
 * There are two measures, both in ms, both monotone and exact:
 *   BUSINESS_HOURS  the open time itself
 *   BUSINESS_DAYS   each open day counts one day (DAY_MS), gained evenly over its open hours, however
 *                   many they are: from Friday 15:00 two business days reach to Tuesday 15:00, from
 *                   Saturday to the end of Tuesday
 * Pure, allocates nothing; a question costs as many steps as there are days in between. */
#ifndef KITH_LIFECYCLE_CALENDAR_H
#define KITH_LIFECYCLE_CALENDAR_H
#include "base/bytes.h"
#include "base/zone.h"

#define CALENDARS_MAX        8
#define CALENDAR_HOURS_MAX   4  /* a day */
#define CALENDAR_CLOSED_MAX  64 /* days or ranges of days */
#define CALENDAR_RANGE_MAX   366 /* days in one such range */
#define CALENDAR_DAYS_MAX    1000  /* in a rule: further than that nobody counts working days */
#define CALENDAR_HOURS_SPAN_MAX 10000

enum business { BUSINESS_NONE, BUSINESS_DAYS, BUSINESS_HOURS };

struct calendar_hours {
	uint16_t from_min, to_min; /* minutes of the local day, 0 to 1440, from before to */
};

struct calendar_closed {
	int32_t first, last; /* days since 1970-01-01; yearly: month * 100 + day, both the same */
	bool yearly;
};

struct calendar {
	struct span name;        /* empty: the one that is meant when none is named */
	const struct zone *zone; /* the machine's */
	uint8_t n_hours[7];      /* from Monday; at least one day has some */
	struct calendar_hours hours[7][CALENDAR_HOURS_MAX]; /* ascending, apart */
	unsigned n_closed;
	struct calendar_closed closed[CALENDAR_CLOSED_MAX];
	int line;
};

/* Which calendar counts for the customers of a region, where a rule names none. */
#define CALENDAR_REGIONS_MAX 64
struct calendar_region {
	struct span name;
	const struct calendar *calendar;
	int line;
};
struct calendar_regions {
	unsigned n;
	struct calendar_region list[CALENDAR_REGIONS_MAX];
};
/* REGION's calendar, or OTHERWISE where it has none. REGIONS may be NULL. */
const struct calendar *calendar_of_region(const struct calendar_regions *regions,
	struct span region, const struct calendar *otherwise);

bool calendar_is_open(const struct calendar *c, int64_t at_ms);

/* From A to B; negative when B is before A. */
int64_t business_between(const struct calendar *c, enum business unit, int64_t a_ms, int64_t b_ms);

/* The first instant to which SPAN (may be negative) or more has passed since T:
 * business_between(T, it) >= SPAN, and not 1 ms before. For 0 that is T itself while it is open,
 * else the end of the open time before. When it is not reached within a hundred years:
 * BUSINESS_NEVER, or
 * -BUSINESS_NEVER backwards. */
#define BUSINESS_NEVER INT64_MAX
int64_t business_add(const struct calendar *c, enum business unit, int64_t t_ms, int64_t span);

#endif
