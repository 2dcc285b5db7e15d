/* SPDX-License-Identifier: Apache-2.0 */
/* Plan: a mapping bound to the columns of one CSV file, and the event that one record, or the
 * first record of an order with the sum of all, makes by it. */
#ifndef KITH_CTL_PLAN_H
#define KITH_CTL_PLAN_H
#include "base/event.h"
#include "base/zone.h"
#include "ctl/decimal.h"
#include "ctl/mapping.h"

#define COLUMN_NONE (-1)
#define COLUMN_LINE (-2) /* "$line": the record's line number */
#define PLAN_LIST_MAX 16

struct plan_list {
	unsigned n;
	int at[PLAN_LIST_MAX];
};

/* The column of a condition. */
struct plan_when {
	int at;
	bool names; /* it names somebody or something: compared without blanks around it, as it is read */
};

struct plan {
	const struct mapping *mapping; /* the caller's, must outlive the plan */
	struct zone zone;
	unsigned columns;              /* of the file */
	int customer, time, order;
	struct plan_list id, group, amount;
	struct plan_when refund_when, skip[32];
	int fields[32];
	char decimal_point;
	char thousands; /* 0: none */
	unsigned decimals;
};

/* One record of the file, or what is remembered of it. */
struct record {
	int64_t line;
	unsigned n;
	const struct span *fields;
};

/* Why a record makes no event. */
struct misfit {
	enum reject code;
	struct complaint why;
};

/* Bind M to the columns NAMES (the header, or the mapping's own when it has none: N 0). */
int plan_open(struct plan *p, const struct mapping *m, const struct span *names, unsigned n,
	struct complaint *c);
void plan_close(struct plan *p);

/* Whether a skip rule drops the record. */
bool plan_skips(const struct plan *p, const struct record *r);

/* The exact amount of one record (a column, or the product of two); 0 without columns. */
int plan_amount(const struct plan *p, const struct record *r, struct decimal *ret, struct misfit *m);

/* Append the JSON of the event that R makes, with TOTAL the sum over its order. *RET_ANY is false
 * when the mapping says to skip it. ERR_INVALID with a misfit. */
int plan_event(const struct plan *p, const struct record *r, struct decimal total, struct buf *out,
	bool *ret_any, struct misfit *m);

/* The same without blanks around it: what names somebody or something. */
struct span record_id(const struct record *r, int at, char line[24]);
/* The columns of LIST, which make an id, joined by SEPARATOR. */
void plan_join(const struct plan_list *list, const struct record *r, char separator,
	struct buf *out);
/* The text of column AT (may be COLUMN_LINE, written into LINE); size 0 when there is none. */
struct span record_field(const struct record *r, int at, char line[24]);
/* Whether W, whose column is COLUMN, holds for R. */
bool record_matches(const struct record *r, const struct mapping_when *w,
	const struct plan_when *column);
/* Say why R does not fit; returns ERR_INVALID. */
int record_misfit(const struct record *r, struct misfit *m, enum reject code, const char *format,
	...) __attribute__((format(printf, 4, 5)));

/* TEXT by FORMAT (strptime's; "%s": Unix seconds) in ZONE as Unix ms. Without a format RFC 3339, in
 * ZONE unless it says an offset, or ms; early in 1970 these must be seconds: ERR_INVALID. */
int local_time_parse(struct span text, const char *format, const struct zone *zone,
	int64_t *ret_ms);
/* Whether MS, which was written as TEXT (size 0: as a number), are seconds that were taken for
 * milliseconds. Who means so early a time writes it as RFC 3339. */
bool local_time_is_seconds(int64_t ms, struct span text);

#endif
