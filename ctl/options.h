/* SPDX-License-Identifier: Apache-2.0 */
/* Options: a verb's options as a table, read by getopt_long into the verb's own settings. */
#ifndef KITH_CTL_OPTIONS_H
#define KITH_CTL_OPTIONS_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include "base/err.h"

#define OPTIONS_MAX 24

enum option_kind {
	OPTION_END,      /* ends a table */
	OPTION_FLAG,     /* bool; also --no-NAME */
	OPTION_TEXT,     /* const char *, points into argv */
	OPTION_NUMBER,   /* int64_t between least and most */
	OPTION_SECONDS,  /* int64_t in milliseconds; "2", "0.5" */
	OPTION_CHOICE,   /* int: the index of one of the words of `value`, "a|b|c" */
};

struct option_def {
	enum option_kind kind;
	const char *name;   /* long; required */
	char letter;        /* short, or 0 */
	const char *value;  /* what the help calls its argument */
	const char *text;   /* help; "\n" breaks lines */
	size_t at;          /* offset in the settings */
	int64_t least, most;
};

/* Read ARGV[1..] into SETTINGS, which holds the defaults. *RET_FIRST is the index of the first
 * operand (operands are moved to the end). 0, ERR_CLOSED for --help, ERR_INVALID with a
 * complaint. Not reentrant, as getopt is not. */
int options_parse(const struct option_def *defs, void *settings, int argc, char **argv,
	int *ret_first, struct complaint *c);

/* The table as help text. */
void options_print(const struct option_def *defs, FILE *out);

#endif
