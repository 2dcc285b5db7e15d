/* SPDX-License-Identifier: Apache-2.0 */
/* Letters as rows: what is remembered of a notification that a webhook has not taken yet.
 *
 *	0  u8  version (1)   1  u8 1 waits, 2 dead, 3 the webhook's own   2  u16 attempts
 *	4  i32 status of the last attempt, 0 none
 *	8  i64 due   16  i64 first attempt   24  i64 last attempt   (Unix ms)
 *	32 u64 hash of the customer
 *	40 u8  size of the error, the error, then the encoded notification
 *
 * The webhook's own row has the number WEBHOOK_ROW: its first attempt is that since which there
 * have been nothing but failures, and attempts counts them. Little-endian. */
#ifndef KITH_DAEMON_WEBHOOK_LETTER_H
#define KITH_DAEMON_WEBHOOK_LETTER_H
#include "base/err.h"
#include "daemon/webhook_queue.h"

#define WEBHOOK_ROW UINT64_MAX
enum letter_row { ROW_WAITS = 1, ROW_DEAD = 2, ROW_WEBHOOK = 3 };

/* Into OUT, which is cleared first. L has its bytes. */
void letter_pack(struct buf *out, const struct letter *l, enum letter_row kind);
/* Fills everything that a row has, body included (a span into RECORD). ERR_CORRUPT. */
int letter_unpack(struct span record, struct letter *ret_l, enum letter_row *ret_kind,
	struct span *ret_body);

#endif
