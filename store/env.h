/* SPDX-License-Identifier: Apache-2.0 */
/* Env: one shard's LMDB environment.
 *
 * One thread, the shard's, calls everything here but env_flush(). It has one transaction open, in
 * which it reads what it has written, and commits it as a checkpoint. The transaction lies in
 * memory until then: a write costs no page, and a checkpoint writes the rows in key order.
 *
 * Two kinds of failure. An error of the storage itself (full, out of memory, a damaged tree)
 * fails the transaction: it is kept, every later call returns it and changes nothing, until
 * env_commit() or env_abort() has dropped the transaction. Answers are not kept: ERR_NOTFOUND,
 * ERR_EXISTS, ERR_INVALID and ERR_TOOBIG (a key or value that does not fit), ERR_DENIED (a write
 * to a read-only environment), and ERR_CORRUPT of one row: every value carries a checksum, a
 * value that fails it is never served, and all other rows go on. env_failed() tells which it was.
 *
 * Spans that come back point into the transaction and hold until the next write or commit. Spans
 * that go in need not outlive the call and may be ones that came back. Layouts are drawn in
 * docs/FORMAT.md. LMDB's default flags, no DUPSORT, one fixed map. */
#ifndef KITH_STORE_ENV_H
#define KITH_STORE_ENV_H
#include "base/err.h"
#include "base/bytes.h"
#include "base/event.h"
#include "store/store.h"

struct env;

/* What a shard's environment says of itself. */
struct env_meta {
	uint64_t position;          /* journal frame up to which it has applied */
	int64_t clock_ms;           /* the latest clock of an applied input */
	uint32_t lifecycle_version; /* of the last lifecycle input applied; 0 none */
	uint64_t outbox_first, outbox_last; /* first > last: empty; the next is last + 1 */
	uint64_t outbox_bytes;      /* of the notifications kept, as encoded */
	uint64_t messages_first, messages_last; /* the same of the messages to other customers */
	uint64_t customers;         /* records */
	uint64_t accepted, duplicates, conflicts; /* events, ever */
	int64_t guard_since_ms;     /* when the current generation of the guard began */
	uint8_t guard_current;      /* 0 or 1 */
};

/* Open shard SHARD of S, creating it when absent (its position is then 0: whether a store that
 * had one before may go on is for the caller to judge). MAP_BYTES is fixed for the process, a
 * sparse mapping that costs address space only; a file that is larger is mapped whole. Frees what
 * killed readers held. READ_ONLY: changes no row, ERR_NOTFOUND when absent.
 * ERR_VERSION for another store's, shard's, shard count's or schema's environment. Never open
 * one twice in a process or use it across fork(). */
int env_open(const struct store *s, unsigned shard, uint64_t map_bytes, bool read_only,
	struct env **ret_env, struct complaint *c);
/* False: its file is not where it was any more, or another one is. Any thread. */
bool env_is_there(const struct env *e, const struct store *s);
void env_close(struct env *e); /* drops what is not committed; ignores NULL */

/* The transaction begins by itself at the first call after opening or a commit. */
struct env_meta *env_meta(struct env *e);  /* in memory; written by env_commit() */
unsigned env_shards(const struct env *e);  /* of the whole store */
int env_failed(const struct env *e);       /* the transaction's first error, or 0 */
/* Whether RC is the answer about one damaged row, and the transaction goes on without it. */
static inline bool env_row_is_damaged(const struct env *e, int rc)
{
	return rc == ERR_CORRUPT && env_failed(e) == OK;
}
/* Write meta and commit durably; nothing is written when nothing changed.
 *   ERR_NOSPACE  nothing was committed, and nothing is lost: the transaction goes on, and is
 *                committed by a later call when there is room
 * After every other error the transaction is gone and meta is that of the last commit:
 *   ERR_UNKNOWN  the commit itself failed: it may or may not be on disk. Every later
 *                call returns this; exit, restart, recover.
 *   others       the transaction's first error: nothing was committed */
int env_commit(struct env *e);
void env_abort(struct env *e);             /* drop what is not committed, its error, and meta's changes */

/* The same in three steps, so that the shard need not wait for the disk: freeze, flush in any
 * thread while the shard reads and writes on, and tell the shard's thread how it went.
 *   env_freeze()  closes the transaction with its meta, and begins the next one on top of it.
 *                 ERR_NOTFOUND: nothing has changed; or the transaction's first error, after which
 *                 only env_abort() helps. Never while one is frozen.
 *   env_flush()   writes the frozen one durably. One thread from begin to end; env_abort(),
 *                 env_close(), env_commit() must not be called meanwhile. Errors as env_commit().
 *                 After ERR_NOSPACE it may be called again
 *   env_flushed() takes env_flush()'s result: 0 and the frozen one is committed, else it stays */
int env_freeze(struct env *e);
int env_flush(struct env *e);
/* Somebody will have to wait for the flush of what is frozen: it may take more of the device; or
 * does already (NOW): all of it. Until the next freeze. */
void env_hurry(struct env *e, bool now);
void env_flushed(struct env *e, int rc);
bool env_frozen(const struct env *e);      /* one is frozen and not committed */
/* The position of the last commit. */
uint64_t env_committed(const struct env *e);

/* Pages that a commit would write, an estimate within a factor of two and meant to be compared with
 * a limit well below LMDB's own 131,071. Costs about 0.1 us. */
uint64_t env_dirty_pages(const struct env *e);
/* These; or, when that is more, twice the memory that the transaction takes, in pages: so two of
 * them, the one that is being flushed and the next, take no more than the pages being written. */
uint64_t env_checkpoint_pages(const struct env *e);
/* Memory that is new costs whoever touches it first, more than the events that go into it.
 * env_wants_memory(): the transaction will soon need some. env_prepare_memory() makes it ready; in
 * any one thread, also beside everything else. env_relax() gives back most of what the transaction
 * does not use, what is only kept to save reading, and what LMDB keeps of the last flush: they would
 * keep it for as much work as there has been. For that LMDB's environment is opened again; an error
 * means that it could not be, and every later call returns it. Never while a flush is under way. */
bool env_wants_memory(const struct env *e);
void env_prepare_memory(struct env *e);
int env_relax(struct env *e);
/* Bytes in use, with what a commit would add, and the map. Pages freed by deletion are not in use,
 * but serve again only two commits later, and a transaction needs a new page for each it touches:
 * keep room for those. */
void env_space(struct env *e, uint64_t *ret_used, uint64_t *ret_map);
/* Table number I, from 0 on, as of the last commit: its name, NULL behind the last one, and how many
 * rows and bytes, its share of pages that are not full with them. */
const char *env_table(struct env *e, unsigned i, uint64_t *ret_rows, uint64_t *ret_bytes);

/* Lifecycle files by version (less than 1 MiB), and stable numbers of names ("stage", "repeat"),
 * from 1. A name has 1 to 255 bytes. */
int env_lifecycle_put(struct env *e, uint32_t version, int64_t since_ms, struct span text);
int env_lifecycle_get(struct env *e, uint32_t version, int64_t *ret_since_ms, struct span *ret_text);
uint16_t env_name_number(struct env *e, struct span name); /* made when new; 0 on error */
uint16_t env_name_find(struct env *e, struct span name);   /* 0 when there is none */
struct span env_name(struct env *e, uint16_t number);      /* size 0 when unknown */
/* Small named settings, opaque to the store (the sweep's cursor, the parameters in force). */
int env_setting_put(struct env *e, const char *name, struct span value);
int env_setting_get(struct env *e, const char *name, struct span *ret_value);

/* Customers: id (1 to EVENT_CUSTOMER_MAX bytes without a NUL) to record. IS_NEW: ERR_EXISTS, and
 * no change, when there is one; otherwise a record is made or replaced. */
int env_customer_get(struct env *e, struct span id, struct span *ret_record);
int env_customer_put(struct env *e, struct span id, struct span record, bool is_new);
int env_customer_del(struct env *e, struct span id);
/* The records of these are about to be asked for. Only makes that faster, for up to so many at
 * once. */
#define CUSTOMERS_AHEAD_MAX 64
void env_customers_ahead(struct env *e, const struct span *ids, unsigned n);
/* The first customer whose id is > AFTER (size 0: the first of all); ERR_NOTFOUND at the end.
 * The id points into the transaction. ERR_CORRUPT fills it too, so that the walk can go on. */
int env_customer_next(struct env *e, struct span after, struct span *ret_id,
	struct span *ret_record);

/* Trails: what a customer went through lately, opaque bytes that are seldom read. Two tables, of
 * which one takes the even generations and one the odd, so that what is old goes when its table is
 * emptied, without being looked for. A row has a number within its generation, from 1, which its
 * customer's record is to keep; env_trail_put() replaces one that there is. ERR_TOOBIG: a generation
 * has no number left. */
int env_trail_add(struct env *e, uint32_t generation, const struct span *parts, unsigned n,
	uint32_t *ret_number);
int env_trail_put(struct env *e, uint32_t generation, uint32_t number, const struct span *parts,
	unsigned n);
int env_trail_get(struct env *e, uint32_t generation, uint32_t number, struct span *ret_trail);
int env_trails_empty(struct env *e, uint32_t generation);
/* That row is about to be asked for: STEP 0, 1 and 2, with other work between them, bring it near. */
void env_trail_ahead(struct env *e, uint32_t generation, uint32_t number, unsigned step);

/* Deadlines: (due, customer), walked in due order, ties in customer order. */
int env_deadline_put(struct env *e, int64_t due_ms, struct span customer);
int env_deadline_del(struct env *e, int64_t due_ms, struct span customer); /* OK when absent */
/* The earliest entry; ERR_NOTFOUND when there is none. ID (EVENT_CUSTOMER_MAX) is copied out.
 * ERR_CORRUPT with env_failed() still 0: the entry fails its checksum; it is filled in, so that the
 * caller can delete it, as it would stand in front of the others for ever. */
int env_deadline_first(struct env *e, int64_t *ret_due_ms, uint8_t *id, size_t *ret_id_size);
/* The first MAX of those that are due at UPTO_MS, at most; damaged ones too. What is put meanwhile
 * may come in between: ask for each, in turn, env_deadline_is_next(). */
#define DEADLINES_DUE_MAX 32
struct due {
	int64_t due_ms;
	uint8_t size;
	uint8_t customer[EVENT_CUSTOMER_MAX];
};
int env_deadlines_due(struct env *e, int64_t upto_ms, struct due *list, unsigned max,
	unsigned *ret_n);
bool env_deadline_is_next(const struct env *e, const struct due *d);
/* Delete D, which was listed, is the next, and has not been deleted since. */
int env_deadline_take(struct env *e, const struct due *d);
uint64_t env_deadlines(struct env *e);

/* Duplicate guard by id: two generations. Returns 0 when new (and remembers it), ERR_EXISTS when
 * there with the same fingerprint, ERR_INVALID when there with another one; ERR_TOOBIG for a
 * source or an id of a size that events cannot have. */
int env_guard_id(struct env *e, struct span source, struct span id, uint32_t fingerprint);
/* By sequence: ERR_EXISTS when SEQUENCE is not above the highest seen of SOURCE, else raise it. */
int env_guard_sequence(struct env *e, struct span source, uint64_t sequence);
/* Begin a new generation when the current one is WINDOW_MS old at TAKEN_MS: the older one is
 * emptied. An id is remembered for at least WINDOW_MS, at most twice that (while calls come).
 * Emptying reads the branch pages of the tree only: 5 million ids took 1 ms, and 5 ms more in the
 * commit. */
int env_guard_rotate(struct env *e, int64_t taken_ms, int64_t window_ms);

/* Outbox: encoded notifications under gap-free numbers from 1. */
int env_outbox_add(struct env *e, int64_t at_taken_ms, struct span encoded, uint64_t *ret_sequence);
/* ERR_NOTFOUND below first or above last. */
int env_outbox_get(struct env *e, uint64_t sequence, int64_t *ret_taken_ms, struct span *ret_encoded);
/* What an outbox may hold; whatever is less. */
struct outbox_keep {
	uint64_t notifications;
	uint64_t bytes;     /* as meta counts them */
	int64_t since_ms;   /* taken before: too old */
};
/* Delete the oldest while there is more than KEEP says, at most LIMIT of them; a damaged one counts
 * as old, and its bytes, which nobody knows any more, as kept until the outbox is empty. Called at
 * each add with a small limit, so it is part of the fold. */
int env_outbox_trim(struct env *e, const struct outbox_keep *keep, unsigned limit);

/* Messages to other customers that the journal does not have yet, under gap-free numbers from 1. */
int env_message_add(struct env *e, struct span encoded, uint64_t *ret_number);
/* ERR_NOTFOUND below first or above last. */
int env_message_get(struct env *e, uint64_t number, struct span *ret_encoded);
/* Delete those up to UPTO: the journal has them. */
int env_messages_done(struct env *e, uint64_t upto);

/* History: the latest changes of a customer, oldest dropped beyond KEEP. What is damaged is
 * answered with ERR_CORRUPT, and begun anew by the next change. */
#define HISTORY_KEEP_MAX 96
struct history_entry {
	int64_t at_ms;
	uint64_t outbox_sequence; /* 0: it was announced to nobody (backfill) */
	uint16_t type, from, to;  /* numbers of names */
	uint8_t kind;             /* enum change_kind */
	uint64_t retracts;        /* CHANGE_RETRACTED: the outbox sequence of what it takes back; 0 none */
};
int env_history_add(struct env *e, struct span customer, const struct history_entry *h,
	unsigned keep);
/* The latest CAP, oldest first; returns how many, or an error. */
int env_history_get(struct env *e, struct span customer, struct history_entry *out, unsigned cap);
int env_history_del(struct env *e, struct span customer);
/* Give the latest change of TYPE at AT_MS that has no outbox number this one; ERR_NOTFOUND when the
 * history does not reach so far back. */
int env_history_announced(struct env *e, struct span customer, uint16_t type, int64_t at_ms,
	uint64_t outbox_sequence);

/* Held: what is not announced for now, by type (a name's number) and customer; one of each. */
struct held {
	uint8_t why;         /* the caller's */
	uint16_t rule, from; /* names' numbers: who spoke, and where the customer came from */
	int64_t at_ms;       /* since when what it says has been true */
	int64_t until_ms;    /* when it is to be looked at again; 0: when it is asked for */
};
int env_held_put(struct env *e, uint16_t type, struct span customer, const struct held *h);
int env_held_get(struct env *e, uint16_t type, struct span customer, struct held *ret);
int env_held_del(struct env *e, uint16_t type, struct span customer); /* OK when absent */
/* TYPE's first whose customer is > AFTER (size 0: the first); ERR_NOTFOUND at its end. The id
 * points into the transaction. ERR_CORRUPT fills it too. */
int env_held_next(struct env *e, uint16_t type, struct span after, struct span *ret_customer,
	struct held *ret);
uint64_t env_helds(struct env *e); /* rows */

/* Follow-ups by name (its number) and customer, an opaque record each. NEXT as for held ones. */
int env_follow_up_put(struct env *e, uint16_t name, struct span customer, struct span record);
int env_follow_up_get(struct env *e, uint16_t name, struct span customer, struct span *ret_record);
int env_follow_up_del(struct env *e, uint16_t name, struct span customer); /* OK when absent */
int env_follow_up_next(struct env *e, uint16_t name, struct span after, struct span *ret_customer,
	struct span *ret_record);
uint64_t env_follow_ups(struct env *e); /* rows */

/* The first row of any type behind (TYPE, AFTER); ERR_NOTFOUND at the end, ERR_CORRUPT as above. */
int env_held_walk(struct env *e, uint16_t type, struct span after, uint16_t *ret_type,
	struct span *ret_customer, struct held *ret);

/* The number under which this environment knows a source, from 1, for ever; made when new. */
int env_source_number(struct env *e, struct span source, uint32_t *ret_number);

/* The health of sources: an opaque record by a key of the caller's, at most 255 bytes. */
int env_health_put(struct env *e, struct span key, struct span record);
int env_health_del(struct env *e, struct span key); /* OK when absent */
/* The first whose key is > AFTER (size 0: the first). ERR_NOTFOUND; ERR_CORRUPT fills the key, so
 * that the walk can go on. */
int env_health_next(struct env *e, struct span after, struct span *ret_key,
	struct span *ret_record);

/* Durable subscriptions: an opaque record by name. */
int env_subscription_put(struct env *e, struct span name, struct span record);
int env_subscription_get(struct env *e, struct span name, struct span *ret_record);
int env_subscription_del(struct env *e, struct span name);
int env_subscription_next(struct env *e, struct span after, struct span *ret_name,
	struct span *ret_record);

/* Members: facts of others that count for a customer here (the head), an opaque record by the head,
 * a kind and the member's id; no member (size 0): the head's own. */
int env_member_put(struct env *e, struct span head, uint8_t kind, struct span member,
	struct span record);
int env_member_get(struct env *e, struct span head, uint8_t kind, struct span member,
	struct span *ret_record);
int env_member_del(struct env *e, struct span head, uint8_t kind, struct span member); /* OK when absent */
/* HEAD's first of KIND whose member is > AFTER (size 0: the first); ERR_NOTFOUND at the end. The
 * member points into the transaction. ERR_CORRUPT fills it too. */
int env_member_next(struct env *e, struct span head, uint8_t kind, struct span after,
	struct span *ret_member, struct span *ret_record);

/* Letters: what a webhook has tried to deliver and could not, an opaque record by the
 * subscription's name and the notification's number. */
int env_letter_put(struct env *e, struct span name, uint64_t sequence, struct span record);
int env_letter_del(struct env *e, struct span name, uint64_t sequence); /* OK when absent */
/* The first of NAME with a number above AFTER; ERR_NOTFOUND when there is none. ERR_CORRUPT fills
 * the number, so that the walk can go on. */
int env_letter_next(struct env *e, struct span name, uint64_t after, uint64_t *ret_sequence,
	struct span *ret_record);

/* Every row of every table, in a fixed order, value with its checksum, as the open transaction
 * has them: two environments that hold the same give the same rows. The meta row names the store.
 * Stops at ROW's first result that is not 0, and returns it. */
int env_dump(struct env *e,
	int (*row)(void *arg, const char *table, struct span key, struct span value), void *arg);

/* Read everything, check every checksum and every link: each table in order and as long as it
 * says; a deadline's customer exists and is armed for just that instant, and an armed customer
 * has that deadline; outbox and history gap-free, numbers of names and sources unique; counts as
 * in meta. Calls PROBLEM for each fault; returns how many there were, or a negative error. Damage
 * to LMDB's own pages may end in its assertion instead. */
struct env_report { /* rows; bytes */
	uint64_t customers, deadlines, outbox, history, guard_ids, sources, bytes_used;
};
long env_verify(struct env *e, struct env_report *ret_report,
	void (*problem)(void *arg, const char *text), void *arg,
	/* may be NULL: nothing is said of links; the instant for which a record has a deadline, or
	 * 0 */
	int64_t (*armed)(struct span record));

#endif
