/* SPDX-License-Identifier: Apache-2.0 */
/* Words: what one needs to speak: the messages, and how the business writes money and dates.
 *
 * Everything here is a function of these and of what is to be said, so the same notification gives
 * the same sentence each time, until a setting or a file is changed. No clock, no locale. */
#ifndef KITH_WORDS_WORDS_H
#define KITH_WORDS_WORDS_H
#include "base/notification.h"
#include "base/zone.h"
#include "words/messages.h"
#include "words/template.h"

#define CURRENCY_MAX 16

struct words {
	const struct messages *messages;
	const struct messages *shipped; /* in the language of the lifecycle file that ships, or NULL:
	                                 * a play that is its own is told in that of `messages` */
	const struct zone *zone;     /* of dates; NULL: UTC */
	unsigned decimals;           /* of money, 0 to 4 */
	char currency[CURRENCY_MAX]; /* "£", "EUR", or "" */
};

/* measure.c: each appends a number of its unit. */
void measure_count(struct buf *out, const struct words *w, double n);
void measure_times(struct buf *out, double n);                /* "3.7" */
void measure_percent(struct buf *out, const struct words *w, double ratio);
void measure_money(struct buf *out, const struct words *w, double minor);
void measure_duration(struct buf *out, const struct words *w, double ms); /* without its sign */
void measure_days(struct buf *out, const struct words *w, double ms); /* "60 days", whole ones */
void measure_date(struct buf *out, const struct words *w, int64_t ms);

/* sentence.c: append N as a sentence; never nothing, never more than SENTENCE_MAX bytes. SAY is
 * the lifecycle file's own text for N's rule, or empty. */
#define SENTENCE_MAX 2000
void sentence_write(struct buf *out, const struct words *w, const struct notification *n,
	struct span say);
/* The name of RUNG on LADDER ("risk" and its name, too), in words. */
void name_write(struct buf *out, const struct words *w, struct span ladder, struct span rung);

/* What `kith explain` says of a customer. */
enum account_kind { ACCOUNT_RUNG, ACCOUNT_RISK, ACCOUNT_NEAR, ACCOUNT_NEXT };
/* One sentence about N at NOW, as if it were announced: where the customer stands, a risk that
 * holds; or what will come at N's at_ms if nothing happens. SINCE_MS: 0 unknown. */
void account_write(struct buf *out, const struct words *w, enum account_kind kind,
	const struct notification *n, struct span say, int64_t since_ms, int64_t now_ms);
/* What the file's own fact NAME counts, it has counted since then only. */
void account_counted(struct buf *out, const struct words *w, struct span name, int64_t since_ms);
/* What `kith preview` says: the message KEY ("preview.rung"), about COUNT of what N tells. */
void preview_write(struct buf *out, const struct words *w, const char *key,
	const struct notification *n, double count);
/* Nothing is going to change by itself; nothing is to be feared. */
void account_quiet(struct buf *out, const struct words *w, bool risks, struct span customer);

#endif
