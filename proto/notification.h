/* SPDX-License-Identifier: Apache-2.0 */
/* The part of the notification codec that deliveries share. */
#ifndef KITH_PROTO_NOTIFICATION_H
#define KITH_PROTO_NOTIFICATION_H
#include "proto/message.h"

/* Fill N from the unpacked M: 0, or ERR_INVALID when it is not a notification. */
int notification_take(struct notification *n, const Kith__Notification *m);

#endif
