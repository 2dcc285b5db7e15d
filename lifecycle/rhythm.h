/* SPDX-License-Identifier: Apache-2.0 */
/* Rhythm: how long a silence a customer's own past explains.
 *
 * The MBG/NBD model (Batislam, Denizel & Filiztekin 2007; Hoppe & Wagner 2007). While alive, a
 * customer buys at a personal rate ~ Gamma(r, alpha); after each purchase, the first included, they
 * drop out with a personal probability ~ Beta(a, b). Of a customer it needs x, the purchase days
 * after the first, and tx, from the first purchase to the last. With s the silence since:
 *
 *   S(s)           = (A / (A + s))^n          A = alpha + tx, n = r + x
 *   P(alive)       = S / (S + c)              c = max(a / (b + x), floor)
 *   P(active in W) = (S(s) - S(s + W)) / (S(s) + c)
 *
 * Both fall, never rise, with s, also as computed: each is made of steps that rounding leaves
 * monotone, so a comparison with either flips once at most. All times in one function are in one
 * unit, whichever: alpha carries it, r, a and b have none. Pure, allocates nothing. */
#ifndef KITH_LIFECYCLE_RHYTHM_H
#define KITH_LIFECYCLE_RHYTHM_H

struct rhythm_classes;
struct value;
struct outlook_table;

/* Common to all customers, or to a class of them. */
struct rhythm {
	double r, alpha, a, b; /* RHYTHM_MIN to RHYTHM_MAX; a may be 0: nobody drops out */
	double floor;          /* least odds of having dropped out at a purchase, 0 to 1 */
	double window;         /* the W of "active" when a rule tells none */
	/* Of the whole; the formulas ignore them. */
	const struct rhythm_classes *classes; /* classes.h; NULL: all are alike */
	const struct value *value;            /* value.h; NULL: nothing is expected of anybody */
	const struct outlook_table *table;    /* of this one; value.h; NULL: made when it is needed */
};
#define RHYTHM_MIN 1e-4
#define RHYTHM_MAX 1e4

/* One customer's own, which is constant between purchases. */
struct tempo {
	double n;
	double base;     /* A */
	double log_drop; /* ln c; -INFINITY when c is 0 */
};

/* c, the odds of having dropped out at a purchase. */
double rhythm_drop(const struct rhythm *r, double x);
struct tempo rhythm_tempo(const struct rhythm *r, double x, double tx);
/* The same without log_drop, which tempo_median() does not need. */
struct tempo rhythm_pace(const struct rhythm *r, double x, double tx);

/* S >= 0 and W > 0 in all of these. */
double tempo_alive(const struct tempo *p, double s);
double tempo_active(const struct tempo *p, double s, double w);

/* The silence at which the chance falls to THETA: 0 when it is not above it to begin with,
 * INFINITY when it never gets there. */
double tempo_alive_until(const struct tempo *p, double theta);
double tempo_active_until(const struct tempo *p, double w, double theta);
/* The same, with how many times the chance was computed (RET_STEPS may be NULL). */
double tempo_active_until_counted(const struct tempo *p, double w, double theta, int *ret_steps);

/* Half of those with this tempo who are still customers have bought again by then. INFINITY beyond
 * the range of doubles. */
double tempo_median(const struct tempo *p);

/* Purchase days expected within T from now on, after silence S: for potential value. */
double rhythm_expected(const struct rhythm *r, double x, double tx, double s, double t);

/* Log-likelihood of a customer who was watched for T since the first purchase (T >= tx). The floor
 * has no part in it. Its unit is that of times: x * ln(7) more in weeks than in days. With a = 0 it
 * is that of NBD. */
double rhythm_log_likelihood(const struct rhythm *r, double x, double tx, double t);

#endif
