/* SPDX-License-Identifier: Apache-2.0 */
/* Templates: text with holes.
 *
 *	{customer} has not bought for {silence}[; the chance has fallen to {active}].
 *
 * {name} is a hole; {name:day|days} a number and the word that fits it; {name.form} another way
 * to show it. What stands in [ ] is left out when one of its holes has nothing to be filled with;
 * a template whose other holes cannot all be filled is not usable, and the caller takes another.
 * What is filled in is never read as a template. */
#ifndef KITH_WORDS_TEMPLATE_H
#define KITH_WORDS_TEMPLATE_H
#include "base/bytes.h"

struct hole {
	struct span name;  /* "purchases" */
	struct span form;  /* "times", or empty */
	struct span one, many; /* "day", "days", or empty */
};

/* Appends what HOLE is filled with; false when there is nothing. */
typedef bool (*hole_filler)(void *arg, const struct hole *hole, struct buf *out);

/* NULL, or what is wrong with TEXT, as a constant sentence; *RET_AT: at which byte. */
const char *template_complaint(struct span text, size_t *ret_at);
/* Append TEXT, which has no complaint. False, and nothing is appended: it is not usable,
 * or nothing is left of it. */
bool template_fill(struct buf *out, struct span text, hole_filler fill, void *arg);
/* The next hole at *AT or behind, which moves behind it; false: none. For those who check. */
bool template_next(struct span text, size_t *at, struct hole *ret_hole);

#endif
