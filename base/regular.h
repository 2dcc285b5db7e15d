/* SPDX-License-Identifier: Apache-2.0 */
/* Regular: files that end. A pipe or a device in place of a file could hold up for ever whoever
 * reads it. */
#ifndef KITH_BASE_REGULAR_H
#define KITH_BASE_REGULAR_H
#include <stdio.h>

/* Open PATH to be read; 0 or an errno: EISDIR, ENOTSUP for what is no regular file. */
int regular_open(const char *path, FILE **ret);

#endif
