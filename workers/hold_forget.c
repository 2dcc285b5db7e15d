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
	uint16_t snooze = env_name_find(s->env, span_str(SNOOZE_NAME));
	bool waited;
	int rc = 0;

	for (unsigned k = 0; rc == 0 && k < m->n_risks; k++) {
		rc = forget(s, c, s->numbering.risk_id[k], &waited);
		if (waited) /* nobody has heard of it: it begins anew */
			c->standing.verdict.risks &= ~(1u << k);
	}
	/* under any other name, also of a file that is not in force any more */
	for (unsigned name = 1; rc == 0 && env_helds(s->env) > 0 &&
		env_name(s->env, (uint16_t)name).size; name++)
		if (name != snooze)
			rc = forget(s, c, (uint16_t)name, &waited);
	return rc;
}
