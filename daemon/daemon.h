/* SPDX-License-Identifier: Apache-2.0 */
/* Daemon: everything the main thread owns, and who calls whom.
 *
 *   ingest ──▶ pipeline ──▶ workers ──▶ feed, subscribers, webhooks
 *   timekeeper, courier ──▶ pipeline      control ──▶ workers, answer
 */
#ifndef KITH_DAEMON_DAEMON_H
#define KITH_DAEMON_DAEMON_H
#include <event2/event.h>
#include "daemon/config.h"
#include "daemon/control.h"
#include "daemon/courier.h"
#include "daemon/feed.h"
#include "daemon/ingest.h"
#include "daemon/naming.h"
#include "daemon/pipeline.h"
#include "daemon/preview.h"
#include "daemon/refit.h"
#include "daemon/sentences.h"
#include "daemon/socket.h"
#include "daemon/subscribers.h"
#include "daemon/survey.h"
#include "daemon/timekeeper.h"
#include "daemon/webhooks.h"
#include "store/journal.h"
#include "store/store.h"

enum daemon_state { DAEMON_STARTING, DAEMON_RUNNING, DAEMON_FULL, DAEMON_STOPPING };
const char *daemon_state_name(enum daemon_state s);

struct daemon {
	struct config config;
	enum daemon_state state;
	int exit_code;
	struct event_base *base;
	void *zmq;
	struct store store;
	struct pipeline pipeline;
	struct worker *workers;       /* store.shards of them */
	unsigned workers_running;
	struct mailbox returned;      /* parts and answers from the workers */
	int wake_fd;                  /* eventfd beside it */
	struct event *wake, *tick, *flush, *tell;
	struct event *signals[3];
	struct lifecycle *lifecycle;  /* newest; one reference */
	struct parameters parameters; /* newest; version 0 before the first */
	struct parameters parameters_before; /* while these are on their way */
	bool reloading, reload_again; /* a file, or parameters, are on their way to the journal */
	struct settings settings;     /* as the store has them */
	uint32_t engine;
	bool listens;                 /* a source was waited for when the store was opened */
	struct timekeeper timekeeper;
	struct courier courier;
	struct surveyor surveyor;
	struct previewer previewer;
	struct refitter refitter;
	struct ingest ingest;
	struct feed feed;
	struct sentences sentences;
	struct subscribers subscribers;
	struct namings namings;
	struct webhooks webhooks;
	struct control control;
	unsigned stops_awaited;       /* answers to QUERY_START or QUERY_STOP */
	uint64_t rejected;            /* events, since the start */
	int64_t started_ns;
	int64_t opened_ns, recovered_ns; /* after that: environments and journal are open; replayed */
	int64_t full_until_ns;        /* a failed write: not before then … */
	uint64_t full_needs;          /* … nor while the disk has less room than so many bytes */
	bool full_hard;               /* not even time goes on: the journal or a checkpoint fails */
	unsigned ticks;
	uint64_t *beats;              /* of the workers, at the last watchdog ping */
	int run_lock;                 /* flock on RUN/lock */
	bool run_made;                /* the run directory was not there before us */
	int start_rc;                 /* the first shard that could not start */
	struct complaint start_complaint;
	uint64_t customers_at_start;
};

/* lifetime.c */
#define EXIT_CONFIG 78 /* sysexits.h EX_CONFIG: restarting does not help */

int daemon_open(struct daemon *d, struct complaint *c);
int daemon_run(struct daemon *d);   /* until stopped; returns the exit code */
void daemon_close(struct daemon *d);
void daemon_wake(void *d);          /* from any thread: there is mail in `returned` */
/* Something is beyond repair: log it and leave the loop without acknowledging anything. */
void daemon_abandon(struct daemon *d, const char *what, int rc);

/* inputs.c: what the daemon itself puts into the journal */
/* Only look whether the lifecycle file compiles. */
int inputs_compile(struct daemon *d, struct complaint *c);
int inputs_at_start(struct daemon *d, struct complaint *c);
/* Read the lifecycle file again; journal it when it has changed. */
int inputs_lifecycle(struct daemon *d, bool *ret_changed, struct complaint *c);
/* Journal P, whose version and since are set here. ERR_EXISTS: a reload is under way. */
int inputs_parameters(struct daemon *d, struct parameters *p, struct complaint *c);

/* space.c: is there room? */
void daemon_full(struct daemon *d, const char *what, int rc);
void space_check(struct daemon *d);
/* End it when the store is not there any more: a receipt would promise what is not so. */
void space_lost_check(struct daemon *d);
bool space_shard_is_full(const struct daemon *d); /* a checkpoint found no room */
bool daemon_takes_in(const struct daemon *d);
bool daemon_fires(const struct daemon *d); /* deadlines may fire */

/* lifetime.c: flush the group at the end of this turn of the loop */
void daemon_flush_soon(struct daemon *d);
/* N notifications of O, from FROM on, are durable: to the feed and to the subscribers. */
void daemon_hand_out(struct daemon *d, unsigned shard, const struct outcome *o, unsigned from,
	unsigned n);
/* notify.c */
void notify_ready(void);
void notify_stopping(void);
void notify_status(struct daemon *d);
void notify_watchdog(struct daemon *d);

#endif
