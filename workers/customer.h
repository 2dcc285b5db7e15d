/* SPDX-License-Identifier: Apache-2.0 */
/* A customer: facts, standing, and their deadline's row, to and from one record of bytes.
 *
 * A record names ladders, rungs and risks by the environment's stable numbers, so that it
 * outlives the lifecycle file that was in force; in memory they are indexes of one machine. */
#ifndef KITH_WORKERS_CUSTOMER_H
#define KITH_WORKERS_CUSTOMER_H
#include "lifecycle/standing.h"
#include "store/env.h"
#include "workers/tail.h"

/* The numbers of a machine's names in one environment. */
#define RUNGS_NEAR 64
struct numbering {
	uint16_t ladder[LADDERS_MAX];
	uint16_t rung[LADDERS_MAX][RUNGS_MAX];    /* of the rung's name: "repeat" */
	uint8_t rung_near[LADDERS_MAX][RUNGS_NEAR]; /* by its number: where to look for it first */
	uint16_t rung_id[LADDERS_MAX][RUNGS_MAX]; /* of its id: "stage.repeat" */
	uint16_t risk[RISKS_MAX];                 /* of its name */
	uint16_t risk_id[RISKS_MAX];              /* "risk.silent" */
	uint16_t crossing[CROSSING_COUNT];        /* "customer.converted" */
	uint16_t clear, raised;
	uint16_t follow_up[FOLLOW_UPS_MAX];       /* "follow_up.call_back" … */
	uint16_t follow_up_on[FOLLOW_UPS_MAX];    /* … and the type that opens it */
	uint32_t fact_born[CUSTOM_MAX];    /* the version that brought each fact of the file's own … */
	int64_t fact_since_ms[CUSTOM_MAX]; /* … and since when it counts: births.c */
};

/* Look up or make all numbers; 0 or the environment's error. */
int numbering_make(struct numbering *n, struct env *env, const struct machine *m);
/* Only look them up: a name that the environment does not have is 0, and one's own facts that it does
 * not count are born after every record. Changes nothing. */
int numbering_find(struct numbering *n, struct env *env, const struct machine *m);

/* The part of that which is about facts of the file's own. */
int births_make(struct numbering *n, struct env *env, const struct machine *m);
int births_find(struct numbering *n, struct env *env, const struct machine *m);

/* Where a customer was on a ladder or a risk that the machine in force may not have. */
struct place {
	uint16_t ladder, rung; /* numbers; a risk has ladder 0 and its own number as rung */
	int64_t since_ms;
};
#define PLACES_MAX (LADDERS_MAX + RISKS_MAX)

/* Whose one is, and who is one's own (group.h). */
struct bond {
	uint64_t number;      /* of the input that merged this one … */
	uint8_t head_size;    /* … into that customer; 0: nobody, it stands by itself */
	uint8_t account_size; /* the account that is told of this one's facts; 0 none */
	uint32_t ids;         /* merged into this one */
	uint32_t members;     /* of the account that this one is */
	uint8_t head[EVENT_CUSTOMER_MAX];
	uint8_t account[EVENT_TEXT_MAX];
};

struct customer {
	uint8_t id[EVENT_CUSTOMER_MAX];
	uint8_t id_size;
	bool is_new;           /* no record yet */
	bool stale;            /* judged by another machine than the one in force */
	int64_t armed_ms;      /* its row in the deadline index; 0 none */
	uint64_t market_version; /* of the signals that have been heeded (market.h) */
	int64_t quiet_until_ms; /* changes up to here are history, announced to nobody (backfill) */
	int64_t alarm_ms;      /* something beside its rules comes up then: what is held (hold.h), a
	                        * follow-up (follow_up.h); 0 none */
	uint32_t source;       /* through which they mostly come, by its number; 0: nobody knows */
	uint8_t source_votes;  /* how sure that is, up to 7 (silence.h) */
	struct standing standing;
	struct verdict counted; /* in the census; of a stale one nothing */
	unsigned n_places;     /* as read from the record, under its own numbers */
	struct place places[PLACES_MAX];
	struct bond bond;
	struct facts facts;    /* of a head: its own and those of who belongs to it, joined */
	uint16_t own_size;     /* bytes of the own part of the record, as it stands in the store */
	struct tail tail;      /* not kept, until customer_load() */
};

void customer_init(struct customer *c, struct span id);
/* Another id of somebody: their facts go there, and it has no standing of its own. */
static inline bool customer_is_merged(const struct customer *c)
{
	return c->bond.head_size != 0;
}
/* Others belong to it; its own facts stand in a row of `members`. */
static inline bool customer_is_head(const struct customer *c)
{
	return c->bond.ids != 0 || c->bond.members != 0;
}
static inline struct span customer_id(const struct customer *c)
{
	return span_of(c->id, c->id_size);
}

/* Give F, packed under the version JUDGED, the facts that M declares; those from before their birth are
 * void. */
void births_void(struct facts *f, uint32_t judged, const struct machine *m,
	const struct numbering *n);
/* Give C, as it was read, the facts that M declares; those it has from before their birth are void. */
void births_adopt(struct customer *c, const struct machine *m, const struct numbering *n);

#define BOND_BYTES_MAX (2 + 20 + 10 + 2 + EVENT_CUSTOMER_MAX + EVENT_TEXT_MAX)
#define RECORD_MAX (FACTS_PACKED_MAX + 1024 + BOND_BYTES_MAX + TAIL_HALF_BYTES)
size_t customer_pack(struct customer *c, const struct machine *m,
	const struct numbering *n, uint8_t out[RECORD_MAX]);
/* The record's own part: what a trail has as its base. */
size_t customer_pack_own(const struct customer *c, const struct machine *m,
	const struct numbering *n, uint8_t out[RECORD_MAX]);
/* Append the sections to a record whose own part has SIZE bytes; the whole. */
size_t customer_pack_sections(struct customer *c, uint8_t out[RECORD_MAX], size_t size);
/* 0 or ERR_CORRUPT. C is initialised first. */
int customer_unpack(struct customer *c, struct span id, struct span record,
	const struct machine *m, const struct numbering *n);
/* The armed instant of a record, for env_verify(); 0 none. */
int64_t record_armed(struct span record);
/* Up to when a record's own part is settled; 0 for none that kith wrote. */
int64_t record_settled(struct span record);

#endif
