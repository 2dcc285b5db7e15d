/* SPDX-License-Identifier: Apache-2.0 */
/* Hashes. XXH3 (libxxhash) for checksums; murmur2 only to place a customer on a shard the way
 * Kafka's default partitioner would, so that a store can move to a topic's partitions. */
#ifndef KITH_BASE_HASH_H
#define KITH_BASE_HASH_H
#include <stddef.h>
#include <stdint.h>

/* Kafka's org.apache.kafka.common.utils.Utils.murmur2, seed 0x9747b28c. */
uint32_t hash_murmur2(const void *data, size_t size);

/* The shard of a customer: (murmur2 & 0x7fffffff) % SHARDS. SHARDS >= 1. */
unsigned hash_shard(const void *customer, size_t size, unsigned shards);

uint64_t hash_64(const void *data, size_t size, uint64_t seed);

/* The low half of hash_64 with seed 0: the checksum of small values. */
uint32_t hash_32(const void *data, size_t size);

#endif
