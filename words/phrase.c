/* SPDX-License-Identifier: Apache-2.0 */
/* Phrases: comparisons in words, "has bought 3 times". */
#include "words/speech.h"

#define PHRASES_MAX 6

/* What E's value is to the other side of the comparison as it turned out: "below", "above", "any"
 * (at least one), "not", or "". */
static const char *relation_of(const struct evidence *e)
{
	struct span t = e->test;
	size_t i = e->fact.size < t.size ? e->fact.size : t.size;
	bool less, equal, negated;

	while (i < t.size && !strchr("<>=!", t.data[i]))
		i++;
	if (i == t.size)
		return e->holds ? "" : "not";
	less = t.data[i] == '<';
	equal = t.data[i] == '=' || t.data[i] == '!';
	negated = t.data[i] == '!';
	if (equal)
		return e->holds != negated ? "" : "not";
	if (e->holds && (span_eq(span_of(t.data + i, t.size - i), PART(">= 1")) ||
		span_eq(span_of(t.data + i, t.size - i), PART("> 0"))))
		return "any";
	return less == e->holds ? "below" : "above";
}

/* The message for E's fact in FORM, "" for the plain one. */
static const struct saying *find(const struct speech *s, const struct evidence *e,
	const char *form)
{
	struct span dot = span_of(".", *form != '\0');

	return messages_find_parts(s->w->messages,
		SPEECH_KEY(PART("why."), e->fact, dot, span_str(form)));
}

static const struct saying *fallback(const struct speech *s, const struct evidence *e)
{
	if (!e->holds)
		return messages_find(s->w->messages, "why.fallback.not");
	return messages_find(s->w->messages, e->unit == UNIT_FLAG ? "why.fallback.flag" :
		"why.fallback");
}

/* The most telling message: of a negative number, of the relation, of the quantity; for a
 * business's own facts the comparison as it stands in the file. */
static const struct saying *choose(const struct speech *s, const struct evidence *e)
{
	const char *relation = relation_of(e);
	const struct saying *m = NULL;

	if (!e->known)
		m = find(s, e, strcmp(relation, "not") == 0 ? "not" : "unknown");
	else if (e->unit != UNIT_NAME && e->value < 0)
		m = find(s, e, "negative");
	if (!m && e->known)
		m = find(s, e, relation);
	if (!m && e->known && strcmp(relation, "not") != 0)
		m = find(s, e, "");
	return m ? m : fallback(s, e);
}

static bool is_said(const struct notification *n, const struct evidence *e)
{
	for (const struct evidence *other = n->evidence; other < e; other++)
		if (other->speaks && other->left == e->left && span_eq(other->fact, e->fact))
			return true;
	return false;
}

static bool phrase_write(struct speech *s, const struct evidence *e, bool plain, struct buf *out)
{
	const struct saying *m = plain ? fallback(s, e) : choose(s, e);
	bool said;

	s->phrase = e;
	said = m && m->text.size > 0 && template_fill(out, m->text, speech_fill, s);
	s->phrase = NULL;
	return said;
}

/* What is unknown tells nothing of a rule that holds; of one that has ceased to, it may be why. */
static bool is_telling(const struct notification *n, const struct evidence *e, bool left)
{
	return e->speaks && e->left == left && (e->known || left) && !is_said(n, e);
}

static void add_message(const struct words *w, const char *key, struct buf *out)
{
	const struct saying *m = messages_find(w->messages, key);

	if (m)
		buf_add(out, m->text.data, m->text.size);
}

/* PLAIN: as they stand in the file. */
static unsigned write_list(struct speech *s, bool left, bool plain, struct buf *out)
{
	unsigned said = 0;

	for (unsigned i = 0; i < s->n->n_evidence && said < PHRASES_MAX; i++) {
		const struct evidence *e = &s->n->evidence[i];
		size_t before = out->size;

		if (!is_telling(s->n, e, left))
			continue;
		if (said > 0)
			add_message(s->w, "list.comma", out);
		if (phrase_write(s, e, plain, out))
			said++;
		else
			out->size = before;
	}
	return said;
}

/* What goes without saying is said when there is nothing else. */
bool phrases_write(struct speech *s, bool left, struct buf *out)
{
	if (s->phrase)
		return false; /* a phrase is no list of phrases */
	return write_list(s, left, false, out) > 0 || write_list(s, left, true, out) > 0;
}
