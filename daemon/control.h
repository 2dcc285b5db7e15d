/* SPDX-License-Identifier: Apache-2.0 */
/* Control: questions and commands for people and tools, answered in JSON. What concerns one
 * customer is asked of their shard; nothing here changes state but by an input. */
#ifndef KITH_DAEMON_CONTROL_H
#define KITH_DAEMON_CONTROL_H
#include "daemon/socket.h"
#include "proto/codec.h"

struct daemon;
#define CONTROL_WAITING_MAX 256 /* questions under way, in all */

struct control {
	struct socket socket;
	struct arena *arena;
	unsigned waiting;
};

int control_open(struct daemon *d, struct complaint *c);
void control_close(struct daemon *d);

#endif
