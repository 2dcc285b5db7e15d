/* SPDX-License-Identifier: Apache-2.0 */
/* Room: below the reserve on disk, or above 85 % of a map, nothing is taken in, while deadlines
 * and delivery go on with the room that is left. When the journal or a checkpoint has failed for
 * want of room, only answers go on. Either ends by itself when there is room again. */
#include "base/clock.h"
#include "daemon/daemon.h"

#define RETRY_NS INT64_C(1000000000)

const char *daemon_state_name(enum daemon_state s)
{
	static const char *const names[] = { "starting", "running", "full", "stopping" };

	return names[s];
}

bool daemon_takes_in(const struct daemon *d)
{
	return d->state == DAEMON_RUNNING;
}

bool daemon_fires(const struct daemon *d)
{
	return d->state == DAEMON_RUNNING || (d->state == DAEMON_FULL && !d->full_hard);
}

static void become_full(struct daemon *d, bool hard, const char *what)
{
	d->full_hard = hard;
	if (d->state != DAEMON_RUNNING)
		return;
	d->state = DAEMON_FULL;
	log_error("space", "events are refused until there is room", "what=%s", log_quote(what));
	notify_status(d);
}

void daemon_full(struct daemon *d, const char *what, int rc)
{
	d->full_until_ns = clock_monotonic_ns() + RETRY_NS;
	d->full_needs = rc == ERR_NOSPACE ? d->config.journal_segment : 0;
	become_full(d, true, what);
}

/* What may still be written into a shard before anybody looks again: pages freed by a commit come
 * back two commits later, and everything under way may be for one shard. */
static uint64_t map_slack(const struct daemon *d)
{
	uint64_t slack = 4 * d->config.checkpoint.dirty_pages * 4096 +
		1024 * d->config.under_way_events;

	/* a small map cannot spare so much */
	return slack < d->config.map_bytes / 4 ? slack : d->config.map_bytes / 4;
}

bool space_shard_is_full(const struct daemon *d)
{
	for (unsigned i = 0; i < d->store.shards; i++)
		if (atomic_load(&d->workers[i].state) == WORKER_FULL)
			return true;
	return false;
}

/* What is wrong, or NULL. */
static const char *find_fault(struct daemon *d, bool *ret_hard)
{
	uint64_t space, total;
	bool known = store_space(&d->store, &space, &total) == 0;

	*ret_hard = true;
	if (clock_monotonic_ns() < d->full_until_ns)
		return "a write failed";
	if (known && space < d->full_needs) /* else it would try, and fail, each second */
		return "the disk has no room for a segment of the journal";
	if (space_shard_is_full(d))
		return "no room for a checkpoint";
	*ret_hard = false;
	for (unsigned i = 0; i < d->store.shards; i++) {
		uint64_t used = atomic_load(&d->workers[i].map_used);
		uint64_t size = atomic_load(&d->workers[i].map_size);

		if (used / 85 >= size / 100 || used + map_slack(d) > size)
			return "a shard's map is nearly full: raise map";
	}
	if (known && space < d->config.space_reserve)
		return "the disk has less room than space-reserve";
	return NULL;
}

static bool is_there(const struct daemon *d)
{
	bool there = store_is_there(&d->store) && journal_is_there(d->pipeline.journal);

	for (unsigned i = 0; there && i < d->store.shards; i++)
		there = env_is_there(d->workers[i].env, &d->store);
	return there;
}

/* A restart would make a new store, and nobody see that the old one is gone; or go on with what somebody
 * has put in its place, and what was written since into a file without a name is gone. */
void space_lost_check(struct daemon *d)
{
	if (d->state == DAEMON_STOPPING || is_there(d))
		return;
	daemon_abandon(d, "the store is not where it was: deleted, moved, replaced or covered by a mount while "
		"kithd ran. Put it back before the next start, which else makes an empty one", ERR_NOTFOUND);
	d->exit_code = EXIT_CONFIG;
}

void space_check(struct daemon *d)
{
	bool hard;
	const char *fault = find_fault(d, &hard);

	if (fault) {
		become_full(d, hard, fault);
	} else if (d->state == DAEMON_FULL) {
		d->state = DAEMON_RUNNING;
		d->full_hard = false;
		d->full_needs = 0;
		log_info("space", "there is room again", NULL);
		notify_status(d);
	}
	/* Whatever was held up by what is over now. */
	ingest_regulate(d);
	timekeeper_check(d);
}
