/* SPDX-License-Identifier: Apache-2.0 */
/* A notification onto the wire, in one pass. By hand because a shard makes one for every other event
 * of a shop, and protobuf-c took as long for it as for a tenth of all that an event costs;
 * tests/unit/test_notification.c holds the two against each other, byte for byte. */
#include <assert.h>
#include "proto/notification.h"
#include "proto/wire.h"

enum { ID = 1 };
enum { FACT = 1, TEST = 2, VALUE = 3, TEXT_VALUE = 4, UNIT = 5, HOLDS = 6, SPEAKS = 60, LEFT = 61 };

#define NUMBER_MAX (2 + 10) /* bytes of a field that is a number, at most; its tag has two */
#define TEXT_HEAD  (2 + WIRE_HEAD_MAX)

/* All tags here are constants below 2^14. */
static inline uint8_t *put_tag(uint8_t *p, unsigned number, enum wire_type type)
{
	unsigned tag = number << 3 | type;

	if (tag >= 0x80)
		*p++ = (uint8_t)(tag | 0x80);
	*p++ = (uint8_t)(tag >= 0x80 ? tag >> 7 : tag);
	return p;
}

static inline uint8_t *put_number(uint8_t *p, unsigned number, uint64_t value)
{
	return put_varint(put_tag(p, number, WIRE_VARINT), value);
}

static inline uint8_t *put_text(uint8_t *p, unsigned number, struct span text)
{
	p = put_varint(put_tag(p, number, WIRE_BYTES), text.size);
	if (text.size)
		memcpy(p, text.data, text.size);
	return p + text.size;
}

/* "3-1042" */
static uint8_t *put_id(uint8_t *p, uint32_t shard, uint64_t sequence)
{
	uint8_t digits[32], *end = digits + sizeof digits, *first = end;

	do
		*--first = (uint8_t)('0' + sequence % 10);
	while (sequence /= 10);
	*--first = '-';
	do
		*--first = (uint8_t)('0' + shard % 10);
	while (shard /= 10);
	return put_text(p, ID, span_of(first, (size_t)(end - first)));
}

static size_t evidence_bound(const struct evidence *e)
{
	return 3 * TEXT_HEAD + e->fact.size + e->test.size + e->text.size + 32 + 4 * NUMBER_MAX;
}

static uint8_t *put_what(uint8_t *p, const struct evidence *e)
{
	const char *unit = unit_name(e->unit);

	if (e->fact.size)
		p = put_text(p, FACT, e->fact);
	if (e->test.size)
		p = put_text(p, TEST, e->test);
	if (e->known && e->unit != UNIT_NAME) {
		p = put_tag(p, VALUE, WIRE_FIXED64);
		memcpy(p, &e->value, sizeof e->value);
		p += sizeof e->value;
	} else if (e->known) {
		p = put_text(p, TEXT_VALUE, e->text);
	}
	return unit ? put_text(p, UNIT, span_str(unit)) : p;
}

/* A test says how it came out; context does not. */
static uint8_t *put_evidence(uint8_t *p, unsigned number, const struct evidence *e, bool is_test)
{
	uint8_t *start = put_tag(p, number, WIRE_BYTES) + 1; /* behind a length of one byte */

	p = put_what(start, e);
	if (is_test) {
		p = put_number(p, HOLDS, e->holds);
		if (e->speaks)
			p = put_number(p, SPEAKS, 1);
		if (e->left)
			p = put_number(p, LEFT, 1);
	}
	return wire_put_length(start, p);
}

static uint8_t *put_list(uint8_t *p, unsigned number, const struct evidence *list, unsigned n,
	bool are_tests)
{
	for (unsigned i = 0; i < n; i++)
		p = put_evidence(p, number, &list[i], are_tests);
	return p;
}

static size_t list_bound(const struct evidence *list, unsigned n)
{
	size_t size = 0;

	for (unsigned i = 0; i < n; i++)
		size += TEXT_HEAD + evidence_bound(&list[i]);
	return size;
}

/* At most so many bytes. */
static size_t notification_bound(const struct notification *n)
{
	return TEXT_HEAD + 32 /* the id */
#define TEXT(number, name)           + TEXT_HEAD + n->name.size
#define NUMBER(number, name, member) + NUMBER_MAX
#define GIVEN(number, name, has)     + NUMBER_MAX
#define ALWAYS(number, name)         + NUMBER_MAX
#define ENUM(number, name, count)    + NUMBER_MAX
#define LIST(number, name, max, tests)      + list_bound(n->name, n->n_##name)
#include "proto/notification.def"
		;
}

static uint8_t *notification_write(uint8_t *p, const struct notification *n)
{
	p = put_id(p, n->shard, n->sequence);
#define TEXT(number, name) \
	if (n->name.size) \
		p = put_text(p, number, n->name);
#define NUMBER(number, name, member) \
	if (n->member) \
		p = put_number(p, number, (uint64_t)n->member);
#define GIVEN(number, name, has) \
	if (n->has) \
		p = put_number(p, number, (uint64_t)n->name);
#define ALWAYS(number, name) p = put_number(p, number, n->name);
#define ENUM(number, name, count) NUMBER(number, name, name)
#define LIST(number, name, max, tests) \
	assert(n->n_##name <= max); \
	p = put_list(p, number, n->name, n->n_##name, tests);
#include "proto/notification.def"
	return p;
}

void notification_encode(struct buf *out, const struct notification *n)
{
	uint8_t *room = buf_room(out, notification_bound(n));

	if (room)
		out->size = (size_t)(notification_write(room, n) - out->data);
}
