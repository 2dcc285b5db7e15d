/* SPDX-License-Identifier: Apache-2.0 */
/* Value: what a customer has earned us, and what is expected of them.
 *
 *   historic   margin rate * (spent - refunded)
 *   current    margin rate * what they spend a year at today's pace
 *   potential  sum over the years k of the horizon, from now on:
 *              w_k * E[purchase days within k years] * money a day * margin rate
 *   lifetime   the three together (what is below 0 of the current counts as 0)
 *
 * The margin rate is the customer's own as far as purchases told their margin, that of the file for
 * the rest. Money a day is the customer's mean, drawn towards that of all by the gamma-gamma model
 * (Fader & Hardie 2013): p (v + n mean) / (p n + q - 1), n their purchase days. A purchase of the
 * k-th year is discounted by (1 + d)^-(k - 1/2), and w_k is by how much that exceeds the next
 * year's.
 *
 * E[purchase days] is MBG/NBD's (Hoppe & Wagner 2007), but with the integral over the chance to
 * drop out by three nodes of Gauss and Jacobi, whose cost is the same for all and which, unlike the
 * series of rhythm_expected(), never rises with the silence, also as computed: so a comparison
 * flips once. It is never above the series; tests/unit/test_value.c has how near it comes. Silence
 * counts up to CHANCE_SPAN_MS. Pure, allocates nothing; times in ms, money in minor units. */
#ifndef KITH_LIFECYCLE_VALUE_H
#define KITH_LIFECYCLE_VALUE_H
#include "lifecycle/facts.h"
#include "lifecycle/rhythm.h"

#define VALUE_YEARS_MAX 10
#define VALUE_YEAR_MS   (365.0 * 86400000.0)

/* What p, q and v may be; q is above 1, or there is no mean. */
#define SPEND_MIN       1e-3
#define SPEND_MAX       1e4
#define SPEND_Q_MIN     1.001
#define SPEND_SCALE_MAX 1e12

/* Common to all customers: `value { … }`. */
struct value {
	double discount;  /* a year; 0.1 is 10 % */
	double margin;    /* of what is spent where no margin was told */
	double horizon;   /* ms, up to VALUE_YEARS_MAX */
	double p, q, v;   /* gamma-gamma of money a purchase day, q > 1; v 0: everybody's own mean */
	double acquire;   /* what winning one customer costs; 0: not told */
	/* value_prepare() makes these of them. */
	unsigned n_steps;
	double step_ms[VALUE_YEARS_MAX], weight[VALUE_YEARS_MAX];
	double span_ms;   /* sum of weight * step */
};
#define VALUE_DEFAULT ((struct value){ .discount = .1, .margin = 1, \
	.horizon = 3 * VALUE_YEAR_MS, .p = 6.25, .q = 3.74 })

void value_prepare(struct value *v);

/* The share of spending that is margin; V may be NULL: then it is all where none was told. */
double margin_rate(const struct facts *f, const struct value *v);
/* Money expected of one purchase day, from the mean of N. */
double gamma_gamma_mean(const struct value *v, double n, double mean);
/* Log-likelihood of N days of MEAN > 0 on average (Fader & Hardie 2013, equation 1a); V's v is above
 * 0. In another unit of money it is higher by the logarithm of how much larger that unit is. */
double gamma_gamma_log_likelihood(const struct value *v, double n, double mean);

/* Where the chance to drop out is taken, and with what weights; follows from a rhythm and x. */
#define OUTLOOK_NODES 3
struct outlook_nodes {
	unsigned n;
	double at[OUTLOOK_NODES], weight[OUTLOOK_NODES];
};
/* What is expected of somebody alive with one x, by how long they have been watched: the sum over the
 * years of outlook_at() where each eighth of an octave of A + s begins, from ALPHA on. It falls from one
 * to the next. */
#define OUTLOOK_BINS 64
struct outlook_coarse {
	double error;            /* each may be wrong by so much, and by a millionth */
	float comes[OUTLOOK_BINS + 1];
};
/* Those of one rhythm, by x, for all but those who come most often. */
#define OUTLOOK_TABLE 32
struct outlook_table {
	double r, alpha, a, b;   /* of the rhythm that they are of: it has no say for another … */
	double discount, horizon; /* … nor in coarse for another value; 0: without a value */
	struct outlook_nodes nodes[OUTLOOK_TABLE];
	struct outlook_coarse coarse[OUTLOOK_TABLE];
};
/* Make T for R, which keeps a pointer to it, and for what VALUE looks ahead (NULL: nothing). */
void outlook_table_make(struct outlook_table *t, struct rhythm *r, const struct value *value);
/* value_near.c: the part of it for X. */
void outlook_coarse_make(struct outlook_table *t, unsigned x, const struct value *value);

/* What is expected of one customer; constant until the next event. */
struct outlook {
	double past;              /* historic value; 0 when only the potential is asked for */
	double rate, half_ms;     /* current value as of RATE_MS, at least 0; 0 likewise */
	int64_t rate_ms, last_ms;
	double worth;             /* margin expected of a purchase day, at least 0 */
	struct tempo tempo;       /* log_drop is missing until outlook_ready() */
	double drop;              /* what that is the logarithm of */
	double a, b;              /* the chance to drop out is Beta(a, b) */
	const struct value *value;
	const struct outlook_nodes *table; /* the nodes, or NULL: they are to be made */
	const struct outlook_coarse *coarse; /* or NULL */
	double alpha;             /* where it begins */
	struct outlook_nodes nodes; /* from outlook_ready() on */
};

/* False when nothing can be expected: nothing was bought, or RHYTHM has no value. WHOLE: the
 * lifetime value, else the potential one. */
bool outlook_read(const struct facts *f, const struct rhythm *rhythm, bool whole,
	struct outlook *ret_outlook);
/* Make what is dear, for outlook_at(): the value at NOW. */
void outlook_ready(struct outlook *o);
double outlook_at(const struct outlook *o, int64_t now_ms);
/* How long O's customer has been silent, within what counts. */
double outlook_silence(const struct outlook *o, int64_t now_ms);
/* The value at NOW: never rises with it. */
double lifetime_value(const struct facts *f, const struct rhythm *rhythm, bool whole, int64_t now_ms);
/* What has been found out about a value while its facts stay as they are. */
struct value_memo {
	bool is_read;
	bool is_known; /* outlook_read() */
	bool is_ready;
	uint8_t n;     /* how often it was estimated; the latest two are kept */
	struct outlook outlook;
	struct {
		int64_t at_ms;
		double low, high; /* the value lies between them, or is one of them */
		bool is_coarse;
	} estimate[2];
};
/* The same as far as it takes to compare it with BOUND: INFINITY or -INFINITY where it is plainly
 * above or below (value_near.c). MEMO may be NULL; its is_read is false to begin with. */
double lifetime_value_near(const struct facts *f, const struct rhythm *rhythm, bool whole,
	int64_t now_ms, double bound, struct value_memo *memo);
/* About when it falls to BOUND; NAN when it does not. */
double lifetime_value_until(const struct facts *f, const struct rhythm *rhythm, bool whole,
	double bound);
/* Purchase days expected within T after silence S, by the nodes: as rhythm_expected(). */
double value_expected(const struct rhythm *r, double x, double tx, double s, double t);

#endif
