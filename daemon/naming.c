/* SPDX-License-Identifier: Apache-2.0 */
/* Names under way. */
#include "daemon/daemon.h"

void naming_begin(struct daemon *d, struct naming *n, struct span name, bool webhook)
{
	*n = (struct naming){ d->namings.first, name, webhook };
	d->namings.first = n;
	d->namings.n++;
}

void naming_end(struct daemon *d, struct naming *n)
{
	struct naming **at = &d->namings.first;

	while (*at != n)
		at = &(*at)->next;
	*at = n->next;
	d->namings.n--;
}

bool naming_is_under_way(const struct daemon *d, struct span name, bool webhook)
{
	for (const struct naming *n = d->namings.first; n; n = n->next)
		if (n->webhook == webhook && span_eq(n->name, name))
			return true;
	return false;
}

bool naming_has_room(const struct daemon *d)
{
	return d->namings.n < NAMINGS_MAX;
}

bool naming_is_allowed(const struct daemon *d)
{
	return d->subscribers.n - d->subscribers.readings + d->webhooks.n + d->namings.n <
		d->config.subscriptions;
}
