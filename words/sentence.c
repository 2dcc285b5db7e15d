/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences: which message speaks for a notification.
 *
 *	customer.TYPE           say.customer.TYPE                   {sentence}: the rule's own sentence
 *	a risk is raised        the lifecycle file's say, say.risk.NAME, say.risk
 *	a risk is over          say.risk.NAME.clear, say.risk.clear
 *	a rung is come to       the lifecycle file's say, say.LADDER.RUNG, say.rung
 *	  from another one      say.LADDER.RUNG.from.RUNG, say.LADDER.from.RUNG before these
 *	  because that ceased   say.LADDER.down, say.rung.down instead of say.LADDER.RUNG
 *	a withdrawal            say.retracted.raised, .clear, .rung or .CROSSING
 *	all others              say.TYPE, say.other
 *
 * The first that is there and can be filled speaks. */
#include "words/speech.h"

#define SHOW(s) (int)(s).size, (const char *)(s).data
#define say(s, out, ...) speech_say(s, out, SPEECH_KEY(__VA_ARGS__))

static bool say_own(struct speech *s, struct buf *out)
{
	size_t at;

	return s->say.size > 0 && !template_complaint(s->say, &at) &&
		template_fill(out, s->say, speech_fill, s);
}

static bool is_risk(const struct notification *n)
{
	return span_eq(n->ladder, PART("risk"));
}

static bool is_clear(const struct notification *n)
{
	return span_eq(n->to, PART("clear"));
}

/* The rule of the rung before has ceased to hold, and that is why. */
static bool is_down(const struct notification *n)
{
	for (unsigned i = 0; i < n->n_evidence; i++)
		if (n->evidence[i].left && n->evidence[i].speaks)
			return true;
	return false;
}

static bool say_rung(struct speech *s, struct buf *out)
{
	const struct notification *n = s->n;

	if (n->from.size > 0 &&
		(say(s, out, PART("say."), n->ladder, PART("."), n->to, PART(".from."), n->from) ||
		say(s, out, PART("say."), n->ladder, PART(".from."), n->from)))
		return true;
	if (is_down(n) && (say(s, out, PART("say."), n->ladder, PART(".down")) ||
		say(s, out, PART("say.rung.down"))))
		return true;
	return say_own(s, out) || say(s, out, PART("say."), n->ladder, PART("."), n->to) ||
		say(s, out, PART("say.rung"));
}

static bool say_risk(struct speech *s, struct buf *out)
{
	const struct notification *n = s->n;

	if (is_clear(n))
		return say(s, out, PART("say."), n->rule, PART(".clear")) ||
			say(s, out, PART("say.risk.clear"));
	return say_own(s, out) || say(s, out, PART("say."), n->rule) ||
		say(s, out, PART("say.risk"));
}

bool speech_reason(struct speech *s, struct buf *out)
{
	if (s->phrase || s->n->ladder.size == 0)
		return false;
	return is_risk(s->n) ? say_risk(s, out) : say_rung(s, out);
}

static bool is_crossing(const struct notification *n)
{
	return n->type.size > 9 && memcmp(n->type.data, "customer.", 9) == 0;
}

static bool say_retracted(struct speech *s, struct buf *out)
{
	static const char behind[] = ".retracted";
	struct span type = s->n->type;

	if (type.size > sizeof behind - 1)
		type.size -= sizeof behind - 1;
	if (is_crossing(s->n) && say(s, out, PART("say.retracted."), type))
		return true;
	if (is_risk(s->n))
		return say(s, out, is_clear(s->n) ? PART("say.retracted.clear") :
			PART("say.retracted.raised"));
	return say(s, out, PART("say.retracted.rung"));
}

static bool say_any(struct speech *s, struct buf *out)
{
	const struct notification *n = s->n;

	if (n->retracts.size > 0)
		return say_retracted(s, out);
	if (is_crossing(n) && say(s, out, PART("say."), n->type))
		return true;
	if (n->ladder.size > 0 && n->to.size > 0 && speech_reason(s, out))
		return true;
	return say(s, out, PART("say."), n->type) || say(s, out, PART("say.other"));
}

/* What is too long ends with … behind a whole character. */
static void cut(struct buf *out, size_t begin)
{
	static const char dots[] = "…";
	size_t end = begin + SENTENCE_MAX - (sizeof dots - 1);

	if (out->failed || out->size - begin <= SENTENCE_MAX)
		return;
	while (end > begin && (out->data[end] & 0xc0) == 0x80)
		end--;
	out->size = end;
	buf_add_str(out, dots);
}

void sentence_write(struct buf *out, const struct words *w, const struct notification *n,
	struct span say_text)
{
	struct speech s = { .w = w, .n = n, .say = say_text, .now_ms = n->at_ms,
		.since_ms = n->since_ms };
	size_t begin = out->size;

	if (!say_any(&s, out)) {
		buf_add(out, n->customer.data, n->customer.size);
		buf_printf(out, "%s%.*s", n->customer.size ? ": " : "", SHOW(n->type));
	}
	cut(out, begin);
}

void account_write(struct buf *out, const struct words *w, enum account_kind kind,
	const struct notification *n, struct span say_text, int64_t since_ms, int64_t now_ms)
{
	struct speech s = { .w = w, .n = n, .say = say_text, .now_ms = now_ms,
		.since_ms = since_ms };
	size_t begin = out->size;
	bool said = false;

	switch (kind) {
	case ACCOUNT_RUNG:
		said = say(&s, out, PART("account."), n->ladder) ||
			say(&s, out, PART("account.rung"));
		break;
	case ACCOUNT_RISK: said = say(&s, out, PART("account.risk")); break;
	case ACCOUNT_NEAR: said = say(&s, out, PART("account.near")); break;
	case ACCOUNT_NEXT: said = say(&s, out, PART("account.next")); break;
	}
	if (!said)
		(void)speech_reason(&s, out);
	cut(out, begin);
}

void account_quiet(struct buf *out, const struct words *w, bool risks, struct span customer)
{
	struct notification n = { .customer = customer };
	struct speech s = { .w = w, .n = &n };

	(void)say(&s, out, risks ? PART("account.no_risk") : PART("account.no_change"));
}

void account_counted(struct buf *out, const struct words *w, struct span name, int64_t since_ms)
{
	struct notification n = { .rule = name };
	struct speech s = { .w = w, .n = &n, .since_ms = since_ms };

	(void)say(&s, out, PART("account.counted"));
}

void preview_write(struct buf *out, const struct words *w, const char *key,
	const struct notification *n, double count)
{
	struct evidence e = { .unit = UNIT_COUNT, .value = count, .known = true };
	struct speech s = { .w = w, .n = n, .phrase = &e };
	size_t begin = out->size;

	(void)say(&s, out, span_str(key));
	cut(out, begin);
}
