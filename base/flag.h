/* SPDX-License-Identifier: Apache-2.0 */
/* Flags: what getopt_long() cannot be told not to do. */
#ifndef KITH_BASE_FLAG_H
#define KITH_BASE_FLAG_H

/* getopt_long() has just matched the long option NAME in ARGV: NULL when it was written in full,
 * else what was written. getopt_long() takes abbreviations, and one of them may be a slip, or mean
 * another option tomorrow. */
const char *flag_abbreviated(const char *name, char *const *argv);

#endif
