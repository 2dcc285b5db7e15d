/* SPDX-License-Identifier: Apache-2.0 */
/* Reading message files. */
#include <stdlib.h>
#include "base/hash.h"
#include "words/messages.h"
#include "words/template.h"

extern const unsigned char words_en[], words_zh[];
extern const unsigned words_en_size, words_zh_size;

/* The file that is compiled in. */
static struct span messages_built_in(enum language language)
{
	return language == LANGUAGE_ZH ? span_of(words_zh, words_zh_size) :
		span_of(words_en, words_en_size);
}

static int compare(struct span a, struct span b)
{
	size_t n = a.size < b.size ? a.size : b.size;
	int order = n ? memcmp(a.data, b.data, n) : 0;

	return order ? order : (a.size > b.size) - (a.size < b.size);
}

/* Where KEY is, or would be. */
static unsigned place_of(const struct messages *m, struct span key, bool *ret_found)
{
	unsigned low = 0, high = m->n;

	while (low < high) {
		unsigned middle = (low + high) / 2;

		if (compare(m->list[middle].key, key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_found = low < m->n && compare(m->list[low].key, key) == 0;
	return low;
}

static unsigned slot_of(struct span key)
{
	return (unsigned)(hash_64(key.data, key.size, 0) % MESSAGES_SLOTS);
}

/* A sentence asks for some ten keys, most of which no message has. */
static void give_slots(struct messages *m)
{
	for (unsigned i = 0; i < m->n; i++) {
		unsigned at = slot_of(m->list[i].key);

		while (m->slots[at])
			at = (at + 1) % MESSAGES_SLOTS;
		m->slots[at] = (uint16_t)(i + 1);
	}
}

static const struct saying *find(const struct messages *m, struct span key)
{
	for (unsigned at = slot_of(key); m->slots[at]; at = (at + 1) % MESSAGES_SLOTS)
		if (span_eq(m->list[m->slots[at] - 1].key, key))
			return &m->list[m->slots[at] - 1];
	return NULL;
}

const struct saying *messages_find(const struct messages *m, const char *key)
{
	return find(m, span_str(key));
}

const struct saying *messages_find_parts(const struct messages *m, const struct span *parts,
	unsigned n)
{
	uint8_t key[MESSAGE_KEY_MAX];
	size_t size = 0;

	for (unsigned i = 0; i < n; i++) {
		if (parts[i].size > sizeof key - size)
			return NULL; /* no key is so long */
		if (parts[i].size)
			memcpy(key + size, parts[i].data, parts[i].size);
		size += parts[i].size;
	}
	return find(m, span_of(key, size));
}

/* Where a line of a file is, for complaints. */
struct place {
	int line;
	struct span whole;
	struct complaint *c;
};

static int fail(const struct place *p, const uint8_t *at, const char *why)
{
	int column = 1;

	for (const uint8_t *q = p->whole.data; q < at; q++)
		column += (*q & 0xc0) != 0x80;
	(void)complain(p->c, ERR_INVALID, "%s", why);
	if (p->c) {
		p->c->line = p->line;
		p->c->column = column;
	}
	return ERR_INVALID;
}

static struct span trim(struct span s)
{
	while (s.size && (s.data[0] == ' ' || s.data[0] == '\t'))
		s = span_of(s.data + 1, s.size - 1);
	while (s.size && strchr(" \t\r", s.data[s.size - 1]))
		s.size--;
	return s;
}

/* " and ": quotes keep the blanks at the ends. */
static struct span unquote(struct span s)
{
	bool quoted = s.size >= 2 && s.data[0] == '"' && s.data[s.size - 1] == '"';

	return quoted ? span_of(s.data + 1, s.size - 2) : s;
}

/* What a business's own lifecycle file may need words for; other keys are those of the built-in
 * file, so that a misspelt one is noticed. */
static bool is_open(struct span key)
{
	static const char *const open[] = { "say.", "why.", "name." };

	for (unsigned i = 0; i < sizeof open / sizeof *open; i++)
		if (key.size > strlen(open[i]) && memcmp(key.data, open[i], strlen(open[i])) == 0)
			return true;
	return false;
}

static int check_key(const struct messages *m, const struct place *p, struct span key, bool over)
{
	bool found;

	if (key.size == 0 || key.size > MESSAGE_KEY_MAX)
		return fail(p, key.data, "a key has from 1 to 160 characters");
	for (size_t i = 0; i < key.size; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789_.", key.data[i]) || !key.data[i])
			return fail(p, key.data + i,
				"a key has lower-case letters, digits, _ and . only");
	(void)place_of(m, key, &found);
	if (over && !found && !is_open(key))
		return fail(p, key.data, "no such key: those of one's own begin with say., why. or "
			"name., all others are in words/en.messages");
	return 0;
}

/* FRESH has a bit for each key of this file, since a key is said once in one file. */
static int put(struct messages *m, const struct place *p, struct saying msg, uint8_t *fresh)
{
	bool found;
	unsigned at = place_of(m, msg.key, &found);

	if (found && fresh[at])
		return fail(p, msg.key.data, "this key has been said before");
	if (!found && m->n == MESSAGES_MAX)
		return fail(p, msg.key.data, "there are at most 1024 keys");
	if (!found) {
		memmove(&m->list[at + 1], &m->list[at], (m->n - at) * sizeof *m->list);
		memmove(&fresh[at + 1], &fresh[at], m->n - at);
		m->n++;
	}
	m->list[at] = msg;
	fresh[at] = 1;
	return 0;
}

static int take_line(struct messages *m, struct place *p, bool over, uint8_t *fresh)
{
	struct span line = trim(p->whole);
	const uint8_t *equals = line.size ? memchr(line.data, '=', line.size) : NULL;
	struct saying msg;
	const char *why;
	size_t at;
	int rc;

	if (line.size == 0 || line.data[0] == '#')
		return 0;
	if (!bytes_are_plain_utf8(line))
		return fail(p, line.data, "the line is not UTF-8, or has control characters");
	if (!equals)
		return fail(p, line.data, "expected KEY = TEXT");
	msg.key = trim(span_of(line.data, (size_t)(equals - line.data)));
	msg.text = trim(span_of(equals + 1, (size_t)(line.data + line.size - equals) - 1));
	msg.text = unquote(msg.text);
	rc = check_key(m, p, msg.key, over);
	if (rc != 0)
		return rc;
	why = template_complaint(msg.text, &at);
	return why ? fail(p, msg.text.data + at, why) : put(m, p, msg, fresh);
}

static int take_file(struct messages *m, struct span text, bool over, struct complaint *c)
{
	uint8_t *fresh = calloc(1, MESSAGES_MAX + 1);
	struct place p = { .c = c };
	int rc = fresh ? 0 : complain(c, ERR_NOMEM, "out of memory");

	while (rc == 0 && text.size > 0) {
		const uint8_t *end = memchr(text.data, '\n', text.size);
		size_t n = end ? (size_t)(end - text.data) : text.size;

		p.line++;
		p.whole = span_of(text.data, n);
		rc = take_line(m, &p, over, fresh);
		n += end != NULL;
		text = span_of(text.data + n, text.size - n);
	}
	free(fresh);
	return rc;
}

int messages_new(enum language language, struct span over, struct messages **ret_messages,
	struct complaint *c)
{
	struct messages *m;
	int rc;

	*ret_messages = NULL;
	if (over.size > MESSAGES_BYTES_MAX)
		return complain(c, ERR_TOOBIG, "a message file has at most %u bytes",
			MESSAGES_BYTES_MAX);
	m = calloc(1, sizeof *m);
	if (m)
		m->own = malloc(over.size + 1);
	if (!m || !m->own) {
		messages_free(m);
		return complain(c, ERR_NOMEM, "out of memory");
	}
	m->language = language;
	if (over.size)
		memcpy(m->own, over.data, over.size);
	rc = take_file(m, messages_built_in(language), false, c);
	if (rc == 0)
		rc = take_file(m, span_of(m->own, over.size), true, c);
	if (rc != 0) {
		messages_free(m);
		return rc;
	}
	give_slots(m);
	*ret_messages = m;
	return 0;
}

void messages_free(struct messages *m)
{
	if (m)
		free(m->own);
	free(m);
}
