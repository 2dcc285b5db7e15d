/* SPDX-License-Identifier: Apache-2.0 */
/* Table: rows as the open transaction has them, private to store/.
 *
 * What is written lies in memory and is read from there first; what is not there is read from LMDB:
 *
 *   active     what was written since the last freeze
 *   previous   frozen: on its way into LMDB, or there; then it only saves reading from there
 *   tree       LMDB, as of the last commit (tree.h)
 *
 * A row of the tree that fails its checksum gives ERR_CORRUPT and nothing else happens: one bad row
 * sets one key aside. An error of LMDB itself, or no memory, fails the transaction: it is kept in
 * `failed`, and every later call returns it and does nothing. */
#ifndef KITH_STORE_TABLE_H
#define KITH_STORE_TABLE_H
#include <lmdb.h>
#include "base/event.h"
#include "store/env.h"
#include "store/lane.h"
#include "store/memtable.h"

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
	TABLE_MESSAGES,
	TABLE_HELD,
	TABLE_FOLLOW_UPS,
	TABLE_LETTERS,
	TABLE_HEALTH,
	TABLE_MEMBERS,
	TABLE_TRAILS0,
	TABLE_TRAILS1,
	TABLE_BLOCKS0,
	TABLE_BLOCKS1,
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
	bool dirty;      /* newer than the row */
	uint8_t n_lanes;
	uint64_t highest;
	uint8_t name[EVENT_SOURCE_MAX];
	struct lane lanes[LANES_MAX]; /* all have their memory, those that are not made yet too */
};
#define SOURCES_CACHED 2048 /* 1 KB each, and for each lane that is used BLOCK_ROOM */

/* How many pages fresh rows have come to lie in: next to each other, or each in another one. */
struct spread {
	uint32_t rows, pages;
};

/* What was found under the key that was looked for last: who writes a row has mostly just read it, and
 * need not look for it again. Forgotten when rows go (table_del), or other rows lie below (a freeze,
 * a commit). */
struct asked {
	uint16_t size;      /* of the key; 0: nothing */
	bool below;         /* a row, sound or damaged, lies below the active memtable; only without ROW */
	uint32_t hash;
	struct memrow *row; /* the active memtable's; NULL: it has none */
	uint8_t key[TABLE_KEY_MAX];
};

/* The oldest notification of the outbox; see outbox.c. */
struct outbox_head {
	uint64_t sequence; /* 0: nothing is known */
	bool missing;      /* there is no such row */
	int64_t taken_ms;
	uint64_t bytes;
};

struct env {
	MDB_env *lmdb;
	MDB_dbi dbi[TABLES];
	bool read_only;
	bool dead;    /* a commit's result is unknown: `failed` stays */
	int failed;   /* the transaction's first error */
	unsigned page_bytes;
	uint64_t map_bytes;
	uint8_t store_id[16];
	unsigned shard, shards;
	uint64_t file_device, file_inode; /* of data.mdb, as it was opened first */
	struct env_meta meta;
	struct env_meta frozen_meta; /* as of `previous`, while it is frozen */
	struct env_meta committed;
	uint64_t frozen_pages;       /* an estimate, while it is frozen */
	uint64_t reserved_pages;     /* the flush's own: the most it has had room for */
	atomic_int haste;            /* of the flush: enum haste */
	bool frozen;                 /* `previous` is not in LMDB yet */
	struct memtable *active, *previous;
	struct memtable memtables[2];
	struct mem_spares spares;
	struct spread spread[TABLES], flushed[TABLES]; /* of the last flush; of the one under way */
	uint64_t rows[TABLES];       /* as the transaction has them */
	/* the tree's */
	MDB_txn *read;
	MDB_cursor *cursor[TABLES];
	bool reading;                /* `read` stands at the last commit; else it is reset */
	uint64_t tree_rows[TABLES], tree_leaves[TABLES], table_pages[TABLES], tree_pages;
	struct asked asked[TABLES];
	struct buf scratch;     /* a value of several parts */
	struct source *sources; /* SOURCES_CACHED slots */
	struct source *recent;  /* one of them */
	struct outbox_head outbox_head;
	size_t due_floor_size;  /* of a deadline's key before which there is none; deadlines.c */
	uint8_t due_floor[8 + EVENT_CUSTOMER_MAX + 1];
	size_t due_put_size;    /* the earliest one put since the last env_deadlines_due(); 0: none */
	uint8_t due_put[8 + EVENT_CUSTOMER_MAX];
};

const char *table_name(enum table t);
/* Returns the transaction's first error; count rows as the tree has them when nothing is
 * written. */
int table_begin(struct env *e);
/* Keep RC as that first error, when it is one and there is none. Returns RC. */
int table_fail(struct env *e, int rc);
/* Drop what is written and not in LMDB, forget the error, unless the environment is dead. */
void table_abort(struct env *e);

int table_get(struct env *e, enum table t, struct span key, struct span *ret_value);
static inline void table_forget_asked(struct env *e)
{
	for (unsigned t = 0; t < TABLES; t++)
		e->asked[t].size = 0;
}

/* TABLE_FRESH: the caller knows that there is none, nor has been one that was deleted. TABLE_OVER:
 * it knows that there is one. */
enum table_put { TABLE_REPLACE, TABLE_NEW /* else ERR_EXISTS */, TABLE_APPEND, TABLE_FRESH,
	TABLE_OVER };
/* Put the N parts as one value. Neither key nor parts need to outlive the call, and both may
 * point into the transaction. TABLE_APPEND: a key not above the last one is ERR_CORRUPT. */
int table_put(struct env *e, enum table t, struct span key, const struct span *parts, unsigned n,
	enum table_put how);
int table_del(struct env *e, enum table t, struct span key);
/* The caller knows that there is a row of KEY, and none with a lower one. Costs next to nothing. */
int table_del_first(struct env *e, enum table t, struct span key);
/* The rows of KEYS are about to be asked for: let what memory has of them be near by then. All at
 * once, so that one waits for memory while the others do. */
#define TABLE_AHEAD_MAX CUSTOMERS_AHEAD_MAX
void table_ahead(struct env *e, enum table t, const struct span *keys, unsigned n);
/* One STEP of that for one row. Each looks at what the one before has brought: other work belongs
 * between them. */
void table_step_ahead(struct env *e, enum table t, struct span key, enum memtable_step step);
int table_empty(struct env *e, enum table t);
uint64_t table_rows(struct env *e, enum table t);

/* The first row with a key >= KEY, > KEY, or the last with one < KEY (size 0: the first or the
 * last of all; with SEEK_AFTER too). ERR_CORRUPT fills the row as well: its key can be
 * stepped over. */
enum table_seek { SEEK_FROM, SEEK_AFTER, SEEK_BEFORE };
int table_seek(struct env *e, enum table t, struct span key, enum table_seek how,
	struct row *ret_row);
/* The keys of the first rows from KEY on, at most MAX, sound or damaged; valid until something is
 * written. Cheaper than a seek for each. */
int table_keys(struct env *e, enum table t, struct span from, struct span *keys, unsigned max,
	unsigned *ret_n);
/* The pages that a flush of what is written would make dirty; an estimate. */
uint64_t table_pages_dirty(const struct env *e);
/* Bytes of memory in which the active rows lie. */
uint64_t table_bytes(const struct env *e);

/* Parts of env.c that live elsewhere. */
int meta_store(struct env *e);                 /* when it has changed since the commit */
int meta_load(struct env *e, struct complaint *c);
#define META_BYTES 136
void meta_pack(const struct env *e, uint8_t out[META_BYTES]);
/* Fills RET_E's store_id, shard, shards and meta; ERR_VERSION or ERR_CORRUPT. */
int meta_unpack(struct span value, struct env *ret_e);
int sources_flush(struct env *e);              /* write what is dirty */
void sources_drop(struct env *e);              /* forget everything, give back memory */
void deadlines_drop(struct env *e);            /* what was noted of the earliest one */
int sources_rotate(struct env *e);             /* the open blocks end with their generation */
void outbox_drop(struct env *e);               /* what was noted of the oldest one */
int source_find(struct env *e, struct span name, struct source **ret_source);
#define SOURCE_BYTES     12 /* without lanes */
#define SOURCE_BYTES_MAX (SOURCE_BYTES + LANES_MAX * LANE_BYTES_MAX)
size_t source_pack(const struct source *s, uint8_t out[SOURCE_BYTES_MAX]);
/* All but the name. */
int source_unpack(struct span value, struct source *ret);
#define HISTORY_BYTES_MAX 40
size_t history_pack(const struct history_entry *h, uint8_t out[HISTORY_BYTES_MAX]);
/* Take the first entry off REST; ERR_CORRUPT when it is none. */
int history_next(struct span *rest, struct history_entry *ret_h);
int history_count(struct span value, uint64_t *ret_n);

#endif
