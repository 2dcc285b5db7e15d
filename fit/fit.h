/* SPDX-License-Identifier: Apache-2.0 */
/* Fit: the rhythm that explains the purchases of many customers best.
 *
 * Maximum likelihood, and the same with a prior (MAP), which keeps the parameters sensible where
 * there are few customers. All four are positive and are searched for as logarithms, between
 * RHYTHM_MIN and RHYTHM_MAX; alpha between those in days. */
#ifndef KITH_FIT_FIT_H
#define KITH_FIT_FIT_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "lifecycle/rhythm.h"

/* What is known of WEIGHT customers who are alike; times in days. */
struct history {
	double x, tx, t; /* purchase days after the first; first to last; first to the end */
	double weight;
};

struct histories {
	struct history *rows; /* owned */
	size_t n, capacity;
};

void histories_fini(struct histories *h);
int histories_add(struct histories *h, double x, double tx, double t); /* 0 or ERR_NOMEM */
/* Put those that are alike into one row. */
void histories_fold(struct histories *h);

struct fitted {
	struct rhythm rhythm;  /* floor and window 0 */
	double log_likelihood; /* of times in days; without the prior */
	int steps;             /* evaluations of all customers */
};

struct fit {
	double customers, repeats; /* how many; purchase days after their first */
	double mean_gap;           /* of those who came back, days */
	struct rhythm prior;       /* its centre */
	struct fitted likely, map; /* by likelihood alone; with the prior */
	struct fitted no_dropout;  /* NBD: by likelihood, a = 0 */
	bool dropout_identified;   /* whether the data tell that anybody ever leaves */
};

/* Gains of less than this over NBD say nothing: two more parameters fit that much by chance. */
#define FIT_GAIN_MIN 2.0
/* a / (a + b), the mean chance of leaving after a purchase, below which nobody is seen to leave. */
#define FIT_DROPOUT_MIN 0.001

/* The prior is that of any shop, or, for a class of customers, around NEAR (times in days), which is the
 * fit of all: the fewer they are, the nearer they stay to it; of none it is what comes out.
 * ERR_INVALID with a complaint when H cannot be fitted and NEAR is NULL: nobody ever came back, or no
 * time passes; ERR_NOMEM. Takes seconds of many customers: ERR_CLOSED soon after another thread has set
 * *GIVE_UP (which may be NULL). */
int fit_histories(const struct histories *h, const struct rhythm *near, const atomic_bool *give_up,
	struct fit *ret_fit, struct complaint *c);
/* ln L of all at R, whose alpha is in days. */
double fit_log_likelihood(const struct histories *h, const struct rhythm *r);
/* The same with the prior of F, which was fitted to them: what its `map` makes the most of. */
double fit_log_posterior(const struct histories *h, const struct fit *f, const struct rhythm *r);

#endif
