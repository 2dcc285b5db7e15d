/* SPDX-License-Identifier: Apache-2.0 */
/* Source: whether a till, a shop, a system speaks as it is used to (lifecycle/habit.h).
 *
 * A source is watched by one shard, that of its name, which learns its habit from when something of
 * it came: resends too, but no back-fill. When its silence has become too long, which is a solved
 * deadline like a customer's, `source.silent` is announced with that instant, and when it speaks
 * again `source.back`. All shards are told by messages (message.h), since they hold what the
 * silence of its customers would mean (silence.h).
 *
 * A silence that was announced is no habit, unless nothing came later that had happened within it:
 * then it was just quiet, and is learnt. Time in which no daemon listened is nothing either
 * (INPUT_LISTENING).
 *
 * Kept in memory, written with each checkpoint: one row of the table `health` a source, "w" and its
 * name -> u8 version (1), u8 state, i64 since_ms, last_ms, from_ms, u64 events, u64 late, habit. */
#ifndef KITH_WORKERS_SOURCE_H
#define KITH_WORKERS_SOURCE_H
#include "base/event.h"
#include "lifecycle/habit.h"

struct shard;
struct input;
struct outcome;

enum source_state {
	SOURCE_LEARNING, /* too little is known to judge it */
	SOURCE_SPEAKING,
	SOURCE_SILENT,
	SOURCE_GONE,     /* silent for so long that nothing is held for it any more */
	SOURCE_STATES,
};
const char *source_state_name(unsigned v);

struct source_watch {
	uint8_t name[EVENT_SOURCE_MAX];
	uint8_t size;
	uint8_t state;         /* enum source_state */
	bool dirty;            /* newer than its row */
	int64_t since_ms;      /* of the state */
	int64_t last_ms;       /* when something of it came last */
	int64_t from_ms;       /* its silence counts from here: last_ms, or since we listen */
	int64_t due_ms;        /* when it would be silent, solved at its last sign of life; NEVER */
	uint64_t events, late; /* ever; of those what it brought after a silence and had happened in it */
	struct habit habit;
};

#define SOURCES_WATCHED_MAX 4096              /* in a shard … */
#define SOURCE_FORGOTTEN_MS (30 * DAY_MS)     /* … beyond, one that has been silent so long makes room */
#define SOURCE_LEARN_MS     (3 * DAY_MS)      /* before that nobody is judged */

struct sources {
	unsigned n, capacity;
	struct source_watch **list;  /* in order of arrival, which means nothing */
	unsigned n_slots;            /* a power of two */
	uint16_t *slots;             /* 1 + index, by hash of the name; 0 free */
	int64_t next_due_ms;         /* no source is due before; NEVER */
	uint64_t told;               /* number of the last message about one */
	uint64_t unwatched;          /* batches of sources for which there was no room, since opening */
};

/* What is told of one to whoever asks. */
struct source_report {
	char name[EVENT_SOURCE_MAX + 1];
	uint8_t state;          /* enum source_state */
	bool unwatched;         /* the file says so */
	bool knows_week;        /* its habit is known by the hour of the week */
	bool has_hours;         /* it has a calendar */
	int64_t since_ms, last_ms, due_ms; /* due: NEVER when nobody can tell */
	uint64_t events, late;
	double events_per_hour, signs_per_hour;
};
/* Into an array that the caller frees. ERR_NOMEM. */
int sources_report(const struct shard *s, struct source_report **ret, unsigned *ret_n);
unsigned sources_silent(const struct shard *s);

int sources_load(struct shard *s);
int sources_store(struct shard *s);
void sources_fini(struct shard *s);
struct source_watch *source_find_watched(struct shard *s, struct span name); /* or NULL */

/* IN, a batch, has come: signs of life of those this shard watches. */
int sources_hear(struct shard *s, const struct input *in, struct outcome *out);
/* Announce whose silence has become too long by IN's clock. */
int sources_settle(struct shard *s, const struct input *in, struct outcome *out);
/* Forget what is known of NAME, by an operator's word. If it speaks again it is new. *RET_KNOWN:
 * whether it was watched here. */
int source_forget(struct shard *s, struct span name, const struct input *in, bool *ret_known);
/* INPUT_LISTENING: nobody has listened until now. */
void sources_listen(struct shard *s, int64_t now_ms);
/* The settings or the lifecycle file are others: everything is solved again. */
void sources_solve(struct shard *s);

#endif
