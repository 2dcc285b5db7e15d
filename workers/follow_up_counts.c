/* SPDX-License-Identifier: Apache-2.0 */
/* What became of follow-ups, kept with the checkpoint: { u16 name, 12 × u64 } each. */
#include "workers/settle.h"

#define COUNTS    12
#define ROW_BYTES (2 + 8 * COUNTS)

/* The counts of N in the order in which they are stored. */
static void counts_list(struct follow_up_counts *n, uint64_t *list[COUNTS])
{
	uint64_t *const all[COUNTS] = { &n->opened, &n->in_time, &n->late, &n->done, &n->over,
		&n->retracted, &n->overdue, &n->escalated, &n->outcomes[0], &n->outcomes[1],
		&n->came_back[0], &n->came_back[1] };

	memcpy(list, all, sizeof all);
}

int follow_ups_load(struct shard *s)
{
	struct follow_ups *all = &s->follow_ups;
	struct span rows;
	int rc = env_setting_get(s->env, "follow_ups", &rows);

	all->n = 0;
	if (rc != 0)
		return rc == ERR_NOTFOUND ? 0 : rc;
	for (size_t i = 0; i + ROW_BYTES <= rows.size &&
		all->n < sizeof all->list / sizeof *all->list; i += ROW_BYTES) {
		struct follow_up_counts *n = &all->list[all->n++];
		uint64_t *list[COUNTS];

		*n = (struct follow_up_counts){ .name = get_le16(rows.data + i) };
		counts_list(n, list);
		for (unsigned k = 0; k < COUNTS; k++)
			*list[k] = get_le64(rows.data + i + 2 + 8 * k);
	}
	return 0;
}

int follow_ups_store(struct shard *s)
{
	struct follow_ups *all = &s->follow_ups;
	uint8_t bytes[sizeof all->list / sizeof *all->list * ROW_BYTES], *p = bytes;

	if (all->n == 0)
		return 0;
	for (unsigned i = 0; i < all->n; i++) {
		uint64_t *list[COUNTS];

		counts_list(&all->list[i], list);
		put_le16(p, all->list[i].name);
		for (unsigned k = 0; k < COUNTS; k++)
			put_le64(p + 2 + 8 * k, *list[k]);
		p += ROW_BYTES;
	}
	return env_setting_put(s->env, "follow_ups", span_of(bytes, (size_t)(p - bytes)));
}
