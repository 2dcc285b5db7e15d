/* SPDX-License-Identifier: Apache-2.0 */
/* Memtable: rows in memory, as one transaction leaves them, before they are written to LMDB's tree.
 * Private to store/.
 *
 * One generation of rows of all tables: found by hash, and walked in key order where somebody asks
 * for it. A row says what the tree is to hold: a value, or that there is none ("gone"). What a
 * memtable does not have it says nothing about, unless the table was emptied in it, or cut off up to
 * a key: then all below is hidden, or what of it has a lower key. Rows live in an arena and never
 * move, so a span into one holds until that row is written again or the memtable is reset. Rows
 * that are known to be new are given their slots only when somebody looks one up, which may be
 * never: a slot is a place in memory that nobody has been to lately, and costs more than all the
 * rest of a row.
 *
 * One thread writes. A memtable that nobody writes any more ("frozen") may be read by two: the
 * flush reads keys, values and `gone` along the list of rows; the other one may meanwhile have an
 * order made or slots given, which touches nothing that the flush reads. No randomness, no clock.
 * After ERR_NOMEM only a reset helps. */
#ifndef KITH_STORE_MEMTABLE_H
#define KITH_STORE_MEMTABLE_H
#include <stdatomic.h>
#include "base/bytes.h"
#include "base/err.h"

#define MEM_TABLES_MAX   24
#define MEM_CHUNK_BYTES  (2u << 20) /* holds the longest value */
#define MEM_CHUNKS_MAX   (1u << 14) /* 32 GiB */
#define MEM_CHUNKS_KEPT  1          /* by memtable_relax() */
#define MEM_SPARES       4
#define MEM_HEIGHT_MAX   12
#define MEM_KEY_MAX      511
#define MEM_ROOM_SIZES   65 /* in 64 bytes; what is larger is not used again */

/* Places in the arena are counted in 8 bytes: chunk in the high 14 bits. 0 is no place. */
typedef uint32_t mem_at;

struct memrow {
	mem_at at;        /* its own place */
	mem_at value;
	uint32_t value_size, value_room;
	mem_at links;     /* mem_at next[height]; 0: has never been in the order */
	uint16_t key_size;
	uint8_t height;
	bool gone;        /* there is no such row */
	bool fresh;       /* nor is there one in what lies below */
	bool listed;      /* in the order; all but those that are fresh and gone */
	uint8_t key[];
};

struct memslot {
	uint32_t hash;
	mem_at row;
};

struct memrows {
	struct memslot *slots;
	uint32_t mask;        /* of the slots, a power of two; 0: there are none */
	uint32_t used;        /* rows */
	mem_at *list;         /* rows as they were made; room for mask + 1 */
	uint32_t seen;        /* so many of the first have a slot */
	bool raw;             /* the slots are not cleared yet: nobody has one */
	mem_at order;         /* mem_at first[MEM_HEIGHT_MAX]; 0: nobody has asked for an order */
	mem_at last_appended; /* row */
	uint32_t appended;    /* rows that were: when all are, they rise as they were made */
	bool emptied;
	mem_at cut;           /* up to this key, and without it, all that lies below is hidden */
	uint16_t cut_size;    /* 0: nothing is */
	uint32_t n_cut;       /* rows that are */
	uint32_t fresh;       /* rows that are */
	uint64_t fresh_bytes; /* of their keys and values */
};

/* Chunks that lie ready. Memory that nobody has touched yet costs whoever touches it first: some
 * 0.8 ms a chunk, and more in a virtual machine whose host has to find it, too. Another thread
 * may do that (mem_spares_fill()) while the one that writes goes on, and takes what is there. */
struct mem_spares {
	_Atomic(uint8_t *) chunk[MEM_SPARES];
};
void mem_spares_fill(struct mem_spares *s); /* without memory it leaves gaps */
void mem_spares_fini(struct mem_spares *s);

struct memtable {
	struct mem_spares *spares; /* the environment's; NULL: none */
	uint8_t **chunks;
	unsigned n_chunks;    /* allocated */
	unsigned chunk;       /* being filled */
	uint32_t fill;        /* bytes of it */
	uint64_t slot_bytes;
	mem_at rooms[MEM_ROOM_SIZES]; /* that values have grown out of, by size: memtable_room.c */
	struct memrows tables[MEM_TABLES_MAX];
};

void memtable_init(struct memtable *m, struct mem_spares *spares);
void memtable_fini(struct memtable *m);
void memtable_reset(struct memtable *m); /* no rows; keeps its memory for the next */
/* Give back most of what it does not use; whether there was anything. */
bool memtable_relax(struct memtable *m);
/* It will need a chunk soon, and a spare is missing. */
bool memtable_wants_spares(const struct memtable *m);
bool memtable_is_empty(const struct memtable *m);
uint64_t memtable_bytes(const struct memtable *m); /* of memory in use */

static inline void *mem_ptr(const struct memtable *m, mem_at at)
{
	return m->chunks[at >> 18] + (size_t)(at & ((1u << 18) - 1)) * 8;
}
static inline struct span memrow_key(const struct memrow *r)
{
	return span_of(r->key, r->key_size);
}
static inline struct span memrow_value(const struct memtable *m, const struct memrow *r)
{
	return span_of(r->value ? mem_ptr(m, r->value) : NULL, r->value_size);
}

static inline struct span memtable_cut(const struct memtable *m, unsigned table)
{
	const struct memrows *rows = &m->tables[table];

	return span_of(rows->cut_size ? mem_ptr(m, rows->cut) : NULL, rows->cut_size);
}

uint32_t memtable_hash(unsigned table, struct span key);
/* NULL: nothing is said of KEY here. */
struct memrow *memtable_find(struct memtable *m, unsigned table, struct span key,
	uint32_t hash);
/* Make or replace a row. FRESH: what lies below has none; only looked at when the row is new here.
 * VALUE may point into the memtable. ERR_NOMEM. */
int memtable_put(struct memtable *m, unsigned table, struct span key, uint32_t hash,
	struct span value, bool fresh, struct memrow **ret_row);
/* Make a row of KEY, of which nothing is said here, not even that it is gone. */
int memtable_make(struct memtable *m, unsigned table, struct span key, uint32_t hash,
	struct span value, bool fresh, struct memrow **ret_row);
/* Write R, which memtable_find() gave. */
int memtable_write(struct memtable *m, unsigned table, struct memrow *r, uint32_t hash,
	struct span value);
/* Make a row of which nothing is said here, nor in what lies below. */
int memtable_add(struct memtable *m, unsigned table, struct span key, struct span value,
	struct memrow **ret_row);
/* The same of one whose key is above those of all rows here. It is not likely to be written again,
 * and gets no room to grow. */
int memtable_append(struct memtable *m, unsigned table, struct span key, struct span value,
	struct memrow **ret_row);
/* From now on there is no such row. */
int memtable_del(struct memtable *m, unsigned table, struct span key, uint32_t hash);
/* No row of TABLE is left, here and below. */
void memtable_empty(struct memtable *m, unsigned table);
/* The row of KEY is gone, below which there is none: from now on nothing is, below, up to it. For
 * those that are taken away in order, as a row that says so of each would cost as much as the row. */
int memtable_cut_off(struct memtable *m, unsigned table, struct span key);
/* Whether what lies below says nothing of KEY any more. */
bool memtable_hides(const struct memtable *m, unsigned table, struct span key);

/* How two keys sort: memcmp, a prefix first. */
int key_order(struct span a, struct span b);

/* memtable_order.c: the first row with a key >= KEY, > KEY, or the last with one < KEY (size 0: the
 * first or the last of all). Rows that are gone come up too, but not those that are fresh as well.
 * *RET_ROW is NULL when there is none. ERR_NOMEM: the order could not be made. */
enum memtable_seek { MEM_FROM, MEM_AFTER, MEM_BEFORE };
int memtable_seek(struct memtable *m, unsigned table, struct span key, enum memtable_seek how,
	struct memrow **ret_row);
/* The one after ROW, which memtable_seek() or this gave; NULL. */
struct memrow *memtable_next(const struct memtable *m, const struct memrow *row);
/* Put ROW into the order, when there is one and it is not there; take it out. */
int memtable_order_add(struct memtable *m, unsigned table, struct memrow *row, uint32_t hash);
void memtable_order_del(struct memtable *m, unsigned table, struct memrow *row);
/* All rows by key, malloc'ed; reads only what a frozen memtable keeps still. */
int memtable_sorted(const struct memtable *m, unsigned table, mem_at **ret_rows, uint32_t *ret_n);

/* Have the slot of HASH, the row behind it, and that row's value brought near the processor, a step
 * at a time. Returns whether there seems to be a row. Nothing is promised, and nothing changes. */
enum memtable_step { MEM_SLOT, MEM_ROW, MEM_VALUE };
bool memtable_ahead(const struct memtable *m, unsigned table, uint32_t hash, enum memtable_step step);

/* ret 0: no memory. */
mem_at memtable_alloc(struct memtable *m, size_t size);
/* The same, beginning at a multiple of ALIGN bytes, a power of two from 8 to 64. */
mem_at memtable_alloc_at(struct memtable *m, size_t size, size_t align);

/* memtable_room.c: room for SIZE bytes of R's value, which has none or too little. What stands there
 * stays where it was: *RET_LEFT, to be given back when it is not needed any more. */
struct mem_left {
	mem_at at; /* 0: nothing */
	uint32_t room;
};
int memtable_room(struct memtable *m, struct memrow *r, size_t size, struct mem_left *ret_left);
void memtable_room_back(struct memtable *m, struct mem_left left);

#endif
