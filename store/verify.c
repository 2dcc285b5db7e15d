/* SPDX-License-Identifier: Apache-2.0 */
/* Verify: read a whole environment, and say of each row what is wrong with it. */
#include <stdio.h>
#include <stdlib.h>
#include "store/table.h"

struct verify {
	struct env *e;
	void (*problem)(void *arg, const char *text);
	void *arg;
	int64_t (*armed)(struct span record);
	long problems;
	enum table table;        /* being walked */
	uint64_t next_sequence;  /* outbox: the number expected next … */
	uint64_t outbox_bytes;   /* … and what the rows hold */
	uint64_t next_message;   /* messages: the number expected next */
	uint8_t *seen;           /* sources: a byte for each number */
	uint64_t sources;
	uint64_t history;        /* changes */
	uint64_t block_ids;
	uint8_t block_last[4 + 2 + EVENT_ID_MAX]; /* blocks: the last id of the one before, as a key */
	size_t block_last_size;
};

/* KEY as text: what is not printable as \xNN, cut after some 60 bytes. */
static void quote_key(struct span key, char out[256])
{
	size_t n = 0;

	for (size_t i = 0; i < key.size && n < 240; i++) {
		uint8_t c = key.data[i];
		bool plain = c >= 0x20 && c < 0x7f && c != '"' && c != '\\';

		n += (size_t)snprintf(out + n, 256 - n, plain ? "%c" : "\\x%02x", c);
	}
	out[n] = '\0';
}

static void fault(struct verify *v, struct span key, const char *what)
{
	char text[512], quoted[256];

	quote_key(key, quoted);
	snprintf(text, sizeof text, "shard %u, %s, key \"%s\": %s", v->e->shard,
		table_name(v->table), quoted, what);
	v->problems++;
	v->problem(v->arg, text);
}

static void fault_count(struct verify *v, const char *what, uint64_t is, uint64_t should)
{
	char text[256];

	if (is == should)
		return;
	snprintf(text, sizeof text, "shard %u: %s are %llu, and should be %llu", v->e->shard, what,
		(unsigned long long)is, (unsigned long long)should);
	v->problems++;
	v->problem(v->arg, text);
}

static void check_meta(struct verify *v, const struct row *row)
{
	struct env other; /* only what the row says is written */

	if (!span_eq(row->key, span_str("meta")) || meta_unpack(row->value, &other) != OK)
		fault(v, row->key, "not a meta record of this version");
}

static void check_name(struct verify *v, const struct row *row)
{
	uint8_t other[1 + 255];
	struct span back, name = span_of(row->key.data + 1, row->key.size - 1);

	if (row->key.data[0] == 'n' && row->value.size == 2) {
		uint16_t number = get_le16(row->value.data);

		if (!span_eq(env_name(v->e, number), name))
			fault(v, row->key, "its number belongs to another name or to none");
	} else if (row->key.data[0] == 'i' && row->key.size == 3 && row->value.size <= 255) {
		other[0] = 'n';
		memcpy(other + 1, row->value.data, row->value.size);
		if (table_get(v->e, TABLE_NAMES, span_of(other, 1 + row->value.size), &back) != OK ||
			back.size != 2 || back.data[0] != name.data[1] || back.data[1] != name.data[0])
			fault(v, row->key, "its name has another number or none");
	} else {
		fault(v, row->key, "neither a name nor a number");
	}
}

static void check_lifecycle(struct verify *v, const struct row *row)
{
	if (row->key.size != 4 || row->value.size < 8)
		fault(v, row->key, "not a lifecycle file");
}

static void check_source(struct verify *v, const struct row *row)
{
	struct source s;

	if (source_unpack(row->value, &s) != OK || s.number > v->sources)
		fault(v, row->key, "not a source");
	else if (v->seen[s.number]++)
		fault(v, row->key, "shares its number with another source");
}

static void check_customer(struct verify *v, const struct row *row)
{
	uint8_t key[8 + EVENT_CUSTOMER_MAX];
	struct span value;
	int64_t due_ms;

	if (row->key.size > EVENT_CUSTOMER_MAX) {
		fault(v, row->key, "not a customer's id");
		return;
	}
	if (!v->armed || (due_ms = v->armed(row->value)) == 0)
		return;
	put_be64(key, (uint64_t)due_ms);
	memcpy(key + 8, row->key.data, row->key.size);
	if (table_get(v->e, TABLE_DEADLINES, span_of(key, 8 + row->key.size), &value) == ERR_NOTFOUND)
		fault(v, row->key, "armed for a deadline that is not there");
}

static void check_pair(struct verify *v, const struct row *row)
{
	struct span id = span_of(row->key.data + 2, row->key.size - 2), value;

	if (row->key.size < 3)
		fault(v, row->key, "not a name's number and a customer");
	else if (table_get(v->e, TABLE_CUSTOMERS, id, &value) == ERR_NOTFOUND)
		fault(v, row->key, "its customer is not there");
}

static void check_deadline(struct verify *v, const struct row *row)
{
	struct span record;
	int rc;

	if (row->key.size <= 8 || row->key.size > 8 + EVENT_CUSTOMER_MAX || row->value.size != 0) {
		fault(v, row->key, "not a deadline");
		return;
	}
	if (!v->armed)
		return;
	rc = env_customer_get(v->e, span_of(row->key.data + 8, row->key.size - 8), &record);
	if (rc == ERR_NOTFOUND)
		fault(v, row->key, "its customer is not there");
	else if (rc == OK && v->armed(record) != (int64_t)get_be64(row->key.data))
		fault(v, row->key, "its customer is not armed for it");
}

static void check_guard(struct verify *v, const struct row *row)
{
	if (row->key.size <= 4 || row->key.size > 4 + EVENT_ID_MAX || row->value.size != 4)
		fault(v, row->key, "not an event's id");
	else if (get_be32(row->key.data) == 0 || get_be32(row->key.data) > v->sources)
		fault(v, row->key, "its source is not there");
}

/* Its ids are above those of the block before, so that one look finds where an id would be. */
static void check_block(struct verify *v, const struct row *row)
{
	size_t head = row->key.size;
	uint8_t last[EVENT_ID_MAX];
	struct block_key key;
	unsigned n;

	if (block_key_take(row->key, &key) != OK ||
		block_check(row->value, key.first, &n, last) != OK) {
		fault(v, row->key, "not a block of ids");
		return;
	}
	if (key.source == 0 || key.source > v->sources)
		fault(v, row->key, "its source is not there");
	if (v->block_last_size && key_order(row->key, span_of(v->block_last, v->block_last_size)) <= 0)
		fault(v, row->key, "the block before reaches into it");
	v->block_ids += n;
	head -= key.first.size;
	memcpy(v->block_last, row->key.data, head);
	memcpy(v->block_last + head, last, key.first.size);
	v->block_last_size = row->key.size;
}

static void check_outbox(struct verify *v, const struct row *row)
{
	if (row->key.size != 8 || row->value.size < 8) {
		fault(v, row->key, "not a notification");
		return;
	}
	if (get_be64(row->key.data) != v->next_sequence)
		fault(v, row->key, "not the number that should come next");
	v->next_sequence = get_be64(row->key.data) + 1;
	v->outbox_bytes += row->value.size - 8;
}

static void check_message(struct verify *v, const struct row *row)
{
	if (row->key.size != 8 || row->value.size == 0) {
		fault(v, row->key, "not a message");
		return;
	}
	if (get_be64(row->key.data) != v->next_message)
		fault(v, row->key, "not the number that should come next");
	v->next_message = get_be64(row->key.data) + 1;
}

static void check_member(struct verify *v, const struct row *row)
{
	size_t head = row->key.size ? row->key.data[0] : 0;
	struct span record;

	if (head == 0 || head > EVENT_CUSTOMER_MAX || row->key.size < head + 2 || row->value.size == 0)
		fault(v, row->key, "not a member of anybody");
	else if (env_customer_get(v->e, span_of(row->key.data + 1, head), &record) == ERR_NOTFOUND)
		fault(v, row->key, "whom it belongs to is not there");
}

static void check_history(struct verify *v, const struct row *row)
{
	struct span record;
	uint64_t n;

	if (row->key.size > EVENT_CUSTOMER_MAX || history_count(row->value, &n) != OK || n == 0) {
		fault(v, row->key, "not a customer's history");
		return;
	}
	if (env_customer_get(v->e, row->key, &record) == ERR_NOTFOUND)
		fault(v, row->key, "its customer is not there");
	v->history += n;
}

/* Each number is there once, so up to the number of rows all are. */
static void check_trail(struct verify *v, const struct row *row)
{
	if (row->key.size != 4 || row->value.size == 0)
		fault(v, row->key, "not a customer's trail");
	else if (get_be32(row->key.data) == 0 ||
		get_be32(row->key.data) > table_rows(v->e, v->table))
		fault(v, row->key, "its number is none that was given");
}

static void check_nothing(struct verify *v, const struct row *row)
{
	(void)v;
	(void)row;
}

static void (*const checks[TABLES])(struct verify *, const struct row *) = {
	[TABLE_META] = check_meta,
	[TABLE_SETTINGS] = check_nothing,
	[TABLE_NAMES] = check_name,
	[TABLE_LIFECYCLES] = check_lifecycle,
	[TABLE_SOURCES] = check_source,
	[TABLE_CUSTOMERS] = check_customer,
	[TABLE_DEADLINES] = check_deadline,
	[TABLE_GUARD0] = check_guard,
	[TABLE_GUARD1] = check_guard,
	[TABLE_OUTBOX] = check_outbox,
	[TABLE_HISTORY] = check_history,
	[TABLE_SUBSCRIPTIONS] = check_nothing,
	[TABLE_MESSAGES] = check_message,
	[TABLE_HELD] = check_pair,
	[TABLE_FOLLOW_UPS] = check_pair,
	[TABLE_LETTERS] = check_nothing,
	[TABLE_HEALTH] = check_nothing,
	[TABLE_MEMBERS] = check_member,
	[TABLE_TRAILS0] = check_trail,
	[TABLE_TRAILS1] = check_trail,
	[TABLE_BLOCKS0] = check_block,
	[TABLE_BLOCKS1] = check_block,
};

static bool key_is_after(struct span key, struct span before)
{
	size_t shorter = key.size < before.size ? key.size : before.size;
	int order = memcmp(key.data, before.data, shorter);

	return order > 0 || (order == 0 && key.size > before.size);
}

/* Each step seeks anew: a check may have moved the table's cursor. */
static int verify_table(struct verify *v, enum table t, uint64_t *ret_rows)
{
	uint8_t key[TABLE_KEY_MAX];
	struct span last = span_of(key, 0);
	struct row row;
	uint64_t rows = 0;
	int rc;

	v->table = t;
	v->block_last_size = 0;
	while ((rc = table_seek(v->e, t, last, SEEK_AFTER, &row)) == OK ||
		(rc == ERR_CORRUPT && v->e->failed == OK)) {
		if (!key_is_after(row.key, last) || row.key.size > TABLE_KEY_MAX) {
			fault(v, row.key, "out of order");
			break;
		}
		memcpy(key, row.key.data, row.key.size);
		last.size = row.key.size;
		rows++;
		if (rc == OK)
			checks[t](v, &row);
		else
			fault(v, row.key, "checksum does not match");
		if (v->e->failed != OK)
			break;
	}
	*ret_rows = rows;
	if (v->e->failed != OK)
		return v->e->failed;
	fault_count(v, table_name(t), rows, table_rows(v->e, t));
	return OK;
}

/* Damage to the tree of one table ends its walk; a read transaction can be begun anew for the
 * others, one with writes in it cannot. */
static int verify_table_failed(struct verify *v, int rc)
{
	if (rc != ERR_CORRUPT || !v->e->read_only)
		return rc;
	fault(v, span_of(NULL, 0), "the tree is damaged, what follows was not read");
	table_abort(v->e);
	return OK;
}

static int verify_tables(struct verify *v, uint64_t rows[TABLES])
{
	int rc = OK;

	for (unsigned t = 0; t < TABLES && rc == OK; t++) {
		rc = verify_table(v, (enum table)t, &rows[t]);
		if (rc != OK)
			rc = verify_table_failed(v, rc);
	}
	return rc;
}

static void verify_meta(struct verify *v, const uint64_t rows[TABLES])
{
	const struct env_meta *m = &v->e->meta;
	int64_t since_ms;
	struct span text;

	fault_count(v, "customers by the meta record", m->customers, rows[TABLE_CUSTOMERS]);
	fault_count(v, "notifications by the meta record", m->outbox_last + 1 - m->outbox_first,
		rows[TABLE_OUTBOX]);
	if (v->outbox_bytes > m->outbox_bytes)
		fault(v, span_of(NULL, 0), "the rows hold more bytes than the meta record says");
	fault_count(v, "messages by the meta record", m->messages_last + 1 - m->messages_first,
		rows[TABLE_MESSAGES]);
	v->table = TABLE_LIFECYCLES;
	if (m->lifecycle_version &&
		env_lifecycle_get(v->e, m->lifecycle_version, &since_ms, &text) == ERR_NOTFOUND)
		fault(v, span_of(NULL, 0), "the version in force is not there");
}

long env_verify(struct env *e, struct env_report *ret_report,
	void (*problem)(void *arg, const char *text), void *arg, int64_t (*armed)(struct span record))
{
	struct verify v = { .e = e, .problem = problem, .arg = arg, .armed = armed,
		.next_sequence = e->meta.outbox_first, .next_message = e->meta.messages_first };
	uint64_t rows[TABLES] = { 0 }, map;
	int rc = sources_flush(e);

	if (rc == OK)
		rc = meta_store(e);
	if (rc != OK)
		return rc;
	v.sources = table_rows(e, TABLE_SOURCES);
	v.seen = calloc(1, v.sources + 1);
	if (!v.seen)
		return ERR_NOMEM;
	rc = verify_tables(&v, rows);
	if (rc == OK)
		verify_meta(&v, rows);
	free(v.seen);
	*ret_report = (struct env_report){
		.customers = rows[TABLE_CUSTOMERS], .deadlines = rows[TABLE_DEADLINES],
		.outbox = rows[TABLE_OUTBOX], .history = v.history,
		.guard_ids = rows[TABLE_GUARD0] + rows[TABLE_GUARD1] + v.block_ids,
		.sources = rows[TABLE_SOURCES],
	};
	env_space(e, &ret_report->bytes_used, &map);
	return rc != OK ? rc : v.problems;
}
