/* SPDX-License-Identifier: Apache-2.0 */
/* First the id, then whom it is (to be) merged into, then the journal. */
#include <stdlib.h>
#include "base/hash.h"
#include "daemon/daemon.h"
#include "daemon/merging.h"
#include "workers/merge.h"

struct merging {
	struct daemon *d;
	struct peer peer;
	uint64_t number;
	struct command command;
	struct buf ids;     /* the two, behind one another */
	struct query *id;   /* what its shard says */
};

#define UNKNOWN(who) "nothing is known of " #who " yet: who is merged must have had an event"

static void merging_free(struct merging *m)
{
	m->d->control.waiting--;
	query_free(m->id);
	buf_fini(&m->ids);
	free(m);
}

/* M has been answered. */
static void merging_over(struct merging *m)
{
	m->d->control.merging = false;
	merging_free(m);
}

static void refuse(struct merging *m, const char *code, const char *text)
{
	control_error(m->d, &m->peer, m->number, code, text);
	merging_over(m);
}

static void ask(struct merging *m, struct span customer, void (*answered)(struct query *))
{
	struct daemon *d = m->d;
	struct query *q = query_new(QUERY_CUSTOMER, answered, m);

	if (q)
		buf_add(&q->key, customer.data, customer.size);
	if (!q || q->key.failed) {
		query_free(q);
		refuse(m, "busy", "out of memory");
		return;
	}
	q->shard = hash_shard(customer.data, customer.size, d->store.shards);
	worker_post(&d->workers[q->shard], &q->mail);
}

/* Whether there is a customer whom Q asked for; else the request is refused and M gone. UNKNOWN:
 * what then is said, NULL that there is no such customer. */
static bool is_known(struct merging *m, const struct query *q, const char *unknown)
{
	if (q->rc == 0)
		return true;
	if (q->rc == ERR_NOTFOUND && !unknown) {
		control_no_customer(m->d, &m->peer, m->number, span_of(q->key.data, q->key.size));
		merging_over(m);
	} else if (q->rc == ERR_NOTFOUND) {
		refuse(m, "not_found", unknown);
	} else if (q->rc == ERR_CORRUPT) {
		refuse(m, "damaged", "a record is damaged and set aside; see kith store verify");
	} else {
		refuse(m, "failed", err_text(q->rc));
	}
	return false;
}

static void order(struct merging *m)
{
	control_order(m->d, &m->peer, m->number, &m->command);
	merging_free(m);
}

static void head_answered(struct query *q)
{
	struct merging *m = q->arg;
	const char *wrong;

	if (is_known(m, q, UNKNOWN(CUSTOMER))) {
		wrong = merge_complaint(m->id->who, q->who);
		if (wrong)
			refuse(m, "refused", wrong);
		else
			order(m);
	}
	query_free(q);
}

static void id_answered(struct query *q)
{
	struct merging *m = q->arg;
	bool merges = m->command.verb == COMMAND_MERGE;

	if (!is_known(m, q, merges ? UNKNOWN(ID) : NULL)) {
		query_free(q);
		return;
	}
	m->id = q;
	if (merges) {
		ask(m, m->command.other, head_answered);
		return;
	}
	m->command.other = span_of(q->who->bond.head, q->who->bond.head_size);
	if (m->command.other.size == 0)
		refuse(m, "refused", "this id is not merged into anybody");
	else
		order(m);
}

static struct merging *merging_new(struct daemon *d, const struct peer *peer,
	const struct request *r)
{
	struct merging *m = calloc(1, sizeof *m);
	const struct command *cmd = &r->command;

	if (!m)
		return NULL;
	*m = (struct merging){ .d = d, .peer = *peer, .number = r->number, .command = *cmd };
	buf_add(&m->ids, cmd->customer.data, cmd->customer.size);
	if (cmd->other.size)
		buf_add(&m->ids, cmd->other.data, cmd->other.size);
	if (m->ids.failed) {
		buf_fini(&m->ids);
		free(m);
		return NULL;
	}
	m->command.customer = span_of(m->ids.data, cmd->customer.size);
	m->command.other = span_of(m->ids.data + cmd->customer.size, cmd->other.size);
	m->command.name = span_of(NULL, 0);
	return m;
}

void merging_begin(struct daemon *d, const struct peer *peer, const struct request *r)
{
	struct merging *m = NULL;

	if (!d->control.merging && d->control.waiting < CONTROL_WAITING_MAX && daemon_fires(d))
		m = merging_new(d, peer, r);
	if (!m) {
		control_error(d, peer, r->number, "busy", d->control.merging ?
			"another merge is on its way: try again" : "nothing can be written for now");
		return;
	}
	d->control.merging = true;
	d->control.waiting++;
	ask(m, m->command.customer, id_answered);
}
