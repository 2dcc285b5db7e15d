/* SPDX-License-Identifier: Apache-2.0 */
/* Block: many ids of events in one row, each with its fingerprint, private to store/.
 *
 * All have one length, L, and they rise. The row's key ends in the first one, so that it is said
 * once:
 *
 *   first id     u8 L, fingerprint (4, LE)
 *   others       u8 shared (< L), what follows of the id (L - shared bytes), fingerprint (4, LE)
 *
 * `shared` is how many bytes the id begins with as the one before it does, all of them: so the byte
 * behind is higher than its. Nothing here allocates or knows where a block lies. */
#ifndef KITH_STORE_BLOCK_H
#define KITH_STORE_BLOCK_H
#include "base/bytes.h"
#include "base/err.h"
#include "base/event.h"

#define BLOCK_FULL   1280 /* bytes; one that is longer is cut … */
#define BLOCK_CUT    960  /* … at most here, so that four of them fill a page */
#define BLOCK_ENTRY_MAX (5 + EVENT_ID_MAX)
#define BLOCK_ROOM   (BLOCK_FULL + BLOCK_ENTRY_MAX)

/* Where an id stands in a block, or would. */
struct block_place {
	bool found;
	uint32_t fingerprint;  /* of the one that was found */
	size_t at;             /* else it goes before the entry here, or to the end … */
	uint8_t shared;        /* … as many of its bytes are those of the one before … */
	uint8_t next, trim;    /* … and that entry then shares NEXT, and loses TRIM of its bytes */
};

/* How many of the first MOST bytes are the same. */
static inline size_t bytes_shared(const uint8_t *a, const uint8_t *b, size_t most)
{
	size_t n = 0;

	for (; n + 8 <= most; n += 8) {
		uint64_t other = get_le64(a + n) ^ get_le64(b + n);

		if (other)
			return n + (unsigned)__builtin_ctzll(other) / 8;
	}
	while (n < most && a[n] == b[n])
		n++;
	return n;
}

/* Copy what differs of an id, which mostly is its last byte. */
static inline void rest_copy(uint8_t *to, const uint8_t *from, size_t size)
{
	to[0] = from[0];
	if (size > 1)
		memcpy(to + 1, from + 1, size - 1);
}

/* Write the first entry, or one behind the last; return how long that is. */
size_t block_begin(uint8_t *out, struct span first, uint32_t fingerprint);
size_t block_append(uint8_t *out, struct span id, size_t shared, uint32_t fingerprint);
/* ID is not below FIRST and as long. ERR_CORRUPT: BLOCK is none. */
int block_find(struct span block, struct span first, struct span id, struct block_place *ret);
/* Put ID where block_find() has not found it; there is room for BLOCK_ENTRY_MAX more. Returns the
 * new size. */
size_t block_insert(uint8_t *block, size_t size, const struct block_place *p, struct span id,
	uint32_t fingerprint);
/* Where the last entry begins that begins at MOST or before, and its id; the block is sound. */
size_t block_cut(struct span block, struct span first, size_t most, uint8_t ret_id[EVENT_ID_MAX]);
/* Whether its ids lie so far apart, behind the first SKIP bytes, as random ones do. It is sound. */
bool block_is_scattered(struct span block, size_t length, size_t skip);
/* Go through a sound one: AT is 0 at first, ID the first id. False: that was the last. */
bool block_next(struct span block, size_t length, size_t *at, uint8_t id[EVENT_ID_MAX],
	uint32_t *ret_fingerprint);
/* Read all of it: how many ids, and the last one. ERR_CORRUPT when anything is not as it should. */
int block_check(struct span block, struct span first, unsigned *ret_n, uint8_t ret_last[EVENT_ID_MAX]);

#endif
