/* SPDX-License-Identifier: Apache-2.0 */
/* Errors: their sentences, and where they come from. */
#include "base/err.h"
#include <errno.h>
#include <stdio.h>

const char *err_text(int rc)
{
	switch (rc) {
	case OK: return "no error";
	case ERR_NOMEM: return "out of memory";
	case ERR_IO: return "a read or write failed";
	case ERR_NOSPACE: return "no space left";
	case ERR_UNKNOWN: return "a write failed with an unknown outcome";
	case ERR_CORRUPT: return "the data is damaged";
	case ERR_NOTFOUND: return "not found";
	case ERR_EXISTS: return "already there";
	case ERR_INVALID: return "not valid";
	case ERR_TOOBIG: return "larger than allowed";
	case ERR_BUSY: return "busy";
	case ERR_VERSION: return "written by another version or with other settings";
	case ERR_DENIED: return "not permitted";
	case ERR_CLOSED: return "closed";
	case ERR_TIMEOUT: return "timed out";
	default: return "an error without a name";
	}
}

int err_from_errno(int errno_value)
{
	switch (errno_value) {
	case 0: return OK;
	case ENOMEM: return ERR_NOMEM;
	case ENOSPC:
	case EDQUOT: return ERR_NOSPACE;
	case ENOENT:
	case ENOTDIR: return ERR_NOTFOUND;
	case EEXIST: return ERR_EXISTS;
	case EINVAL: return ERR_INVALID;
	case EFBIG:
	case E2BIG:
	case EMSGSIZE:
	case ENAMETOOLONG: return ERR_TOOBIG;
	case EAGAIN:
	case EBUSY:
	case EADDRINUSE:
	case EMFILE:
	case ENFILE: return ERR_BUSY;
	case EACCES:
	case EPERM:
	case EROFS: return ERR_DENIED;
	case EPIPE:
	case ECONNRESET:
	case ECONNREFUSED:
	case ENOTCONN: return ERR_CLOSED;
	case ETIMEDOUT: return ERR_TIMEOUT;
	default: return ERR_IO;
	}
}

int complain(struct complaint *c, int rc, const char *format, ...)
{
	va_list args;

	if (!c)
		return rc;
	c->line = 0;
	c->column = 0;
	c->file[0] = 0;
	va_start(args, format);
	(void)vsnprintf(c->text, sizeof c->text, format, args); /* a long sentence is cut */
	va_end(args);
	return rc;
}
