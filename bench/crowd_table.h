/* SPDX-License-Identifier: Apache-2.0 */
/* Crowd table: the least a store of customers can be, a record of 200 bytes each in memory, found
 * by a hash of the id. What kith-floor applies events to. One thread. */
#ifndef KITH_BENCH_CROWD_TABLE_H
#define KITH_BENCH_CROWD_TABLE_H
#include <stdint.h>

struct crowd_record {
	uint64_t hash;
	int64_t first_ms, last_ms, deadline_ms;
	uint64_t count;
	int64_t sum;
	uint32_t kinds[16];
	uint8_t rest[88];
};

struct crowd_table {
	uint32_t *index;   /* by hash: record + 1; 0: free */
	struct crowd_record *records;
	uint64_t capacity; /* of the index, a power of two; records: half of it */
	uint64_t n;
};

/* Room for CUSTOMERS; address space only until it is used. Ends the process when there is none. */
void crowd_table_init(struct crowd_table *t, uint64_t customers);
void crowd_table_fini(struct crowd_table *t);
/* Fold one event into the record of HASH, made when absent. */
void crowd_table_add(struct crowd_table *t, uint64_t hash, int64_t time_ms, int64_t amount,
	unsigned kind);

#endif
