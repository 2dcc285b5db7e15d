/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: number (8, BE) -> encoded message. Appended at the end, deleted from the front when
 * the journal has them; meta says where both are. */
#include "store/table.h"

int env_message_add(struct env *e, struct span encoded, uint64_t *ret_number)
{
	uint8_t key[8];

	put_be64(key, e->meta.messages_last + 1);
	int rc = table_put(e, TABLE_MESSAGES, span_of(key, sizeof key), &encoded, 1, TABLE_APPEND);
	if (rc == OK)
		*ret_number = ++e->meta.messages_last;
	return rc;
}

int env_message_get(struct env *e, uint64_t number, struct span *ret_encoded)
{
	uint8_t key[8];
	int rc = table_begin(e);

	if (rc != OK)
		return rc;
	if (number < e->meta.messages_first || number > e->meta.messages_last)
		return ERR_NOTFOUND;
	put_be64(key, number);
	rc = table_get(e, TABLE_MESSAGES, span_of(key, sizeof key), ret_encoded);
	return rc == ERR_NOTFOUND ? ERR_CORRUPT : rc;
}

int env_messages_done(struct env *e, uint64_t upto)
{
	struct env_meta *m = &e->meta;
	uint8_t key[8];
	int rc = table_begin(e);

	while (rc == OK && m->messages_first <= upto && m->messages_first <= m->messages_last) {
		put_be64(key, m->messages_first);
		rc = table_del(e, TABLE_MESSAGES, span_of(key, sizeof key));
		if (rc == ERR_NOTFOUND)
			rc = OK;
		if (rc == OK)
			m->messages_first++;
	}
	return rc;
}
