/* SPDX-License-Identifier: Apache-2.0 */
/* Merge: lines of several shards, each in its own order, as one in the order of time.
 *
 * A line may be taken when every shard has one waiting or has nothing more to come. */
#ifndef KITH_CTL_MERGE_H
#define KITH_CTL_MERGE_H
#include <stdbool.h>
#include <stdint.h>

#define MERGE_SHARDS_MAX 256

struct merge_line {
	struct merge_line *next;
	int64_t time_ms, at_ms; /* by the first, then the second */
	uint32_t shard;
	uint64_t sequence;
	char *text;             /* owned */
};

struct merge_shard {
	struct merge_line *first, **last;
	bool over;
};

struct merge {
	unsigned n;
	struct merge_shard shards[MERGE_SHARDS_MAX];
};

void merge_init(struct merge *m, unsigned shards);
void merge_fini(struct merge *m);
/* Takes over TEXT. ERR_NOMEM. */
int merge_add(struct merge *m, const struct merge_line *line);
/* Nothing more comes of SHARD. */
void merge_over(struct merge *m, uint32_t shard);
/* The next line, the caller's to free with its text; NULL: not known yet, or merge_is_over(). */
struct merge_line *merge_take(struct merge *m);
bool merge_is_over(const struct merge *m); /* and nothing waits */

#endif
