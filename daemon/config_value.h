/* SPDX-License-Identifier: Apache-2.0 */
/* Values of the configuration, with their units. NAME goes into the complaint. */
#ifndef KITH_DAEMON_CONFIG_VALUE_H
#define KITH_DAEMON_CONFIG_VALUE_H
#include <stdint.h>
#include "base/err.h"

/* "250ms", "5s", "10min", "2h", "30d", "6w": at least 0, at most 100 years. */
int value_duration(const char *s, int64_t *ret_ms, const char *name, struct complaint *why);
/* "4096", "64KiB", "1MiB", "4GiB", "1TiB"; the same for plain counts. */
int value_size(const char *s, uint64_t *ret, const char *name, struct complaint *why);
int value_count(const char *s, uint32_t *ret, const char *name, struct complaint *why);
/* 0 for FIRST, 1 for SECOND. */
int value_choice(const char *s, const char *first, const char *second, int *ret, const char *name,
	struct complaint *why);

#endif
