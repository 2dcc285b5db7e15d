/* SPDX-License-Identifier: Apache-2.0 */
/* The refit of spending: gamma-gamma parameters of a sample beside those in force. */
#ifndef KITH_FIT_REFIT_SPEND_H
#define KITH_FIT_REFIT_SPEND_H
#include "fit/refit.h"
#include "fit/spend.h"

/* Of the whole: the value block has no classes. Money in minor units. */
struct refit_spend {
	enum refit_reason reason;
	struct spend_fit fit;  /* unless REFIT_NOTHING, as all below */
	double p, q, v;        /* in force; v 0: each one's own mean is believed */
	double gain;           /* nats by which the fit explains the sample better; 0 when v is 0 */
	double moved;          /* of what part a day is expected to bring a tenth more or less */
};

/* 0, ERR_NOMEM, ERR_CLOSED (spend_fit()). */
int refit_spend_make(const struct reservoir *r, const struct value *now, const atomic_bool *give_up,
	struct refit_spend *ret);

/* Put F in force in P under M, unless something speaks against it. FORCE: also when they are few. False,
 * and P as it was, when it is not. */
bool refit_spend_parameters(const struct refit_spend *f, const struct machine *m, bool force,
	struct parameters *p);

#endif
