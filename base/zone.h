/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones: the calendar day of an instant. A zone is read once from the system's tzdata into
 * a table, after which asking it is pure. */
#ifndef KITH_BASE_ZONE_H
#define KITH_BASE_ZONE_H
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

#define HOUR_MS INT64_C(3600000)
#define DAY_MS INT64_C(86400000)

/* The quotient rounded down, B > 0: -1 ms lies in the day before the first. */
static inline int64_t div_floor(int64_t a, int64_t b)
{
	return a / b - (a % b < 0);
}

struct zone_change {
	int64_t at_ms;      /* from this instant on … */
	int32_t offset_s;   /* … local time is UTC plus this */
};

struct zone {
	char name[64];      /* IANA name, "UTC" by default */
	size_t n;           /* 0 means UTC */
	struct zone_change *changes;
};

/* Read NAME ("Europe/London") for the years 1970 to 2199. ERR_NOTFOUND with a complaint for a
 * name the system does not know. Not thread-safe: call it before threads start or from one. */
int zone_open(const char *name, struct zone *ret_zone, struct complaint *c);
void zone_close(struct zone *z);

/* Days since 1970-01-01 of the local calendar. Z may be NULL: UTC. MS within
 * 10^17 either way (three million years). */
int32_t zone_day(const struct zone *z, int64_t ms);

/* The first instant at which the local clock shows LOCAL_MS (ms since 1970-01-01T00:00 local) or
 * later: of an hour that comes twice the first one, of one that is left out its end. Monotone. */
int64_t zone_instant(const struct zone *z, int64_t local_ms);

/* What the local clock shows at MS, in ms since 1970-01-01T00:00 local, and the next instant at
 * which its offset changes; INT64_MAX: never. */
int64_t zone_local(const struct zone *z, int64_t ms, int64_t *ret_until_ms);

/* The date of a day since 1970-01-01; months and days from 1. */
void date_from_days(int64_t days, int64_t *ret_year, unsigned *ret_month, unsigned *ret_day);
/* RFC 3339 in UTC with a Z, milliseconds only when not 0; OUT holds at least 32 bytes. */
void time_format(int64_t ms, char *out);
/* RFC 3339 (date, date and time, seconds and fraction optional, T or a blank between, Z or an
 * offset; a missing zone means Z) or a decimal number of milliseconds. Nothing before or after.
 * 0 or ERR_INVALID. */
int time_parse(const char *s, size_t size, int64_t *ret_ms);

#endif
