/* SPDX-License-Identifier: Apache-2.0 */
/* Previewer: answers what another lifecycle file would change, while events go on coming in. One at a
 * time goes through all shards, a page after the other with a pause between two (workers/preview.h).
 * Main thread only. */
#ifndef KITH_DAEMON_PREVIEW_H
#define KITH_DAEMON_PREVIEW_H
#include "daemon/socket.h"
#include "proto/codec.h"
#include "workers/preview.h"

struct daemon;
struct previewer {
	struct event *timer;  /* the next page */
	struct query *page;   /* under way or the next one; NULL: nobody has asked */
	struct peer peer;     /* who asked … */
	uint64_t number;      /* … and by which request */
	bool alive;           /* they want to be told that they are still being served … */
	int64_t told_ns;      /* … and were, then */
};

int previewer_open(struct daemon *d);
void previewer_close(struct daemon *d); /* after the workers have stopped */
/* R's lifecycle is the text of the file. A wrong one is answered by where and what. With the JSON
 * {"alive": true} an empty Reply comes four times a second until then; when nobody is there to take it, the
 * preview is over. */
void preview_ask(struct daemon *d, const struct peer *peer, const struct request *r);

#endif
