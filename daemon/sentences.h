/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences: what each notification says to people. Main thread.
 *
 * The outbox has no sentences: what is stored is a function of the inputs, and a language is no
 * input. They are made where a notification is handed out, the same for the feeds, subscriptions
 * and webhooks, and kept for a while, so that who receives it next gets it ready-made. The same
 * number gives the same sentence until language, messages, money or the lifecycle file in force
 * change. */
#ifndef KITH_DAEMON_SENTENCES_H
#define KITH_DAEMON_SENTENCES_H
#include "words/words.h"

struct daemon;

#define SENTENCES_KEPT 1024

struct kept_sentence {
	uint64_t sequence;    /* 0: none */
	uint32_t shard, lifecycle_version;
	struct buf text;
};

struct sentences {
	struct messages *messages[LANGUAGES];
	struct kept_sentence *kept; /* SENTENCES_KEPT of them, by number and shard */
	struct arena *arena;
	uint64_t made;
};

/* Read the message file of the configuration. ERR_INVALID: it is wrong, with its place. */
int sentences_open(struct daemon *d, struct complaint *c);
void sentences_close(struct daemon *d);

/* How to speak LANGUAGE now. Valid until a lifecycle file is switched on. */
struct words sentences_words(struct daemon *d, enum language language);
/* The sentence of ENCODED, notification SEQUENCE of SHARD, valid until the next call. Empty: it is
 * no notification of this version, or memory is out. */
struct span sentence_for(struct daemon *d, uint32_t shard, uint64_t sequence, struct span encoded);
/* The same of one that is decoded. */
struct span sentence_of(struct daemon *d, const struct notification *n);

#endif
