/* SPDX-License-Identifier: Apache-2.0 */
/* Ahead: have the line of memory at P brought near the processor. P may be anything: nothing is
 * promised, and nothing changes.
 *
 * Note "not pure": gcc 12 takes a function that does nothing but this for one without effect, and
 * leaves its calls out. An asm, even an empty one, is an effect. */
#ifndef KITH_BASE_AHEAD_H
#define KITH_BASE_AHEAD_H

static inline void ahead(const void *p)
{
	__builtin_prefetch(p);
	__asm__ volatile("");
}

#endif
