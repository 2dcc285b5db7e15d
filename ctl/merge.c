/* SPDX-License-Identifier: Apache-2.0 */
/* Merging lines by time. */
#include "ctl/merge.h"
#include <stdlib.h>
#include <string.h>
#include "base/err.h"

void merge_init(struct merge *m, unsigned shards)
{
	memset(m, 0, sizeof *m);
	m->n = shards;
	for (unsigned i = 0; i < shards; i++)
		m->shards[i].last = &m->shards[i].first;
}

void merge_fini(struct merge *m)
{
	for (unsigned i = 0; i < m->n; i++)
		for (struct merge_line *l = m->shards[i].first, *next; l; l = next) {
			next = l->next;
			free(l->text);
			free(l);
		}
	m->n = 0;
}

int merge_add(struct merge *m, const struct merge_line *line)
{
	struct merge_line *copy = line->shard < m->n ? malloc(sizeof *copy) : NULL;

	if (!copy) {
		free(line->text);
		return ERR_NOMEM;
	}
	*copy = *line;
	copy->next = NULL;
	*m->shards[line->shard].last = copy;
	m->shards[line->shard].last = &copy->next;
	return 0;
}

void merge_over(struct merge *m, uint32_t shard)
{
	if (shard < m->n)
		m->shards[shard].over = true;
}

static bool is_before(const struct merge_line *a, const struct merge_line *b)
{
	if (a->time_ms != b->time_ms)
		return a->time_ms < b->time_ms;
	return a->at_ms < b->at_ms;
}

struct merge_line *merge_take(struct merge *m)
{
	struct merge_shard *best = NULL;
	struct merge_line *line;

	for (unsigned i = 0; i < m->n; i++) {
		struct merge_shard *s = &m->shards[i];

		if (!s->first && !s->over)
			return NULL;
		if (s->first && (!best || is_before(s->first, best->first)))
			best = s;
	}
	if (!best)
		return NULL;
	line = best->first;
	best->first = line->next;
	if (!best->first)
		best->last = &best->first;
	return line;
}

bool merge_is_over(const struct merge *m)
{
	for (unsigned i = 0; i < m->n; i++)
		if (m->shards[i].first || !m->shards[i].over)
			return false;
	return true;
}
