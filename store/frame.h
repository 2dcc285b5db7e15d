/* SPDX-License-Identifier: Apache-2.0 */
/* Frame: one input as bytes. All numbers little-endian.
 *
 *   0  u64 check      XXH3 of bytes 8 … end, padding included, seeded from the store id
 *   8  u32 head       low half of XXH3 of bytes 12 … 47, the same seed: the length is believed
 *                     only when this is right
 *  12  u32 length     of the payload, 0 … JOURNAL_PAYLOAD_MAX
 *  16  u64 sequence   from 1
 *  24  u64 durable    the last frame known to be synced when this one was written; < sequence
 *  32  u64 previous   `check` of the frame before it, also across segments
 *  40  u16 type       enum input_type
 *  42  u16 flags      0
 *  44  u32 reserved   0
 *  48  payload, then zeros up to a multiple of 8
 *
 * `previous` makes the journal a chain: a frame is valid only right behind the one it was written
 * behind, so bytes left over from a write that failed never continue another story. */
#ifndef KITH_STORE_FRAME_H
#define KITH_STORE_FRAME_H
#include "base/bytes.h"

#define FRAME_HEADER 48u

struct frame_header {
	uint64_t check;
	uint32_t length;
	uint64_t sequence;
	uint64_t durable;
	uint64_t previous;
	uint16_t type;
	uint16_t flags;
	uint32_t reserved;
};

/* The seed of every checksum of a store. */
uint64_t frame_seed(const uint8_t store_id[16]);

/* Bytes of a whole frame with LENGTH bytes of payload; a multiple of 8. */
static inline size_t frame_size(uint32_t length)
{
	return FRAME_HEADER + (((size_t)length + 7) & ~(size_t)7);
}

/* Write H's header to P, whose payload and padding are in place; fills H->check. */
void frame_seal(uint8_t *p, struct frame_header *h, uint64_t seed);

/* Read the FRAME_HEADER bytes at P. False when they are not a header: its own hash, a length
 * beyond the limit, numbers that no writer writes. The payload is not looked at. */
bool frame_read_header(const uint8_t *p, uint64_t seed, struct frame_header *ret_h);

/* True when the whole frame of H at P has its checksum. */
bool frame_is_whole(const uint8_t *p, const struct frame_header *h, uint64_t seed);

#endif
