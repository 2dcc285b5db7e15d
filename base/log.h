/* SPDX-License-Identifier: Apache-2.0 */
/* Log: one logfmt line a call on standard error (`level=info at=journal msg="…" key=value`),
 * with the priority prefix that systemd's journal understands when it is the reader.
 * Any thread may call it; a line is one write. A function logs an error or returns it, never
 * both. */
#ifndef KITH_BASE_LOG_H
#define KITH_BASE_LOG_H

enum log_level { LOG_LEVEL_ERROR, LOG_LEVEL_WARN, LOG_LEVEL_INFO, LOG_LEVEL_DEBUG };

void log_set_level(enum log_level level);
/* 0, or ERR_INVALID for an unknown name ("error", "warn", "info", "debug"). */
int log_level_parse(const char *name, enum log_level *ret_level);

/* AT is the noun that speaks ("journal", "shard"). MESSAGE is quoted; FORMAT, which may be
 * NULL, appends `key=value` pairs as written by the caller (strings with log_quote()). */
void log_line(enum log_level level, const char *at, const char *message, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#define log_error(...) log_line(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warn(...)  log_line(LOG_LEVEL_WARN, __VA_ARGS__)
#define log_info(...)  log_line(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...) log_line(LOG_LEVEL_DEBUG, __VA_ARGS__)

/* Quote S for a logfmt value into a thread-local buffer (four live at a time). */
const char *log_quote(const char *s);

#endif
