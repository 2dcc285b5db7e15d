/* SPDX-License-Identifier: Apache-2.0 */
/* History: customer, 0x00, running number (8, BE) -> kind (1), varints of at ms (zigzag), outbox
 * sequence, type, from, to. The numbers of one customer follow each other without a gap: only
 * the oldest is ever deleted. An id holds no NUL, so one customer's rows lie together. */
#include <limits.h>
#include "store/table.h"

#define NUMBER_BYTES 8
#define KEY_BYTES    (EVENT_CUSTOMER_MAX + 1 + NUMBER_BYTES)

struct range {
	uint64_t first, last; /* first > last: none */
};

size_t history_pack(const struct history_entry *h, uint8_t out[HISTORY_BYTES_MAX])
{
	uint8_t *p = out;

	*p++ = h->kind;
	p = put_varint(p, zigzag(h->at_ms));
	p = put_varint(p, h->outbox_sequence);
	p = put_varint(p, h->type);
	p = put_varint(p, h->from);
	p = put_varint(p, h->to);
	return (size_t)(p - out);
}

int history_unpack(struct span value, struct history_entry *ret_h)
{
	const uint8_t *p = value.data, *end = value.data + value.size;
	uint64_t v[5];

	if (value.size == 0)
		return ERR_CORRUPT;
	ret_h->kind = *p++;
	for (unsigned i = 0; i < 5; i++)
		if (!(p = get_varint(p, end, &v[i])))
			return ERR_CORRUPT;
	if (p != end || v[2] > UINT16_MAX || v[3] > UINT16_MAX || v[4] > UINT16_MAX)
		return ERR_CORRUPT;
	ret_h->at_ms = unzigzag(v[0]);
	ret_h->outbox_sequence = v[1];
	ret_h->type = (uint16_t)v[2];
	ret_h->from = (uint16_t)v[3];
	ret_h->to = (uint16_t)v[4];
	return OK;
}

static struct span history_key(uint8_t key[KEY_BYTES], struct span customer, uint64_t number)
{
	memcpy(key, customer.data, customer.size);
	key[customer.size] = 0;
	put_be64(key + customer.size + 1, number);
	return span_of(key, customer.size + 1 + NUMBER_BYTES);
}

int history_key_split(struct span key, struct span *ret_customer, uint64_t *ret_number)
{
	if (key.size < 1 + 1 + NUMBER_BYTES || key.size > KEY_BYTES)
		return ERR_CORRUPT;
	*ret_customer = span_of(key.data, key.size - 1 - NUMBER_BYTES);
	*ret_number = get_be64(key.data + key.size - NUMBER_BYTES);
	if (ret_customer->data[ret_customer->size] != 0)
		return ERR_CORRUPT;
	return OK;
}

/* The number of the first row at or after (id, 0), or of the last before the end of ID's rows;
 * ERR_NOTFOUND when that row is another customer's. Values are not looked at: a damaged one
 * keeps its number. */
static int history_edge(struct env *e, struct span customer, enum table_seek how,
	uint64_t *ret_number)
{
	uint8_t key[KEY_BYTES];
	struct span k = history_key(key, customer, 0), owner;
	struct row row;
	uint64_t number;

	if (how == SEEK_BEFORE) {
		key[customer.size] = 1; /* just beyond the NUL */
		k.size = customer.size + 1;
	}
	int rc = table_seek(e, TABLE_HISTORY, k, how, &row);
	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	if (history_key_split(row.key, &owner, &number) != OK || !span_eq(owner, customer))
		return ERR_NOTFOUND;
	*ret_number = number;
	return OK;
}

static int history_range(struct env *e, struct span customer, struct range *ret_range)
{
	*ret_range = (struct range){ 1, 0 };
	if (customer.size == 0 || customer.size > EVENT_CUSTOMER_MAX ||
		memchr(customer.data, 0, customer.size))
		return ERR_INVALID;
	int rc = history_edge(e, customer, SEEK_BEFORE, &ret_range->last);
	if (rc == OK)
		rc = history_edge(e, customer, SEEK_FROM, &ret_range->first);
	return rc == ERR_NOTFOUND ? OK : rc;
}

/* Delete the oldest while there are more than KEEP. */
static int history_trim(struct env *e, struct span customer, struct range *r, uint64_t keep)
{
	uint8_t key[KEY_BYTES];
	int rc = OK;

	for (; rc == OK && r->last + 1 - r->first > keep; r->first++) {
		rc = table_del(e, TABLE_HISTORY, history_key(key, customer, r->first));
		if (rc == ERR_NOTFOUND)
			rc = OK;
	}
	return rc;
}

int env_history_add(struct env *e, struct span customer, const struct history_entry *h,
	unsigned keep)
{
	uint8_t key[KEY_BYTES], bytes[HISTORY_BYTES_MAX];
	struct span value = span_of(bytes, history_pack(h, bytes));
	struct range r;
	int rc = history_range(e, customer, &r);

	if (rc != OK)
		return rc;
	rc = table_put(e, TABLE_HISTORY, history_key(key, customer, r.last + 1), &value, 1,
		TABLE_FRESH);
	r.last++;
	return rc != OK ? rc : history_trim(e, customer, &r, keep);
}

int env_history_get(struct env *e, struct span customer, struct history_entry *out, unsigned cap)
{
	uint8_t key[KEY_BYTES];
	struct span value;
	struct range r;
	int n = 0, rc = history_range(e, customer, &r);

	if (rc != OK)
		return rc;
	if (cap > INT_MAX)
		cap = INT_MAX;
	if (r.last + 1 - r.first > cap)
		r.first = r.last + 1 - cap;
	for (uint64_t number = r.first; number <= r.last; number++) {
		rc = table_get(e, TABLE_HISTORY, history_key(key, customer, number), &value);
		if (rc == OK)
			rc = history_unpack(value, &out[n++]);
		if (rc != OK)
			return rc == ERR_NOTFOUND ? ERR_CORRUPT : rc;
	}
	return n;
}

int env_history_del(struct env *e, struct span customer)
{
	struct range r;
	int rc = history_range(e, customer, &r);

	return rc != OK ? rc : history_trim(e, customer, &r, 0);
}

int env_history_announced(struct env *e, struct span customer, uint16_t type, int64_t at_ms,
	uint64_t outbox_sequence)
{
	uint8_t key[KEY_BYTES], bytes[HISTORY_BYTES_MAX];
	struct history_entry h;
	struct span value;
	struct range r;
	int rc = history_range(e, customer, &r);

	for (uint64_t number = r.last; rc == OK && number >= r.first && number > 0; number--) {
		struct span k = history_key(key, customer, number);

		rc = table_get(e, TABLE_HISTORY, k, &value);
		if (rc == OK)
			rc = history_unpack(value, &h);
		if (rc != OK || h.type != type || h.at_ms != at_ms || h.outbox_sequence != 0)
			continue;
		h.outbox_sequence = outbox_sequence;
		value = span_of(bytes, history_pack(&h, bytes));
		return table_put(e, TABLE_HISTORY, k, &value, 1, TABLE_REPLACE);
	}
	return rc != OK ? rc : ERR_NOTFOUND;
}
