/* SPDX-License-Identifier: Apache-2.0 */
/* Reading /proc and /sys. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>
#include "bench/process.h"

#define SECTOR 512.0 /* of the kernel's counters, whatever the device's */

static double field(int pid, const char *file, const char *key)
{
	char path[64], line[256];
	double v = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/%s", pid, file);
	f = fopen(path, "r");
	while (f && fgets(line, sizeof line, f))
		if (strncmp(line, key, strlen(key)) == 0)
			v = strtod(line + strlen(key), NULL);
	if (f)
		fclose(f);
	return v;
}

/* /proc/PID/stat: the name, in parentheses, may hold anything, so look behind the last one. */
static double cpu_seconds(int pid)
{
	char path[64], line[1024], *p;
	unsigned long user = 0, system = 0;
	FILE *f;

	snprintf(path, sizeof path, "/proc/%d/stat", pid);
	f = fopen(path, "r");
	if (f && fgets(line, sizeof line, f) && (p = strrchr(line, ')')))
		sscanf(p + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system);
	if (f)
		fclose(f);
	return (double)(user + system) / (double)sysconf(_SC_CLK_TCK);
}

static double device_bytes(const char *dir)
{
	struct stat st;
	char path[96];
	unsigned long long sectors = 0;
	FILE *f;

	if (stat(dir, &st) != 0)
		return 0;
	snprintf(path, sizeof path, "/sys/dev/block/%u:%u/stat", major(st.st_dev), minor(st.st_dev));
	f = fopen(path, "r");
	if (f && fscanf(f, "%*u %*u %*u %*u %*u %*u %llu", &sectors) != 1)
		sectors = 0;
	if (f)
		fclose(f);
	return (double)sectors * SECTOR;
}

struct usage process_usage(int pid, const char *dir)
{
	struct usage u = { 0 };

	if (pid > 0) {
		u.cpu_s = cpu_seconds(pid);
		u.written = field(pid, "io", "write_bytes:");
	}
	if (dir)
		u.device = device_bytes(dir);
	return u;
}

double process_anon_mib(int pid)
{
	return pid > 0 ? field(pid, "status", "RssAnon:") / 1024 : 0;
}
