/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a page. */
#include "workers/page.h"

int page_read(struct shard *s, struct query *q,
	void (*visit)(struct shard *s, struct query *q, const struct customer *c))
{
	struct span id, record;
	int rc = s->lifecycle ? 0 : ERR_NOTFOUND;

	if (rc == 0 && s->lifecycle->machine->version != q->from)
		return ERR_EXISTS;
	for (unsigned n = 0; rc == 0 && n < PAGE_CUSTOMERS; n++) {
		rc = env_customer_next(s->env, span_of(q->key.data, q->key.size), &id, &record);
		if (rc != 0 && (rc != ERR_CORRUPT || env_failed(s->env) != 0))
			break;
		buf_clear(&q->key);
		buf_add(&q->key, id.data, id.size);
		if (rc == 0)
			rc = customer_unpack(&s->customer, id, record, s->lifecycle->machine,
				&s->numbering);
		if (rc == 0)
			visit(s, q, &s->customer);
		rc = q->key.failed ? ERR_NOMEM : 0;
	}
	q->done = rc == ERR_NOTFOUND;
	return q->done ? 0 : rc;
}
