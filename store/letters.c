/* SPDX-License-Identifier: Apache-2.0 */
/* Letters: name, 0, number (8, BE) -> record, opaque here. A name has no NUL, so the letters of one
 * lie together, in order of their numbers. */
#include "store/table.h"

#define NAME_MAX_BYTES 255

static int letter_key(uint8_t key[NAME_MAX_BYTES + 9], struct span name, uint64_t sequence,
	struct span *ret_key)
{
	if (name.size == 0 || name.size > NAME_MAX_BYTES)
		return ERR_TOOBIG;
	memcpy(key, name.data, name.size);
	key[name.size] = 0;
	put_be64(key + name.size + 1, sequence);
	*ret_key = span_of(key, name.size + 9);
	return OK;
}

int env_letter_put(struct env *e, struct span name, uint64_t sequence, struct span record)
{
	uint8_t bytes[NAME_MAX_BYTES + 9];
	struct span key;
	int rc = letter_key(bytes, name, sequence, &key);

	return rc != OK ? rc : table_put(e, TABLE_LETTERS, key, &record, 1, TABLE_REPLACE);
}

int env_letter_del(struct env *e, struct span name, uint64_t sequence)
{
	uint8_t bytes[NAME_MAX_BYTES + 9];
	struct span key;
	int rc = letter_key(bytes, name, sequence, &key);

	if (rc == OK)
		rc = table_del(e, TABLE_LETTERS, key);
	return rc == ERR_NOTFOUND ? OK : rc;
}

int env_letter_next(struct env *e, struct span name, uint64_t after, uint64_t *ret_sequence,
	struct span *ret_record)
{
	uint8_t bytes[NAME_MAX_BYTES + 9];
	struct span key;
	struct row row;
	int rc = after == UINT64_MAX ? ERR_NOTFOUND : letter_key(bytes, name, after + 1, &key);

	if (rc == OK)
		rc = table_seek(e, TABLE_LETTERS, key, SEEK_FROM, &row);
	if (rc != OK && (rc != ERR_CORRUPT || e->failed != OK))
		return rc;
	if (row.key.size != key.size || memcmp(row.key.data, key.data, key.size - 8) != 0)
		return ERR_NOTFOUND;
	*ret_sequence = get_be64(row.key.data + row.key.size - 8);
	*ret_record = rc == OK ? row.value : span_of(NULL, 0);
	return rc;
}
