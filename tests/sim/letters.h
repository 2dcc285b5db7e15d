/* SPDX-License-Identifier: Apache-2.0 */
/* Letters: changes of the rows of one webhook at random, and what the rows should be after them. A
 * crash that loses frames takes the last changes back. */
#ifndef KITH_TESTS_LETTERS_H
#define KITH_TESTS_LETTERS_H
#include "tests/sim/sim.h"

#define LETTERS_NUMBERS 8    /* a shard's letters are 1 to this */
#define LETTERS_CHANGES 4096

struct letter_made {
	uint64_t frame, record;
	uint8_t verb, shard, number;
};

struct letters {
	unsigned n;
	struct letter_made made[LETTERS_CHANGES];
};

/* One input of some changes; submits. */
void letters_change(struct letters *l, struct sim *s, struct random *r);
/* Frames after LAST did not survive. */
void letters_forget_after(struct letters *l, uint64_t last);
/* The rows are as they should be, and so is the position. */
void letters_check(const struct letters *l, struct sim *s);

#endif
