/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping: the YAML file that says how the lines of a CSV file become events. examples/README.md
 * is its manual; the fields below carry the names of the file. */
#ifndef KITH_CTL_MAPPING_H
#define KITH_CTL_MAPPING_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "base/err.h"

enum mapping_negative { NEGATIVE_REJECT, NEGATIVE_REFUND, NEGATIVE_SKIP };
enum mapping_sign { SIGN_NEGATIVE, SIGN_POSITIVE };

/* A condition on one column: exactly one of prefix, equals, empty is said. */
struct mapping_when {
	char *column;
	char *prefix;
	char *equals;
	bool empty;
	int amounts;             /* enum mapping_sign: refund_when only */
};

struct mapping_value {
	char *from, *to;
};

/* A member of the body that is taken over as it is, or by a table of values. */
struct mapping_field {
	char *name;
	char *column;            /* or … */
	char *value;             /* … the same for every event */
	struct mapping_value *values;
	unsigned values_count;
	char *otherwise;         /* for what the table does not name; NULL: the line is rejected */
};

struct mapping_amount {
	char **columns;          /* one, or two to be multiplied */
	unsigned columns_count;
	int64_t value;           /* minor units, when there are no columns */
	unsigned decimals;       /* of the currency: 2 makes 12.50 into 1250 */
	char *decimal_point;     /* "." or "," */
	char *thousands;         /* what separates them: one character; NULL: nothing */
	int negative;            /* enum mapping_negative: a purchase whose sum is below zero */
};

struct mapping_time {
	char *column;
	char *format;            /* strptime's; NULL: RFC 3339 or Unix ms */
	char *zone;              /* IANA name; NULL: UTC */
};

struct mapping {
	char *source;
	char *delimiter;         /* one byte, "space" or "tab"; NULL: "," */
	bool collapse;
	char **columns;          /* names, for a file without a header */
	unsigned columns_count;
	char *customer;          /* column */
	struct mapping_time time;
	char *channel;
	char *body;
	char **id;               /* columns; none: those of group_by and the customer */
	unsigned id_count;
	char **group_by;         /* columns whose equality makes lines one order */
	unsigned group_by_count;
	char *order;             /* column; NULL: the first of group_by */
	struct mapping_amount *amount;
	struct mapping_when *refund_when;
	struct mapping_when *skip;
	unsigned skip_count;
	struct mapping_field *fields;
	unsigned fields_count;
};

/* Load PATH and check what can be checked without the CSV file. The complaint names line and
 * member. *RET_MAPPING is the caller's, for mapping_free(). */
int mapping_load(const char *path, struct mapping **ret_mapping, struct complaint *c);
/* The same from memory; NAME is what the complaint calls it. */
int mapping_parse(const char *name, const char *text, size_t size, struct mapping **ret_mapping,
	struct complaint *c);
void mapping_free(struct mapping *m);

/* The delimiter of the file; 0 when it is none. */
char mapping_delimiter(const struct mapping *m);

#endif
