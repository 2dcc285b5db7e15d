/* SPDX-License-Identifier: Apache-2.0 */
/* Notifications of a delivery, which protobuf-c has unpacked; what is added to those that are encoded,
 * and read of them as they are. */
#include "proto/notification.h"
#include "proto/wire.h"

static void evidence_take(struct evidence *e, const Kith__Notification__Evidence *m)
{
	e->fact = span_of_binary(m->fact);
	e->test = span_of_binary(m->test);
	e->value = m->value;
	e->text = span_of_binary(m->text);
	e->unit = (uint8_t)name_lookup(unit_name, UNIT_COUNT_, span_of_binary(m->unit));
	e->known = e->unit == UNIT_NAME ? m->has_text : m->has_value;
	e->holds = m->holds;
	e->speaks = m->speaks;
	e->left = m->left;
}

static bool evidence_is_plain(const struct evidence *list, unsigned n)
{
	for (const struct evidence *e = list; e < list + n; e++)
		if (!bytes_are_plain_utf8(e->fact) || !bytes_are_plain_utf8(e->test) ||
			!bytes_are_plain_utf8(e->text))
			return false;
	return true;
}

/* Only plain text is let in. */
static bool is_plain(const struct notification *n)
{
#define TEXT(number, name) \
	if (!bytes_are_plain_utf8(n->name)) \
		return false;
#define NUMBER(number, name, member)
#define GIVEN(number, name, has)
#define ALWAYS(number, name)
#define ENUM(number, name, count)
#define LIST(number, name, max, tests) \
	if (!evidence_is_plain(n->name, n->n_##name)) \
		return false;
#include "proto/notification.def"
	return true;
}

int notification_take(struct notification *n, const Kith__Notification *m)
{
	memset(n, 0, sizeof *n);
#define TEXT(number, name) n->name = span_of_binary(m->name);
#define NUMBER(number, name, member) n->member = m->name;
#define GIVEN(number, name, has) \
	n->has = m->has_##name; \
	n->name = m->name;
#define ALWAYS(number, name) n->name = m->name;
#define ENUM(number, name, count) n->name = (unsigned)m->name < count ? (uint8_t)m->name : 0;
#define LIST(number, name, max, tests) \
	if (m->n_##name > max) \
		return ERR_INVALID; \
	n->n_##name = (unsigned)m->n_##name; \
	for (unsigned i = 0; i < n->n_##name; i++) \
		evidence_take(&n->name[i], m->name[i]);
#include "proto/notification.def"
	return is_plain(n) && n->sequence > 0 ? 0 : ERR_INVALID;
}

/* NUMBER_text, … */
enum {
#define TEXT(number, name)             NUMBER_##name = number,
#define NUMBER(number, name, member)   NUMBER_##name = number,
#define GIVEN(number, name, has)       NUMBER_##name = number,
#define ALWAYS(number, name)           NUMBER_##name = number,
#define ENUM(number, name, count)      NUMBER_##name = number,
#define LIST(number, name, max, tests) NUMBER_##name = number,
#include "proto/notification.def"
};

void notification_add_text(struct buf *out, struct span text)
{
	if (text.size > 0)
		wire_add_bytes(out, NUMBER_text, text);
}

size_t notification_text_size(struct span text)
{
	return text.size == 0 ? 0 : wire_varint_size((uint64_t)NUMBER_text << 3 | WIRE_BYTES) +
		wire_varint_size(text.size) + text.size;
}

int64_t notification_noticed(struct span encoded)
{
	struct wire w = wire_of(encoded);
	struct wire_field f = { 0 };

	while (w.at < w.end && wire_read(&w, &f))
		if (f.number == NUMBER_noticed && f.type == WIRE_VARINT)
			return (int64_t)f.value;
	return 0;
}
