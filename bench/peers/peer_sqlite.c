/* SPDX-License-Identifier: Apache-2.0 */
/* SQLite in WAL mode with synchronous=FULL, in process, a database for each worker: a batch is one
 * transaction, a customer is read and written once in it. */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include "bench/peers/peer.h"

enum statement { BEGIN, COMMIT, SEEN, GET, PUT, ARM, OUTBOX, STATEMENTS };

static const char *const texts[STATEMENTS] = {
	[BEGIN] = "BEGIN IMMEDIATE",
	[COMMIT] = "COMMIT",
	[SEEN] = "INSERT OR IGNORE INTO seen VALUES(?1, ?2)",
	[GET] = "SELECT record FROM customer WHERE hash = ?1",
	[PUT] = "INSERT OR REPLACE INTO customer VALUES(?1, ?2, ?3)",
	[ARM] = "INSERT OR IGNORE INTO deadline VALUES(?1, ?2)",
	[OUTBOX] = "INSERT INTO outbox(customer, count, at) VALUES(?1, ?2, ?3)",
};

static const char setup[] =
	"PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA locking_mode=EXCLUSIVE;"
	"PRAGMA cache_size=-400000; PRAGMA wal_autocheckpoint=20000;"
	"CREATE TABLE seen(source TEXT, id TEXT, PRIMARY KEY(source, id)) WITHOUT ROWID;"
	"CREATE TABLE customer(hash INTEGER PRIMARY KEY, id TEXT, record BLOB);"
	"CREATE TABLE deadline(at INTEGER, hash INTEGER, PRIMARY KEY(at, hash)) WITHOUT ROWID;"
	"CREATE TABLE outbox(sequence INTEGER PRIMARY KEY, customer TEXT, count INTEGER, at INTEGER);";

struct peer_sqlite {
	sqlite3 *db;
	sqlite3_stmt *s[STATEMENTS];
};

void *peer_open(const char *where, unsigned worker)
{
	struct peer_sqlite *p = calloc(1, sizeof *p);
	char path[4096], *error = NULL;

	if (peer_exact)
		peer_die("--exact: of Redis only");
	snprintf(path, sizeof path, "%s/%u.db", where, worker);
	if (!p || sqlite3_open_v2(path, &p->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE |
		SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
		peer_die("%s: cannot open", path);
	if (sqlite3_exec(p->db, setup, NULL, NULL, &error) != SQLITE_OK)
		peer_die("%s: %s", path, error);
	for (unsigned i = 0; i < STATEMENTS; i++)
		if (sqlite3_prepare_v3(p->db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &p->s[i],
			NULL) != SQLITE_OK)
			peer_die("%s: %s", texts[i], sqlite3_errmsg(p->db));
	return p;
}

static void run(struct peer_sqlite *p, enum statement s)
{
	if (sqlite3_step(p->s[s]) != SQLITE_DONE)
		peer_die("%s: %s", texts[s], sqlite3_errmsg(p->db));
	sqlite3_reset(p->s[s]);
}

static void bind_text(sqlite3_stmt *s, int at, struct span text)
{
	sqlite3_bind_text(s, at, (const char *)text.data, (int)text.size, SQLITE_STATIC);
}

static void look(struct peer_sqlite *p, struct peer_event *e)
{
	bind_text(p->s[SEEN], 1, e->event->source);
	bind_text(p->s[SEEN], 2, e->event->id);
	run(p, SEEN);
	e->duplicate = sqlite3_changes(p->db) == 0;
}

static void load(struct peer_sqlite *p, uint64_t customer, struct peer_record *r)
{
	memset(r, 0, sizeof *r);
	sqlite3_bind_int64(p->s[GET], 1, (int64_t)customer);
	if (sqlite3_step(p->s[GET]) == SQLITE_ROW)
		memcpy(r, sqlite3_column_blob(p->s[GET], 0), sizeof *r);
	sqlite3_reset(p->s[GET]);
}

static void announce(struct peer_sqlite *p, const struct event *e, const struct peer_record *r)
{
	bind_text(p->s[OUTBOX], 1, e->customer);
	sqlite3_bind_int64(p->s[OUTBOX], 2, (int64_t)r->count);
	sqlite3_bind_int64(p->s[OUTBOX], 3, e->time_ms);
	run(p, OUTBOX);
}

static void save(struct peer_sqlite *p, const struct peer_event *e, struct peer_record *r)
{
	if (r->armed_ms == 0) {
		r->armed_ms = r->due_ms;
		sqlite3_bind_int64(p->s[ARM], 1, r->armed_ms);
		sqlite3_bind_int64(p->s[ARM], 2, (int64_t)e->customer);
		run(p, ARM);
	}
	sqlite3_bind_int64(p->s[PUT], 1, (int64_t)e->customer);
	bind_text(p->s[PUT], 2, e->event->customer);
	sqlite3_bind_blob(p->s[PUT], 3, r, sizeof *r, SQLITE_STATIC);
	run(p, PUT);
}

void peer_apply(void *peer, struct peer_event *events, uint32_t n)
{
	struct peer_sqlite *p = peer;
	struct peer_record r;

	run(p, BEGIN);
	for (uint32_t i = 0; i < n; i++)
		look(p, &events[i]);
	for (uint32_t i = 0, end; i < n; i = end) {
		load(p, events[i].customer, &r);
		for (end = i; end < n && events[end].customer == events[i].customer; end++)
			if (!events[end].duplicate && peer_fold(&r, events[end].event))
				announce(p, events[end].event, &r);
		save(p, &events[i], &r);
	}
	run(p, COMMIT);
}

void peer_close(void *peer)
{
	struct peer_sqlite *p = peer;

	for (unsigned i = 0; i < STATEMENTS; i++)
		sqlite3_finalize(p->s[i]);
	sqlite3_close(p->db);
	free(p);
}
