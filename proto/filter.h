/* SPDX-License-Identifier: Apache-2.0 */
/* Filters as messages, for whoever carries one. */
#ifndef KITH_PROTO_FILTER_H
#define KITH_PROTO_FILTER_H
#include "proto/message.h"

/* What filter_fill() lends the message: it points in here and into the filter. */
struct filter_room {
	Kith__Filter message;
	ProtobufCBinaryData texts[FILTER_TERMS_MAX];
};
/* NULL for a filter that takes everything. */
Kith__Filter *filter_fill(struct filter_room *room, const struct filter *f);
/* 0, ERR_INVALID or ERR_TOOBIG with a complaint. M may be NULL. */
int filter_take(struct filter *f, const Kith__Filter *m, struct complaint *c);

#endif
