/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestion: of the names that were possible, the one most like the name that was written. */
#ifndef KITH_LIFECYCLE_SUGGEST_H
#define KITH_LIFECYCLE_SUGGEST_H
#include "base/bytes.h"

#define NAME_MAX_BYTES 40 /* of a ladder, a rung, a risk */

struct suggestion {
	struct span word;
	struct span best;  /* size 0: nothing near */
	unsigned distance;
	char text[NAME_MAX_BYTES + 24];
};

void suggestion_init(struct suggestion *s, struct span word);
void suggestion_offer(struct suggestion *s, struct span candidate);
/* "; did you mean silence?", or "". Lives in S. */
const char *suggestion_text(struct suggestion *s);

#endif
