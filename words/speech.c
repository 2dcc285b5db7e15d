/* SPDX-License-Identifier: Apache-2.0 */
/* What the holes of a message are filled with. */
#include <math.h>
#include "words/speech.h"

#define is(h, text) span_eq((h)->name, PART(text)) /* TEXT is a constant: mostly its size decides */

static bool add_text(struct buf *out, struct span s)
{
	buf_add(out, s.data, s.size);
	return s.size > 0;
}

void name_write(struct buf *out, const struct words *w, struct span ladder, struct span rung)
{
	const struct saying *m = messages_find_parts(w->messages,
		SPEECH_KEY(PART("name."), ladder, PART("."), rung));

	if (m) {
		buf_add(out, m->text.data, m->text.size);
		return;
	}
	for (size_t i = 0; i < rung.size; i++)
		buf_add(out, rung.data[i] == '_' ? " " : (const char *)&rung.data[i], 1);
}

/* "risk" "silent" of "risk.silent". */
static void split_rule(struct span rule, struct span *ret_ladder, struct span *ret_name)
{
	const uint8_t *dot = rule.size ? memchr(rule.data, '.', rule.size) : NULL;
	size_t n = dot ? (size_t)(dot - rule.data) : 0;

	*ret_ladder = span_of(rule.data, n);
	*ret_name = dot ? span_of(dot + 1, rule.size - n - 1) : rule;
}

static bool is_risk(const struct notification *n)
{
	return span_eq(n->ladder, PART("risk"));
}

static bool fill_name(const struct speech *s, struct buf *out)
{
	struct span ladder = s->n->ladder, name = s->n->to;

	if (is_risk(s->n) || name.size == 0)
		split_rule(s->n->rule, &ladder, &name);
	name_write(out, s->w, ladder, name);
	return name.size > 0;
}

static bool fill_from(const struct speech *s, struct buf *out)
{
	if (is_risk(s->n) || s->n->from.size == 0)
		return false;
	name_write(out, s->w, s->n->ladder, s->n->from);
	return true;
}

static bool fill_date(const struct speech *s, int64_t ms, struct buf *out)
{
	if (ms != 0)
		measure_date(out, s->w, ms);
	return ms != 0;
}

static bool fill_duration(const struct speech *s, int64_t ms, struct buf *out)
{
	measure_duration(out, s->w, (double)ms);
	return true;
}

static const struct evidence *find_in(const struct evidence *list, unsigned n, struct span fact)
{
	for (unsigned i = 0; i < n; i++)
		if (list[i].known && span_eq(list[i].fact, fact))
			return &list[i];
	return NULL;
}

static const struct evidence *find(const struct notification *n, const char *fact, size_t size)
{
	const struct evidence *e = find_in(n->evidence, n->n_evidence, span_of(fact, size));

	return e ? e : find_in(n->context, n->n_context, span_of(fact, size));
}

/* After what time the next purchase was to be expected, so that both numbers fit each other. */
static bool fill_own_gap(const struct speech *s, struct buf *out)
{
	const struct evidence *silence = find(s->n, "silence", 7), *overdue = find(s->n, "overdue", 7);

	if (!silence || !overdue || !(overdue->value > 0))
		return false;
	measure_duration(out, s->w, silence->value / overdue->value);
	return true;
}

static bool is_ahead(struct span fact)
{
	static const char remaining[] = "_remaining";
	size_t n = sizeof remaining - 1;

	return span_eq(fact, span_str("expected_next")) ||
		(fact.size > n && memcmp(fact.data + fact.size - n, remaining, n) == 0);
}

static void add_date_of(const struct speech *s, const struct evidence *e, struct buf *out)
{
	double distance = is_ahead(e->fact) ? e->value : -e->value;

	measure_date(out, s->w, fabs(distance) < 1e15 ? s->n->at_ms + (int64_t)distance : INT64_MAX);
}

static void add_duration(const struct speech *s, const struct evidence *e, struct span form,
	struct buf *out)
{
	if (span_eq(form, span_str("date")))
		add_date_of(s, e, out);
	else if (span_eq(form, span_str("days")))
		measure_days(out, s->w, e->value);
	else
		measure_duration(out, s->w, e->value);
}

static void add_counted(const struct speech *s, const struct evidence *e, const struct hole *h,
	struct buf *out)
{
	struct span word = e->value == 1 ? h->one : h->many;

	measure_count(out, s->w, e->value);
	if (word.size > 0) {
		buf_add_str(out, " ");
		buf_add(out, word.data, word.size);
	}
}

static void add_flag(const struct speech *s, const struct evidence *e, struct buf *out)
{
	const struct saying *m = messages_find(s->w->messages,
		e->value != 0 ? "unit.yes" : "unit.no");

	if (m)
		buf_add(out, m->text.data, m->text.size);
}

/* The value of E, as its unit is told; the form of H as in templates. */
static bool evidence_write(const struct speech *s, const struct evidence *e, const struct hole *h,
	struct buf *out)
{
	if (!e || !e->known)
		return false;
	switch (e->unit) {
	case UNIT_DURATION: add_duration(s, e, h->form, out); return true;
	case UNIT_RATIO:
		if (span_eq(h->form, span_str("times")))
			measure_times(out, e->value);
		else
			measure_percent(out, s->w, e->value);
		return true;
	case UNIT_MONEY: measure_money(out, s->w, e->value); return true;
	case UNIT_TIME: measure_date(out, s->w, (int64_t)e->value); return true;
	case UNIT_FLAG: add_flag(s, e, out); return true;
	case UNIT_NAME: name_write(out, s->w, e->fact, e->text); return e->text.size > 0;
	default: add_counted(s, e, h, out); return true;
	}
}

/* What a phrase about one comparison has, before all others. */
static bool fill_phrase(const struct speech *s, const struct hole *h, struct buf *out,
	bool *ret_mine)
{
	*ret_mine = s->phrase && (is(h, "value") || is(h, "test") || is(h, "fact"));
	if (!*ret_mine)
		return false;
	if (is(h, "test"))
		return add_text(out, s->phrase->test);
	if (is(h, "fact"))
		return add_text(out, s->phrase->fact);
	return evidence_write(s, s->phrase, h, out);
}

static bool fill_value(const struct speech *s, struct buf *out)
{
	if (s->n->has_value)
		measure_money(out, s->w, (double)s->n->value);
	return s->n->has_value;
}

static bool fill_account(const struct speech *s, const struct hole *h, struct buf *out)
{
	if (is(h, "in"))
		return fill_duration(s, s->n->at_ms - s->now_ms, out);
	if (is(h, "since"))
		return fill_date(s, s->since_ms, out);
	return fill_duration(s, s->now_ms - s->since_ms, out) && s->since_ms != 0;
}

/* What the notification says of the customer whether or not its rule compares it. */
static bool fill_told(const struct speech *s, const struct hole *h, struct buf *out)
{
	const struct notification *n = s->n;
	struct span told = is(h, "missing") ? n->missing : is(h, "reason") ? n->reason :
		is(h, "reason_group") ? n->reason_group : span_of(NULL, 0);

	if (told.size > 0)
		name_write(out, s->w, h->name, told);
	return told.size > 0;
}

static bool fill_play(const struct speech *s, struct buf *out)
{
	const struct saying *shipped = NULL, *play = NULL;

	if (s->w->shipped)
		shipped = messages_find_parts(s->w->shipped, SPEECH_KEY(PART("play."), s->n->rule));
	if (shipped && span_eq(shipped->text, s->n->play))
		play = messages_find_parts(s->w->messages, SPEECH_KEY(PART("play."), s->n->rule));
	return add_text(out, play ? play->text : s->n->play);
}

bool speech_fill(void *arg, const struct hole *h, struct buf *out)
{
	struct speech *s = arg;
	const struct notification *n = s->n;
	bool mine, filled = fill_phrase(s, h, out, &mine);

	if (mine)
		return filled;
	if (is(h, "customer"))
		return add_text(out, n->customer);
	if (is(h, "name"))
		return fill_name(s, out);
	if (is(h, "from"))
		return fill_from(s, out);
	if (is(h, "at"))
		return fill_date(s, n->at_ms, out);
	if (is(h, "value"))
		return fill_value(s, out);
	if (is(h, "in") || is(h, "since") || is(h, "held_for"))
		return fill_account(s, h, out);
	if (is(h, "why") || is(h, "left"))
		return phrases_write(s, is(h, "left"), out);
	if (is(h, "sentence"))
		return speech_reason(s, out);
	if (is(h, "own_gap"))
		return fill_own_gap(s, out);
	if (is(h, "owner"))
		return add_text(out, n->owner);
	if (is(h, "region"))
		return add_text(out, n->region);
	if (is(h, "tier"))
		return add_text(out, n->tier);
	if (is(h, "play"))
		return fill_play(s, out);
	if (is(h, "subject"))
		return add_text(out, n->subject);
	if (is(h, "other"))
		return add_text(out, n->other);
	if (is(h, "type"))
		return add_text(out, n->type);
	if (is(h, "rule"))
		return add_text(out, n->rule);
	if (is(h, "ladder")) {
		name_write(out, s->w, span_str("ladder"), n->ladder);
		return n->ladder.size > 0;
	}
	return evidence_write(s, find(n, (const char *)h->name.data, h->name.size), h, out) ||
		fill_told(s, h, out);
}

bool speech_say(struct speech *s, struct buf *out, const struct span *key, unsigned n)
{
	const struct saying *m = messages_find_parts(s->w->messages, key, n);

	return m && m->text.size > 0 && template_fill(out, m->text, speech_fill, s);
}
