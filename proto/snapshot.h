/* SPDX-License-Identifier: Apache-2.0 */
/* Taking the page of a snapshot over from its message. */
#ifndef KITH_PROTO_SNAPSHOT_H
#define KITH_PROTO_SNAPSHOT_H
#include "proto/message.h"

/* *RET (in A) is NULL when M is. ERR_INVALID, ERR_NOMEM. */
int snapshot_page_take(struct snapshot_page **ret, const Kith__SnapshotPage *m, struct arena *a);

#endif
