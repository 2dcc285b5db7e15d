/* SPDX-License-Identifier: Apache-2.0 */
/* Time zones: the table of offset changes, and text for instants. */
#define _GNU_SOURCE
#include "base/zone.h"
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include "base/bytes.h"
#include "base/room.h"

#define ZONE_SECONDS_END INT64_C(7258118400) /* 2200-01-01 */
#define SAMPLE_SECONDS   (INT64_C(4) * 86400)

static int32_t libc_offset_s(int64_t s)
{
	time_t t = (time_t)s;
	struct tm tm;

	return localtime_r(&t, &tm) ? (int32_t)tm.tm_gmtoff : 0;
}

static int zone_add(struct zone *z, size_t *capacity, int64_t s, int32_t offset_s)
{
	struct zone_change *changes;

	changes = room_for_one(z->changes, z->n, capacity, 64, sizeof *changes);
	if (!changes)
		return ERR_NOMEM;
	z->changes = changes;
	z->changes[z->n++] = (struct zone_change){ s * 1000, offset_s };
	return OK;
}

/* The first second in (LOW, HIGH] whose offset is not the one at LOW; it differs at HIGH. */
static int64_t change_between(int64_t low, int64_t high)
{
	int32_t before = libc_offset_s(low);

	while (high - low > 1) {
		int64_t middle = low + (high - low) / 2;

		if (libc_offset_s(middle) == before)
			low = middle;
		else
			high = middle;
	}
	return high;
}

/* Read the zone that TZ names now. Samples lie 4 days apart: no zone has gone there and back
 * within as little since 1970, and several changes in between are found one after the other. */
static int zone_sample(struct zone *z)
{
	size_t capacity = 0;
	int rc = zone_add(z, &capacity, 0, libc_offset_s(0));

	for (int64_t low = 0; rc == OK && low < ZONE_SECONDS_END; low += SAMPLE_SECONDS) {
		int64_t high = low + SAMPLE_SECONDS, from = low;

		while (rc == OK && libc_offset_s(high) != z->changes[z->n - 1].offset_s) {
			from = change_between(from, high);
			rc = zone_add(z, &capacity, from, libc_offset_s(from));
		}
	}
	return rc;
}

/* libc takes an unknown name for UTC without a word, so look for the file ourselves. */
static bool zone_file_exists(const char *name)
{
	const char *folder = getenv("TZDIR");
	char path[512], magic[4];
	const size_t name_max = sizeof((struct zone){ 0 }.name);
	FILE *f;
	bool found;

	if (name[0] == '/' || strstr(name, "..") || strlen(name) >= name_max)
		return false;
	for (const char *p = name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("_+-/", *p))
			return false;
	if ((size_t)snprintf(path, sizeof path, "%s/%s", folder ? folder : "/usr/share/zoneinfo",
		    name) >= sizeof path)
		return false;
	f = fopen(path, "re");
	if (!f)
		return false;
	found = fread(magic, 1, 4, f) == 4 && memcmp(magic, "TZif", 4) == 0;
	(void)fclose(f);
	return found;
}

int zone_open(const char *name, struct zone *ret_zone, struct complaint *c)
{
	struct zone z = { .n = 0 };
	char tz[sizeof z.name + 1];
	const char *old;
	char *saved = NULL;
	int rc = ERR_NOMEM;

	*ret_zone = z;
	if (strcmp(name, "UTC") == 0) {
		memcpy(ret_zone->name, "UTC", 4);
		return OK;
	}
	if (!zone_file_exists(name))
		return complain(c, ERR_NOTFOUND,
			"time zone \"%.80s\" is not known to this system; write an IANA name such "
			"as \"Europe/London\", or install tzdata", name);
	(void)snprintf(z.name, sizeof z.name, "%s", name);
	(void)snprintf(tz, sizeof tz, ":%s", z.name); /* ':' is a file, never a rule in POSIX form */
	old = getenv("TZ");
	if (old) {
		saved = strdup(old);
		if (!saved)
			goto out;
	}
	if (setenv("TZ", tz, 1) != 0)
		goto out;
	tzset();
	rc = zone_sample(&z);
	/* The old value was there before, so putting it back needs no new name; were it to fail,
	 * times printed by libc would be off, and nothing here uses them. */
	if (saved)
		(void)setenv("TZ", saved, 1);
	else
		(void)unsetenv("TZ");
	tzset();
out:
	free(saved);
	if (rc != OK) {
		zone_close(&z);
		return complain(c, rc, "reading time zone \"%s\": %s", name, err_text(rc));
	}
	*ret_zone = z;
	return OK;
}

void zone_close(struct zone *z)
{
	if (!z)
		return;
	free(z->changes);
	*z = (struct zone){ .n = 0 };
}

/* The last change at or before MS; the first one for what lies before. Z has changes. */
static size_t zone_find(const struct zone *z, int64_t ms)
{
	size_t low = 0;

	for (size_t high = z->n; high - low > 1;) {
		size_t middle = low + (high - low) / 2;

		if (z->changes[middle].at_ms <= ms)
			low = middle;
		else
			high = middle;
	}
	return low;
}

/* The offset in force at MS. */
static int32_t zone_offset_s(const struct zone *z, int64_t ms)
{
	return !z || z->n == 0 ? 0 : z->changes[zone_find(z, ms)].offset_s;
}

int64_t zone_instant(const struct zone *z, int64_t local_ms)
{
	int64_t at;
	size_t i;

	if (!z || z->n == 0)
		return local_ms;
	/* No offset reaches two days: before that, the local clock has not come so far. */
	for (i = zone_find(z, local_ms - 2 * DAY_MS);; i++) {
		at = local_ms - (int64_t)z->changes[i].offset_s * 1000;
		if (i + 1 == z->n || at < z->changes[i + 1].at_ms)
			break;
	}
	return i > 0 && at < z->changes[i].at_ms ? z->changes[i].at_ms : at;
}

int32_t zone_day(const struct zone *z, int64_t ms)
{
	return (int32_t)div_floor(ms + (int64_t)zone_offset_s(z, ms) * 1000, DAY_MS);
}

int64_t zone_local(const struct zone *z, int64_t ms, int64_t *ret_until_ms)
{
	size_t i = !z || z->n == 0 ? 0 : zone_find(z, ms);

	*ret_until_ms = INT64_MAX;
	if (!z || z->n == 0)
		return ms;
	if (i + 1 < z->n)
		*ret_until_ms = z->changes[i + 1].at_ms;
	return ms + (int64_t)z->changes[i].offset_s * 1000;
}
