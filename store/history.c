/* SPDX-License-Identifier: Apache-2.0 */
/* History: customer -> the latest changes, oldest first, each kind (1), varints of at ms (zigzag),
 * outbox sequence, type, from, to; with bit 7 of the kind also the outbox sequence of what it takes
 * back. One row a customer: a change costs one look and one write, and 32 of them some 500 bytes,
 * not 32 rows. HISTORY_KEEP_MAX keeps it below LMDB's overflow pages. */
#include "store/table.h"

#define KIND_RETRACTS 0x80

size_t history_pack(const struct history_entry *h, uint8_t out[HISTORY_BYTES_MAX])
{
	uint8_t *p = out;

	*p++ = (uint8_t)(h->kind | (h->retracts ? KIND_RETRACTS : 0));
	p = put_varint(p, zigzag(h->at_ms));
	p = put_varint(p, h->outbox_sequence);
	p = put_varint(p, h->type);
	p = put_varint(p, h->from);
	p = put_varint(p, h->to);
	if (h->retracts)
		p = put_varint(p, h->retracts);
	return (size_t)(p - out);
}

int history_next(struct span *rest, struct history_entry *ret_h)
{
	const uint8_t *p = rest->data, *end = rest->data + rest->size;
	uint64_t v[5];

	if (rest->size == 0)
		return ERR_CORRUPT;
	ret_h->kind = *p++;
	for (unsigned i = 0; i < 5; i++)
		if (!(p = get_varint(p, end, &v[i])))
			return ERR_CORRUPT;
	ret_h->retracts = 0;
	if (ret_h->kind & KIND_RETRACTS && !(p = get_varint(p, end, &ret_h->retracts)))
		return ERR_CORRUPT;
	ret_h->kind &= (uint8_t)~KIND_RETRACTS;
	if (v[2] > UINT16_MAX || v[3] > UINT16_MAX || v[4] > UINT16_MAX)
		return ERR_CORRUPT;
	ret_h->at_ms = unzigzag(v[0]);
	ret_h->outbox_sequence = v[1];
	ret_h->type = (uint16_t)v[2];
	ret_h->from = (uint16_t)v[3];
	ret_h->to = (uint16_t)v[4];
	*rest = span_of(p, (size_t)(end - p));
	return OK;
}

int history_count(struct span value, uint64_t *ret_n)
{
	struct history_entry h;

	for (*ret_n = 0; value.size > 0; ++*ret_n)
		if (history_next(&value, &h) != OK)
			return ERR_CORRUPT;
	return OK;
}

static bool customer_fits(struct span customer)
{
	return customer.size > 0 && customer.size <= EVENT_CUSTOMER_MAX &&
		!memchr(customer.data, 0, customer.size);
}

/* Size 0 when there is none. */
static int history_load(struct env *e, struct span customer, struct span *ret_value,
	uint64_t *ret_n)
{
	int rc;

	if (!customer_fits(customer))
		return ERR_INVALID;
	rc = table_get(e, TABLE_HISTORY, customer, ret_value);
	if (rc == ERR_NOTFOUND) {
		*ret_value = span_of(NULL, 0);
		rc = OK;
	}
	return rc != OK ? rc : history_count(*ret_value, ret_n);
}

/* All but the latest KEEP of N. */
static void history_skip(struct span *value, uint64_t n, uint64_t keep)
{
	struct history_entry h;

	for (; n > keep; n--)
		(void)history_next(value, &h);
}

int env_history_add(struct env *e, struct span customer, const struct history_entry *h,
	unsigned keep)
{
	uint8_t bytes[HISTORY_BYTES_MAX];
	struct span parts[2] = { { 0 }, span_of(bytes, history_pack(h, bytes)) };
	uint64_t n;
	int rc = history_load(e, customer, &parts[0], &n);

	if (env_row_is_damaged(e, rc)) { /* nobody's word: it begins anew */
		parts[0].size = n = 0;
		rc = OK;
	}
	if (rc != OK)
		return rc;
	if (keep == 0)
		return env_history_del(e, customer);
	history_skip(&parts[0], n, (keep < HISTORY_KEEP_MAX ? keep : HISTORY_KEEP_MAX) - 1);
	return table_put(e, TABLE_HISTORY, customer, parts, 2, TABLE_REPLACE);
}

int env_history_get(struct env *e, struct span customer, struct history_entry *out, unsigned cap)
{
	struct span value;
	uint64_t n;
	int got = 0, rc = history_load(e, customer, &value, &n);

	if (rc != OK)
		return rc;
	history_skip(&value, n, cap);
	while (value.size > 0)
		(void)history_next(&value, &out[got++]);
	return got;
}

int env_history_del(struct env *e, struct span customer)
{
	int rc;

	if (!customer_fits(customer))
		return ERR_INVALID;
	rc = table_del(e, TABLE_HISTORY, customer);
	return rc == ERR_NOTFOUND ? OK : rc;
}

int env_history_announced(struct env *e, struct span customer, uint16_t type, int64_t at_ms,
	uint64_t outbox_sequence)
{
	uint8_t bytes[HISTORY_BYTES_MAX];
	struct span value, rest, parts[3] = { { 0 } };
	struct history_entry h, found = { 0 };
	uint64_t n;
	int rc = history_load(e, customer, &value, &n);

	if (rc != OK)
		return rc;
	for (rest = value; rest.size > 0;) {
		const uint8_t *begin = rest.data;

		(void)history_next(&rest, &h);
		if (h.type != type || h.at_ms != at_ms || h.outbox_sequence != 0)
			continue;
		found = h;
		parts[0] = span_of(value.data, (size_t)(begin - value.data));
		parts[2] = rest;
	}
	if (!parts[0].data)
		return ERR_NOTFOUND;
	found.outbox_sequence = outbox_sequence;
	parts[1] = span_of(bytes, history_pack(&found, bytes));
	return table_put(e, TABLE_HISTORY, customer, parts, 3, TABLE_REPLACE);
}
