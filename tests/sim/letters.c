/* SPDX-License-Identifier: Apache-2.0 */
/* Letters at random. */
#include "tests/sim/letters.h"
#include "workers/input.h"

#define NAME "crm"

void letters_change(struct letters *l, struct sim *s, struct random *r)
{
	unsigned n = 1 + (unsigned)random_below(r, 5), first = l->n;
	struct buf changes = { 0 };
	uint64_t frame;

	for (unsigned i = 0; i < n && l->n < LETTERS_CHANGES; i++) {
		struct letter_made *m = &l->made[l->n++];
		struct letter_change c;

		*m = (struct letter_made){ .record = random_next(r),
			.verb = (uint8_t)(LETTER_PUT + random_below(r, 3)),
			.shard = (uint8_t)random_below(r, s->o.shards),
			.number = (uint8_t)(1 + random_below(r, LETTERS_NUMBERS)) };
		c = (struct letter_change){ .verb = m->verb, .shard = m->shard,
			.sequence = m->number, .name = span_str(NAME) };
		if (m->verb == LETTER_PUT)
			c.record = span_of((const uint8_t *)&m->record, sizeof m->record);
		letter_change_add(&changes, &c);
	}
	frame = l->n > first ? sim_letters(s, span_of(changes.data, changes.size)) : 0;
	for (unsigned i = first; i < l->n; i++)
		l->made[i].frame = frame;
	buf_fini(&changes);
}

void letters_forget_after(struct letters *l, uint64_t last)
{
	while (l->n && l->made[l->n - 1].frame > last)
		l->n--;
}

/* The last word on NUMBER of SHARD, or on its position (number 0). */
static const struct letter_made *last_word(const struct letters *l, unsigned shard, unsigned number)
{
	for (unsigned i = l->n; i-- > 0;) {
		const struct letter_made *m = &l->made[i];

		if (m->shard == shard && (number ? m->verb != LETTER_POSITION && m->number == number :
			m->verb == LETTER_POSITION))
			return m;
	}
	return NULL;
}

static void check_position(const struct letters *l, struct sim *s, unsigned shard)
{
	const struct letter_made *m = last_word(l, shard, 0);
	struct span row;

	if (!m)
		return;
	if (env_subscription_get(s->env[shard], span_str(NAME), &row) != 0 || row.size < 8 ||
		get_le64(row.data) != m->number)
		sim_fail(s, "shard %u: the webhook stands elsewhere than at %u", shard, m->number);
}

void letters_check(const struct letters *l, struct sim *s)
{
	for (unsigned shard = 0; shard < s->o.shards; shard++) {
		uint64_t after = 0, sequence;
		struct span record;

		check_position(l, s, shard);
		for (unsigned number = 1; number <= LETTERS_NUMBERS; number++) {
			const struct letter_made *m = last_word(l, shard, number);

			if (!m || m->verb != LETTER_PUT)
				continue;
			if (env_letter_next(s->env[shard], span_str(NAME), after, &sequence, &record) ||
				sequence != number || record.size != sizeof m->record ||
				memcmp(record.data, &m->record, sizeof m->record) != 0)
				sim_fail(s, "shard %u: letter %u is not there", shard, number);
			after = number;
		}
		if (env_letter_next(s->env[shard], span_str(NAME), after, &sequence, &record) !=
			ERR_NOTFOUND)
			sim_fail(s, "shard %u: a letter too many", shard);
	}
}
