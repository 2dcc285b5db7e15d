/* SPDX-License-Identifier: Apache-2.0 */
/* Worker: the thread of one shard. Mail in, answers out; nothing else is shared but a few
 * atomics, and no lock is held across a call into the shard.
 *
 * The main thread writes an input to the journal, posts its parts, and syncs while the workers
 * apply. A worker hands each part back as soon as it is applied; the main thread hands out what
 * is applied and durable. The worker makes checkpoints (checkpoint.h), but never beyond what is
 * durable: it freezes what it has, has it flushed in a thread of its own, and goes on. It waits
 * only when the next one is full before that is over.
 *
 * A checkpoint that finds the disk full is not lost: the transaction stays in memory, and the
 * commit is tried again every second; the state says WORKER_FULL meanwhile. Any other failure is
 * WORKER_FAILED: the process must exit and recover. */
#ifndef KITH_WORKERS_WORKER_H
#define KITH_WORKERS_WORKER_H
#include <pthread.h>
#include <stdatomic.h>
#include "workers/checkpoint.h"
#include "workers/flusher.h"
#include "workers/shard.h"

/* One shard's share of an input. */
struct part {
	struct mail mail;
	struct work *work;
	unsigned shard;
	uint32_t n;
	uint32_t *list;
	struct outcome outcome;
};

/* An input under way. The main thread owns it; the workers touch only their part. */
struct work {
	struct input input;
	unsigned n_parts;
	unsigned n_left;   /* parts not given back; note "left" in mailbox.h */
	unsigned n_back, n_done; /* main thread only */
	void *owner;       /* main thread only */
	struct part *parts;
};

enum query_kind {
	QUERY_START,        /* open the shard, replay up to `from`, tell the subscriptions */
	QUERY_CUSTOMER,     /* customer → who, group, history, names */
	QUERY_RULES,        /* → breakers, census (of what was hushed), hush, names */
	QUERY_FOLLOW_UPS,   /* key is an owner or empty → rows of follow-ups, their counts, names */
	QUERY_SOURCES,      /* → sources */
	QUERY_CENSUS,       /* → census, names, meta */
	QUERY_OUTBOX,       /* from, cap_* → notes (and outbox bounds) */
	QUERY_SEEK,         /* from_ms → upto; from (an outbox sequence) → from_ms */
	QUERY_SNAPSHOT,     /* key, filter, cap_notes → notes.bytes are rows, key, upto, done */
	QUERY_MESSAGES,     /* from, cap_* → texts (a list, message.h), from, upto, backfill */
	QUERY_LETTERS,      /* key is a webhook's name, after `from`, cap_* → notes, upto (the last) */
	QUERY_SURVEY,       /* key, from (the file's version), from_ms → survey, key, done (survey.h) */
	QUERY_PREVIEW,      /* key → preview, key, done (preview.h) */
	QUERY_FUNNEL,       /* key → funnel, lifecycle, key, done (funnel.h) */
	QUERY_SAMPLE,       /* key, from (the file's version), from_ms → sample, key, done (sample.h) */
	QUERY_ACK,          /* key is a subscription's name, done with up to `from` */
	QUERY_STOP,         /* commit what is durable, answer, end the thread */
};

#define QUERY_NOTES_MAX 256
struct survey;
struct preview;
struct funnel_row;
struct sample;
struct query {
	struct mail mail;
	uint8_t kind;       /* enum query_kind */
	unsigned shard;
	void (*answered)(struct query *q); /* called by the main thread */
	void *arg;
	struct buf key;     /* in: customer id or subscription name */
	uint64_t from;      /* in: an outbox sequence, or a message's number */
	int64_t from_ms;    /* QUERY_SEEK */
	struct filter *filter; /* in, malloc'ed, or NULL */
	bool done;          /* out: QUERY_SNAPSHOT, there is nobody behind `key` */
	uint32_t cap_notes, cap_bytes; /* in */
	bool any_engine;    /* in: QUERY_START, see replay.h */
	int rc;             /* out */
	struct complaint complaint;  /* out: QUERY_START */
	uint64_t frames, events;     /* out: QUERY_START, replayed … */
	int64_t replay_ns, replay_work_ns; /* … in so long, with so much of the processor */
	struct settings settings;    /* out: QUERY_START, in force */
	uint32_t engine;             /* out: QUERY_START */
	struct customer *who;        /* out, malloc'ed */
	struct lifecycle *lifecycle; /* out, one reference or NULL; the machine WHO refers to */
	int64_t fact_since_ms[CUSTOM_MAX]; /* out: since when WHO's facts of the file's own count … */
	uint32_t fact_born[CUSTOM_MAX];    /* … and the version of the file that brought each */
	struct buf group;            /* out: who belongs to WHO, { u8 enum belonging, u8 size, id } each */
	unsigned n_history;
	struct history_entry *history; /* out, malloc'ed */
	unsigned n_census;
	struct census_row *census;   /* out, malloc'ed */
	struct buf rows;             /* out: QUERY_FOLLOW_UPS: { u16 name, u8 size, customer,
	                              * u8 size, record } each … */
	bool more;                   /* … and there are more than it carries */
	struct follow_ups follow_ups; /* … what became of all */
	unsigned n_breakers;
	struct breaker *breakers;    /* out, malloc'ed … */
	double *limits;              /* … how much each may say in half an hour */
	unsigned n_sources;
	struct source_report *sources; /* out, malloc'ed; QUERY_CENSUS has their counts only */
	unsigned n_silent;           /* out: QUERY_CENSUS, of n_sources */
	bool listens;                /* out: QUERY_START, a source is waited for */
	struct hush hush;            /* out: QUERY_RULES, without its counts */
	unsigned n_names;
	uint32_t *names;             /* out: offsets of NUL-ended names by number, into `texts` */
	struct buf texts;   /* … or QUERY_START: { u8 size, name, u32 size, record } each */
	struct env_meta meta;        /* out, with every answer */
	uint64_t deadlines, map_used, map_size;
	int64_t outbox_since_ms;     /* out: QUERY_CENSUS, when the oldest kept was taken; 0 none */
	struct outcome notes;        /* out: QUERY_OUTBOX … */
	uint64_t upto;               /* … and the last number looked at; other kinds: a position */
	bool backfill;               /* out: QUERY_MESSAGES, of all in the list */
	struct survey *survey;       /* QUERY_SURVEY: the asker's, counted on */
	struct preview *preview;     /* QUERY_PREVIEW: likewise */
	unsigned n_funnel;
	struct funnel_row *funnel;   /* out: QUERY_FUNNEL, malloc'ed */
	struct sample *sample;       /* QUERY_SAMPLE: the asker's, offered more */
	struct sweep sweep;          /* out: QUERY_CENSUS */
	struct parameters parameters; /* out: QUERY_START, in force */
};
struct query *query_new(enum query_kind kind, void (*answered)(struct query *), void *arg);
void query_free(struct query *q);
/* The name behind NUMBER in an answer, "" when unknown. */
const char *query_name(const struct query *q, unsigned number);

enum worker_state { WORKER_RUNNING, WORKER_FULL, WORKER_FAILED, WORKER_STOPPED };

struct worker {
	pthread_t thread;
	unsigned number;
	struct env *env;
	struct shard shard;                  /* open after QUERY_START */
	struct mailbox inbox;
	struct mailbox *outbox;              /* of the main thread, shared by all workers */
	void (*wake)(void *arg);             /* what is in the outbox is to be looked at */
	void *wake_arg;
	const atomic_uint_fast64_t *durable; /* journal position; written by the main thread */
	struct checkpoint_settings settings;
	char journal_dir[4096];
	const uint8_t *store_id;
	unsigned shards;
	/* the worker's own */
	struct debt debt;
	int64_t mail_ns;          /* when mail came last */
	struct flusher flusher;
	struct mails done;        /* parts that are applied, and not given back yet … */
	int64_t done_ns;          /* … the first of them since then */
	bool stopping;
	bool any_engine;     /* replay inputs that another engine version took, too */
	struct query *stop;
	/* for everybody */
	atomic_int state;              /* enum worker_state */
	atomic_uint_fast64_t position; /* applied */
	atomic_uint_fast64_t checkpoint;
	atomic_int_fast64_t next_due_ms;
	atomic_int_fast64_t sources_due_ms; /* of next_due_ms, what concerns sources (source.h) … */
	atomic_uint_fast64_t sources_told;  /* … and the last message that tells of one */
	atomic_bool sweeping;          /* customers are left to be judged again */
	atomic_bool releasing;         /* what was held is left to be let go */
	atomic_int_fast64_t swept_ns;  /* what the last TIME input with a sweep took here */
	atomic_int_fast64_t settled_ns; /* … and of the processor, the last one without one */
	atomic_bool crowded;           /* will have to wait for its flush soon; see checkpoint.h */
	atomic_uint_fast64_t outbox_first, outbox_last;
	atomic_uint_fast64_t messages_first, messages_last;
	atomic_uint_fast64_t map_used, map_size;
	atomic_uint_fast64_t flushes, flushed_ns; /* since the start: how many, how long they took … */
	atomic_uint_fast64_t waited_ns; /* … and how long this thread stood still for them */
	atomic_uint_fast64_t beat;     /* grows while the thread goes round its loop */
};

/* ENV is open and has no transaction (LMDB binds one to its thread); the worker takes it over.
 * The first mail must be a QUERY_START. */
int worker_start(struct worker *w, unsigned shard, struct env *env);
void worker_post(struct worker *w, struct mail *m);
void worker_post_all(struct worker *w, struct mails *list); /* does nothing when it is empty */
/* Nothing more can be done: say so, and let the main thread know. */
void worker_fail(struct worker *w, const char *what, int rc);
/* After the QUERY_STOP was answered (or the state is WORKER_FAILED). */
void worker_join(struct worker *w);

#endif
