/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences of what a deadline has announced. */
#include <stdlib.h>
#include "bench/budget_wakes.h"
#include "proto/codec.h"
#include "words/words.h"

struct wakes {
	struct messages *messages;
	struct arena *arena;
	struct buf text;
};

struct span wakes_lifecycle(void)
{
	return span_str("ladder stage {\n"
		"    suspect  potential\n"
		"    buyer    actual     when purchases >= 1\n"
		"    lapsed   potential  when purchases >= 1 and silence > 1h\n"
		"}\n");
}

struct wakes *wakes_new(void)
{
	struct wakes *w = calloc(1, sizeof *w);

	if (!w)
		return NULL;
	w->arena = arena_new(16 << 10, 1 << 20);
	if (w->arena && messages_new(LANGUAGE_EN, span_of(NULL, 0), &w->messages, NULL) == 0)
		return w;
	wakes_free(w);
	return NULL;
}

void wakes_free(struct wakes *w)
{
	if (!w)
		return;
	messages_free(w->messages);
	arena_free(w->arena);
	buf_fini(&w->text);
	free(w);
}

bool wakes_tell(struct wakes *w, const struct outcome *o)
{
	struct words words = { .messages = w->messages, .shipped = w->messages, .decimals = 2 };
	struct notification n;

	for (unsigned i = 0; i < o->n_notes; i++) {
		arena_reset(w->arena);
		if (notification_decode(&n, o->bytes.data + o->notes[i].offset, o->notes[i].size,
			w->arena) != 0)
			return false;
		buf_clear(&w->text);
		sentence_write(&w->text, &words, &n, span_of(NULL, 0));
	}
	return true;
}
