/* SPDX-License-Identifier: Apache-2.0 */
/* Log: logfmt lines on standard error. */
#include "base/log.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/err.h"

#define LINE_MAX_BYTES  4096 /* a longer line is cut: a pipe takes this much in one piece */
#define QUOTE_MAX_BYTES 1024
#define QUOTES          4

static const char *const level_names[] = { "error", "warn", "info", "debug" };
static const char level_priority[] = { '3', '4', '6', '7' }; /* as in syslog(3) */

static _Atomic enum log_level log_level = LOG_LEVEL_INFO;

void log_set_level(enum log_level level)
{
	atomic_store_explicit(&log_level, level, memory_order_relaxed);
}

int log_level_parse(const char *name, enum log_level *ret_level)
{
	for (unsigned i = 0; i < sizeof level_names / sizeof *level_names; i++)
		if (strcmp(name, level_names[i]) == 0) {
			*ret_level = (enum log_level)i;
			return OK;
		}
	return ERR_INVALID;
}

/* JOURNAL_STREAM is "device:inode" of the stream that systemd connected; a service that had its
 * standard error redirected since inherits the variable all the same. */
static bool journal_is_reader(void)
{
	static _Atomic int known = -1;
	int reader = atomic_load_explicit(&known, memory_order_relaxed);

	if (reader < 0) {
		const char *stream = getenv("JOURNAL_STREAM");
		unsigned long long device, inode;
		struct stat st;

		reader = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
			fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device &&
			st.st_ino == inode;
		atomic_store_explicit(&known, reader, memory_order_relaxed);
	}
	return reader;
}

/* Append S in double quotes to OUT of CAP bytes (>= 8), cut between characters with "…" when it
 * does not fit, and ended by NUL. */
static void quote_into(char *out, size_t cap, const char *s)
{
	static const char ellipsis[] = "…";
	size_t room = cap - sizeof ellipsis - 1; /* what "…", a quote and the NUL leave */
	size_t n = 0;

	out[n++] = '"';
	for (; *s; s++) {
		unsigned char c = (unsigned char)*s;
		char piece[5] = { (char)c };

		if (c == '"' || c == '\\')
			(void)snprintf(piece, sizeof piece, "\\%c", c);
		else if (c == '\n' || c == '\t' || c == '\r')
			(void)snprintf(piece, sizeof piece, "\\%c",
				c == '\n' ? 'n' : c == '\t' ? 't' : 'r');
		else if (c < 0x20 || c == 0x7f)
			(void)snprintf(piece, sizeof piece, "\\x%02x", c);
		if (n + strlen(piece) > room)
			break;
		n += (size_t)(stpcpy(out + n, piece) - (out + n));
	}
	if (*s) {
		const char *cut = s;

		while (n > 1 && ((unsigned char)*cut & 0xc0) == 0x80) {
			n--; /* do not leave half of a character */
			cut--;
		}
		n += (size_t)(stpcpy(out + n, ellipsis) - (out + n));
	}
	out[n++] = '"';
	out[n] = 0;
}

const char *log_quote(const char *s)
{
	static _Thread_local char quotes[QUOTES][QUOTE_MAX_BYTES];
	static _Thread_local unsigned next;
	char *out = quotes[next++ % QUOTES];

	quote_into(out, QUOTE_MAX_BYTES, s ? s : "");
	return out;
}

/* Where to cut a line that is too long: not within a character, or journald takes it for binary. */
static size_t line_cut(const char *line, size_t n)
{
	while (n > 0 && ((unsigned char)line[n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* One write, so that lines of different threads do not mix. Nobody is left to tell when it
 * fails. */
static void line_write(char *line, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (line[i] == '\n')
			line[i] = ' '; /* a caller's stray newline must not forge a second line */
	line[n++] = '\n';
	if (write(STDERR_FILENO, line, n) < 0)
		return;
}

void log_line(enum log_level level, const char *at, const char *message, const char *format, ...)
{
	char line[LINE_MAX_BYTES + 2], quoted[QUOTE_MAX_BYTES]; /* room to see where a cut falls */
	const size_t cap = sizeof line;
	va_list args;
	int n = 0;

	if (level > atomic_load_explicit(&log_level, memory_order_relaxed))
		return;
	quote_into(quoted, sizeof quoted, message);
	if (journal_is_reader())
		n = snprintf(line, cap, "<%c>", level_priority[level]);
	n += snprintf(line + n, cap - (size_t)n, "level=%s at=%.64s msg=%s", level_names[level], at,
		quoted);
	if (format && *format) {
		line[n++] = ' ';
		va_start(args, format);
		n += vsnprintf(line + n, cap - (size_t)n, format, args);
		va_end(args);
	}
	line_write(line, n < LINE_MAX_BYTES ? (size_t)n : line_cut(line, LINE_MAX_BYTES - 1));
}
