/* SPDX-License-Identifier: Apache-2.0 */
/* Lane: ids of a source that are counted up, private to store/.
 *
 * Most ids are new, and most sources count: so of each lane the top id is kept, the shorter being
 * the lower, and what is above it has never been seen. It is added to the lane's open block
 * (block.h), the last one of the current generation of the guard. What is within the open block is
 * looked for there and nowhere else, since that block began above everything before it; and put into
 * it when it is new, as ids come a little out of order. Only what is below has to be looked up.
 *
 * An id's lane is that of its kind, the letters before a first separator ("purchase/536365" and
 * "refund/C536379" are counted apart), and of its length, as one can be counted up within each
 * ("536365-9", "536365-10"). When there is no room for another lane a longer id goes to that of the
 * next shorter ones of its kind, which rises from length to length; a shorter one, or another kind,
 * has none. Lanes stay for ever, so whether an id has one never changes.
 *
 * Random ids are not counted up, but a few hundred would come to lie in blocks. So when the first
 * block of a lane is full its ids are looked at: are they scattered, each gets a row of its own, and
 * the lane has no block, ever.
 *
 * The blocks are rows of two tables, one a generation: number of the source (4, BE), number of the
 * lane (1), length (1), first id -> block. The open one lies in memory and is stored before each
 * commit, before its source's slot is another's, and when the generation ends. Which it is
 * (`first`) stays with the lane: when the current generation has no such row, none is open. */
#ifndef KITH_STORE_LANE_H
#define KITH_STORE_LANE_H
#include "base/event.h"
#include "store/block.h"

struct env;
struct source;

#define LANES_MAX     6
#define LANE_KIND_MAX 15 /* letters; longer ones are of no kind */
#define LANE_BYTES_MAX (4 + 2 * EVENT_ID_MAX)

enum lane_state { LANE_UNREAD, LANE_CLOSED, LANE_OPEN };
enum lane_nature {
	LANE_NEW,       /* has had one block at most, and that is not full yet */
	LANE_COUNTED,
	LANE_SCATTERED, /* without blocks */
	LANE_NATURES,
};

struct lane {
	uint8_t state;           /* enum lane_state: of the block that begins with `first` */
	bool dirty, stored;      /* the open block: newer than its row; has one */
	uint8_t shortest;        /* ids of so many bytes and more, up to the next lane's */
	uint8_t kind;            /* letters of `top`; 0: of no kind */
	uint8_t top_size;        /* 0: the lane is being made */
	uint8_t first_size;      /* 0: no block has been begun, or it was scattered */
	uint8_t nature;          /* enum lane_nature */
	uint16_t block_size;
	uint8_t *block;          /* BLOCK_ROOM; NULL: has not been needed yet */
	uint8_t top[EVENT_ID_MAX];   /* no id above has ever been in the guard */
	uint8_t first[EVENT_ID_MAX]; /* of the block that was begun last */
};

/* The lane of ID, one of S's. One that may be and is not there yet is made when MAKE says so, with no
 * top. NULL: it has none. */
struct lane *lane_of(struct source *s, struct span id, bool make);
/* OK: ID was not there, and now is. ERR_EXISTS: there, with FINGERPRINT; ERR_INVALID: with another.
 * ERR_NOTFOUND: it is not in the open block and not above the top. Other errors are the store's. */
int lane_meet(struct env *e, struct source *s, struct lane *l, struct span id, uint32_t fingerprint);
/* Whether a block of the generation GENERATION (0, 1) holds ID, by its fingerprint. ERR_NOTFOUND,
 * ERR_CORRUPT. */
int lane_find(struct env *e, const struct source *s, const struct lane *l, unsigned generation,
	struct span id, uint32_t *ret_fingerprint);
/* Write the open block's row when it is newer. */
int lane_store(struct env *e, const struct source *s, struct lane *l);

/* Give ID, which is new and in no block, a row of its own. */
int guard_put(struct env *e, const struct source *s, struct span id, uint32_t fingerprint);

/* A lane in its source's row: u8 shortest, u8 nature, u8 size, top, u8 size, first. */
size_t lane_pack(const struct lane *l, uint8_t *out);
/* Take one off REST; ERR_CORRUPT. */
int lane_take(struct span *rest, struct lane *l);
/* Whether A and B are as two lanes of one source may not be. */
bool lane_is_twin(const struct lane *a, const struct lane *b);

/* What the key of a block says. ERR_CORRUPT: it is none. */
struct block_key {
	uint32_t source;
	unsigned lane;
	struct span first;
};
int block_key_take(struct span key, struct block_key *ret);

#endif
