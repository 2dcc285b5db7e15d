/* SPDX-License-Identifier: Apache-2.0 */
/* The customer record:
 *
 *   u8      version, 1
 *   u8      flags: 1 has ever been on the actual side, 2 has a market version,
 *           4 has a source, 8 has a parameters version
 *   varint  settled_ms       everything up to here has been announced
 *   varint  lifecycle version that judged
 *   varint  due              when to look again: 0 never, else 1 + zigzag(due_ms - settled_ms)
 *   varint  armed            row in the deadline index: 0 none, else 1 + zigzag(armed_ms - due_ms),
 *                            from settled_ms when due is never
 *   varint  quiet_until_ms   0 none
 *   varint  alarm_ms    0 none
 *   varint  market version   with flag 2: the signals that have been heeded
 *   varint  source           with flag 4: its number * 8 + votes (silence.h)
 *   varint  parameters version that judged, with flag 8
 *   u8      n, then n × { varint ladder number (0: a risk), varint rung or risk number,
 *                         varint zigzag(since_ms - settled_ms) }
 *   facts   as facts_pack() writes them
 *   sections to the end, none or each one once: { u8 tag, varint size, bytes }
 *           1 the end of the trail (tail.h); none: there is no trail
 *           2 the bond: varint ids, varint members, u8 size, head, varint number of the merge (only
 *             with a head), u8 size, account; none: it has to do with nobody
 */
#ifndef KITH_WORKERS_CUSTOMER_RECORD_H
#define KITH_WORKERS_CUSTOMER_RECORD_H
#include "workers/customer.h"

#define RECORD_VERSION 1
#define FLAG_WAS_ACTUAL 1
#define FLAG_MARKET     2
#define FLAG_SOURCE     4
#define FLAG_PARAMETERS 8

enum section { SECTION_TAIL = 1, SECTION_BOND = 2 };

/* Whether it has to do with others. */
static inline bool customer_is_bound(const struct customer *c)
{
	return customer_is_merged(c) || customer_is_head(c) || c->bond.account_size;
}

#endif
