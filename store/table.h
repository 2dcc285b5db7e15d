/* SPDX-License-Identifier: Apache-2.0 */
/* Table: the thin layer over LMDB, private to store/: rows with checksums, and a transaction
 * that remembers its first error.
 *
 * A row's value ends in four bytes of checksum, over table, key and value, so that a value under
 * a wrong key is noticed too. A row that fails it gives ERR_CORRUPT and nothing else happens: one
 * bad row sets one key aside. An error of LMDB itself fails the transaction: it is kept in
 * `failed`, and every later call returns it and does nothing.
 *
 * Each table has one cursor, made on first use and gone with the transaction. Every call places
 * it anew, but LMDB looks into the cursor's current page first, which spares runs of neighbouring
 * keys (ids of one till, the outbox) the way down the tree. */
#ifndef KITH_STORE_TABLE_H
#define KITH_STORE_TABLE_H
#include <lmdb.h>
#include "base/event.h"
#include "store/env.h"

/* In the order of env_dump(). The numbers seed the checksums, so they are on disk. */
enum table {
	TABLE_META,
	TABLE_SETTINGS,
	TABLE_NAMES,
	TABLE_LIFECYCLES,
	TABLE_SOURCES,
	TABLE_CUSTOMERS,
	TABLE_DEADLINES,
	TABLE_GUARD0,
	TABLE_GUARD1,
	TABLE_OUTBOX,
	TABLE_HISTORY,
	TABLE_SUBSCRIPTIONS,
	TABLES
};

#define TABLE_KEY_MAX   511        /* LMDB's */
#define TABLE_VALUE_MAX (1u << 20) /* bytes; what is longer is a mistake of the caller */

struct row {
	struct span key, value; /* the value without its checksum */
};

/* A source as it stands in the open transaction; see sources.c. */
struct source {
	uint32_t number; /* from 1; 0: the slot is free */
	uint8_t size;
	bool dirty;      /* `highest` is newer than the row */
	uint64_t highest;
	uint8_t name[EVENT_SOURCE_MAX];
};
#define SOURCES_CACHED 2048

/* Counts the pages that a transaction has written, near enough. LMDB keeps each dirty page in
 * memory of its own and says where a value went, so the distinct page-sized frames of memory
 * that were written are about as many as the dirty leaves. */
#define PAGES_BITS (1u << 20)
struct pages {
	uint64_t *bits;
	uint64_t frames;
	unsigned shift; /* log2 of the page size */
};

struct env {
	MDB_env *lmdb;
	MDB_txn *txn; /* NULL until the first call after opening or a commit */
	MDB_cursor *cursor[TABLES];
	MDB_dbi dbi[TABLES];
	bool read_only;
	bool dead;    /* a commit's result is unknown: `failed` stays */
	int failed;   /* the transaction's first error */
	unsigned page_bytes;
	uint64_t map_bytes;
	uint8_t store_id[16];
	unsigned shard, shards;
	struct env_meta meta, committed;
	struct pages dirty;
	struct buf scratch; /* where a value gets its checksum */
	struct source *sources; /* SOURCES_CACHED slots */
};

const char *table_name(enum table t);
/* The only function that knows LMDB's error numbers. */
int err_from_lmdb(int rc);

/* Begin the transaction when there is none; returns its first error. */
int table_begin(struct env *e);
/* Drop the transaction, forget its error, unless the environment is dead. */
void table_abort(struct env *e);
/* LMDB's number; 0 when there was nothing to commit. The transaction is gone either way. */
int table_commit(struct env *e);
/* Open all tables in the open transaction, making them when CREATE. LMDB's number. */
int table_open_all(struct env *e, bool create);

int table_get(struct env *e, enum table t, struct span key, struct span *ret_value);

enum table_put { TABLE_REPLACE, TABLE_NEW /* else ERR_EXISTS */, TABLE_APPEND };
/* Put the N parts as one value. Neither key nor parts need to outlive the call, and both may
 * point into the transaction. TABLE_APPEND: a key not above the last one is ERR_CORRUPT. */
int table_put(struct env *e, enum table t, struct span key, const struct span *parts, unsigned n,
	enum table_put how);
int table_del(struct env *e, enum table t, struct span key);
int table_empty(struct env *e, enum table t);
uint64_t table_rows(struct env *e, enum table t);

/* The first row with a key >= KEY, > KEY, or the last with one < KEY (size 0: the first or the
 * last of all; with SEEK_AFTER too). ERR_CORRUPT fills the row as well: its key can be
 * stepped over. */
enum table_seek { SEEK_FROM, SEEK_AFTER, SEEK_BEFORE };
int table_seek(struct env *e, enum table t, struct span key, enum table_seek how,
	struct row *ret_row);
/* The row after the last one sought, for walks that write nothing in between. RET_ROW holds the
 * value with its checksum, unchecked, when RAW. */
int table_first(struct env *e, enum table t, bool raw, struct row *ret_row);
int table_next(struct env *e, enum table t, bool raw, struct row *ret_row);

/* Pages, of the size LMDB uses: of one table, or of all with LMDB's own. */
uint64_t table_pages_all(struct env *e);
uint64_t table_pages_dirty(const struct env *e);

/* Parts of env.c that live elsewhere. */
int meta_store(struct env *e);                 /* when it has changed since the commit */
int meta_load(struct env *e, struct complaint *c);
#define META_BYTES 120
void meta_pack(const struct env *e, uint8_t out[META_BYTES]);
/* Fills RET_E's store_id, shard, shards and meta; ERR_VERSION or ERR_CORRUPT. */
int meta_unpack(struct span value, struct env *ret_e);
int sources_flush(struct env *e);              /* write what is dirty */
void sources_drop(struct env *e);              /* forget everything */
int source_find(struct env *e, struct span name, struct source **ret_source);
int source_unpack(struct span value, uint32_t *ret_number, uint64_t *ret_highest);
#define HISTORY_BYTES_MAX 32
size_t history_pack(const struct history_entry *h, uint8_t out[HISTORY_BYTES_MAX]);
int history_unpack(struct span value, struct history_entry *ret_h);
/* Split a history key; ERR_CORRUPT when it is none. */
int history_key_split(struct span key, struct span *ret_customer, uint64_t *ret_number);

#endif
