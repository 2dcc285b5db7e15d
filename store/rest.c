/* SPDX-License-Identifier: Apache-2.0 */
/* Rest: an environment with nothing to do gives back the memory that its work has taken. */
#include <malloc.h>
#include <stdio.h>
#include "store/tree.h"

#define PATH_BYTES 4096
#define WORTH_PAGES 1024 /* what LMDB keeps when it is less is not worth opening it again */

/* LMDB keeps the pages that a flush has written for the next one, as many as there ever were, until
 * its environment is closed. What has been read lies in the map, and is found again in the page
 * cache: that costs what unmapping costs, and a page fault each 64 KiB later on. */
static int open_again(struct env *e)
{
	char dir[PATH_BYTES];
	const char *path;
	bool is_short;
	int rc;

	(void)mdb_env_get_path(e->lmdb, &path);
	snprintf(dir, sizeof dir, "%s", path);
	tree_end(e);
	tree_close(e);
	rc = tree_open(e, dir, e->map_bytes, &is_short);
	if (rc == OK)
		rc = err_from_lmdb(tree_open_tables(e));
	if (rc == OK) {
		e->reserved_pages = 0;
		return OK;
	}
	tree_close(e);
	e->dead = true;
	e->failed = rc;
	return rc;
}

int env_relax(struct env *e)
{
	bool gave = memtable_relax(e->active);
	int rc = OK;

	if (!e->frozen && e->failed == OK) {
		memtable_reset(e->previous); /* the tree has it all */
		gave = memtable_relax(e->previous) || gave;
		if (e->reserved_pages >= WORTH_PAGES) {
			rc = open_again(e);
			gave = true;
		}
	}
	if (gave) {
		mem_spares_fini(&e->spares);
		(void)malloc_trim(0);
	}
	return rc;
}
