/* SPDX-License-Identifier: Apache-2.0 */
/* Births: since when a store has counted each fact that the lifecycle file declares itself.
 *
 * One that a file drops is forgotten, since nobody counts it any more; one that comes back later
 * begins anew. A record that was last judged before the fact was born may still carry a value of an
 * earlier life: that is void. Kept as the setting "facts":
 *
 *   n × { u32 key, u32 version of the file that brought it, i64 since_ms } */
#include "workers/customer.h"

#define ROW 16

static const uint8_t *row_of(struct span rows, uint32_t key)
{
	for (size_t i = 0; i + ROW <= rows.size; i += ROW)
		if (get_le32(rows.data + i) == key)
			return rows.data + i;
	return NULL;
}

/* *RET_ROWS: as they stand. What has no row there is born with version NEW. */
static int births_read(struct numbering *n, struct env *env, const struct machine *m, uint32_t new,
	struct span *ret_rows)
{
	int rc = env_setting_get(env, "facts", ret_rows);

	if (rc == ERR_NOTFOUND) {
		*ret_rows = span_of((const uint8_t *)"", 0);
		rc = 0;
	}
	for (unsigned i = 0; rc == 0 && i < m->n_customs; i++) {
		const uint8_t *row = row_of(*ret_rows, m->customs[i].key);

		n->fact_born[i] = row ? get_le32(row + 4) : new;
		n->fact_since_ms[i] = row ? (int64_t)get_le64(row + 8) : m->since_ms;
	}
	return rc;
}

int births_find(struct numbering *n, struct env *env, const struct machine *m)
{
	struct span rows;

	return births_read(n, env, m, UINT32_MAX, &rows);
}

int births_make(struct numbering *n, struct env *env, const struct machine *m)
{
	uint8_t made[CUSTOM_MAX * ROW];
	size_t size = m->n_customs * ROW;
	struct span rows;
	int rc = births_read(n, env, m, m->version, &rows);

	if (rc != 0)
		return rc;
	for (unsigned i = 0; i < m->n_customs; i++) {
		put_le32(made + i * ROW, m->customs[i].key);
		put_le32(made + i * ROW + 4, n->fact_born[i]);
		put_le64(made + i * ROW + 8, (uint64_t)n->fact_since_ms[i]);
	}
	if (span_eq(rows, span_of(made, size)))
		return 0;
	return env_setting_put(env, "facts", span_of(made, size));
}

void births_void(struct facts *f, uint32_t judged, const struct machine *m, const struct numbering *n)
{
	for (unsigned i = 0; i < m->n_customs; i++)
		if (judged < n->fact_born[i])
			facts_forget(f, m->customs[i].key);
	facts_adopt(f, m);
}

void births_adopt(struct customer *c, const struct machine *m, const struct numbering *n)
{
	births_void(&c->facts, c->standing.lifecycle_version, m, n);
}
