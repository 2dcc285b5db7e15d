/* SPDX-License-Identifier: Apache-2.0 */
/* Merging: an operator says that two ids are one person, or two again.
 *
 * What may be asked depends on both, who may live in two shards. So both are asked first, and the
 * command is journalled only when it can be obeyed; one at a time, so that nothing changes between
 * the answer and its application: there are no chains and no circles. */
#ifndef KITH_DAEMON_MERGING_H
#define KITH_DAEMON_MERGING_H
#include "daemon/socket.h"
#include "proto/codec.h"

struct daemon;
/* R's command is COMMAND_MERGE or COMMAND_UNMERGE. */
void merging_begin(struct daemon *d, const struct peer *peer, const struct request *r);

#endif
