/* SPDX-License-Identifier: Apache-2.0 */
/* The rows of trails (tail.h): written with each base, read when something comes late. */
#include <assert.h>
#include "workers/story.h"

/* The setting `stories`: generation (4), since ms (8). */
int stories_load(struct shard *s)
{
	struct span value;
	int rc = env_setting_get(s->env, "stories", &value);

	if (rc == 0 && value.size == 12) {
		s->stories.generation = get_le32(value.data);
		s->stories.since_ms = (int64_t)get_le64(value.data + 4);
	}
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static int stories_put(struct shard *s, uint32_t generation, int64_t since_ms)
{
	uint8_t bytes[12];

	s->stories = (struct stories){ generation, since_ms };
	put_le32(bytes, generation);
	put_le64(bytes + 4, (uint64_t)since_ms);
	return env_setting_put(s->env, "stories", span_of(bytes, sizeof bytes));
}

int stories_turn(struct shard *s, int64_t now_ms)
{
	uint32_t generation = s->stories.generation;
	int rc;

	if (s->settings.late_window_ms == 0)
		return 0;
	if (generation != 0 && now_ms < s->stories.since_ms) /* the clock was set back */
		return stories_put(s, generation, now_ms);
	if (generation != 0 && now_ms - s->stories.since_ms < s->settings.late_window_ms)
		return 0;
	rc = env_trails_empty(s->env, generation + 1);
	return rc != 0 ? rc : stories_put(s, generation + 1, now_ms);
}

void story_begin(struct shard *s, struct customer *c)
{
	assert(c == &s->customer);
	if (s->settings.late_window_ms == 0)
		return;
	s->anew_size = customer_pack_own(c, s->lifecycle->machine, &s->numbering, s->anew);
	tail_begin(&c->tail);
}

/* With what C's story begins, if it begins now. */
static int base_of(struct shard *s, const struct customer *c, struct span *ret)
{
	int rc;

	*ret = span_of(s->anew, c->tail.anew ? s->anew_size : 0);
	if (c->tail.anew || c->is_new)
		return 0;
	rc = env_customer_get(s->env, customer_id(c), ret);
	ret->size = c->own_size;
	return rc;
}

/* Whether there is a row that says something of C. */
static bool has_row(const struct shard *s, const struct customer *c)
{
	const struct tail *t = &c->tail;

	return t->generation && !t->is_void && !t->anew &&
		t->generation + 1 >= s->stories.generation;
}

static int take_row(struct shard *s, uint32_t generation, uint32_t number, struct strip *k,
	uint32_t *ret_before)
{
	struct span row;
	const uint8_t *pieces;
	uint64_t before = 0;
	int rc = env_trail_get(s->env, generation, number, &row);

	if (rc != 0)
		return rc;
	pieces = get_varint(row.data, row.data + row.size, &before);
	if (!pieces || before > UINT32_MAX)
		return ERR_CORRUPT;
	*ret_before = (uint32_t)before;
	return trail_take(&s->trail, k, span_of(pieces, (size_t)(row.data + row.size - pieces)));
}

/* From the generation before on, where the row goes on from there; what is damaged there is missing
 * only there. */
static int read_rows(struct shard *s, const struct customer *c, struct strip *k)
{
	uint32_t generation = c->tail.generation, before, ignored;
	int rc = take_row(s, generation, c->tail.row, k, &before);

	if (rc != 0 || before == 0 || generation != s->stories.generation)
		return rc;
	trail_cut(&s->trail);
	(void)take_row(s, generation - 1, before, k, &ignored);
	return take_row(s, generation, c->tail.row, k, &before);
}

/* s->trail := what C's story is by now; cut when there is none, or it is damaged. */
static int story_read(struct shard *s, const struct customer *c)
{
	struct strip strip;
	struct span base;
	int rc;

	strip_begin(&strip);
	trail_cut(&s->trail);
	if (!c->tail.kept)
		return 0;
	if (has_row(s, c)) {
		rc = read_rows(s, c, &strip);
		if (rc == 0 && s->trail.kept)
			rc = trail_take(&s->trail, &strip, c->tail.held);
	} else {
		rc = base_of(s, c, &base);
		if (rc == 0)
			trail_begin(&s->trail, base);
	}
	if (rc == 0 && s->trail.kept)
		rc = trail_take(&s->trail, &strip, tail_news(&c->tail));
	if (rc != 0)
		trail_cut(&s->trail);
	return env_failed(s->env);
}

/* What was told of C longer ago stands. */
static bool is_too_late(const struct shard *s, const struct customer *c, const struct cause *why)
{
	return c->standing.settled_ms < why->input->clock_ms - s->settings.late_window_ms;
}

int story_add(struct shard *s, struct customer *c, const struct cause *why, int64_t at_ms,
	bool *ret_late)
{
	int64_t settled_ms = c->standing.settled_ms;
	int64_t judged_ms = at_ms > settled_ms ? at_ms : settled_ms;
	const struct trail *t = &s->trail;
	uint16_t size = c->tail.size;
	int rc;

	*ret_late = false;
	tail_add(&c->tail, why->event, why->message, judged_ms);
	if (at_ms > settled_ms || !c->tail.kept || is_too_late(s, c, why) ||
		(at_ms == settled_ms && tail_is_in_order(&c->tail)))
		return 0;
	tail_take_back(&c->tail, size);
	rc = story_read(s, c);
	if (rc != 0)
		return rc;
	if (!t->kept)
		tail_cut(&c->tail);
	else if (t->base_size == 0 || at_ms > record_settled(span_of(t->base, t->base_size)))
		*ret_late = at_ms < settled_ms ||
			!trail_is_last(t, why->event, why->message, at_ms);
	if (!*ret_late)
		tail_add(&c->tail, why->event, why->message, judged_ms);
	return 0;
}

/* The row of this generation, made if there is none. */
static int put_row(struct shard *s, const struct tail *t, const struct span *parts, unsigned n,
	uint32_t *ret_number)
{
	*ret_number = t->row;
	if (t->generation != s->stories.generation)
		return env_trail_add(s->env, s->stories.generation, parts, n, ret_number);
	return env_trail_put(s->env, t->generation, t->row, parts, n);
}

/* Write a row that goes on from row FROM of the generation before (0: from none), of what stood
 * BEFORE, what was held, and a base; what was added comes behind it. */
static int put_base(struct shard *s, struct customer *c, uint32_t from, struct span before)
{
	struct tail *t = &c->tail;
	uint8_t piece[PIECE_HEAD_MAX + TAIL_HALF_BYTES], head[10];
	uint32_t row;
	struct span parts[4] = { span_of(head, (size_t)(put_varint(head, from) - head)), before, t->held };
	int rc = base_of(s, c, &parts[3]);

	if (rc != 0)
		return rc;
	tail_stand_alone(t);
	if (!t->kept)
		return 0;
	if (PIECE_HEAD_MAX + parts[3].size > TAIL_HALF_BYTES || t->size > TAIL_HALF_BYTES) {
		tail_cut(t);
		return 0;
	}
	parts[3] = span_of(piece, (size_t)(piece_put(piece, PIECE_BASE, parts[3]) - piece));
	rc = put_row(s, t, parts, 4, &row);
	if (rc == 0)
		tail_moved(t, s->stories.generation, row, parts[3].size, 0);
	return rc;
}

/* The first row of C in this generation, or one instead of another. */
static int begin_row(struct shard *s, struct customer *c)
{
	struct tail *t = &c->tail;

	if (has_row(s, c) && t->generation != s->stories.generation)
		return put_base(s, c, t->row, span_of(NULL, 0));
	tail_stand_alone(t);
	if (!t->kept)
		return 0;
	t->held = span_of(NULL, 0);
	return put_base(s, c, 0, span_of(NULL, 0));
}

/* What was told again, in two halves when it is long; what was added since comes behind it. */
static int put_retold(struct shard *s, struct customer *c)
{
	struct tail *t = &c->tail;
	uint8_t row[1 + 2 * TAIL_HALF_BYTES] = { 0 }, *p = row + 1;
	uint32_t number;
	struct span part;
	int rc = story_shorten(s, c);
	size_t since = trail_bytes(&s->trail);

	if (rc != 0)
		return rc;
	if (!s->trail.kept || since > 2 * TAIL_HALF_BYTES || t->size > TAIL_HALF_BYTES) {
		tail_cut(t);
		return 0;
	}
	if (s->before.kept && trail_bytes(&s->before) + since <= 2 * TAIL_HALF_BYTES)
		p = trail_put(&s->before, p);
	part = span_of(row, (size_t)(trail_put(&s->trail, p) - row));
	rc = put_row(s, t, &part, 1, &number);
	if (rc == 0)
		tail_moved(t, s->stories.generation, number, since, s->trail.n_events);
	return rc;
}

/* Another base, and what the row has before its last one goes. Of a large record two do not stand in
 * one row with what lies between: then half of that is folded. */
static int begin_half(struct shard *s, struct customer *c)
{
	struct tail *t = &c->tail;
	struct span row;
	int rc;

	if (t->row_since + t->held.size + PIECE_HEAD_MAX + c->own_size > 2 * TAIL_HALF_BYTES) {
		rc = story_read(s, c);
		tail_retold(t);
		return rc != 0 ? rc : put_retold(s, c);
	}
	rc = env_trail_get(s->env, t->generation, t->row, &row);
	if (rc == ERR_NOTFOUND || rc == ERR_CORRUPT || (rc == 0 && row.size <= t->row_since)) {
		t->is_void = true;
		return env_failed(s->env) ? env_failed(s->env) : begin_row(s, c);
	}
	if (rc != 0)
		return rc;
	return put_base(s, c, 0, span_of(row.data + row.size - t->row_since, t->row_since));
}

int story_store(struct shard *s, struct customer *c)
{
	struct tail *t = &c->tail;

	if (t->generation && t->generation + 1 < s->stories.generation)
		tail_lose(t); /* its table has been emptied */
	if (!t->kept)
		tail_cut(t);
	if (!tail_has_news(t))
		return 0;
	if (t->is_retold)
		return put_retold(s, c);
	if (t->anew || t->is_void || t->generation != s->stories.generation)
		return begin_row(s, c);
	if (t->n_events >= TAIL_HALF_EVENTS ||
		t->row_since + t->held.size + t->size > TAIL_HALF_BYTES)
		return begin_half(s, c);
	return 0;
}
