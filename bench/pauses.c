/* SPDX-License-Identifier: Apache-2.0 */
/* kith-pauses [SECONDS]: how often this machine takes its processors away from whoever wants them.
 *
 * A thread on each processor does nothing but read the clock, for SECONDS (5). Where two readings
 * are a millisecond or more apart, something else had the processor: another process, a thread of
 * the kernel, or the host of a virtual machine. Prints one line of JSON: the share of time that was
 * lost so, and the longest pause. What is measured beside it waits as often, whatever it does. */
#define _GNU_SOURCE /* processors */
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include "base/clock.h"

#define PAUSE_NS      1000000
#define PROCESSORS    256
#define SECONDS_MOST  600

struct watch {
	pthread_t thread;
	int processor;
	int64_t for_ns, lost_ns, longest_ns;
};

static void *watch_run(void *arg)
{
	struct watch *w = arg;
	int64_t last, end;
	cpu_set_t one;

	CPU_ZERO(&one);
	CPU_SET(w->processor, &one);
	pthread_setaffinity_np(pthread_self(), sizeof(one), &one);
	last = clock_monotonic_ns();
	for (end = last + w->for_ns; last < end;) {
		int64_t now = clock_monotonic_ns(), pause = now - last;

		last = now;
		if (pause < PAUSE_NS)
			continue;
		w->lost_ns += pause;
		if (pause > w->longest_ns)
			w->longest_ns = pause;
	}
	return NULL;
}

/* The processors that this process may use; how many. */
static unsigned watches_start(struct watch *watches, int64_t for_ns)
{
	unsigned n = 0;
	cpu_set_t ours;

	if (sched_getaffinity(0, sizeof(ours), &ours) != 0)
		return 0;
	for (int c = 0; c < PROCESSORS; c++) {
		if (!CPU_ISSET(c, &ours))
			continue;
		watches[n] = (struct watch){ .processor = c, .for_ns = for_ns };
		if (pthread_create(&watches[n].thread, NULL, watch_run, &watches[n]) != 0)
			break;
		n++;
	}
	return n;
}

int main(int argc, char **argv)
{
	double seconds = argc > 1 ? atof(argv[1]) : 5;
	struct watch watches[PROCESSORS];
	int64_t lost = 0, longest = 0;
	unsigned n;

	if (argc > 2 || seconds <= 0 || seconds > SECONDS_MOST) {
		fprintf(stderr, "usage: kith-pauses [SECONDS], at most %d\n", SECONDS_MOST);
		return 2;
	}
	n = watches_start(watches, (int64_t)(seconds * 1e9));
	if (n == 0) {
		fprintf(stderr, "kith-pauses: cannot start a thread\n");
		return 1;
	}
	for (unsigned i = 0; i < n; i++) {
		pthread_join(watches[i].thread, NULL);
		lost += watches[i].lost_ns;
		if (watches[i].longest_ns > longest)
			longest = watches[i].longest_ns;
	}
	printf("{\"processors\":%u,\"seconds\":%.1f,\"lost_share\":%.5f,\"longest_ms\":%.1f}\n", n, seconds,
		(double)lost / (seconds * 1e9 * n), (double)longest / 1e6);
	return 0;
}
