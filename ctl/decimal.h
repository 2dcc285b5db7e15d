/* SPDX-License-Identifier: Apache-2.0 */
/* Decimal: exact money. value / 10^scale in 128 bits; nothing here is floating-point, and
 * nothing is rounded before decimal_round(). */
#ifndef KITH_CTL_DECIMAL_H
#define KITH_CTL_DECIMAL_H
#include "base/bytes.h"
#include "base/err.h"

#define DECIMAL_DIGITS_MAX 18 /* of one number as written */

struct decimal {
	__int128 value;
	unsigned scale;
};

/* "12", "-0.5", "+3.", ".25" with POINT as the decimal point ('.' or ','), blanks around it
 * allowed. GROUP, unless it is 0, may separate thousands, "1,234,567.89", and where it stands it
 * stands right. ERR_INVALID for anything else, ERR_TOOBIG for more digits than DECIMAL_DIGITS_MAX. */
int decimal_parse(struct span text, char point, char group, struct decimal *ret);

/* ERR_TOOBIG when the result does not fit. */
int decimal_multiply(struct decimal a, struct decimal b, struct decimal *ret);
int decimal_add(struct decimal a, struct decimal b, struct decimal *ret);

/* A in units of 10^-DECIMALS, halves away from zero: 1.005 with 2 decimals is 101. */
int decimal_round(struct decimal a, unsigned decimals, int64_t *ret);

#endif
