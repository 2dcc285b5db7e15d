/* SPDX-License-Identifier: Apache-2.0 */
/* Members: size of the head's id (1), the head's id, kind (1), the member's id -> record, opaque
 * here. The rows of one head and kind lie together, in order of the members' ids; a row without a
 * member is the head's own. */
#include "store/table.h"

#define KEY_MAX (1 + EVENT_CUSTOMER_MAX + 1 + EVENT_CUSTOMER_MAX)

static int member_key(uint8_t key[KEY_MAX], struct span head, uint8_t kind, struct span member,
	struct span *ret_key)
{
	uint8_t *p = key;

	if (head.size == 0 || head.size > EVENT_CUSTOMER_MAX || member.size > EVENT_CUSTOMER_MAX)
		return ERR_INVALID;
	*p++ = (uint8_t)head.size;
	memcpy(p, head.data, head.size);
	p += head.size;
	*p++ = kind;
	if (member.size)
		memcpy(p, member.data, member.size);
	*ret_key = span_of(key, (size_t)(p - key) + member.size);
	return OK;
}

int env_member_put(struct env *e, struct span head, uint8_t kind, struct span member,
	struct span record)
{
	uint8_t bytes[KEY_MAX];
	struct span key;
	int rc = member_key(bytes, head, kind, member, &key);

	return rc != OK ? rc : table_put(e, TABLE_MEMBERS, key, &record, 1, TABLE_REPLACE);
}

int env_member_get(struct env *e, struct span head, uint8_t kind, struct span member,
	struct span *ret_record)
{
	uint8_t bytes[KEY_MAX];
	struct span key;
	int rc = member_key(bytes, head, kind, member, &key);

	return rc != OK ? rc : table_get(e, TABLE_MEMBERS, key, ret_record);
}

int env_member_del(struct env *e, struct span head, uint8_t kind, struct span member)
{
	uint8_t bytes[KEY_MAX];
	struct span key;
	int rc = member_key(bytes, head, kind, member, &key);

	if (rc == OK)
		rc = table_del(e, TABLE_MEMBERS, key);
	return rc == ERR_NOTFOUND ? OK : rc;
}

int env_member_next(struct env *e, struct span head, uint8_t kind, struct span after,
	struct span *ret_member, struct span *ret_record)
{
	uint8_t bytes[KEY_MAX];
	size_t common = 2 + head.size;
	struct span key;
	struct row row;
	int rc = member_key(bytes, head, kind, after, &key);

	if (rc == OK)
		rc = table_seek(e, TABLE_MEMBERS, key, SEEK_AFTER, &row);
	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	if (row.key.size <= common || memcmp(row.key.data, key.data, common) != 0)
		return ERR_NOTFOUND;
	*ret_member = span_of(row.key.data + common, row.key.size - common);
	*ret_record = rc == OK ? row.value : span_of(NULL, 0);
	return rc;
}
