/* SPDX-License-Identifier: Apache-2.0 */
/* Send: put a message to another customer into the table from which the journal takes it. */
#ifndef KITH_WORKERS_SEND_H
#define KITH_WORKERS_SEND_H
#include "workers/settle.h"

/* M as the caller filled it but for time, cause and flags, which are those of WHY. */
int message_send(struct shard *s, struct message *m, const struct cause *why);
/* Whether WHY is word of who belongs to the customer. */
static inline bool cause_is_of_group(const struct cause *why)
{
	return why->message &&
		(why->message->kind == MESSAGE_MEMBER || why->message->kind == MESSAGE_LEFT);
}

#endif
