/* SPDX-License-Identifier: Apache-2.0 */
/* The languages that kith speaks to people in. */
#ifndef KITH_BASE_LANGUAGE_H
#define KITH_BASE_LANGUAGE_H
#include "base/bytes.h"

enum language { LANGUAGE_EN, LANGUAGE_ZH, LANGUAGES };
const char *language_name(unsigned v); /* "en"; NULL beyond */
int language_of(struct span name);     /* -1: none of them */

#endif
