/* SPDX-License-Identifier: Apache-2.0 */
/* Filter: which notifications somebody wants. Terms of one field are alternatives, fields are
 * combined: "type risk., type customer.lost, region north" takes what begins with either type and
 * is of the north. A filter without terms takes everything. It owns no memory and may be copied. */
#ifndef KITH_BASE_FILTER_H
#define KITH_BASE_FILTER_H
#include "base/err.h"
#include "base/notification.h"

enum filter_field {
	FILTER_TYPE,      /* a prefix: "customer.", "risk.silent" */
	FILTER_STAGE,     /* the rung of the ladder `stage` that is moved to */
	FILTER_TIER,      /* the customer's tier when it was announced */
	FILTER_SEVERITY,  /* at least this severe: "medium" takes high and critical too */
	FILTER_OWNER,
	FILTER_SOURCE,    /* of the event that caused it; what silence caused has none */
	FILTER_REGION,    /* the customer's */
	FILTER_FIELDS
};
const char *filter_field_name(unsigned field); /* "type"; NULL when out of range */

#define FILTER_TERMS_MAX 32

struct filter_term {
	uint8_t field;    /* enum filter_field */
	uint8_t size;     /* of the text, from 1 */
	char text[EVENT_TEXT_MAX];
};

struct filter {
	uint8_t n;
	struct filter_term terms[FILTER_TERMS_MAX];
};

/* Add an alternative. ERR_INVALID with a complaint for a text that is empty, too long, not plain
 * UTF-8 or no severity; ERR_TOOBIG beyond FILTER_TERMS_MAX. F is then as it was. */
int filter_add(struct filter *f, enum filter_field field, struct span text, struct complaint *c);
/* The same for "owner" and "eva,ben": a field by its name, alternatives between commas. */
int filter_add_list(struct filter *f, const char *field, const char *list, struct complaint *c);

bool filter_takes(const struct filter *f, const struct notification *n);
bool filter_equal(const struct filter *a, const struct filter *b);

#endif
