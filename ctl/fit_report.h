/* SPDX-License-Identifier: Apache-2.0 */
/* What kith fit finds from a file or a store, for the whole and for classes, and how it is told. */
#ifndef KITH_CTL_FIT_REPORT_H
#define KITH_CTL_FIT_REPORT_H
#include <jansson.h>
#include "ctl/buyers.h"
#include "ctl/verb.h"
#include "fit/silent.h"
#include "fit/spend.h"
#include "lifecycle/classes.h"

enum { UNIT_IN_DAYS, UNIT_IN_WEEKS };

/* What customers are told apart by: nothing, the classes of the lifecycle file, or a trait. */
enum fit_by { FIT_BY_NOTHING, FIT_BY_CLASS, FIT_BY_TRAIT };

struct fit_settings {
	const char *map, *zone, *until, *customers, *lifecycle;
	int64_t sample, window;
	int unit;
	int by;              /* enum fit_by, and from FIT_BY_TRAIT on enum trait */
	bool prior, json, apply, live, status, force, spend;
	struct remote_settings remote;
};

/* With fewer customers a class says little by itself. */
#define FIT_CLASS_MIN 50
#define FIT_CLASS_NAME 400

struct fitted_class {
	char name[FIT_CLASS_NAME];   /* as a rhythm block has it behind `for`; "" whoever is left */
	int class;                   /* of the buyers; CLASS_ANY */
	bool few;                    /* the prior, which is the fit of all, does the talking */
	struct fit fit;
	struct rhythm now, then;     /* in force, and for the lifecycle file; times in days */
	struct silent_change change; /* of all customers of the class */
};

struct fit_report {
	const struct fit_settings *settings;
	const char *compared_with;              /* what is in force, in words */
	struct buyers buyers;
	unsigned n;                             /* 1, and when classes are asked for 1 more and theirs */
	struct fitted_class all[CLASSES_MAX + 2]; /* [0] everybody; [1] who is in no class; … */
	bool has_spend;
	struct spend_fit spend;
	double spend_moves;                     /* customers whose expected day changes by a tenth */
};

/* Fit what is asked for to the buyers. 0 or an error with a complaint. */
int fit_report_make(struct fit_report *p, struct complaint *c);
void fit_report_text(const struct fit_report *p, FILE *out);
void fit_report_json(const struct fit_report *p, FILE *out);
/* Where each customer stands by their class's fit, as CSV. */
int fit_report_customers(const struct fit_report *p, struct complaint *c);
/* Give it to the daemon; an exit code after having said what came of it. */
int fit_report_apply(const struct fit_report *p);

/* ---- for those who tell */

/* The block of one class for the lifecycle file. */
void fit_block(const struct fitted_class *k, char *out, size_t size);
#define FIT_BLOCK_MAX (FIT_CLASS_NAME + 200)
/* Whether it is worth being told how much customers differ in what they spend, and to be judged by. */
bool fit_spend_is_known(const struct fit_report *p);
const struct spend_fitted *fit_spend_chosen(const struct fit_report *p);
/* Of times, and alpha, in the unit that was asked for. */
double fit_shown_likelihood(const struct fit_report *p, const struct fit *f, const struct fitted *of);
double fit_shown_alpha(const struct fit_report *p, const struct fitted *of);
#define FIT_DAY_BYTES 32
void fit_day(double day, char out[FIT_DAY_BYTES]);

#endif
