/* SPDX-License-Identifier: Apache-2.0 */
/* Missing: what holds a potential customer back (DOMAIN section 2).
 *
 * Need, ability and authority are missing until somebody said that they are there; the other
 * factors only when somebody said that they are not, since most are never spoken of, and nobody
 * shall be held back by a question that was not asked. Whoever has bought had all of it: of them
 * only what was said to be missing after their last purchase counts.
 * What is looked for first is what people need first: the order of enum factor. */
#ifndef KITH_LIFECYCLE_MISSING_H
#define KITH_LIFECYCLE_MISSING_H
#include "lifecycle/facts.h"

/* The first that is missing, or FACTOR_COUNT. */
enum factor factor_missing(const struct facts *f);
/* The name of the quantity `missing`, whose number is that of the factor plus 1. */
const char *missing_name(unsigned v);

#endif
