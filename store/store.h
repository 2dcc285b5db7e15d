/* SPDX-License-Identifier: Apache-2.0 */
/* Store: the directory of one kith: `store.id`, `lock`, `journal/`, `shard-0/` … `shard-N/`.
 *
 * Holds an exclusive lock while open (flock on `lock`, not the environments), refuses network
 * file systems, a directory of another version or shard count, and one it may not write. */
#ifndef KITH_STORE_STORE_H
#define KITH_STORE_STORE_H
#include <stdbool.h>
#include "base/err.h"
#include "base/bytes.h"

#define STORE_VERSION 1
#define SHARDS_MAX    64

struct store {
	char dir[4000];
	int lock_fd;
	uint8_t id[16];     /* random, made once */
	unsigned shards;
};

/* Open DIR, creating it (mode 0750) when CREATE and it does not exist. SHARDS: the count for a new
 * store, and what an existing one must have; 0: 2 for a new one, whatever an existing one has.
 * ERR_BUSY when another process has it, ERR_VERSION for other shards or version, ERR_DENIED. */
int store_open(const char *dir, unsigned shards, bool create, struct store *ret_store,
	struct complaint *c);
void store_close(struct store *s);
/* False: the directory or its lock is not where it was any more: it was deleted, moved or covered by a
 * mount. What is written meanwhile may be found by nobody. */
bool store_is_there(const struct store *s);
/* Paths inside; OUT holds 4096. */
void store_journal_dir(const struct store *s, char *out);
void store_shard_dir(const struct store *s, unsigned shard, char *out);
/* Free bytes of the file system and its total. */
int store_space(const struct store *s, uint64_t *ret_free, uint64_t *ret_total);

#endif
