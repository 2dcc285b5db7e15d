/* SPDX-License-Identifier: Apache-2.0 */
/* Who is told nothing, and how much that was. */
#include "workers/settle.h"

#define HEAD_BYTES 17

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
	return tally_read(&h->passed, span_of(row.data + HEAD_BYTES, row.size - HEAD_BYTES));
}

int hush_store(struct shard *s)
{
	const struct hush *h = &s->hush;
	uint8_t *p;
	int rc;

	if (h->since_ms == 0 && h->until_ms == 0)
		return 0;
	buf_clear(&s->scratch);
	p = buf_room(&s->scratch, HEAD_BYTES);
	if (!p)
		return ERR_NOMEM;
	put_le64(p, (uint64_t)h->until_ms);
	put_le64(p + 8, (uint64_t)h->since_ms);
	p[16] = h->over;
	s->scratch.size = HEAD_BYTES;
	rc = tally_write(&h->passed, &s->scratch);
	return rc != 0 ? rc : env_setting_put(s->env, "hush",
		span_of(s->scratch.data, s->scratch.size));
}

void hush_fini(struct shard *s)
{
	tally_fini(&s->hush.passed);
	s->hush = (struct hush){ 0 };
}

static void hush_count_anew(struct hush *h, int64_t now_ms)
{
	tally_clear(&h->passed);
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
	tally_add(&h->passed, type, 1);
	return true;
}
