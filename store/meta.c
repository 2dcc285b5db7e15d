/* SPDX-License-Identifier: Apache-2.0 */
/* Meta: what an environment says of itself, in one row, and the small things beside it: named
 * settings, lifecycle files by version, names and their numbers.
 *
 *   meta      "meta" -> 136 bytes, little-endian:
 *             0 "kith"  4 schema version  8 store id (16)  24 shard  28 shards  32 position (8)
 *             40 clock_ms (8)  48 lifecycle version  52 guard's generation  56 outbox first (8)
 *             64 outbox last (8)  72 customers (8)  80 accepted (8)  88 duplicates (8)
 *             96 conflicts (8)  104 guard since ms (8)  112 outbox bytes (8)
 *             120 messages first (8)  128 messages last (8)
 *   settings  name -> value
 *   names     'n' name -> number (2, LE);  'i' number (2, BE) -> name
 *   lifecycles  version (4, BE) -> since ms (8, LE), text
 *
 * A lifecycle file may take LMDB's overflow pages: it is never replaced or deleted, so it cannot
 * fragment the list of free pages. */
#include "store/table.h"

#define SCHEMA_VERSION STORE_VERSION
#define NAME_MAX_BYTES 255

void meta_pack(const struct env *e, uint8_t out[META_BYTES])
{
	const struct env_meta *m = &e->meta;

	memcpy(out, "kith", 4);
	put_le32(out + 4, SCHEMA_VERSION);
	memcpy(out + 8, e->store_id, 16);
	put_le32(out + 24, e->shard);
	put_le32(out + 28, e->shards);
	put_le64(out + 32, m->position);
	put_le64(out + 40, (uint64_t)m->clock_ms);
	put_le32(out + 48, m->lifecycle_version);
	put_le32(out + 52, m->guard_current);
	put_le64(out + 56, m->outbox_first);
	put_le64(out + 64, m->outbox_last);
	put_le64(out + 72, m->customers);
	put_le64(out + 80, m->accepted);
	put_le64(out + 88, m->duplicates);
	put_le64(out + 96, m->conflicts);
	put_le64(out + 104, (uint64_t)m->guard_since_ms);
	put_le64(out + 112, m->outbox_bytes);
	put_le64(out + 120, m->messages_first);
	put_le64(out + 128, m->messages_last);
}

int meta_unpack(struct span value, struct env *ret_e)
{
	const uint8_t *p = value.data;

	if (value.size < 8 || memcmp(p, "kith", 4) != 0)
		return ERR_CORRUPT;
	if (get_le32(p + 4) != SCHEMA_VERSION)
		return ERR_VERSION;
	if (value.size != META_BYTES || get_le32(p + 52) > 1)
		return ERR_CORRUPT;
	memcpy(ret_e->store_id, p + 8, 16);
	ret_e->shard = get_le32(p + 24);
	ret_e->shards = get_le32(p + 28);
	ret_e->meta = (struct env_meta){
		.position = get_le64(p + 32),
		.clock_ms = (int64_t)get_le64(p + 40),
		.lifecycle_version = get_le32(p + 48),
		.guard_current = (uint8_t)get_le32(p + 52),
		.outbox_first = get_le64(p + 56),
		.outbox_last = get_le64(p + 64),
		.customers = get_le64(p + 72),
		.accepted = get_le64(p + 80),
		.duplicates = get_le64(p + 88),
		.conflicts = get_le64(p + 96),
		.guard_since_ms = (int64_t)get_le64(p + 104),
		.outbox_bytes = get_le64(p + 112),
		.messages_first = get_le64(p + 120),
		.messages_last = get_le64(p + 128),
	};
	return OK;
}

int meta_load(struct env *e, struct complaint *c)
{
	struct span value;
	int rc = table_get(e, TABLE_META, span_str("meta"), &value);

	if (rc == OK)
		rc = meta_unpack(value, e);
	if (rc == ERR_VERSION)
		return complain(c, rc, "shard's schema is version %u, this kith reads version %u: use the "
			"kith that wrote it, or rebuild the store from its journal",
			get_le32(value.data + 4), SCHEMA_VERSION);
	if (rc == ERR_NOTFOUND || rc == ERR_CORRUPT)
		return complain(c, ERR_CORRUPT, "the shard's meta record is missing or damaged: put back "
			"a copy, or rebuild the store from its journal");
	return rc;
}

int meta_store(struct env *e)
{
	uint8_t bytes[META_BYTES];
	struct span stored, now = span_of(bytes, sizeof bytes);
	int rc = table_begin(e);

	if (rc != OK || e->read_only)
		return rc;
	meta_pack(e, bytes);
	rc = table_get(e, TABLE_META, span_str("meta"), &stored);
	if (rc == OK && span_eq(stored, now))
		return OK;
	if (e->failed != OK)
		return e->failed;
	return table_put(e, TABLE_META, span_str("meta"), &now, 1, TABLE_REPLACE);
}

int env_setting_put(struct env *e, const char *name, struct span value)
{
	return table_put(e, TABLE_SETTINGS, span_str(name), &value, 1, TABLE_REPLACE);
}

int env_setting_get(struct env *e, const char *name, struct span *ret_value)
{
	return table_get(e, TABLE_SETTINGS, span_str(name), ret_value);
}

int env_lifecycle_put(struct env *e, uint32_t version, int64_t since_ms, struct span text)
{
	uint8_t key[4], since[8];
	struct span parts[] = { span_of(since, sizeof since), text };

	put_be32(key, version);
	put_le64(since, (uint64_t)since_ms);
	return table_put(e, TABLE_LIFECYCLES, span_of(key, sizeof key), parts, 2, TABLE_REPLACE);
}

int env_lifecycle_get(struct env *e, uint32_t version, int64_t *ret_since_ms, struct span *ret_text)
{
	uint8_t key[4];
	struct span value;

	put_be32(key, version);
	int rc = table_get(e, TABLE_LIFECYCLES, span_of(key, sizeof key), &value);
	if (rc == OK && value.size < 8)
		rc = ERR_CORRUPT;
	if (rc != OK)
		return rc;
	*ret_since_ms = (int64_t)get_le64(value.data);
	*ret_text = span_of(value.data + 8, value.size - 8);
	return OK;
}

static int name_make(struct env *e, struct span key, struct span name, uint16_t *ret_number)
{
	uint8_t number[2], back[3] = { 'i' };
	struct span value = span_of(number, sizeof number);
	uint64_t next = table_rows(e, TABLE_NAMES) / 2 + 1;
	int rc;

	if (next > UINT16_MAX)
		return ERR_TOOBIG;
	put_le16(number, (uint16_t)next);
	back[1] = (uint8_t)(next >> 8);
	back[2] = (uint8_t)next;
	rc = table_put(e, TABLE_NAMES, key, &value, 1, TABLE_NEW);
	if (rc == OK)
		rc = table_put(e, TABLE_NAMES, span_of(back, sizeof back), &name, 1, TABLE_NEW);
	*ret_number = (uint16_t)next;
	return rc;
}

static int name_find(struct env *e, struct span key, uint16_t *ret_number)
{
	struct span value;
	int rc = table_get(e, TABLE_NAMES, key, &value);

	*ret_number = rc == OK && value.size == 2 ? get_le16(value.data) : 0;
	return rc;
}

/* Empty: no name is like that. */
static struct span name_key(struct span name, uint8_t key[1 + NAME_MAX_BYTES])
{
	if (name.size == 0 || name.size > NAME_MAX_BYTES)
		return span_of(NULL, 0);
	key[0] = 'n';
	memcpy(key + 1, name.data, name.size);
	return span_of(key, 1 + name.size);
}

uint16_t env_name_number(struct env *e, struct span name)
{
	uint8_t key[1 + NAME_MAX_BYTES];
	struct span k = name_key(name, key);
	uint16_t number = 0;
	int rc = k.size ? name_find(e, k, &number) : OK;

	if (rc == ERR_NOTFOUND)
		rc = name_make(e, k, name, &number);
	return rc == OK ? number : 0;
}

uint16_t env_name_find(struct env *e, struct span name)
{
	uint8_t key[1 + NAME_MAX_BYTES];
	struct span k = name_key(name, key);
	uint16_t number = 0;

	if (k.size)
		(void)name_find(e, k, &number);
	return number;
}

struct span env_name(struct env *e, uint16_t number)
{
	uint8_t key[3] = { 'i', (uint8_t)(number >> 8), (uint8_t)number };
	struct span name = { 0 };

	if (table_get(e, TABLE_NAMES, span_of(key, sizeof key), &name) != OK)
		return span_of(NULL, 0);
	return name;
}
