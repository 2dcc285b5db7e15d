/* SPDX-License-Identifier: Apache-2.0 */
/* Frame: one input as bytes. */
#include "store/frame.h"
#include "base/hash.h"
#include "store/journal.h"

uint64_t frame_seed(const uint8_t store_id[16])
{
	return hash_64(store_id, 16, 0);
}

static uint32_t header_hash(const uint8_t *p, uint64_t seed)
{
	return (uint32_t)hash_64(p + 12, FRAME_HEADER - 12, seed);
}

void frame_seal(uint8_t *p, struct frame_header *h, uint64_t seed)
{
	put_le32(p + 12, h->length);
	put_le64(p + 16, h->sequence);
	put_le64(p + 24, h->durable);
	put_le64(p + 32, h->previous);
	put_le16(p + 40, h->type);
	put_le16(p + 42, h->flags);
	put_le32(p + 44, h->reserved);
	put_le32(p + 8, header_hash(p, seed));
	h->check = hash_64(p + 8, frame_size(h->length) - 8, seed);
	put_le64(p, h->check);
}

bool frame_read_header(const uint8_t *p, uint64_t seed, struct frame_header *ret_h)
{
	struct frame_header h = {
		.check = get_le64(p),
		.length = get_le32(p + 12),
		.sequence = get_le64(p + 16),
		.durable = get_le64(p + 24),
		.previous = get_le64(p + 32),
		.type = get_le16(p + 40),
		.flags = get_le16(p + 42),
		.reserved = get_le32(p + 44),
	};

	*ret_h = h;
	return h.durable < h.sequence && h.length <= JOURNAL_PAYLOAD_MAX &&
	       get_le32(p + 8) == header_hash(p, seed);
}

bool frame_is_whole(const uint8_t *p, const struct frame_header *h, uint64_t seed)
{
	return hash_64(p + 8, frame_size(h->length) - 8, seed) == h->check;
}
