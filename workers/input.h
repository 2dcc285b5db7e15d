/* SPDX-License-Identifier: Apache-2.0 */
/* Inputs: everything that can change state, as it stands in the journal.
 *
 * An input is self-contained: with the store it is applied to, it decides every byte of the
 * outcome. It carries two clocks. `taken_ms` is the wall clock at which it was received, and
 * drives what is about transport (the duplicate guard, retention). `clock_ms` is the engine's
 * clock, and drives what is about customers; with `--clock event` it is the newest event time
 * seen, this input's own included. Layouts are drawn in docs/FORMAT.md. */
#ifndef KITH_WORKERS_INPUT_H
#define KITH_WORKERS_INPUT_H
#include "proto/codec.h"
#include "store/journal.h"
#include "lifecycle/parameters.h"
#include "workers/lifecycle.h"
#include "workers/message.h"

/* Raised whenever the same inputs would give other outcomes. A journal whose unapplied tail was
 * written under another number is not replayed without being told to (docs/ARCHITECTURE.md). */
#define ENGINE_VERSION 4

/* Parameters that change state; journalled when they change. */
struct settings {
	int64_t guard_window_ms;  /* ids are remembered at least so long */
	uint64_t outbox_keep;     /* notifications kept in each shard, at most */
	int64_t outbox_keep_ms;   /* and no longer than this */
	uint32_t history_keep;    /* changes kept of a customer */
	uint32_t breaker_floor;   /* what a rule may always say in half an hour; 0: no breaker */
	uint32_t breaker_factor;  /* … and how many times its habit */
	int64_t cool_down_ms;     /* a reason is not announced again so soon; 0: at once */
	uint64_t outbox_keep_bytes; /* of notifications as encoded, in each shard, at most */
	int64_t source_silence_ms; /* of opening hours, until a source is silent; 0: none is watched */
	int64_t source_grace_ms;   /* what was held for it waits so long after it is back */
	int64_t source_hold_ms;    /* it is held no longer than this; 0: nothing is held */
	uint32_t source_events;    /* before a source has had so many it is not judged */
	int64_t late_window_ms;   /* what an event that comes so late proves wrong is withdrawn; 0 never */
#define LATE_WINDOW_MS_MIN 1000 /* generations of trails are counted in 32 bits: 136 years of them */
};
extern const struct settings settings_default;
#define SETTINGS_BYTES 88
void settings_encode(const struct settings *s, uint8_t out[SETTINGS_BYTES]);
void settings_decode(struct settings *s, const uint8_t in[SETTINGS_BYTES]);
bool settings_equal(const struct settings *a, const struct settings *b);

/* How much one TIME input does in each shard, so that others get their turn. */
struct pace {
	uint32_t due;    /* customers' deadlines settled; 0: only sources, whose silence goes first */
	uint32_t sweep;  /* customers re-judged after a new lifecycle file */
};

struct input {
	uint64_t sequence; /* of its frame; 0 before it has one */
	uint16_t type;     /* enum input_type */
	bool backfill;
	int64_t taken_ms;
	int64_t clock_ms;
	struct batch batch;             /* INPUT_BATCH: the events to apply, none of them refused */
	struct pace pace;               /* INPUT_TIME */
	struct lifecycle *lifecycle;    /* INPUT_LIFECYCLE: one reference */
	struct settings settings;       /* INPUT_SETTINGS */
	struct parameters *parameters;  /* INPUT_PARAMETERS, in an arena */
	uint32_t engine;                /* INPUT_ENGINE */
	struct span subscriber;         /* INPUT_SUBSCRIPTION: a Subscriber message that opens a name */
	unsigned from_shard;            /* INPUT_MESSAGES: whose table they stood in … */
	uint64_t first_message;         /* … under this number and those after it */
	uint32_t n_messages;
	struct message *messages;
	struct command command;         /* INPUT_COMMAND */
	struct subscriber_message *subscription; /* the same, decoded; its verb may be forget */
	struct span letters;            /* INPUT_LETTERS: changes, by letter_change_add() */
};

/* One change of what is kept of webhooks, in the shard whose notification it concerns. */
enum letter_verb {
	LETTER_PUT = 1,     /* keep RECORD under (name, sequence) */
	LETTER_DELETE = 2,
	LETTER_POSITION = 3, /* the name's position in this shard is SEQUENCE: a replay */
};
struct letter_change {
	uint8_t verb;       /* enum letter_verb */
	uint16_t shard;
	uint64_t sequence;
	struct span name, record;
};
#define LETTER_RECORD_MAX (NOTIFICATION_BYTES_MAX + 1024)
void letter_change_add(struct buf *out, const struct letter_change *c);
/* Take the first change off BYTES; false when they are none (and at the end). */
bool letter_change_take(struct span *bytes, struct letter_change *ret_change);

/* The parts of a frame's payload. SCRATCH holds the head, the other parts point elsewhere. */
struct payload {
	struct buf head;
	struct span parts[2];
	unsigned n;
};
void payload_fini(struct payload *p);

/* Make the payload of IN. For a batch RAW is the message as received, and REFUSED the indexes
 * of its events that are not to be applied; for messages RAW is their list. */
void input_encode(const struct input *in, struct span raw, const uint32_t *refused,
	unsigned n_refused, struct payload *p);

/* Read a frame back. A batch's events live in A and the frame; a lifecycle is compiled.
 * ERR_CORRUPT with a complaint for what no version of kith wrote. */
int input_decode(const struct frame *f, struct arena *a, struct input *ret_input,
	struct complaint *c);
void input_fini(struct input *in); /* drops its lifecycle */

#endif
