/* SPDX-License-Identifier: Apache-2.0 */
/* PostgreSQL by a unix socket (WHERE: its directory): a batch is one statement, which takes the
 * events as arrays, drops those seen before, folds the rest by customer, and writes customers and
 * outbox; synchronous_commit is on. Several workers are what lets it sync for many at once. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include "bench/peers/peer.h"

/* Made by the first worker to come. Hot rows stay on their page: `armed`, the indexed column, does
 * not change with an event. */
static const char setup[] =
	"CREATE TABLE IF NOT EXISTS seen(id text PRIMARY KEY);"
	"CREATE TABLE IF NOT EXISTS customer(id text PRIMARY KEY, n bigint, sum bigint, first_ms bigint,"
	" last_ms bigint, due bigint, armed bigint, rest bytea) WITH (fillfactor = 50);"
	"CREATE INDEX IF NOT EXISTS deadline ON customer(armed);"
	"CREATE TABLE IF NOT EXISTS outbox(sequence bigserial PRIMARY KEY, customer text, n bigint,"
	" at bigint)";

static const char apply[] =
	"WITH ev AS (SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])"
	"  AS t(id, customer, at, amount)),"
	" fresh AS (INSERT INTO seen SELECT id FROM ev ON CONFLICT DO NOTHING RETURNING id),"
	" folded AS (SELECT customer, count(*) AS n, sum(amount)::bigint AS sum, min(at) AS first,"
	"  max(at) AS last FROM ev JOIN fresh USING (id) GROUP BY customer ORDER BY customer),"
	" kept AS (INSERT INTO customer AS c SELECT customer, n, sum, first, last, last + 2592000000,"
	"  last + 2592000000, decode(repeat('20', 150), 'hex') FROM folded"
	"  ON CONFLICT (id) DO UPDATE SET n = c.n + excluded.n, sum = c.sum + excluded.sum,"
	"  last_ms = greatest(c.last_ms, excluded.last_ms), due = excluded.due RETURNING id, n, last_ms),"
	" told AS (INSERT INTO outbox(customer, n, at) SELECT kept.id, kept.n, kept.last_ms FROM kept"
	"  JOIN folded ON folded.customer = kept.id WHERE kept.n / 20 > (kept.n - folded.n) / 20)"
	" SELECT count(*) FROM fresh";

struct peer_postgres {
	PGconn *c;
	struct buf columns[4];
};

static void check(struct peer_postgres *p, PGresult *r, const char *what)
{
	ExecStatusType s = PQresultStatus(r);

	if (s != PGRES_COMMAND_OK && s != PGRES_TUPLES_OK)
		peer_die("postgres: %s: %s", what, PQerrorMessage(p->c));
	PQclear(r);
}

void *peer_open(const char *where, unsigned worker)
{
	struct peer_postgres *p = calloc(1, sizeof *p);
	char info[4200];

	if (peer_exact)
		peer_die("--exact: of Redis only");
	(void)worker;
	snprintf(info, sizeof info, "host=%s user=bench dbname=postgres sslmode=disable", where);
	p->c = PQconnectdb(info);
	if (PQstatus(p->c) != CONNECTION_OK)
		peer_die("postgres: %s", PQerrorMessage(p->c));
	check(p, PQexec(p->c, "SET client_min_messages = warning"), "SET");
	check(p, PQexec(p->c, "SELECT pg_advisory_lock(1)"), "lock");
	check(p, PQexec(p->c, setup), "tables");
	check(p, PQexec(p->c, "SELECT pg_advisory_unlock(1)"), "unlock");
	check(p, PQprepare(p->c, "apply", apply, 0, NULL), "apply");
	return p;
}

/* Arrays as text: the ids of our stream need no quotes. */
static void add_text(struct buf *b, bool first, struct span a, struct span c)
{
	buf_add(b, first ? "{" : ",", 1);
	buf_add(b, a.data, a.size);
	if (c.size) {
		buf_add(b, "/", 1);
		buf_add(b, c.data, c.size);
	}
}

static void add_number(struct buf *b, bool first, int64_t v)
{
	buf_printf(b, "%c%lld", first ? '{' : ',', (long long)v);
}

void peer_apply(void *peer, struct peer_event *events, uint32_t n)
{
	struct peer_postgres *p = peer;
	const char *values[4];

	for (unsigned k = 0; k < 4; k++)
		buf_clear(&p->columns[k]);
	for (uint32_t i = 0; i < n; i++) {
		const struct event *e = events[i].event;

		add_text(&p->columns[0], i == 0, e->source, e->id);
		add_text(&p->columns[1], i == 0, e->customer, span_of(NULL, 0));
		add_number(&p->columns[2], i == 0, e->time_ms);
		add_number(&p->columns[3], i == 0, e->body == BODY_PURCHASE ? e->as.purchase.amount : 0);
	}
	for (unsigned k = 0; k < 4; k++) {
		buf_add(&p->columns[k], "}", 2); /* with the NUL */
		values[k] = (const char *)p->columns[k].data;
	}
	check(p, PQexecPrepared(p->c, "apply", 4, values, NULL, NULL, 0), "apply");
}

void peer_close(void *peer)
{
	struct peer_postgres *p = peer;

	PQfinish(p->c);
	for (unsigned k = 0; k < 4; k++)
		buf_fini(&p->columns[k]);
	free(p);
}
