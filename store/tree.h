/* SPDX-License-Identifier: Apache-2.0 */
/* Tree: what is committed, read from LMDB, private to store/. The thin layer over LMDB: its numbers
 * to ours, one read transaction with one cursor a table, checksums.
 *
 * A row's value ends in four bytes of checksum, over table, key and value, so that a value under
 * a wrong key is noticed too. What is read here comes with it; tree_unwrap() checks.
 *
 * The read transaction stands at the last commit and is renewed after each: being the newest, it
 * pins no pages. The cursors stay where they were: LMDB looks into a cursor's current page first,
 * which spares runs of neighbouring keys the way down. The shard's thread reads; a commit may go on
 * in another one (flush.c). */
#ifndef KITH_STORE_TREE_H
#define KITH_STORE_TREE_H
#include "store/table.h"

#define SUM_BYTES 4

/* The only function that knows LMDB's error numbers. */
int err_from_lmdb(int rc);

/* Open LMDB's environment in DIR, without its tables. *RET_SHORT: the file was shorter than its tree,
 * see tree_walk(). After an error only tree_close(). Defined in env.c. */
int tree_open(struct env *e, const char *dir, uint64_t map_bytes, bool *ret_short);
/* Nothing is left open; no flush is under way. Ignores what has not been opened. */
void tree_close(struct env *e);

/* Begin the read transaction when there is none; returns the environment's first error. */
int tree_begin(struct env *e);
/* Drop it: the next call reads what is committed by then. */
void tree_end(struct env *e);
/* Open all tables; make them, with E's meta row, in one transaction. LMDB's number. */
int tree_open_tables(struct env *e);
int tree_create(struct env *e);

/* Touch every page that is in use; ERR_CORRUPT when one is none. */
int tree_walk(struct env *e);

/* The value with its checksum. ERR_NOTFOUND, or an error that fails E. */
int tree_get(struct env *e, enum table t, struct span key, struct span *ret_raw);
/* As table_seek(), the value with its checksum. */
int tree_seek(struct env *e, enum table t, struct span key, enum table_seek how,
	struct row *ret_raw);

/* The one behind that which the last tree_seek() or this gave, while nothing else was asked of T. */
int tree_next(struct env *e, enum table t, struct row *ret_raw);

uint32_t tree_sum(enum table t, struct span key, struct span value);
/* ERR_CORRUPT, and the value all the same. */
int tree_unwrap(enum table t, struct span key, struct span raw, struct span *ret_value);

#endif
