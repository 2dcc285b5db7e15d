/* SPDX-License-Identifier: Apache-2.0 */
/* Text: numbers as people read them. */
#ifndef KITH_CTL_TEXT_H
#define KITH_CTL_TEXT_H
#include <stdint.h>
#include <stdio.h>
#include "base/bytes.h"

#define TEXT_MAX 64

/* Each fills OUT and returns it. */
char *text_duration(double ms, char out[TEXT_MAX]);  /* "45d 3h", "3h 5m", "12s", "250ms" */
char *text_money(double minor, char out[TEXT_MAX]);  /* "1 234.50", "£ 1 234.50" */
char *text_count(int64_t n, char out[TEXT_MAX]);     /* "1 234 567" */
char *text_bytes(uint64_t n, char out[TEXT_MAX]);    /* "1.5 MiB" */
char *text_time(int64_t ms, char out[TEXT_MAX]);     /* local "2011-12-09 12:50:00"; "never" for 0 */
/* VALUE by the name of its unit ("duration", "ratio", …). */
char *text_value(double value, const char *unit, char out[TEXT_MAX]);

/* How money is written from now on: minor units are 10^-DECIMALS (at most 4) of CURRENCY, which
 * stands in front unless it is ""; at first 2 and "". Of the process, as that is one store's. */
void text_money_is(unsigned decimals, const char *currency);

/* Columns that BYTES bytes of UTF-8 take on a terminal; wide East Asian characters count two. */
unsigned text_width(const char *s);
/* TEXT, and blanks up to WIDTH columns. */
void text_print(FILE *out, struct span text, unsigned width);

#endif
