/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: one negative number for each thing a caller can act on differently.
 *
 * A function returns 0 or a negative `enum err`. A function that meets bad text (a file, a
 * message) also fills a `struct complaint` with where and why, in words for a person. */
#ifndef KITH_BASE_ERR_H
#define KITH_BASE_ERR_H
#include <stdarg.h>

#define COMPLAINT_FILE_MAX 256 /* with its NUL */

enum err {
	OK = 0,
	ERR_NOMEM = -1,    /* allocation failed */
	ERR_IO = -2,       /* a read or write failed; what is on disk is known */
	ERR_NOSPACE = -3,  /* disk or map full; nothing was changed; room makes it work again */
	ERR_UNKNOWN = -4,  /* a write may or may not be on disk: exit, restart, recover */
	ERR_CORRUPT = -5,  /* checksum, magic or structure wrong: not to be trusted */
	ERR_NOTFOUND = -6, /* no such key, file, customer */
	ERR_EXISTS = -7,   /* already there */
	ERR_INVALID = -8,  /* input breaks a rule; see the complaint */
	ERR_TOOBIG = -9,   /* input beyond a limit */
	ERR_BUSY = -10,    /* held by another process, or over a limit for now */
	ERR_VERSION = -11, /* written by another version or with other settings */
	ERR_DENIED = -12,  /* permission */
	ERR_CLOSED = -13,  /* the other side is gone, or we are stopping */
	ERR_TIMEOUT = -14,
};

/* Why something was refused. LINE and COLUMN count from 1; 0 means "no place". FILE is set when
 * the place is in a file that the one at hand includes: its path, relative to that of the first. */
struct complaint {
	int line;
	int column;
	char file[COMPLAINT_FILE_MAX];
	char text[400];
};

/* A short constant sentence for RC; never NULL. */
const char *err_text(int rc);

/* The enum err that fits a system call's ERRNO. ENOSPC and EDQUOT are ERR_NOSPACE. */
int err_from_errno(int errno_value);

/* Fill C (may be NULL) with a formatted sentence and no place; returns RC, so that a caller
 * can write `return complain(c, ERR_INVALID, "…")`. */
int complain(struct complaint *c, int rc, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
