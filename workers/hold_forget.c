/* SPDX-License-Identifier: Apache-2.0 */
/* Forgetting what is held of somebody who is not spoken of any more. */
#include "workers/hold_rows.h"

static int forget(struct shard *s, struct customer *c, uint16_t type, bool *ret_waited)
{
	struct held h;
	bool there;
	int rc = held_row_get(s, c, type, &h, &there);

	*ret_waited = rc == 0 && there && held_row_waits(&h);
	return rc == 0 && there ? held_row_del(s, c, type, &h) : rc;
}

int hold_forget(struct shard *s, struct customer *c)
{
	const struct machine *m = s->lifecycle->machine;
	const struct numbering *n = &s->numbering;
	bool waited;
	int rc = 0;

	for (unsigned k = 0; rc == 0 && k < m->n_risks; k++) {
		rc = forget(s, c, n->risk_id[k], &waited);
		if (waited) /* nobody has heard of it: it begins anew */
			c->standing.verdict.risks &= ~(1u << k);
	}
	for (unsigned l = 0; l < m->n_ladders; l++)
		for (unsigned r = 0; rc == 0 && r < m->ladders[l].n_rungs; r++)
			rc = forget(s, c, n->rung_id[l][r], &waited);
	for (unsigned x = 1; rc == 0 && x < CROSSING_COUNT; x++)
		rc = forget(s, c, n->crossing[x], &waited);
	return rc;
}
