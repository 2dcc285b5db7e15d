/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks: durable subscriptions that are pushed. Each has a name, which it shares with the
 * subscriptions of subscribers.h, a position in each shard, and a queue of letters.
 *
 *	outbox ─ webhook_read.c ─▶ queue ─ webhook_post.c ─▶ sender ─▶ receiver
 *	                             │ ▲                        │
 *	      webhook_ledger.c ◀─────┘ └── schedule ◀───────────┘
 *	      rows of letters (inputs), positions
 *
 * What is journalled is what must outlive a crash: that there is a webhook and how it is set
 * (INPUT_SUBSCRIPTION), and which letters it has not taken (INPUT_LETTERS). A position is told to
 * the shard as an acknowledgement is, and never passes a letter that is neither done nor kept; so a
 * crash sends again, under the same id, what was sent and not noted, and loses nothing. No webhook
 * costs a thread or a descriptor while nothing is under way. */
#ifndef KITH_DAEMON_WEBHOOKS_H
#define KITH_DAEMON_WEBHOOKS_H
#include <jansson.h>
#include "daemon/socket.h"
#include "daemon/webhook_failing.h"
#include "daemon/webhook_queue.h"
#include "daemon/webhook_sender.h"
#include "daemon/webhook_settings.h"
#include "daemon/webhook_sign.h"

struct daemon;
struct query;
struct request;

#define WEBHOOK_TOGETHER   8    /* requests under way to one that is well … */
#define WEBHOOK_AILING     3    /* … which it is not after so many failures in a row: then one */
#define WEBHOOK_DEAD_MAX   1000 /* dead letters of one webhook; then it pauses */

/* What a webhook has of one shard. */
struct webhook_lane {
	uint64_t read;          /* taken from the outbox, or passed over */
	uint64_t acked, stored; /* done or kept up to here; the same as the shard knows it */
	uint64_t highest;       /* of its letters, ever: above it nothing can be there twice */
	bool known;             /* its shard has a row of the name that is whole */
	bool loading, loaded;   /* its letters */
	uint64_t load_after;
};

struct webhook {
	struct webhook_settings set;
	struct webhook_lane *lanes; /* one a shard */
	struct queue queue;
	struct secrets secrets;
	char broken[200];           /* why nothing can be sent: a secret that cannot be read; or "" */
	bool in_file;               /* the configuration has it, or it is not configured there */
	bool removed;               /* freed with its last reference */
	bool changing;              /* an input about it is under way */
	bool replaying;             /* … which sets its place back: nothing is read or sent */
	bool pause_unsaved;         /* it has paused itself, and the journal does not know yet */
	bool row_changed, row_writing; /* its own row of letters */
	unsigned fetching;          /* letters whose bytes are on their way from the shard */
	unsigned references;        /* requests and questions under way */
	unsigned failures;          /* in a row */
	struct failing failing;     /* nothing but failures */
	int64_t success_ms;         /* the last one; 0 none since the start */
	int64_t slot_ns;            /* with a rate: when the next request may go */
	unsigned dead;              /* letters */
	uint64_t delivered, attempts, gaps; /* since the start */
	int status;                 /* of the last attempt */
	char error[LETTER_ERROR_MAX];
};

struct webhook_reader {      /* of one shard */
	bool fetching;
	unsigned next;       /* whose turn it is */
};

struct webhooks {
	struct webhook **list;
	unsigned n;
	size_t capacity;
	struct webhook_reader *readers;
	struct sender sender;
	struct event *pump;
	bool ledger_under_way;
	unsigned ticks;
	uint64_t random;     /* of the jitter; seeded by the store's id and the clock */
	char source[64];     /* of the events */
	struct buf scratch;
};

/* webhooks.c */
int webhooks_init(struct daemon *d);
int webhooks_open(struct daemon *d, struct complaint *c); /* after the names were loaded */
void webhooks_close(struct daemon *d);
/* One shard's row of a name that is a webhook. */
int webhooks_load(struct daemon *d, unsigned shard, const struct subscriber_message *m,
	uint64_t acked);
struct webhook *webhook_find(const struct daemon *d, struct span name);
/* Shards have something new. */
void webhooks_notify(struct daemon *d);
/* Every 100 ms. */
void webhooks_tick(struct daemon *d);
void webhooks_secrets(struct daemon *d); /* read all of them again */
void webhook_secrets(struct webhook *w);
/* Whether it reads and sends. */
bool webhook_is_active(const struct webhook *w);
void webhook_release(struct webhook *w); /* one reference */
/* It pauses by itself. */
void webhook_pause(struct daemon *d, struct webhook *w, enum webhook_paused why,
	const char *format, ...) __attribute__((format(printf, 4, 5)));
/* Journal SET (or, FORGET, that the name is no more); then DONE, with RC < 0 when that was not
 * possible. ERR_BUSY: not now. */
typedef void webhook_done(struct daemon *d, void *arg, struct webhook *w, int rc);
int webhook_change(struct daemon *d, const struct webhook_settings *set, bool forget,
	webhook_done *done, void *arg);

/* webhook_read.c */
void webhooks_read(struct daemon *d);
void webhooks_load_letters(struct daemon *d);
void webhook_fetch(struct daemon *d, struct webhook *w, struct letter *l);

/* webhook_post.c */
void webhooks_post(struct daemon *d);
uint64_t webhooks_chance(struct webhooks *s);

/* webhook_ledger.c */
void webhooks_keep(struct daemon *d);      /* letters into the journal */
void webhooks_positions(struct daemon *d); /* to the shards */
/* Journal CHANGES (made by letter_change_add()); then DONE. Takes nothing over. */
int webhook_letters_submit(struct daemon *d, struct span changes,
	void (*done)(struct daemon *d, void *arg, int rc), void *arg);

/* webhook_answer.c: the verb `webhook`, with {"do": "add", "name": …} */
void webhook_request(struct daemon *d, const struct peer *peer, const struct request *r);

struct asked;

/* One that has a row, as it says; AHEAD when it has not been read up to there. NULL: no memory. */
struct letter *webhook_take_row(struct webhook *w, unsigned shard, uint64_t sequence,
	const struct letter *row);

/* webhook_replay.c: FROM is "oldest", an id or an instant. Answers A. */
void webhook_replay(struct asked *a, struct webhook *w, const char *from);
/* webhook_dead.c: list, re-drive or drop dead letters; ID "" for all. Answers A. */
enum dead_verb { DEAD_LIST, DEAD_REDRIVE, DEAD_DROP };
void webhook_dead(struct asked *a, struct webhook *w, enum dead_verb verb, const char *id);
/* Drive again what is dead behind AFTER[shard] (UINT64_MAX: of that shard nothing), however many
 * inputs that takes; then DONE, with RC < 0 when it could not be done. */
void webhook_redrive_after(struct daemon *d, struct webhook *w, const uint64_t *after,
	void (*done)(void *arg, int rc), void *arg);
/* "3-1042" */
bool letter_id_parse(const char *text, uint32_t *ret_shard, uint64_t *ret_sequence);

#endif
