/* SPDX-License-Identifier: Apache-2.0 */
/* Records in one array, an open index over them. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include "bench/crowd_table.h"

#define SILENCE_MS INT64_C(2592000000) /* a deadline as simple as can be: 30 days without a word */

static void *map(uint64_t bytes)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (p == MAP_FAILED) {
		fprintf(stderr, "kith-floor: no memory for that many customers\n");
		exit(1);
	}
	return p;
}

void crowd_table_init(struct crowd_table *t, uint64_t customers)
{
	t->capacity = 1024;
	while (t->capacity < customers * 2)
		t->capacity *= 2;
	t->index = map(t->capacity * sizeof *t->index);
	t->records = map(t->capacity / 2 * sizeof *t->records);
	t->n = 0;
}

void crowd_table_fini(struct crowd_table *t)
{
	munmap(t->index, t->capacity * sizeof *t->index);
	munmap(t->records, t->capacity / 2 * sizeof *t->records);
}

static struct crowd_record *find(struct crowd_table *t, uint64_t hash)
{
	uint64_t i = hash & (t->capacity - 1);

	while (t->index[i] && t->records[t->index[i] - 1].hash != hash)
		i = (i + 1) & (t->capacity - 1);
	if (t->index[i])
		return &t->records[t->index[i] - 1];
	if (t->n == t->capacity / 2) {
		fprintf(stderr, "kith-floor: more customers than --customers\n");
		exit(1);
	}
	t->records[t->n].hash = hash;
	t->index[i] = (uint32_t)++t->n;
	return &t->records[t->n - 1];
}

void crowd_table_add(struct crowd_table *t, uint64_t hash, int64_t time_ms, int64_t amount,
	unsigned kind)
{
	struct crowd_record *r = find(t, hash);

	if (r->count++ == 0)
		r->first_ms = time_ms;
	if (time_ms > r->last_ms)
		r->last_ms = time_ms;
	r->sum += amount;
	r->kinds[kind % 16]++;
	r->deadline_ms = r->last_ms + SILENCE_MS;
}
