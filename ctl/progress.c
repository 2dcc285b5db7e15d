/* SPDX-License-Identifier: Apache-2.0 */
/* Progress: a line on a terminal. */
#include "ctl/progress.h"
#include <stdio.h>
#include "base/clock.h"

#define SHOW_EVERY_NS INT64_C(100000000)
#define BAR_WIDTH 24

void progress_init(struct progress *p, bool on)
{
	p->on = on;
	p->shown = false;
	p->start_ns = p->last_ns = clock_monotonic_ns();
}

bool progress_due(struct progress *p)
{
	int64_t now;

	if (!p->on)
		return false;
	now = clock_monotonic_ns();
	if (now - p->last_ns < SHOW_EVERY_NS)
		return false;
	p->last_ns = now;
	return true;
}

double progress_seconds(const struct progress *p)
{
	double s = (double)(clock_monotonic_ns() - p->start_ns) / 1e9;

	return s > 0.001 ? s : 0.001;
}

void progress_show(struct progress *p, uint64_t done, uint64_t all, const char *text)
{
	double share = all ? (double)done / (double)all : 0;
	int filled = (int)(share * BAR_WIDTH + 0.5);

	if (!p->on)
		return;
	fputs("\r\033[K", stderr);
	if (all) {
		fputc('[', stderr);
		for (int i = 0; i < BAR_WIDTH; i++)
			fputc(i < filled ? '#' : '.', stderr);
		fprintf(stderr, "] %3.0f %%  ", share * 100);
	}
	fputs(text, stderr);
	if (all && done > 0 && done < all)
		fprintf(stderr, "  %.0f s left", progress_seconds(p) * (1 - share) / share);
	fflush(stderr);
	p->shown = true;
}

void progress_clear(struct progress *p)
{
	if (p->shown)
		fputs("\r\033[K", stderr);
	p->shown = false;
}
