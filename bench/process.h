/* SPDX-License-Identifier: Apache-2.0 */
/* Process: what the kernel counts of a running process and of the disk below a directory. All
 * return 0 for a PID or a directory that is not there. */
#ifndef KITH_BENCH_PROCESS_H
#define KITH_BENCH_PROCESS_H

struct usage {
	double cpu_s;      /* user and system, all threads; steps of 10 ms */
	double device;     /* bytes written to the block device below the directory, by everybody */
	double written;    /* bytes as /proc/PID/io counts them: whole folios of dirtied pages */
};
/* PID 0 or DIR NULL: those stay 0. */
struct usage process_usage(int pid, const char *dir);
/* Memory of its own, without files mapped and the page cache, in MiB. */
double process_anon_mib(int pid);

#endif
