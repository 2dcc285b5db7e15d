/* SPDX-License-Identifier: Apache-2.0 */
/* Delivering to one subscription. */
#ifndef KITH_DAEMON_SUBSCRIBER_DELIVERY_H
#define KITH_DAEMON_SUBSCRIBER_DELIVERY_H
#include "daemon/subscribers.h"

/* Send what it has credit for; fetch what is wanted from the shards. */
void subscription_pump(struct daemon *d, struct subscription *sub);
/* The peer is gone or was replaced: what was under way will be sent again. */
void subscription_leave(struct daemon *d, struct subscription *sub);
void subscriber_refuse(struct daemon *d, const struct peer *to, const char *code,
	const char *text);
/* Delete a name and its position (journalled). ERR_NOTFOUND: there is no such name. */
int subscriber_forget(struct daemon *d, struct span name, struct asked *asked);
/* What was passed over and has nothing before it under way is done with. */
void lane_settle(struct lane *l);

#endif
