/* SPDX-License-Identifier: Apache-2.0 */
/* Block: finding an id among those of a block, putting one in, and cutting a block in two. */
#include "store/block.h"

size_t block_begin(uint8_t *out, struct span first, uint32_t fingerprint)
{
	out[0] = (uint8_t)first.size;
	put_le32(out + 1, fingerprint);
	return 5;
}

size_t block_append(uint8_t *out, struct span id, size_t shared, uint32_t fingerprint)
{
	size_t rest = id.size - shared;

	out[0] = (uint8_t)shared;
	rest_copy(out + 1, id.data + shared, rest);
	put_le32(out + 1 + rest, fingerprint);
	return 5 + rest;
}

static bool begins_well(struct span block, size_t length)
{
	return length > 0 && length <= EVENT_ID_MAX && block.size >= 5 && block.data[0] == length;
}

/* The size of the entry at AT, of ids of LENGTH bytes; 0: there is none. */
static size_t entry_size(struct span block, size_t at, size_t length)
{
	size_t shared = block.data[at], size = 5 + length - shared;

	return shared < length && size <= block.size - at ? size : 0;
}

/* What is lower than ID shares with it as much as the one before, or more, and the more the higher
 * it is: so only an entry that shares as much with the one before as that with ID is compared. */
int block_find(struct span block, struct span first, struct span id, struct block_place *ret)
{
	size_t length = id.size, same = bytes_shared(first.data, id.data, length), size;

	*ret = (struct block_place){ .found = same == length };
	if (!begins_well(block, length))
		return ERR_CORRUPT;
	if (ret->found)
		ret->fingerprint = get_le32(block.data + 1);
	for (ret->at = 5; !ret->found && ret->at < block.size; ret->at += size) {
		const uint8_t *entry = block.data + ret->at;
		size_t more = 0;

		size = entry_size(block, ret->at, length);
		if (size == 0)
			return ERR_CORRUPT;
		if (entry[0] > same)
			continue;
		if (entry[0] == same)
			more = bytes_shared(entry + 1, id.data + same, length - same);
		ret->found = same + more == length;
		if (ret->found) {
			ret->fingerprint = get_le32(entry + size - 4);
		} else if (entry[0] < same || entry[1 + more] > id.data[same + more]) {
			ret->next = (uint8_t)(entry[0] + more);
			ret->trim = (uint8_t)more;
			break;
		} else {
			same += more;
		}
	}
	ret->shared = (uint8_t)same;
	return OK;
}

size_t block_insert(uint8_t *block, size_t size, const struct block_place *p, struct span id,
	uint32_t fingerprint)
{
	size_t added = 5 + id.size - p->shared, from = p->at + 1 + p->trim;

	if (p->at < size) {
		memmove(block + p->at + added + 1, block + from, size - from);
		block[p->at + added] = p->next;
	}
	(void)block_append(block + p->at, id, p->shared, fingerprint);
	return size + added - p->trim;
}

size_t block_cut(struct span block, struct span first, size_t most, uint8_t ret_id[EVENT_ID_MAX])
{
	size_t at = 0, next = 5;

	memcpy(ret_id, first.data, first.size);
	while (next <= most && next < block.size) {
		const uint8_t *entry = block.data + next;
		size_t rest = first.size - entry[0];

		at = next;
		rest_copy(ret_id + entry[0], entry + 1, rest);
		next += 5 + rest;
	}
	return at;
}

/* Sorted, a hundred random hexadecimal ids share one or two digits with the one before; those that
 * are counted up, or begin with a time, far more. */
#define SCATTERED_SHARE 3
#define SCATTERED_LENGTH 8

bool block_is_scattered(struct span block, size_t length, size_t skip)
{
	size_t shared = 0, n = 0;

	if (length < skip + SCATTERED_LENGTH)
		return false;
	for (size_t at = 5; at < block.size; at += 5 + length - block.data[at], n++)
		shared += block.data[at];
	return shared < n * (skip + SCATTERED_SHARE);
}

bool block_next(struct span block, size_t length, size_t *at, uint8_t id[EVENT_ID_MAX],
	uint32_t *ret_fingerprint)
{
	const uint8_t *entry = block.data + *at;
	size_t rest;

	if (*at >= block.size)
		return false;
	rest = length - entry[0];
	if (rest)
		rest_copy(id + entry[0], entry + 1, rest);
	*ret_fingerprint = get_le32(entry + 1 + rest);
	*at += 5 + rest;
	return true;
}

int block_check(struct span block, struct span first, unsigned *ret_n, uint8_t ret_last[EVENT_ID_MAX])
{
	size_t size = 5;

	*ret_n = 0;
	if (!begins_well(block, first.size))
		return ERR_CORRUPT;
	memcpy(ret_last, first.data, first.size);
	for (size_t at = 0; at < block.size; at += size, ++*ret_n) {
		size_t shared = block.data[at];

		if (at == 0)
			continue;
		size = entry_size(block, at, first.size);
		if (size == 0 || block.data[at + 1] <= ret_last[shared])
			return ERR_CORRUPT;
		rest_copy(ret_last + shared, block.data + at + 1, first.size - shared);
	}
	return OK;
}
