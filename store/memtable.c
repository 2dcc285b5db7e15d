/* SPDX-License-Identifier: Apache-2.0 */
/* Memtable: the arena, the hash tables, and writing rows. */
#include <assert.h>
#include <stdlib.h>
#include "base/ahead.h"
#include "base/hash.h"
#include "store/memtable.h"

#define CHUNK_SHIFT 18
#define FIRST_SLOTS 64u
#define MEM_AHEAD_BYTES 1024 /* of a value; longer ones come by themselves once they are begun */

void memtable_init(struct memtable *m, struct mem_spares *spares)
{
	memset(m, 0, sizeof *m);
	m->spares = spares;
	m->fill = 8; /* place 0 is no place */
}

static void free_chunks(struct memtable *m, unsigned keep)
{
	while (m->n_chunks > keep)
		free(m->chunks[--m->n_chunks]);
}

static void free_slots(struct memtable *m)
{
	for (unsigned t = 0; t < MEM_TABLES_MAX; t++) {
		free(m->tables[t].slots);
		free(m->tables[t].list);
		m->tables[t] = (struct memrows){ 0 };
	}
	m->slot_bytes = 0;
}

void memtable_fini(struct memtable *m)
{
	free_chunks(m, 0);
	free(m->chunks);
	free_slots(m);
	memtable_init(m, m->spares);
}

/* Slots stay as many as they were: the next transaction is likely to be like this one. Those that
 * were hardly used are given back. */
static void reset_rows(struct memtable *m, struct memrows *rows)
{
	struct memslot *slots = rows->slots;
	mem_at *list = rows->list;
	uint32_t mask = rows->mask, used = rows->used, seen = rows->seen;
	bool raw = rows->raw;

	*rows = (struct memrows){ 0 };
	if (slots && used < mask / 8 && mask >= FIRST_SLOTS) {
		free(slots);
		free(list);
		m->slot_bytes -= ((uint64_t)mask + 1) * (sizeof *slots + sizeof *list);
		return;
	}
	rows->slots = slots;
	rows->list = list;
	rows->mask = mask;
	rows->raw = raw;
	if (slots && seen)
		memset(slots, 0, ((size_t)mask + 1) * sizeof *slots);
}

void memtable_reset(struct memtable *m)
{
	for (unsigned t = 0; t < MEM_TABLES_MAX; t++)
		reset_rows(m, &m->tables[t]);
	memset(m->rooms, 0, sizeof m->rooms);
	m->chunk = 0;
	m->fill = 8;
}

bool memtable_relax(struct memtable *m)
{
	unsigned used = m->n_chunks ? m->chunk + 1 : 0, chunks = m->n_chunks;

	free_chunks(m, used > MEM_CHUNKS_KEPT ? used : MEM_CHUNKS_KEPT);
	if (m->n_chunks == chunks)
		return false;
	if (memtable_is_empty(m))
		free_slots(m);
	return true;
}

bool memtable_is_empty(const struct memtable *m)
{
	for (unsigned t = 0; t < MEM_TABLES_MAX; t++)
		if (m->tables[t].used || m->tables[t].emptied || m->tables[t].cut_size)
			return false;
	return true;
}

uint64_t memtable_bytes(const struct memtable *m)
{
	if (m->chunk == 0 && m->fill == 8)
		return 0;
	return (uint64_t)m->chunk * MEM_CHUNK_BYTES + m->fill + m->slot_bytes;
}

/* Note "small pages". Large ones save a walk to who goes to rows in any order, which could not be measured
 * any more; but where nobody has been yet each is a stall of 0.1 to 8 ms, the more where the host of a
 * virtual machine has given it to somebody else meanwhile, and costs up to six times the processor
 * time of the small ones that would have done (docs/PERFORMANCE.md, "Deadlines"). */
static uint8_t *chunk_make(void)
{
	return aligned_alloc(64, MEM_CHUNK_BYTES);
}

static uint8_t *spare_take(struct mem_spares *s)
{
	uint8_t *chunk = NULL;

	for (unsigned i = 0; s && !chunk && i < MEM_SPARES; i++)
		chunk = atomic_exchange(&s->chunk[i], NULL);
	return chunk;
}

/* A write to each page has all of it there. Not MADV_POPULATE_WRITE: that holds the lock of the
 * process's memory while it clears pages, and whoever asks for memory in another thread waits for
 * it. */
static void chunk_touch(uint8_t *chunk)
{
	for (size_t at = 0; at < MEM_CHUNK_BYTES; at += 4096)
		((volatile uint8_t *)chunk)[at] = 0;
}

void mem_spares_fill(struct mem_spares *s)
{
	for (unsigned i = 0; i < MEM_SPARES; i++) {
		uint8_t *chunk;

		if (atomic_load(&s->chunk[i]) || !(chunk = chunk_make()))
			continue;
		chunk_touch(chunk);
		atomic_store(&s->chunk[i], chunk); /* only one thread fills */
	}
}

void mem_spares_fini(struct mem_spares *s)
{
	for (unsigned i = 0; i < MEM_SPARES; i++)
		free(atomic_exchange(&s->chunk[i], NULL));
}

/* A small store never comes so far, and has none. */
bool memtable_wants_spares(const struct memtable *m)
{
	bool missing = false;

	if (!m->spares || m->chunk + 1 < m->n_chunks || (m->chunk == 0 && m->fill < MEM_CHUNK_BYTES / 2))
		return false;
	for (unsigned i = 0; i < MEM_SPARES; i++)
		missing = missing || !atomic_load_explicit(&m->spares->chunk[i], memory_order_relaxed);
	return missing;
}

static bool next_chunk(struct memtable *m)
{
	unsigned next = m->n_chunks ? m->chunk + 1 : 0;

	if (next == MEM_CHUNKS_MAX)
		return false;
	if (!m->chunks && !(m->chunks = malloc(MEM_CHUNKS_MAX * sizeof *m->chunks)))
		return false;
	if (next == m->n_chunks) {
		m->chunks[next] = next ? spare_take(m->spares) : NULL;
		if (!m->chunks[next])
			m->chunks[next] = chunk_make();
		if (!m->chunks[next])
			return false;
		m->n_chunks++;
	}
	m->chunk = next;
	m->fill = next == 0 ? 8 : 0;
	return true;
}

mem_at memtable_alloc_at(struct memtable *m, size_t size, size_t align)
{
	uint32_t from = (m->fill + (uint32_t)align - 1) & ~((uint32_t)align - 1);

	size = (size + 7) & ~(size_t)7;
	assert(size <= MEM_CHUNK_BYTES - 64);
	if (m->n_chunks == 0 || from + size > MEM_CHUNK_BYTES) {
		if (!next_chunk(m))
			return 0;
		from = (m->fill + (uint32_t)align - 1) & ~((uint32_t)align - 1);
	}
	m->fill = from + (uint32_t)size;
	return m->chunk << CHUNK_SHIFT | from / 8;
}

mem_at memtable_alloc(struct memtable *m, size_t size)
{
	return memtable_alloc_at(m, size, 8);
}

uint32_t memtable_hash(unsigned table, struct span key)
{
	return (uint32_t)hash_64(key.data, key.size, table);
}

int key_order(struct span a, struct span b)
{
	size_t shorter = a.size < b.size ? a.size : b.size;
	int order = shorter ? memcmp(a.data, b.data, shorter) : 0;

	return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static void slot_take(struct memslot *slots, uint32_t mask, struct memslot s)
{
	uint32_t i = s.hash & mask;

	while (slots[i].row)
		i = (i + 1) & mask;
	slots[i] = s;
}

static void slots_clear(struct memrows *rows)
{
	if (rows->raw)
		memset(rows->slots, 0, ((size_t)rows->mask + 1) * sizeof *rows->slots);
	rows->raw = false;
}

static void slots_give(struct memtable *m, unsigned table)
{
	struct memrows *rows = &m->tables[table];

	slots_clear(rows);
	for (; rows->seen < rows->used; rows->seen++) {
		const struct memrow *r = mem_ptr(m, rows->list[rows->seen]);

		slot_take(rows->slots, rows->mask,
			(struct memslot){ memtable_hash(table, memrow_key(r)), r->at });
	}
}

/* Of rows that rise. Whoever asks mostly does so of one that is below them all. */
static struct memrow *appended_find(const struct memtable *m, const struct memrows *rows,
	struct span key)
{
	uint32_t low = 0, high = rows->used;

	while (low < high) {
		uint32_t at = low == 0 && high == rows->used ? 0 : low + (high - low) / 2;
		struct memrow *r = mem_ptr(m, rows->list[at]);
		int order = key_order(key, memrow_key(r));

		if (order == 0)
			return r;
		if (order < 0)
			high = at;
		else
			low = at + 1;
	}
	return NULL;
}

struct memrow *memtable_find(struct memtable *m, unsigned table, struct span key, uint32_t hash)
{
	const struct memrows *rows = &m->tables[table];

	if (rows->used == 0)
		return NULL;
	if (rows->seen == 0 && rows->appended == rows->used)
		return appended_find(m, rows, key);
	if (rows->seen < rows->used)
		slots_give(m, table);
	for (uint32_t i = hash & rows->mask; rows->slots[i].row; i = (i + 1) & rows->mask) {
		struct memrow *r;

		if (rows->slots[i].hash != hash)
			continue;
		r = mem_ptr(m, rows->slots[i].row);
		if (r->key_size == key.size && memcmp(r->key, key.data, key.size) == 0)
			return r;
	}
	return NULL;
}

bool memtable_ahead(const struct memtable *m, unsigned table, uint32_t hash, enum memtable_step step)
{
	const struct memrows *rows = &m->tables[table];
	const struct memslot *slot;
	const struct memrow *r;
	const char *value;

	if (rows->seen == 0)
		return false;
	slot = &rows->slots[hash & rows->mask];
	if (step == MEM_SLOT) {
		ahead(slot);
		return false;
	}
	for (unsigned i = 0; i < 4 && slot->row && slot->hash != hash; i++)
		slot = &rows->slots[(hash + i + 1) & rows->mask];
	if (!slot->row || slot->hash != hash)
		return false;
	r = mem_ptr(m, slot->row);
	if (step == MEM_ROW) {
		ahead(r);
	} else if (r->value) {
		value = mem_ptr(m, r->value);
		for (unsigned at = 0; at < r->value_size && at < MEM_AHEAD_BYTES; at += 64)
			ahead(value + at);
	}
	return true;
}

/* Memory that lies ready, where it is as much as that; else what the kernel gives is clear, and costs
 * when it is gone to. RAW: they are not cleared, nor touched, and as few may be all that are needed of
 * them: a table that is only appended to gives none. */
static struct memslot *slots_make(struct memtable *m, uint32_t n, bool *raw)
{
	size_t size = (size_t)n * sizeof(struct memslot);
	struct memslot *slots = NULL;

	if (size < MEM_CHUNK_BYTES)
		*raw = false;
	if (*raw)
		return malloc(size);
	if (size == MEM_CHUNK_BYTES)
		slots = (struct memslot *)spare_take(m->spares);
	if (!slots)
		return calloc(n, sizeof *slots);
	memset(slots, 0, size);
	return slots;
}

/* A MiB is not cleared for half of the rows: two of them lie ready. */
static uint32_t slots_next(const struct memrows *rows)
{
	uint32_t n = rows->slots ? (rows->mask + 1) * 2 : FIRST_SLOTS;

	return n == MEM_CHUNK_BYTES / sizeof *rows->slots / 2 ? n * 2 : n;
}

/* At most two in three slots are taken, those counted that are still to be given. */
static bool slots_room(struct memtable *m, struct memrows *rows)
{
	uint32_t n = slots_next(rows), had = rows->slots ? rows->mask + 1 : 0;
	bool raw = rows->seen == 0;
	struct memslot *grown;
	mem_at *list;

	if (rows->slots && (uint64_t)rows->used * 3 < (uint64_t)rows->mask * 2)
		return true;
	grown = n ? slots_make(m, n, &raw) : NULL;
	if (!grown)
		return false;
	list = realloc(rows->list, (size_t)n * sizeof *list);
	if (!list) {
		free(grown);
		return false;
	}
	for (uint32_t i = 0; rows->seen && i <= rows->mask; i++)
		if (rows->slots[i].row)
			slot_take(grown, n - 1, rows->slots[i]);
	m->slot_bytes += (uint64_t)(n - had) * (sizeof *grown + sizeof *list);
	free(rows->slots);
	rows->slots = grown;
	rows->raw = raw;
	rows->list = list;
	rows->mask = n - 1;
	return true;
}

static struct memrow *row_new(struct memtable *m, struct memrows *rows, struct span key)
{
	struct memrow *r;
	mem_at at;

	if (!slots_room(m, rows))
		return NULL;
	at = memtable_alloc(m, sizeof *r + key.size);
	if (!at)
		return NULL;
	r = mem_ptr(m, at);
	*r = (struct memrow){ .at = at, .key_size = (uint16_t)key.size, .gone = true };
	memcpy(r->key, key.data, key.size);
	rows->list[rows->used++] = at;
	return r;
}

static struct memrow *row_with_slot(struct memtable *m, unsigned table, struct span key,
	uint32_t hash)
{
	struct memrows *rows = &m->tables[table];
	struct memrow *r;

	if (rows->seen < rows->used)
		slots_give(m, table);
	r = row_new(m, rows, key);
	if (r) {
		slots_clear(rows);
		slot_take(rows->slots, rows->mask, (struct memslot){ hash, r->at });
		rows->seen++;
	}
	return r;
}

int memtable_make(struct memtable *m, unsigned table, struct span key, uint32_t hash,
	struct span value, bool fresh, struct memrow **ret_row)
{
	struct memrow *r = row_with_slot(m, table, key, hash);

	if (!r)
		return ERR_NOMEM;
	r->fresh = fresh;
	m->tables[table].fresh += fresh;
	*ret_row = r;
	return memtable_write(m, table, r, hash, value);
}

int memtable_put(struct memtable *m, unsigned table, struct span key, uint32_t hash,
	struct span value, bool fresh, struct memrow **ret_row)
{
	struct memrow *r = memtable_find(m, table, key, hash);

	if (!r)
		return memtable_make(m, table, key, hash, value, fresh, ret_row);
	*ret_row = r;
	return memtable_write(m, table, r, hash, value);
}

int memtable_add(struct memtable *m, unsigned table, struct span key, struct span value,
	struct memrow **ret_row)
{
	struct memrows *rows = &m->tables[table];
	struct memrow *r;

	if (rows->order) /* where its hash is asked for anyway */
		return memtable_put(m, table, key, memtable_hash(table, key), value, true, ret_row);
	r = row_new(m, rows, key);
	if (!r)
		return ERR_NOMEM;
	r->fresh = true;
	rows->fresh++;
	*ret_row = r;
	return memtable_write(m, table, r, 0, value);
}

int memtable_append(struct memtable *m, unsigned table, struct span key, struct span value,
	struct memrow **ret_row)
{
	struct memrows *rows = &m->tables[table];
	struct memrow *r = row_new(m, rows, key);

	if (!r)
		return ERR_NOMEM;
	r->value = memtable_alloc(m, value.size);
	if (!r->value)
		return ERR_NOMEM;
	r->value_room = (uint32_t)value.size;
	r->fresh = true;
	rows->fresh++;
	rows->appended++;
	rows->last_appended = r->at;
	*ret_row = r;
	return memtable_write(m, table, r, rows->order ? memtable_hash(table, key) : 0, value);
}

int memtable_write(struct memtable *m, unsigned table, struct memrow *r, uint32_t hash,
	struct span value)
{
	struct memrows *rows = &m->tables[table];
	struct mem_left left = { 0 };

	if (value.size > r->value_room && memtable_room(m, r, value.size, &left) != OK)
		return ERR_NOMEM;
	if (memtable_order_add(m, table, r, hash) != OK)
		return ERR_NOMEM;
	if (r->fresh)
		rows->fresh_bytes += value.size + (r->gone ? r->key_size : 0) -
			(r->gone ? 0 : r->value_size);
	if (value.size)
		memmove(mem_ptr(m, r->value), value.data, value.size);
	if (left.at) /* VALUE may have stood there */
		memtable_room_back(m, left);
	r->value_size = (uint32_t)value.size;
	r->gone = false;
	return OK;
}

int memtable_del(struct memtable *m, unsigned table, struct span key, uint32_t hash)
{
	struct memrows *rows = &m->tables[table];
	struct memrow *r = memtable_find(m, table, key, hash);

	if (!r) {
		r = row_with_slot(m, table, key, hash);
		if (!r || memtable_order_add(m, table, r, hash) != OK)
			return ERR_NOMEM;
	}
	if (r->fresh) {
		memtable_order_del(m, table, r);
		if (!r->gone)
			rows->fresh_bytes -= r->key_size + r->value_size;
	}
	r->gone = true;
	return OK;
}

/* The least key above KEY is KEY and a zero byte. It is written in one place, which has room for
 * any. */
int memtable_cut_off(struct memtable *m, unsigned table, struct span key)
{
	struct memrows *rows = &m->tables[table];
	uint8_t *cut;

	if (!rows->cut)
		rows->cut = memtable_alloc(m, MEM_KEY_MAX + 1);
	if (!rows->cut)
		return ERR_NOMEM;
	rows->n_cut++;
	if (key_order(key, memtable_cut(m, table)) < 0)
		return OK;
	assert(key.size <= MEM_KEY_MAX);
	cut = mem_ptr(m, rows->cut);
	memcpy(cut, key.data, key.size);
	cut[key.size] = 0;
	rows->cut_size = (uint16_t)(key.size + 1);
	return OK;
}

bool memtable_hides(const struct memtable *m, unsigned table, struct span key)
{
	return m->tables[table].emptied || (m->tables[table].cut_size &&
		key_order(key, memtable_cut(m, table)) < 0);
}

void memtable_empty(struct memtable *m, unsigned table)
{
	struct memrows *rows = &m->tables[table];

	if (rows->slots)
		memset(rows->slots, 0, ((size_t)rows->mask + 1) * sizeof *rows->slots);
	rows->used = rows->seen = 0;
	rows->order = 0;
	rows->last_appended = 0;
	rows->appended = 0;
	rows->fresh = 0;
	rows->fresh_bytes = 0;
	rows->cut = rows->cut_size = 0;
	rows->n_cut = 0;
	rows->emptied = true;
}
