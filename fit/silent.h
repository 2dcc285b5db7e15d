/* SPDX-License-Identifier: Apache-2.0 */
/* Silent: what other parameters would change for who is silent, as the default file has it:
 * overdue > 1 and active < 20 %. Times in days. */
#ifndef KITH_FIT_SILENT_H
#define KITH_FIT_SILENT_H
#include "fit/fit.h"

#define SILENT_ACTIVE 0.2

/* What part of H is silent at its end by either, and for what part the instant moves by a day or more. */
struct silent_change {
	double now, then, moved; /* 0 to 1 */
};
struct silent_change silent_compare(const struct histories *h, const struct rhythm *now,
	const struct rhythm *then);

#endif
