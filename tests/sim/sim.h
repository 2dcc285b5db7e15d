/* SPDX-License-Identifier: Apache-2.0 */
/* Sim: one kith without its daemon. The real journal, store, shards and lifecycle, in one thread,
 * on a clock that stands still until it is told to move, and that can die at any point.
 *
 * It does what daemon/ does, in the same order: ingest (sim_submit), pipeline (sim_flush),
 * timekeeper (sim_until), inputs at the start (sim_start). It keeps what has left the process
 * (receipts, notifications), as those outside would, and compares it with what a restart finds.
 * Whatever is wrong ends in sim_failed. Nothing here needs cmocka: tests/faults uses it too. */
#ifndef KITH_TESTS_SIM_H
#define KITH_TESTS_SIM_H
#include "store/store.h"
#include "tests/unit/random_event.h"
#include "workers/hold.h"
#include "workers/replay.h"
#include "workers/sweep.h"

#define SIM_BEGIN_MS   INT64_C(1704067200000) /* 2024-01-01T00:00:00Z: offset 0 of every text */
#define SIM_MAP_BYTES  (256u << 20)
#define SIM_SHARDS_MAX 8

extern const char sim_shop[], sim_other_shop[]; /* lifecycle files (sim_shop.c) */

/* Where the process dies; each is used up by the next thing that reaches it. */
enum sim_point {
	POINT_NONE,
	/* of the next group of inputs */
	POINT_BEFORE_WRITE,
	POINT_AFTER_WRITE,  /* before the sync: of the tail, all, nothing or torn pieces survive */
	POINT_AFTER_SYNC,
	POINT_IN_APPLY,     /* each shard has got somewhere else, one may even have committed */
	POINT_AFTER_APPLY,  /* before the first receipt or notification goes out */
	/* of the next checkpoint */
	POINT_BEFORE_CHECKPOINT,
	POINT_IN_CHECKPOINT, /* some shards have committed; see sim_storage */
	POINT_AFTER_CHECKPOINT,
	POINTS,
};
const char *sim_point_name(enum sim_point p);

struct sim_options {
	uint64_t seed;
	unsigned shards;          /* 0: 2 */
	const char *lifecycle;    /* NULL: sim_shop */
	struct settings settings; /* guard_window_ms 0: settings_default */
	bool event_clock;         /* the engine's clock is the newest event time (--clock event) */
	uint32_t due_per_input, sweep_per_input; /* 0: 256 */
	int64_t step_ms;          /* TIME inputs are so far apart at least; 0: 26 */
	int64_t in_future_ms;     /* 0: an hour */
	uint64_t segment_bytes;   /* 0: 64 KiB */
	bool keep_journal;        /* for ever; otherwise sim_trim() deletes what is applied */
	bool backfill;            /* batches of sim_send() are */
	bool carry_late;          /* messages wait for a group that takes them along, perhaps */
};

/* A notification that has left the process. */
struct sim_handed {
	uint8_t *bytes;
	size_t size;
};

/* An input on its way. */
struct sim_task {
	struct sim_task *next;
	struct arena *arena;
	struct input input;
	struct buf raw;
	uint32_t n_rejected;
	struct rejection *rejected;
	uint32_t *refused;
	uint32_t *list[SIM_SHARDS_MAX], n[SIM_SHARDS_MAX];
	struct outcome outcome[SIM_SHARDS_MAX];
	char *label; /* of a batch of one: "till-7/41" */
};

/* A storage call that does not return: set by a program that stands in for pwrite() and the like
 * (torn.h), so that POINT_IN_CHECKPOINT dies inside LMDB's commit. */
struct sim_storage {
	void (*die_after)(unsigned calls); /* from there on every call fails */
	void (*live)(void);
};

struct sim {
	struct sim_options o;
	struct random random;
	int64_t now_ms;              /* the wall clock */
	int64_t event_ms;            /* the event clock */
	int64_t not_before_ms;       /* pace of TIME inputs */
	uint64_t time_inputs;        /* fired, ever */

	bool running;
	struct store store;
	struct env *env[SIM_SHARDS_MAX];
	struct shard shard[SIM_SHARDS_MAX];
	uint64_t carried[SIM_SHARDS_MAX];   /* messages of each shard that were submitted */
	uint64_t committed[SIM_SHARDS_MAX]; /* the frame of each shard's last checkpoint */
	struct journal *journal;
	struct lifecycle *lifecycle; /* newest; one reference */
	struct sim_task *group, **group_last;
	enum sim_point crash_at;
	uint64_t restarts;
	uint64_t found;    /* the last frame that the last start found in the journal */
	uint64_t replayed; /* frames it applied again */
	uint64_t died[POINTS];   /* how often at each point … */
	uint64_t written;        /* the last frame, synced or not, when it died */
	uint64_t lost;           /* … and how many written frames that took along */

	/* what the world outside has seen */
	uint64_t acknowledged;       /* highest frame whose receipt went out */
	struct sim_handed *handed[SIM_SHARDS_MAX];
	uint64_t n_handed[SIM_SHARDS_MAX];
	bool refused;                /* the last command, by every shard */
	struct buf trace, line;      /* finished lines; one that may go on */
	int64_t line_noticed_ms;
	char line_head[200];

	/* the test's, all may be NULL */
	void *arg;
	void (*on_receipt)(void *arg, uint64_t frame, const struct receipt *r);
	void (*on_note)(void *arg, const struct notification *n);
	const struct sim_storage *storage;
};

/* Called with a sentence when an invariant does not hold; does not return. Default: abort(). */
extern void (*sim_failed)(const char *text);
void sim_fail(const struct sim *s, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/* A new store in a directory of its own, started: engine, settings and lifecycle are journalled. */
struct sim *sim_new(const struct sim_options *o);
void sim_free(struct sim *s); /* and its directory */

/* -- the process */
void sim_stop(struct sim *s);  /* cleanly: the last thing is a checkpoint */
void sim_crash(struct sim *s); /* nothing is committed; what is not synced may be lost */
void sim_start(struct sim *s); /* recover, then look at what was handed out before */
void sim_crash_at(struct sim *s, enum sim_point p);

/* -- inputs. Those that submit put an input into the group; those that do not say so flush too. */
/* The frame, or 0: nothing in it that could be applied (its receipt is out). */
uint64_t sim_submit(struct sim *s, uint64_t number, bool backfill, const struct event *e, size_t n);
/* Write, sync, apply, hand out. False: it died, and stays dead until sim_start(). */
bool sim_flush(struct sim *s);
/* Messages to other customers, until none waits: what sim_flush() does by itself unless
 * options.carry_late. No crash point is reached. */
void sim_deliver(struct sim *s);
bool sim_messages_wait(const struct sim *s);
/* One batch, an event a line (text.h), flushed; then whatever has come due by now fires. */
bool sim_send(struct sim *s, const char *lines);
/* Another file; false when it is the one in force already. A file that does not compile fails. */
bool sim_lifecycle(struct sim *s, const char *text);
/* P under the next version, in force as of now. */
bool sim_parameters(struct sim *s, const struct parameters *p);
bool sim_settings(struct sim *s, const struct settings *settings);
/* "hush", "live", "snooze anna 7d", "release risk.silent"; false: refused by every shard. */
bool sim_command(struct sim *s, const char *text);
bool sim_obey(struct sim *s, const struct command *c); /* the same; texts stay the caller's */
void sim_open_subscription(struct sim *s, const char *name, bool newest);
/* Changes of letters, by letter_change_add(); submits. The frame. */
uint64_t sim_letters(struct sim *s, struct span changes);

/* -- time. "2d", "90m", "1d2h3ms", "-1h": offsets from SIM_BEGIN_MS. */
/* Move the clock to AT, firing what comes due on the way at its own instant, as far as the pace
 * allows. False: it died on the way. */
bool sim_until(struct sim *s, const char *at);
bool sim_until_ms(struct sim *s, int64_t at_ms);
/* Move the clock and fire nothing: for a process that is down. */
void sim_sleep_until(struct sim *s, const char *at);
/* One TIME input now, whatever is due. */
bool sim_tick(struct sim *s);
int64_t sim_ms(const char *offset);
const char *sim_offset(int64_t ms, char out[48]);

/* -- the store */
bool sim_checkpoint(struct sim *s);       /* all shards; false: it died */
void sim_checkpoint_shard(struct sim *s, unsigned shard);
/* A checkpoint as the daemon makes it, in two steps with anything in between. Either does nothing
 * when there is nothing to do. */
void sim_freeze_shard(struct sim *s, unsigned shard);
void sim_flush_shard(struct sim *s, unsigned shard);
/* What is not committed is dropped and applied again from the journal. */
void sim_reapply(struct sim *s, unsigned shard);
void sim_trim(struct sim *s);
void sim_remove(const char *dir);          /* and all that is in it */
void sim_tear(struct sim *s, uint64_t synced); /* the files of a dead journal (sim_tear.c) */

/* -- what it knows */
struct customer *sim_customer(struct sim *s, const char *id); /* the caller frees; NULL: unknown */
uint16_t sim_name(struct sim *s, unsigned shard, const char *name); /* 0: none; makes none */
unsigned sim_shard_of(const struct sim *s, const char *customer);
uint64_t sim_deadlines(struct sim *s);
uint64_t sim_count(struct sim *s, const char *id); /* the census of "stage.repeat" */
uint64_t sim_notes(const struct sim *s);           /* handed out, all shards */
/* The history of a customer as trace lines, " (silent)" behind what was announced to nobody. */
char *sim_history(struct sim *s, const char *id);  /* the caller frees */
/* All invariants that need no model; fails by itself. Once nothing is due any more it also asks
 * that everybody is announced as they are now. */
void sim_check(struct sim *s);
/* The kept journal, applied to a fresh store, gives this store: every row of every table. */
void sim_check_replay(struct sim *s, uint64_t checkpoint_events);
bool sim_is_drained(const struct sim *s);

/* -- the trace (sim_trace.c) */
void sim_trace(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void sim_trace_note(struct sim *s, const struct notification *n);
void sim_trace_end(struct sim *s);   /* the open line is complete */
char *sim_trace_take(struct sim *s); /* what was added since; the caller frees */

/* -- inner parts, shared by the files of this folder */
void sim_hand_out(struct sim *s, unsigned shard, struct span encoded);
void sim_look_again(struct sim *s);  /* the outbox after a restart */
bool sim_inputs_at_start(struct sim *s);
struct sim_task *sim_task_new(struct sim *s, uint16_t type);
void sim_task_free(struct sim *s, struct sim_task *t);
bool sim_flush_group(struct sim *s);
void sim_carry(struct sim *s);      /* into the group */
void sim_submit_task(struct sim *s, struct sim_task *t);
uint64_t sim_submit_one(struct sim *s, struct sim_task *t); /* the frame */
bool sim_submit_own(struct sim *s, struct sim_task *t);     /* and flush */
void sim_dir_make(struct sim *s);
void sim_dir_remove(struct sim *s);
void sim_group_drop(struct sim *s);
/* Read one line "till-7/41 anna buys 1200 @2h" into E, whose texts live in A. */
void sim_event(const struct sim *s, const char *line, struct arena *a, struct event *e);

#endif
