/* SPDX-License-Identifier: Apache-2.0 */
/* What systemd is told. */
#include <systemd/sd-daemon.h>
#include <stdlib.h>
#include "daemon/daemon.h"

void notify_ready(void)
{
	(void)sd_notify(0, "READY=1\nSTATUS=running");
}

void notify_stopping(void)
{
	(void)sd_notify(0, "STOPPING=1\nSTATUS=stopping");
}

void notify_status(struct daemon *d)
{
	(void)sd_notifyf(0, "STATUS=%s", daemon_state_name(d->state));
}

/* Ping only when every worker has gone round its loop since the last ping: a beat of the main
 * loop alone would hide a stuck shard. */
void notify_watchdog(struct daemon *d)
{
	static int enabled = -1;

	if (enabled < 0)
		enabled = sd_watchdog_enabled(0, NULL) > 0;
	if (!enabled)
		return;
	for (unsigned i = 0; i < d->store.shards; i++)
		if (atomic_load(&d->workers[i].beat) == d->beats[i])
			return;
	for (unsigned i = 0; i < d->store.shards; i++)
		d->beats[i] = atomic_load(&d->workers[i].beat);
	(void)sd_notify(0, "WATCHDOG=1");
}
