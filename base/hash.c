/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes: Kafka's murmur2 and XXH3. */
#include "base/hash.h"
#include <assert.h>
#define XXH_INLINE_ALL /* most of what is hashed is short: a call into the library costs as much again */
#include <xxhash.h>
#include "base/bytes.h"

/* Bit for bit what the Java clients compute (32-bit arithmetic, little-endian loads): a store
 * that moves to a topic's partitions must find each customer where the producer puts it. */
uint32_t hash_murmur2(const void *data, size_t size)
{
	const uint32_t m = 0x5bd1e995;
	const uint8_t *p = data;
	uint32_t h = 0x9747b28c ^ (uint32_t)size;

	for (; size >= 4; p += 4, size -= 4) {
		uint32_t k = get_le32(p) * m;

		k ^= k >> 24;
		k *= m;
		h *= m;
		h ^= k;
	}
	switch (size) {
	case 3: h ^= (uint32_t)p[2] << 16; /* fall through */
	case 2: h ^= (uint32_t)p[1] << 8;  /* fall through */
	case 1: h ^= p[0];
		h *= m;
	}
	h ^= h >> 13;
	h *= m;
	h ^= h >> 15;
	return h;
}

unsigned hash_shard(const void *customer, size_t size, unsigned shards)
{
	assert(shards >= 1);
	return (hash_murmur2(customer, size) & 0x7fffffff) % shards;
}

uint64_t hash_64(const void *data, size_t size, uint64_t seed)
{
	return XXH3_64bits_withSeed(size ? data : "", size, seed);
}

uint32_t hash_32(const void *data, size_t size)
{
	return (uint32_t)hash_64(data, size, 0);
}
