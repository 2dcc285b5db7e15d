/* SPDX-License-Identifier: Apache-2.0 */
/* Counting the users of a machine, so that a reload frees the old one when nobody uses it. */
#include <pthread.h>
#include <stdlib.h>
#include "workers/lifecycle.h"

int lifecycle_compile(const char *text, size_t size, struct machine **ret_machine,
	struct complaint *c)
{
	static pthread_mutex_t one_at_a_time = PTHREAD_MUTEX_INITIALIZER;
	int rc;

	pthread_mutex_lock(&one_at_a_time);
	rc = machine_compile(text, size, ret_machine, c);
	pthread_mutex_unlock(&one_at_a_time);
	return rc;
}

struct lifecycle *lifecycle_new(struct machine *machine)
{
	struct lifecycle *l = malloc(sizeof *l);

	if (!l) {
		machine_free(machine);
		return NULL;
	}
	atomic_init(&l->refs, 1);
	l->machine = machine;
	return l;
}

int lifecycle_with(const struct machine *m, const struct parameters *p, struct lifecycle **ret)
{
	struct machine *made;
	int rc = lifecycle_compile((const char *)m->text.data, m->text.size, &made, NULL);

	*ret = NULL;
	if (rc != 0)
		return rc;
	made->version = m->version;
	made->since_ms = m->since_ms;
	machine_take_parameters(made, p);
	*ret = lifecycle_new(made);
	return *ret ? 0 : ERR_NOMEM;
}

struct lifecycle *lifecycle_hold(struct lifecycle *l)
{
	atomic_fetch_add(&l->refs, 1);
	return l;
}

void lifecycle_drop(struct lifecycle *l)
{
	if (!l || atomic_fetch_sub(&l->refs, 1) != 1)
		return;
	machine_free(l->machine);
	free(l);
}
