/* SPDX-License-Identifier: Apache-2.0 */
/* Speech: one sentence being made of one notification. Private to words/. */
#ifndef KITH_WORDS_SPEECH_H
#define KITH_WORDS_SPEECH_H
#include "words/words.h"

/* A message's key of parts, as in SPEECH_KEY(PART("say."), n->rule, PART(".clear")): for
 * messages_find_parts() and speech_say(). */
#define PART(text) span_of("" text, sizeof text - 1)
#define SPEECH_KEY(...) (const struct span[]){ __VA_ARGS__ }, \
	sizeof((const struct span[]){ __VA_ARGS__ }) / sizeof(struct span)

struct speech {
	const struct words *w;
	const struct notification *n;
	struct span say;               /* the lifecycle file's text for the rule */
	int64_t now_ms, since_ms;      /* of an account; since_ms 0 unknown */
	const struct evidence *phrase; /* the comparison that a phrase is about, or NULL */
};

/* A hole_filler; ARG is a struct speech. */
bool speech_fill(void *arg, const struct hole *hole, struct buf *out);
/* Append the message whose key is the N parts of KEY; false: there is none, or it is not usable. */
bool speech_say(struct speech *s, struct buf *out, const struct span *key, unsigned n);
/* phrase.c: the comparisons that the verdict rests on, in words; of the rung that was LEFT those
 * that have ceased to hold. False: there is nothing to tell. */
bool phrases_write(struct speech *s, bool left, struct buf *out);
/* sentence.c: the sentence of the rule that speaks, as for the change itself. */
bool speech_reason(struct speech *s, struct buf *out);

#endif
