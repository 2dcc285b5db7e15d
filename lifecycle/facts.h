/* SPDX-License-Identifier: Apache-2.0 */
/* Facts: what is known of one customer, as numbers that any order of events gives alike.
 *
 * facts_add() and facts_join() are commutative and associative: integers, times, registers
 * and sets to the bit, decayed sums to rounding (relative 1e-9). Adding the same event twice
 * counts twice: the duplicate guard stands in front. Nothing here reads a clock or allocates.
 *
 * Scalars are the rows of facts.def. Beside them:
 *   registers  the value with the latest event time wins; at equal times the greater value
 *   days       the local calendar days with a purchase, exact for the latest FACTS_DAYS_MAX
 *              of them, a plain count of those before. The one exception to the promise above:
 *              once days have been counted away, a purchase that comes late for a day before
 *              the oldest one kept counts as a day of its own, even if that day was counted
 *   cases      the latest FACTS_CASES_MAX openings and resolutions of complaints: a set, so two
 *              that are the same in everything are kept once. What is pushed out is forgotten:
 *              neither open nor able to close
 *   orders     the latest FACTS_ORDERS_MAX purchases and refunds, so that an order that was wholly
 *              given back can be taken out of everything again (orders.c). The second exception:
 *              a refund that comes later than so many others leaves its purchase where it is
 *   referrer   who brought the customer in; the earliest told wins
 *   custom     what a lifecycle file declares beside (custom.h)
 *   wallets    the latest two periods for which we were told what the customer spends with
 *              everybody; of several amounts for one period the greatest */
#ifndef KITH_LIFECYCLE_FACTS_H
#define KITH_LIFECYCLE_FACTS_H
#include "base/event.h"
#include "base/zone.h"

#define FACTS_DAYS_MAX  400
#define FACTS_GAPS_MAX  1200 /* bytes: 3 are more than the years that events may have take */
#define FACTS_CASES_MAX 16
#define FACTS_ORDERS_MAX 4
#define FACTS_ORDERS_BYTES 84 /* of so many */

enum fact_law { FACT_COUNT, FACT_FIRST, FACT_LAST, FACT_MASK, FACT_DECAY };

enum fact {
#define FACT(name, law, unit, text) FACT_##name,
#include "lifecycle/facts.def"
#undef FACT
	FACTS_SCALARS
};

/* Registers that hold a number (an enum, a yes/no, an amount, an instant). */
enum facts_register {
	/* FACTOR_COUNT readiness answers first: REGISTER_FACTOR + enum factor */
	REGISTER_FACTOR,
	REGISTER_MEMBERSHIP = REGISTER_FACTOR + FACTOR_COUNT, /* enum membership */
	REGISTER_PARTNERSHIP,     /* enum partnership */
	REGISTER_CONTRACT,        /* enum contract */
	REGISTER_CONTRACT_ENDS,   /* ms */
	REGISTER_REASON,          /* enum reason: the last told by complaint, refund or notice */
	REGISTER_ROLE,            /* enum role */
	REGISTER_ACQUISITION,     /* enum acquisition: the EARLIEST told wins */
	REGISTER_EXPECTED_MARGIN, /* minor units a year */
	REGISTER_SIGHTING,        /* enum sighting */
	REGISTER_MARKET,          /* enum market */
	REGISTER_MARKET_UNTIL,    /* ms */
	REGISTERS
};

/* Registers that hold a short text; size 0 with a time means "told to be empty". */
enum facts_text { TEXT_OWNER, TEXT_REGION, TEXT_SEGMENT, TEXT_HELD_BY, TEXT_COMPETITOR, TEXT_ACCOUNT,
	TEXTS };

struct facts_reg {
	int64_t time_ms; /* 0: never told */
	int64_t value;
};

struct facts_string {
	int64_t time_ms; /* 0: never told */
	uint8_t size;
	char text[EVENT_TEXT_MAX];
};

struct facts_case {
	int64_t time_ms;
	uint32_t complaint;  /* hash of the complaint's id */
	uint8_t resolved;    /* 0 an opening, 1 a resolution */
	uint8_t reason;
	uint8_t severity;
};

/* The purchases that are kept no longer, but for those that were cancelled. */
struct facts_settled {
	int64_t first_ms, last_ms; /* 0: none */
	int32_t last_day;
};

/* Who brought the customer in; the EARLIEST told wins. */
struct facts_referrer {
	int64_t time_ms; /* 0: nobody */
	uint8_t size;
	uint8_t id[EVENT_CUSTOMER_MAX];
};

/* The market signal that covers the customer: follows from outside (workers/market.h), and is
 * neither packed nor joined. */
struct facts_cover {
	int64_t until_ms; /* 0: none */
	uint8_t factor;   /* enum market */
};

/* How many belong to this customer: follows from outside (workers/group.h), and is neither packed
 * nor joined. */
struct facts_group {
	uint32_t members; /* of the account that the customer is */
};

struct facts_wallet {
	int64_t from_ms, to_ms, amount; /* to_ms 0: none */
};

union facts_scalar {
	int64_t i;
	double d; /* FACT_DECAY rows */
};

/* A fact that a lifecycle file declares (custom.h); not 0 are only those that say something. */
#define CUSTOM_MAX 32
enum custom_law { CUSTOM_NONE, CUSTOM_SUM, CUSTOM_FIRST, CUSTOM_LAST, CUSTOM_DECAY };
struct facts_custom {
	uint32_t key;        /* of its definition */
	uint8_t law;         /* enum custom_law */
	int64_t half_ms;     /* CUSTOM_DECAY */
	int64_t at_ms;       /* CUSTOM_DECAY: the instant it refers to, of the latest event; 0 none */
	union facts_scalar v;
};

struct facts {
	union facts_scalar scalar[FACTS_SCALARS];
	struct facts_reg reg[REGISTERS];
	struct facts_cover covered;
	struct facts_group group;
	struct facts_wallet wallet[2]; /* the latest by (to, from) first; two periods, never one twice */
	uint8_t n_cases;
	uint8_t n_orders;    /* at most FACTS_ORDERS_MAX … */
	uint8_t orders_size; /* … and their bytes */
	struct facts_settled settled;
	uint32_t older_days; /* purchase days before those kept; not 0 only when that many were */
	uint16_t n_days;
	uint8_t n_custom;
	uint16_t gaps_size;
	int32_t latest_day;  /* of n_days, when there are any */
	/* From here on bytes mean something only as far as a time, a count or a size above or among
	 * them says so. */
	struct facts_string text[TEXTS];
	struct facts_referrer referrer;
	struct facts_case cases[FACTS_CASES_MAX]; /* latest first, a total order */
	/* As they are packed, latest first, since mostly one comes in front. */
	uint8_t orders[FACTS_ORDERS_BYTES];
	/* Kept as they are packed, since a purchase mostly adds one in front and nobody else looks
	 * at them: for each earlier day, latest first, how many days before the one after it, as a
	 * varint; gaps_size bytes. facts_days() spreads them out. */
	uint8_t gaps[FACTS_GAPS_MAX];
	struct facts_custom custom[CUSTOM_MAX]; /* only the first n_custom mean anything; in any order */
};

void facts_init(struct facts *f);
/* Copy what means something, and nothing of the unused tails. */
void facts_copy(struct facts *to, const struct facts *from);
/* Copy no more than what is always there: numbers, registers, wallets, how many days. */
void facts_copy_head(struct facts *to, const struct facts *from);

/* Fold E, which proto/ has validated. ZONE (may be NULL: UTC) decides calendar days: always the
 * same one for the facts of a store, or days would be counted twice. */
void facts_add(struct facts *f, const struct event *e, const struct zone *zone);
/* Fold that BY brought the customer in at TIME_MS. Counts as an event of theirs, which it is. */
void facts_introduce(struct facts *f, struct span by, int64_t time_ms);
/* Fold that BY (1), or no more (-1), of those whom the customer brought in is a buyer. No event. */
void facts_credit(struct facts *f, int by);
/* Fold everything FROM knows into F, as if F had received its events too. FROM is not F. */
void facts_join(struct facts *f, const struct facts *from);
/* Integers, times, registers and sets equal, decayed sums within relative 1e-9 (below 1e-250,
 * where doubles run out of digits, any two are equal). */
bool facts_equal(const struct facts *a, const struct facts *b);

/* Derived, constant between events. */
/* Whether a transaction stands: at least one purchase, and not all of them given back. A purchase
 * after the last refund stands, whatever was given back before: of a log that begins in the middle,
 * refunds may be of what it does not tell. */
bool facts_has_bought(const struct facts *f);
int64_t facts_purchase_days(const struct facts *f);
/* The days kept, n_days of them, ascending. */
void facts_days(const struct facts *f, int32_t ret_day[FACTS_DAYS_MAX]);
/* Complaints with an opening that no resolution of the same complaint at or after it closes (one
 * opened twice is one), among the cases kept; and the earliest such opening's time (0 none). */
unsigned facts_open_complaints(const struct facts *f, int64_t *ret_oldest_ms);

/* The half-life in ms of a FACT_DECAY row; 0 for others. */
int64_t fact_half_life_ms(enum fact fact);
const char *fact_name(enum fact fact);
const char *fact_text(enum fact fact);
enum fact_law fact_law(enum fact fact);
unsigned fact_unit(enum fact fact); /* enum unit */
const char *facts_register_name(enum facts_register r); /* "need", "membership", … */
const char *facts_text_name(enum facts_text t);
/* The naming function of an enumerated register ("consumer"), or NULL for plain numbers. */
const char *(*facts_register_naming(enum facts_register r))(unsigned);

/* Bytes, as drawn in lifecycle/facts_layout.h: only what is not zero is written. 140 for a customer
 * with five purchases, below 1.9 KiB for anyone with a calendar; FACTS_PACKED_MAX is the room OUT
 * must have, whatever the numbers. Equal facts that were built in another order may differ in the
 * last digits of their decayed sums, and so in their bytes. */
#define FACTS_PACKED_MAX 5120
size_t facts_pack(const struct facts *f, uint8_t *out);
/* 0, or ERR_CORRUPT (F is then empty). F need not be initialised. Returns via RET_USED the bytes
 * taken. */
int facts_unpack(struct facts *f, const uint8_t *data, size_t size, size_t *ret_used);

#endif
