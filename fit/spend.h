/* SPDX-License-Identifier: Apache-2.0 */
/* Spending: how much customers differ in what they spend on a day of purchase.
 *
 * The gamma-gamma model (Fader & Hardie 2013): what one customer spends on a day varies about their own
 * mean, by a gamma distribution of shape p; the means vary from one to the other, by an inverse gamma
 * distribution of shape q and scale p v. A customer's mean is then drawn towards that of all,
 * p v / (q - 1), the more the fewer days there are. Maximum likelihood, and the same with a prior.
 *
 * The model takes it that how much somebody spends has nothing to do with how often they come: the
 * correlation tells how far that is so. Money in any one unit, which v carries too. */
#ifndef KITH_FIT_SPEND_H
#define KITH_FIT_SPEND_H
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/err.h"
#include "lifecycle/value.h"

struct spender {
	double days, mean; /* purchase days, and money a day on average; both above 0 */
};
struct spenders {
	struct spender *rows; /* owned */
	size_t n, capacity;
};

void spenders_fini(struct spenders *s);
/* Who spent nothing, all in all, is left out. 0 or ERR_NOMEM. */
int spenders_add(struct spenders *s, double days, double money);

struct spend_fitted {
	double p, q, v;
	double log_likelihood; /* without the prior */
	int steps;
};

struct spend_fit {
	size_t customers, repeaters; /* who spent something; of them on more than one day */
	double mean;                 /* of the customers' means */
	double correlation;          /* of days with mean; 0 when either is always the same */
	struct spend_fitted likely, map;
	double all_alike;            /* log-likelihood when everybody has the same mean */
	bool identified;             /* whether the data tell chance from people */
};

/* A gain over "all have the same mean" of less says nothing, nor do fewer who came twice. */
#define SPEND_GAIN_MIN      2.0
#define SPEND_REPEATERS_MIN 10
/* Beyond it the model's estimates of who comes often are not to be trusted. */
#define SPEND_CORRELATION_MAX 0.3

/* ERR_INVALID with a complaint when nobody has spent anything; ERR_CLOSED soon after another thread
 * has set *GIVE_UP (may be NULL); ERR_NOMEM. */
int spend_fit(const struct spenders *s, const atomic_bool *give_up, struct spend_fit *ret,
	struct complaint *c);
/* ln L of all at V. */
double spend_log_likelihood(const struct spenders *s, const struct value *v);

#endif
