/* SPDX-License-Identifier: Apache-2.0 */
/* What kith-load has seen, as one line of JSON. */
#include <stdio.h>
#include "bench/load.h"

static void print_latency(const char *name, const struct histogram *h)
{
	printf(",\"%s\":{\"n\":%llu,\"p50\":%.0f,\"p90\":%.0f,\"p99\":%.0f,\"p999\":%.0f,\"max\":%.0f}",
		name, (unsigned long long)h->n, histogram_quantile(h, .5) / 1e3,
		histogram_quantile(h, .9) / 1e3, histogram_quantile(h, .99) / 1e3,
		histogram_quantile(h, .999) / 1e3, (double)h->max / 1e3);
}

void load_report(const struct load *l)
{
	double n = l->accepted ? (double)l->accepted : 1;

	printf("{\"events_per_s\":%.0f,\"seconds\":%.2f,\"accepted\":%llu,\"duplicates\":%llu,"
		"\"rejected\":%llu,\"refused\":%llu,\"answered_in_all\":%llu",
		(double)l->accepted / l->elapsed_s, l->elapsed_s, (unsigned long long)l->accepted,
		(unsigned long long)l->duplicates, (unsigned long long)l->rejected,
		(unsigned long long)l->refused, (unsigned long long)l->all);
	print_latency("receipt_us", &l->receipt);
	print_latency("note_us", &l->listener.latency);
	printf(",\"notes\":%llu,\"notes_of_silence\":%llu",
		(unsigned long long)(atomic_load(&l->listener.heard) - l->notes_before),
		(unsigned long long)l->listener.silent);
	printf(",\"cpu_us_per_event\":%.3f,\"device_bytes_per_event\":%.0f,"
		"\"io_bytes_per_event\":%.0f,\"anon_mib\":%.1f}\n",
		(l->after.cpu_s - l->before.cpu_s) * 1e6 / n,
		(l->after.device - l->before.device) / n,
		(l->after.written - l->before.written) / n, process_anon_mib(l->settings.pid));
}
