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

/* A notification that nobody has taken back. */
struct model_said {
	uint32_t shard;
	uint64_t sequence;
	char type[64], from[32], to[32];
	char line[64];   /* what follows one another: a ladder, a risk, the crossings of either */
	int64_t at_ms;
	uint32_t lifecycle_version;
	unsigned hidden; /* the model's, then */
};

/* Of one customer, in the order of their numbers. */
struct model_told {
	unsigned n, capacity;
	struct model_said *said;
};

struct model {
	struct sim *sim;
	const struct crowd *crowd;
	struct model_event *accepted;
	unsigned n, capacity;
	struct model_receipt *frames;
	unsigned n_frames, frames_capacity;
	struct model_told told[CROWD_CUSTOMERS];
	/* How often something happened since which not every change is told: a back-fill, an operator's
	 * command, a rule that tripped, a cool-down. */
	unsigned hidden;
	uint64_t withdrawn;
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
