/* SPDX-License-Identifier: Apache-2.0 */
/* The customer record:
 *
 *   u8      version, 2
 *   u16     flags: 1 has ever been on the actual side, 2 has a market version, 4 has a source, 8 has a
 *           parameters version, 16 due, 32 armed when due, 64 armed at another instant, 128 quiet,
 *           256 alarm
 *   6 bytes settled_ms       everything up to here has been announced
 *   6 bytes due_ms           with flag 16: when to look again; without: never
 *   6 bytes armed_ms         with flag 64: the row in the deadline index; with 32 it is due_ms
 *   6 bytes quiet_until_ms   with flag 128
 *   6 bytes alarm_ms         with flag 256
 *   varint  lifecycle version that judged
 *   varint  market version   with flag 2: the signals that have been heeded
 *   varint  source           with flag 4: its number * 8 + votes (silence.h)
 *   varint  parameters version that judged, with flag 8
 *   u8      n, then n × { varint ladder number (0: a risk), varint rung or risk number,
 *                         6 bytes since_ms }
 *   facts   as facts_pack() writes them
 *           (there are 8 bytes at least, so 8 may be read where 6 are meant)
 *   sections to the end, none or each one once: { u8 tag, varint size, bytes }
 *           1 the end of the trail (tail.h); none: there is no trail
 *           2 the bond: varint ids, varint members, u8 size, head, varint number of the merge (only
 *             with a head), u8 size, account; none: it has to do with nobody
 */
#ifndef KITH_WORKERS_CUSTOMER_RECORD_H
#define KITH_WORKERS_CUSTOMER_RECORD_H
#include "workers/customer.h"

#define RECORD_VERSION 3
enum record_flag {
	FLAG_WAS_ACTUAL = 1, FLAG_MARKET = 2, FLAG_SOURCE = 4, FLAG_PARAMETERS = 8, FLAG_DUE = 16,
	FLAG_ARMED_DUE = 32, FLAG_ARMED = 64, FLAG_QUIET = 128, FLAG_ALARM = 256, FLAGS_ALL = 511
};
#define INSTANT_BYTES 6
#define INSTANT_MAX   ((INT64_C(1) << 48) - 1) /* ms: beyond any that is reckoned with */

enum section { SECTION_TAIL = 1, SECTION_BOND = 2 };

/* Whether it has to do with others. */
static inline bool customer_is_bound(const struct customer *c)
{
	return customer_is_merged(c) || customer_is_head(c) || c->bond.account_size;
}

#endif
