/* SPDX-License-Identifier: Apache-2.0 */
/* A deep copy of an event: its texts into an arena. Private to libkith. */
#ifndef KITH_CLIENTS_C_EVENT_COPY_H
#define KITH_CLIENTS_C_EVENT_COPY_H
#include "proto/codec.h"

/* ERR_NOMEM at the arena's limit; TO is then not to be used. */
int event_copy(struct event *to, const struct event *from, struct arena *a);
/* Bytes of all its texts. */
size_t event_text_bytes(const struct event *e);

#endif
