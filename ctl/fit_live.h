/* SPDX-License-Identifier: Apache-2.0 */
/* A fit inside the running daemon: asking for it, waiting for it, showing what came of it. */
#ifndef KITH_CTL_FIT_LIVE_H
#define KITH_CTL_FIT_LIVE_H
#include "ctl/reply.h"

/* Begin one and wait for its end; an exit code, EXIT_REJECTED when it was to be applied and is not.
 * An interrupt ends the waiting, not the fit. */
int fit_live(const struct remote_settings *remote, bool apply, bool force);
/* What is under way, what is in force, what came of the last one. */
int fit_status(const struct remote_settings *remote);

/* show_fit.c */
void show_fit(const json_t *outcome, FILE *out);
void show_fit_status(const json_t *status, FILE *out);
/* "judged anew: 12 of 100 customers …"; nothing when nobody ever was. */
void show_judging(const json_t *judging, FILE *out);

#endif
