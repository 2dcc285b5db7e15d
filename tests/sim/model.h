/* SPDX-License-Identifier: Apache-2.0 */
/* Model: what a store should know, kept the simplest way: a plain array of the events that were
 * accepted, in order, each with its journal frame. A crash that loses frames takes its tail off. */
#ifndef KITH_TESTS_MODEL_H
#define KITH_TESTS_MODEL_H
#include "tests/sim/crowd.h"
#include "tests/sim/sim.h"

struct model_event {
	unsigned place;   /* in the crowd */
	uint64_t frame;
};

/* What a batch should be answered. */
struct model_receipt {
	uint64_t frame;
	uint32_t accepted, duplicates, conflicts, refused;
};

/* What the notifications said last of a customer. */
struct model_told {
	int64_t at_ms;
	char rung[LADDERS_MAX][32];
	char ladder[LADDERS_MAX][32];
	int64_t since_ms[LADDERS_MAX];
	char raised[RISKS_MAX][32]; /* risks; "" is free */
	int64_t raised_ms[RISKS_MAX];
};

struct model {
	struct sim *sim;
	const struct crowd *crowd;
	struct model_event *accepted;
	unsigned n, capacity;
	struct model_receipt *frames;
	unsigned n_frames, frames_capacity;
	struct model_told told[CROWD_CUSTOMERS];
	bool backfilled; /* then not every change is told */
};

void model_init(struct model *m, struct sim *s, const struct crowd *c);
void model_fini(struct model *m);
/* The batch of these events (places in the crowd) goes in as FRAME: what will the receipt say? */
struct model_receipt model_batch(struct model *m, uint64_t frame, bool backfill,
	const unsigned *places, unsigned n, int64_t clock_ms);
/* Frames after LAST did not survive. */
void model_forget_after(struct model *m, uint64_t last);
/* Follow one notification: in order, from where the last one left off. */
void model_note(struct model *m, const struct notification *n);
/* Everything the store knows is what the model knows. */
void model_check(struct model *m, struct random *random);

#endif
