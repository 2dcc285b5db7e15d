/* SPDX-License-Identifier: Apache-2.0 */
/* Local times: what a CSV file writes, in the shop's zone, as Unix milliseconds. */
#define _GNU_SOURCE /* strptime */
#include <time.h>
#include "ctl/plan.h"

#define TIME_TEXT_MAX 64

static int32_t zone_offset_s(const struct zone *z, int64_t ms)
{
	int32_t offset = 0;

	for (size_t i = 0; i < z->n && z->changes[i].at_ms <= ms; i++)
		offset = z->changes[i].offset_s;
	return offset;
}

/* The instant at which clocks in Z show LOCAL_MS (of a clock that reads UTC). The hour that comes
 * twice in autumn is its first; the one that is skipped in spring is read with winter's offset. */
static int64_t local_to_instant(const struct zone *z, int64_t local_ms)
{
	int64_t early = local_ms - INT64_C(1000) * zone_offset_s(z, local_ms - DAY_MS);
	int64_t late = local_ms - INT64_C(1000) * zone_offset_s(z, local_ms + DAY_MS);

	if (early + INT64_C(1000) * zone_offset_s(z, early) == local_ms)
		return early;
	if (late + INT64_C(1000) * zone_offset_s(z, late) == local_ms)
		return late;
	return early;
}

static bool is_number(struct span text)
{
	return text.size < 5 || text.data[4] != '-';
}

/* Behind "2026-11-22": "Z", "+01:00" or "-05". */
static bool has_offset(struct span text)
{
	for (size_t i = sizeof "2026-11-22" - 1; i < text.size; i++)
		if (strchr("Zz+-", text.data[i]))
			return true;
	return false;
}

static int seconds_parse(struct span text, int64_t *ret_ms)
{
	int64_t s;

	if (!is_number(text) || time_parse((const char *)text.data, text.size, &s) ||
		s > INT64_MAX / 1000)
		return ERR_INVALID;
	*ret_ms = s * 1000;
	return 0;
}

bool local_time_is_seconds(int64_t ms, struct span text)
{
	return ms < EVENT_TIME_SECONDS && is_number(text);
}

static int plain_parse(struct span text, const struct zone *zone, int64_t *ret_ms)
{
	int rc = time_parse((const char *)text.data, text.size, ret_ms);

	if (rc || local_time_is_seconds(*ret_ms, text))
		return ERR_INVALID;
	if (!is_number(text) && !has_offset(text))
		*ret_ms = local_to_instant(zone, *ret_ms);
	return 0;
}

int local_time_parse(struct span text, const char *format, const struct zone *zone,
	int64_t *ret_ms)
{
	char copy[TIME_TEXT_MAX];
	struct tm tm = { .tm_mday = 1 };
	const char *end;
	int64_t ms;

	if (!format)
		return plain_parse(text, zone, ret_ms);
	if (strcmp(format, "%s") == 0)
		return seconds_parse(text, ret_ms); /* strptime's depends on TZ */
	if (text.size >= sizeof copy)
		return ERR_INVALID;
	memcpy(copy, text.data, text.size);
	copy[text.size] = 0;
	end = strptime(copy, format, &tm);
	if (!end || end != copy + text.size)
		return ERR_INVALID;
	if (strstr(format, "%z")) {
		long offset_s = tm.tm_gmtoff; /* timegm() clears it */

		ms = ((int64_t)timegm(&tm) - offset_s) * 1000;
	} else {
		ms = local_to_instant(zone, (int64_t)timegm(&tm) * 1000);
	}
	*ret_ms = ms;
	return 0;
}
