/* SPDX-License-Identifier: Apache-2.0 */
/* Refit: a fit beside what is in force. Whether it is to be put in force without anybody looking,
 * and what would change if it were.
 *
 * The whole is fitted to a sample of everybody; each class of the file to a sample of its own. What
 * comes of it is parameters for INPUT_PARAMETERS. */
#ifndef KITH_FIT_REFIT_H
#define KITH_FIT_REFIT_H
#include "fit/silent.h"
#include "lifecycle/parameters.h"
#include "lifecycle/reservoir.h"

/* With fewer buyers, or returns of theirs on another day, the prior would do the talking. */
#define REFIT_BUYERS_MIN  100
#define REFIT_RETURNS_MIN 50
/* Nats. Two samples of one store differ by 4 on average, one a parameter, and once in 200 times by
 * so much (chi-squared, 4): below it everybody would be judged anew for chance. */
#define REFIT_GAIN_MIN 15.0

/* Why a fit is not put in force by itself. */
enum refit_reason {
	REFIT_WELL,       /* it is */
	REFIT_NOTHING,    /* nobody came back: there is no fit at all */
	REFIT_FEW,        /* too few */
	REFIT_AT_END,     /* r or alpha has run to the end of its range */
	REFIT_ALIKE,      /* of spending: the data do not tell people from chance */
	REFIT_SAME,       /* what is in force explains the sample as well */
};
/* "few", "dropout", …, and as a sentence. */
const char *refit_reason_name(enum refit_reason r);
const char *refit_reason_text(enum refit_reason r);

/* One class, or the whole. Times in days. */
struct refit {
	enum refit_reason reason;
	uint64_t seen;         /* buyers that the sample was drawn from */
	struct fit fit;        /* unless REFIT_NOTHING, as all below */
	struct rhythm now;     /* in force */
	struct rhythm then;    /* the fit's, within what a lifecycle file may say */
	double gain;           /* nats by which THEN explains the sample better, prior included */
	struct silent_change change; /* of the sample */
};

/* Fit to R and compare with NOW (alpha in ms, as a machine has it). NEAR: of a class, the fit of the
 * whole (times in days). 0, ERR_NOMEM, ERR_CLOSED (fit_histories()). */
int refit_make(const struct reservoir *r, const struct rhythm *now, const struct rhythm *near,
	const atomic_bool *give_up, struct refit *ret);

/* Put what is to be put in force of LIST ([0] the whole, then M's classes) into P, which holds the
 * parameters in force under M: their cut-offs stay. FORCE: a fit that only has a reason against it
 * is taken too. A class without a fit of its own goes with the whole, unless the file gives it
 * numbers. False, and P as it was, when there is nothing to put in force. */
bool refit_parameters(const struct refit *list, const struct machine *m, bool force,
	struct parameters *p);

#endif
