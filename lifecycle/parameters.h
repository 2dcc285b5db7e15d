/* SPDX-License-Identifier: Apache-2.0 */
/* Parameters: what a lifecycle file is judged with beside its own text, because it follows from the
 * customers: the values behind `top 1%`, a rhythm that was fitted, and how much customers differ in
 * what they spend.
 *
 * They come as inputs, and have a version of their own beside that of the file. A machine with
 * parameters is another machine, compiled from the same text; nothing ever changes one in force. */
#ifndef KITH_LIFECYCLE_PARAMETERS_H
#define KITH_LIFECYCLE_PARAMETERS_H
#include "lifecycle/machine.h"

/* With fewer buyers there are no ranks: comparisons with `top` do not hold. */
#define TOP_BUYERS_MIN 100
#define CUT_NAME_MAX 40

struct cut {
	char quantity[CUT_NAME_MAX + 1];
	double share, bound; /* the best SHARE have BOUND or more */
};
struct fit_of_class {
	uint8_t class;       /* 0 the whole, 1 + i the i-th class of the file */
	double r, alpha, a, b; /* alpha in ms */
};
/* Gamma-gamma, as in struct value. */
struct fit_of_spend {
	bool given;
	double p, q, v;      /* v in minor units */
};
struct parameters {
	uint32_t version;    /* 0: none yet */
	int64_t since_ms;
	unsigned n_cuts;
	struct cut cuts[TOPS_MAX];
	int64_t fitted_ms;   /* when the fits were made, by the wall clock; 0 without fits */
	uint64_t fitted_for; /* rhythm_key of the machine that was fitted for */
	unsigned n_fits;
	struct fit_of_class fits[CLASSES_MAX + 1];
	uint64_t spend_for;  /* spend_key of the machine that was fitted for */
	struct fit_of_spend spend;
};

/* Give M, just compiled and used by nobody yet, the parameters. */
void machine_take_parameters(struct machine *m, const struct parameters *p);
/* Whether a cut of B lies more than SHARE of itself away from that of A, or only one of them has
 * it. */
bool parameters_differ(const struct parameters *a, const struct parameters *b, double share);

void parameters_encode(struct buf *out, const struct parameters *p);
/* ERR_CORRUPT: no version of kith wrote that. */
int parameters_decode(struct parameters *p, struct span bytes);

#endif
