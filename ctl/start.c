/* SPDX-License-Identifier: Apache-2.0 */
/* Where to begin. */
#include "ctl/start.h"
#include <ctype.h>
#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "base/zone.h"
#include "ctl/reply.h"

/* "2h", "500ms", "7d": digits and a unit. */
static bool parse_ago(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 },
		{ "d", 86400000 }, { "w", 604800000 } };
	char *end;
	long long n;

	errno = 0;
	n = strtoll(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || errno || n > 1000000)
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(end, units[i].unit) == 0) {
			*ret_ms = n * units[i].ms;
			return true;
		}
	return false;
}

/* One "3-1042" at *TEXT, which moves behind it. */
static bool parse_id(const char **text, struct kith_position *ret_behind)
{
	char *end;
	unsigned long long shard, sequence;

	errno = 0;
	if (!isdigit((unsigned char)**text))
		return false;
	shard = strtoull(*text, &end, 10);
	if (*end != '-' || shard >= START_POSITIONS_MAX || !isdigit((unsigned char)end[1]))
		return false;
	sequence = strtoull(end + 1, &end, 10);
	if (errno || sequence == 0)
		return false;
	*ret_behind = (struct kith_position){ (uint32_t)shard, sequence - 1 };
	*text = end;
	return true;
}

static bool parse_ids(const char *text, struct start *s)
{
	for (unsigned n = 0; n < START_POSITIONS_MAX; text++) {
		if (!parse_id(&text, &s->behind[n++]))
			return false;
		if (*text == '\0') {
			s->n = n;
			return true;
		}
		if (*text != ',')
			return false;
	}
	return false;
}

int start_parse(const char *text, const char *option, struct start *s, struct complaint *c)
{
	memset(s, 0, sizeof *s);
	if (strcmp(text, "oldest") == 0)
		s->kind = START_OLDEST;
	else if (strcmp(text, "newest") == 0)
		s->kind = START_NEWEST;
	else if (parse_ago(text, &s->ms))
		s->kind = START_AGO;
	else if (parse_ids(text, s))
		s->kind = START_IDS;
	else if (time_parse(text, strlen(text), &s->ms) == 0)
		s->kind = START_TIME;
	else
		return complain(c, ERR_INVALID, "--%s: expected a time (2026-11-22T08:00:00Z, Unix ms), how "
			"long ago (2h, 7d), a notification's id (3-1042), oldest or newest, found %s",
			option, text);
	return 0;
}

int start_resolve(struct start *s, const char *run, int timeout_ms, struct complaint *c)
{
	char *text = NULL;
	json_t *stats;
	int rc;

	if (s->kind != START_AGO)
		return 0;
	rc = kith_call(run, "stats", NULL, NULL, timeout_ms, &text, c);
	if (rc)
		return rc;
	stats = json_loads(text, 0, NULL);
	s->ms = reply_int(json_object_get(stats, "clock"), "now") - s->ms;
	s->kind = START_TIME;
	json_decref(stats);
	free(text);
	return 0;
}
