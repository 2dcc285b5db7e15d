/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a page. */
#include "workers/page.h"

int page_next(struct shard *s, struct buf *key, const struct machine *m,
	const struct numbering *n, bool *ret_whole)
{
	struct span id, record;
	int rc = env_customer_next(s->env, span_of(key->data, key->size), &id, &record);

	if (rc != 0 && !env_row_is_damaged(s->env, rc))
		return rc;
	buf_clear(key);
	buf_add(key, id.data, id.size);
	*ret_whole = rc == 0 && customer_unpack(&s->customer, id, record, m, n) == 0;
	return key->failed ? ERR_NOMEM : 0;
}

int page_read(struct shard *s, struct query *q,
	void (*visit)(struct shard *s, struct query *q, const struct customer *c))
{
	int rc = s->lifecycle ? 0 : ERR_NOTFOUND;
	bool is_whole;

	if (rc == 0 && s->lifecycle->machine->version != q->from)
		return ERR_EXISTS;
	for (unsigned n = 0; rc == 0 && n < PAGE_CUSTOMERS; n++) {
		rc = page_next(s, &q->key, s->lifecycle->machine, &s->numbering, &is_whole);
		if (rc == 0 && is_whole)
			visit(s, q, &s->customer);
	}
	q->done = rc == ERR_NOTFOUND;
	return q->done ? 0 : rc;
}
