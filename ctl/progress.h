/* SPDX-License-Identifier: Apache-2.0 */
/* Progress: one line on standard error that is written over, for a person at a terminal. */
#ifndef KITH_CTL_PROGRESS_H
#define KITH_CTL_PROGRESS_H
#include <stdbool.h>
#include <stdint.h>

struct progress {
	bool on;
	bool shown;           /* a line stands there */
	int64_t start_ns, last_ns;
};

void progress_init(struct progress *p, bool on);
/* True when it is on and time to show again (ten times a second). */
bool progress_due(struct progress *p);
/* Show TEXT behind a bar of DONE of ALL (ALL 0: no bar) and the time left. */
void progress_show(struct progress *p, uint64_t done, uint64_t all, const char *text);
/* Wipe the line, before something else is printed. */
void progress_clear(struct progress *p);
double progress_seconds(const struct progress *p); /* since init, at least 0.001 */

#endif
