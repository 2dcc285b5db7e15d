/* SPDX-License-Identifier: Apache-2.0 */
/* Offering customers to the reservoirs. */
#include <stdlib.h>
#include "workers/page.h"
#include "workers/sample.h"

struct sample *sample_new(const struct machine *m, uint64_t seed)
{
	unsigned n = 1 + m->classes.n;
	struct sample *sample = malloc(sizeof *sample + n * sizeof *sample->of);

	if (!sample)
		return NULL;
	sample->n = n;
	sample->looked_at = 0;
	for (unsigned i = 0; i < n; i++)
		reservoir_init(&sample->of[i], seed + i);
	return sample;
}

/* Who is merged counts with the person. */
static void offer(struct shard *s, struct query *q, const struct customer *c)
{
	const double day = (double)DAY_MS;
	unsigned class = rhythm_class_of(&s->lifecycle->machine->rhythm, &c->facts);
	struct sampled row;
	double silence;

	q->sample->looked_at++;
	if (customer_is_merged(c) || !rhythm_gaps(&c->facts, &row.x, &row.tx))
		return;
	silence = (double)(q->from_ms - c->facts.scalar[FACT_last_purchase].i);
	row.tx /= day;
	row.t = row.tx + (silence > 0 ? silence / day : 0);
	row.money = (double)c->facts.scalar[FACT_spent].i - (double)c->facts.scalar[FACT_refunded].i;
	reservoir_add(&q->sample->of[0], &row);
	if (class > 0 && class < q->sample->n)
		reservoir_add(&q->sample->of[class], &row);
}

int sample_read(struct shard *s, struct query *q)
{
	return page_read(s, q, offer);
}
