/* SPDX-License-Identifier: Apache-2.0 */
/* Receipts: the answer to a batch. */
#include "proto/message.h"

static const struct message_limit limit = { BATCH_BYTES_MAX, 8 * BATCH_EVENTS_MAX };

/* One rejection at a time, so that ten thousand of them need no array of pointers. */
static void rejection_append(struct buf *out, const struct rejection *from)
{
	Kith__Receipt__Rejection r = KITH__RECEIPT__REJECTION__INIT;
	Kith__Receipt__Rejection *one = &r;
	Kith__Receipt m = KITH__RECEIPT__INIT;

	r.has_index = true;
	r.index = from->index;
	r.has_code = true;
	r.code = binary_str(reject_name(from->code));
	SET_BYTES(&r, text, from->text ? span_str(from->text) : (struct span){ 0 });
	m.n_rejected = 1;
	m.rejected = &one;
	message_append(out, &m);
}

void receipt_encode(struct buf *out, const struct receipt *r)
{
	Kith__Receipt m = KITH__RECEIPT__INIT;

	m.has_number = m.has_accepted = m.has_duplicates = m.has_credit = true;
	m.number = r->number;
	m.accepted = r->accepted;
	m.duplicates = r->duplicates;
	m.credit = r->credit;
	if (r->refused)
		SET_BYTES(&m, refused, span_str(r->refused));
	if (r->text)
		SET_BYTES(&m, text, span_str(r->text));
	message_append(out, &m);
	for (uint32_t i = 0; i < r->n_rejected; i++)
		rejection_append(out, &r->rejected[i]);
}

/* TEXT as a C string of the arena; NULL when absent. */
static int string_take(const char **ret_string, bool has, ProtobufCBinaryData text,
	struct arena *a)
{
	char *copy;

	*ret_string = NULL;
	if (!has)
		return 0;
	if (!bytes_are_plain_utf8(span_of_binary(text)))
		return ERR_INVALID;
	copy = arena_alloc(a, text.len + 1);
	if (!copy)
		return ERR_NOMEM;
	if (text.len > 0)
		memcpy(copy, text.data, text.len);
	copy[text.len] = '\0';
	*ret_string = copy;
	return 0;
}

/* A code of a newer daemon stays a rejection; its text says what it is. */
static uint8_t code_of(ProtobufCBinaryData code)
{
	unsigned v = name_lookup(reject_name, REJECT_COUNT, span_of_binary(code));

	return v == REJECT_NONE ? REJECT_MALFORMED : (uint8_t)v;
}

static int rejections_take(struct receipt *r, const Kith__Receipt *m, struct arena *a)
{
	struct rejection *rejected = arena_alloc(a, m->n_rejected * sizeof *rejected);

	if (!rejected)
		return ERR_NOMEM;
	for (size_t i = 0; i < m->n_rejected; i++) {
		const Kith__Receipt__Rejection *from = m->rejected[i];
		int rc = string_take(&rejected[i].text, from->has_text, from->text, a);

		if (rc)
			return rc;
		rejected[i].index = from->index;
		rejected[i].code = code_of(from->code);
	}
	r->rejected = rejected;
	r->n_rejected = (uint32_t)m->n_rejected;
	return 0;
}

int receipt_decode(struct receipt *r, const void *data, size_t size, struct arena *a)
{
	Kith__Receipt *m;
	int rc = message_unpack(&kith__receipt__descriptor, span_of(data, size), limit, a,
		&m, NULL);

	memset(r, 0, sizeof *r);
	if (rc)
		return rc;
	r->number = m->number;
	r->accepted = m->accepted;
	r->duplicates = m->duplicates;
	r->credit = m->credit;
	rc = string_take(&r->refused, m->has_refused, m->refused, a);
	if (!rc)
		rc = string_take(&r->text, m->has_text, m->text, a);
	return rc ? rc : rejections_take(r, m, a);
}
