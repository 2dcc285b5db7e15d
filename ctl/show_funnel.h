/* SPDX-License-Identifier: Apache-2.0 */
/* Showing a funnel. */
#ifndef KITH_CTL_SHOW_FUNNEL_H
#define KITH_CTL_SHOW_FUNNEL_H
#include <stdio.h>
#include "ctl/funnel.h"

/* For people. 0 or ERR_NOMEM. BY: how the groups are made. */
int show_funnel(struct funnel *f, unsigned by, FILE *out);
/* The same figures as one object; NULL when memory is out. */
json_t *funnel_json(struct funnel *f, unsigned by);

#endif
