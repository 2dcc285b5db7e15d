/* SPDX-License-Identifier: Apache-2.0 */
/* The directory of a simulated store, which never outlives the program. */
#define _GNU_SOURCE
#include "tests/sim/sim.h"
#include <ftw.h>
#include <unistd.h>

static int remove_one(const char *path, const struct stat *st, int flag, struct FTW *at)
{
	(void)st;
	(void)flag;
	(void)at;
	return remove(path);
}

void sim_remove(const char *dir)
{
	(void)nftw(dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* Those that were not freed, because their test failed, leave their directories at the end: these
 * may lie in memory. */
#define LIVE_MAX 64
static char *live[LIVE_MAX];

static void remove_live(void)
{
	for (unsigned i = 0; i < LIVE_MAX; i++)
		if (live[i])
			sim_remove(live[i]);
}

static void live_add(const char *dir)
{
	static bool registered;
	unsigned i = 0;

	if (!registered)
		registered = atexit(remove_live) == 0;
	while (i < LIVE_MAX && live[i])
		i++;
	if (i < LIVE_MAX)
		live[i] = strdup(dir);
}

static void live_del(const char *dir)
{
	for (unsigned i = 0; i < LIVE_MAX; i++)
		if (live[i] && strcmp(live[i], dir) == 0) {
			free(live[i]);
			live[i] = NULL;
		}
}

/* In memory where there is such a place: what a power cut would take is simulated, not waited
 * for. */
void sim_dir_make(struct sim *s)
{
	const char *tmp = getenv("TMPDIR");
	char *dir = s->store.dir;

	if (!tmp)
		tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
	snprintf(dir, sizeof s->store.dir, "%s/kith-sim-XXXXXX", tmp);
	if (!mkdtemp(dir))
		sim_fail(s, "cannot make a directory in %s", tmp);
	live_add(dir);
}

void sim_dir_remove(struct sim *s)
{
	sim_remove(s->store.dir);
	live_del(s->store.dir);
}
