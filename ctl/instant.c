/* SPDX-License-Identifier: Apache-2.0 */
/* Reading an instant. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/event.h"
#include "base/zone.h"
#include "ctl/instant.h"

static bool length_parse(const char *text, int64_t *ret_ms)
{
	static const struct {
		const char *unit;
		int64_t ms;
	} units[] = { { "s", 1000 }, { "min", 60000 }, { "h", HOUR_MS }, { "d", DAY_MS },
		{ "w", 7 * DAY_MS } };
	char *end;
	double n = strtod(text, &end);

	if (!isdigit((unsigned char)text[0]))
		return false;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
		if (strcmp(end, units[i].unit) == 0 && n * (double)units[i].ms < (double)EVENT_TIME_MAX) {
			*ret_ms = (int64_t)(n * (double)units[i].ms);
			return true;
		}
	return false;
}

static bool is_number(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text) && strlen(text) < 16;
}

int instant_parse(const char *text, int64_t now_ms, int sign, const char *what, int64_t *ret_ms,
	struct complaint *c)
{
	int64_t length;

	if (length_parse(text, &length)) {
		*ret_ms = now_ms + sign * length;
		return 0;
	}
	if (is_number(text))
		*ret_ms = strtoll(text, NULL, 10);
	else if (time_parse(text, strlen(text), ret_ms) != 0)
		return complain(c, ERR_INVALID, "%s: expected a time like 2026-11-22T08:00:00Z, Unix "
			"milliseconds, or a length of time like 90min, 7d or 2w; found \"%s\"", what, text);
	if (*ret_ms >= EVENT_TIME_MIN && *ret_ms <= EVENT_TIME_MAX)
		return 0;
	return complain(c, ERR_INVALID, "%s: not between 1970 and 2200: %s", what, text);
}
