/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers with units. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "daemon/config_value.h"

struct scale {
	const char *unit;
	uint64_t factor;
};

static const struct scale durations[] = { { "ms", 1 }, { "s", 1000 }, { "min", 60000 },
	{ "h", 3600000 }, { "d", 86400000 }, { "w", 604800000 }, { NULL, 0 } };
static const struct scale sizes[] = { { "", 1 }, { "KiB", 1u << 10 }, { "MiB", 1u << 20 },
	{ "GiB", 1u << 30 }, { "TiB", UINT64_C(1) << 40 }, { NULL, 0 } };

static int scaled(const char *s, const struct scale *scales, uint64_t max, uint64_t *ret)
{
	char *end;
	uint64_t n;

	errno = 0;
	n = strtoull(s, &end, 10);
	if (end == s || errno != 0 || *s == '-' || *s == '+' || *s == ' ')
		return ERR_INVALID;
	for (; scales->unit; scales++)
		if (strcmp(end, scales->unit) == 0) {
			if (n > max / scales->factor)
				return ERR_INVALID;
			*ret = n * scales->factor;
			return 0;
		}
	return ERR_INVALID;
}

int value_duration(const char *s, int64_t *ret_ms, const char *name, struct complaint *why)
{
	uint64_t v = 0;

	if (scaled(s, durations, UINT64_C(3155760000000), &v) != 0)
		return complain(why, ERR_INVALID,
			"%s: expected a duration such as 30d, 2h or 500ms, found %s", name, s);
	*ret_ms = (int64_t)v;
	return 0;
}

int value_size(const char *s, uint64_t *ret, const char *name, struct complaint *why)
{
	if (scaled(s, sizes, UINT64_C(1) << 46, ret) != 0)
		return complain(why, ERR_INVALID,
			"%s: expected a number such as 4096, 64MiB or 4GiB, found %s", name, s);
	return 0;
}

int value_count(const char *s, uint32_t *ret, const char *name, struct complaint *why)
{
	uint64_t v = 0;

	if (scaled(s, sizes, UINT32_MAX, &v) != 0)
		return complain(why, ERR_INVALID, "%s: expected a number, found %s", name, s);
	*ret = (uint32_t)v;
	return 0;
}

int value_choice(const char *s, const char *first, const char *second, int *ret, const char *name,
	struct complaint *why)
{
	if (strcmp(s, first) != 0 && strcmp(s, second) != 0)
		return complain(why, ERR_INVALID, "%s: expected %s or %s, found %s", name, first,
			second, s);
	*ret = strcmp(s, second) == 0;
	return 0;
}
