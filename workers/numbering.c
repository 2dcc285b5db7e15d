/* SPDX-License-Identifier: Apache-2.0 */
/* The numbers under which an environment knows what a machine names. */
#include "workers/customer.h"

static void number_all(struct numbering *n, struct env *env, const struct machine *m,
	uint16_t (*number)(struct env *env, struct span name))
{
	memset(n, 0, sizeof *n);
	for (unsigned l = 0; l < m->n_ladders; l++) {
		const struct ladder *ladder = &m->ladders[l];

		n->ladder[l] = number(env, ladder->name);
		for (unsigned r = 0; r < ladder->n_rungs; r++) {
			n->rung[l][r] = number(env, ladder->rungs[r].name);
			n->rung_near[l][n->rung[l][r] % RUNGS_NEAR] = (uint8_t)r;
			n->rung_id[l][r] = number(env, ladder->rungs[r].id);
		}
	}
	for (unsigned k = 0; k < m->n_risks; k++) {
		n->risk[k] = number(env, m->risks[k].name);
		n->risk_id[k] = number(env, m->risks[k].id);
	}
	for (unsigned x = 1; x < CROSSING_COUNT; x++)
		n->crossing[x] = number(env, span_str(crossing_name(x)));
	for (unsigned i = 0; i < m->n_follow_ups; i++) {
		n->follow_up[i] = number(env, m->follow_ups[i].id);
		n->follow_up_on[i] = number(env, m->follow_ups[i].on);
	}
	n->clear = number(env, span_str("clear"));
	n->raised = number(env, span_str("raised"));
}

int numbering_make(struct numbering *n, struct env *env, const struct machine *m)
{
	number_all(n, env, m, env_name_number);
	return env_failed(env) ? env_failed(env) : births_make(n, env, m);
}

int numbering_find(struct numbering *n, struct env *env, const struct machine *m)
{
	number_all(n, env, m, env_name_find);
	return env_failed(env) ? env_failed(env) : births_find(n, env, m);
}
