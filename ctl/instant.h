/* SPDX-License-Identifier: Apache-2.0 */
/* Instants, as people give them to a verb: "2026-11-22T08:00:00Z", a number of Unix milliseconds,
 * or so long from now, "90min", "7d", "2w". */
#ifndef KITH_CTL_INSTANT_H
#define KITH_CTL_INSTANT_H
#include <stdint.h>
#include "base/err.h"

/* A length of time alone counts from NOW_MS: forward when SIGN is 1, back when it is -1.
 * ERR_INVALID with a complaint that names WHAT. */
int instant_parse(const char *text, int64_t now_ms, int sign, const char *what, int64_t *ret_ms,
	struct complaint *c);

#endif
