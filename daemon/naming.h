/* SPDX-License-Identifier: Apache-2.0 */
/* Naming: the names that are on their way into the journal, to be opened, set or forgotten. Durable
 * subscriptions and webhooks share their names, and which kind a name is of is decided here, since
 * neither can be found in its list before its input is durable. Main thread. */
#ifndef KITH_DAEMON_NAMING_H
#define KITH_DAEMON_NAMING_H
#include "base/bytes.h"

#define NAMINGS_MAX 64 /* under way at once: each is an input and an arena */

struct daemon;

struct naming {
	struct naming *next;
	struct span name; /* as long as it is under way */
	bool webhook;
};

struct namings {
	struct naming *first;
	unsigned n;
};

/* N, which is the caller's, is on its way, until naming_end(). */
void naming_begin(struct daemon *d, struct naming *n, struct span name, bool webhook);
void naming_end(struct daemon *d, struct naming *n);
/* Whether NAME is on its way, as a webhook's or as a subscription's. */
bool naming_is_under_way(const struct daemon *d, struct span name, bool webhook);
bool naming_has_room(const struct daemon *d);
/* Whether the configuration allows one more name, with those under way. */
bool naming_is_allowed(const struct daemon *d);

#endif
