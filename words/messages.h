/* SPDX-License-Identifier: Apache-2.0 */
/* Messages: the sentences of one language, by key.
 *
 *	# a comment
 *	say.risk.market = {customer} is covered by a market signal.
 *
 * The files words/LANGUAGE.messages are compiled in; a business may lay one of its own over them,
 * which says some keys in another way or adds some. Immutable once made. */
#ifndef KITH_WORDS_MESSAGES_H
#define KITH_WORDS_MESSAGES_H
#include "base/err.h"
#include "base/language.h"

#define MESSAGES_MAX 1024
#define MESSAGES_BYTES_MAX (256u << 10)
#define MESSAGE_KEY_MAX 160
#define MESSAGES_SLOTS (2 * MESSAGES_MAX)

struct saying {
	struct span key, text;
};

struct messages {
	enum language language;
	unsigned n;
	struct saying list[MESSAGES_MAX]; /* sorted by key */
	uint16_t slots[MESSAGES_SLOTS];   /* by the hash of a key: its place in the list + 1; 0: free */
	uint8_t *own;  /* copies of what was laid over */
};

/* Those of LANGUAGE, and OVER (may be empty) laid over them. ERR_INVALID with line and column of
 * OVER; ERR_TOOBIG; ERR_NOMEM. */
int messages_new(enum language language, struct span over, struct messages **ret_messages,
	struct complaint *c);
void messages_free(struct messages *m); /* ignores NULL */

/* The text of KEY; NULL when there is none. An empty text is one: "nothing needs to be said". */
const struct saying *messages_find(const struct messages *m, const char *key);
/* The message whose key is the N parts, one behind the other. */
const struct saying *messages_find_parts(const struct messages *m, const struct span *parts,
	unsigned n);

#endif
