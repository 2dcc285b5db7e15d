/* SPDX-License-Identifier: Apache-2.0 */
/* Window: batches that were closed and not yet answered, oldest first. Private to libkith.
 *
 * Go-back-N: a batch is `sent` or not; window_unsend() forgets that anything was, after which
 * sending begins again with the oldest. */
#ifndef KITH_CLIENTS_C_WINDOW_H
#define KITH_CLIENTS_C_WINDOW_H
#include "base/bytes.h"

struct pending {
	struct pending *next;
	uint64_t number;
	uint32_t n_events;
	uint64_t *tags;       /* n_events of them, owned */
	struct buf encoded;
	bool sent;
	bool resend;          /* has been sent before */
	int64_t sent_ns;      /* monotonic */
};

struct window {
	struct pending *first, *last;
	uint32_t events;      /* in all of them */
	uint32_t sent_events; /* in those sent */
};

void window_fini(struct window *w);
/* Takes over B. */
void window_add(struct window *w, struct pending *b);
struct pending *window_find(const struct window *w, uint64_t number);
/* The oldest that is not sent, or NULL; those after it are not sent either. */
struct pending *window_unsent(const struct window *w);
/* The oldest that is sent, or NULL. */
struct pending *window_oldest_sent(const struct window *w);
void window_mark_sent(struct window *w, struct pending *b, int64_t now_ns);
/* Nothing counts as sent any more. */
void window_unsend(struct window *w);
/* Take B out and free it. */
void window_remove(struct window *w, struct pending *b);
void pending_free(struct pending *b);

#endif
