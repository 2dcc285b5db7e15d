/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told nothing, and how much that was. */
#include <stdlib.h>
#include "workers/settle.h"

#define HEAD_BYTES 17
#define ROW_BYTES  10

static int hush_room(struct hush *h, uint16_t type)
{
	unsigned size = h->size ? h->size : 64;
	uint64_t *grown;

	if (type < h->size)
		return 0;
	while (size <= type)
		size *= 2;
	grown = realloc(h->counts, size * sizeof *grown);
	if (!grown)
		return ERR_NOMEM;
	memset(grown + h->size, 0, (size - h->size) * sizeof *grown);
	h->counts = grown;
	h->size = size;
	return 0;
}

int hush_load(struct shard *s)
{
	struct hush *h = &s->hush;
	struct span row;
	int rc = env_setting_get(s->env, "hush", &row);

	if (rc != 0)
		return rc == ERR_NOTFOUND ? 0 : rc;
	if (row.size < HEAD_BYTES)
		return ERR_CORRUPT;
	h->until_ms = (int64_t)get_le64(row.data);
	h->since_ms = (int64_t)get_le64(row.data + 8);
	h->over = row.data[16];
	for (size_t i = HEAD_BYTES; i + ROW_BYTES <= row.size; i += ROW_BYTES) {
		uint16_t type = get_le16(row.data + i);

		if (hush_room(h, type) != 0)
			return ERR_NOMEM;
		h->counts[type] = get_le64(row.data + i + 2);
	}
	return 0;
}

int hush_store(struct shard *s)
{
	const struct hush *h = &s->hush;
	uint8_t *p;

	if (h->since_ms == 0 && h->until_ms == 0)
		return 0;
	buf_clear(&s->scratch);
	p = buf_room(&s->scratch, HEAD_BYTES + (size_t)h->size * ROW_BYTES);
	if (!p)
		return ERR_NOMEM;
	put_le64(p, (uint64_t)h->until_ms);
	put_le64(p + 8, (uint64_t)h->since_ms);
	p[16] = h->over;
	s->scratch.size = HEAD_BYTES;
	for (unsigned type = 0; type < h->size; type++) {
		if (h->counts[type] == 0)
			continue;
		put_le16(p + s->scratch.size, (uint16_t)type);
		put_le64(p + s->scratch.size + 2, h->counts[type]);
		s->scratch.size += ROW_BYTES;
	}
	return env_setting_put(s->env, "hush", span_of(s->scratch.data, s->scratch.size));
}

void hush_fini(struct shard *s)
{
	free(s->hush.counts);
	s->hush = (struct hush){ 0 };
}

static void hush_count_anew(struct hush *h, int64_t now_ms)
{
	if (h->size)
		memset(h->counts, 0, h->size * sizeof *h->counts);
	h->since_ms = now_ms;
	h->over = false;
}

void hush_begin(struct shard *s, int64_t now_ms)
{
	hush_count_anew(&s->hush, now_ms);
	s->hush.until_ms = NEVER;
}

void hush_end(struct shard *s, int64_t until_ms)
{
	s->hush.until_ms = until_ms;
	s->hush.over = true;
}

/* What a live event does is told, also when it happened before a history was read in. */
static bool is_hushed(const struct shard *s, const struct customer *c, const struct change *ch,
	const struct cause *why)
{
	bool told = (why->event || why->message) && !why->input->backfill;

	if (why->input->clock_ms < s->hush.until_ms)
		return true;
	return !told && (ch->at_ms <= c->quiet_until_ms || ch->at_ms <= s->hush.until_ms);
}

bool hush_takes(struct shard *s, const struct customer *c, const struct change *ch, uint16_t type,
	const struct cause *why)
{
	struct hush *h = &s->hush;

	if (!is_hushed(s, c, ch, why))
		return false;
	if (h->since_ms == 0 || (h->over && why->input->clock_ms >= h->until_ms))
		hush_count_anew(h, why->input->clock_ms);
	if (hush_room(h, type) == 0)
		h->counts[type]++;
	return true;
}
