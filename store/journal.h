/* SPDX-License-Identifier: Apache-2.0 */
/* Journal: every input, in order, durable before anything that follows from it leaves the process.
 *
 * A directory of preallocated segments named by their first frame. A frame has a sequence
 * number (from 1, gap-free), a type, a payload, the checksum of the frame before it, one over all
 * of it, and the last sequence that was known to be durable when it was written. On opening, the
 * tail is read: a frame that does not check ends the journal there, and the rest is cut off,
 * unless a later frame says that the bad one had been durable, or a later segment or the caller's
 * FLOOR does: then it is no torn tail but damage, and the journal is not opened (ERR_CORRUPT).
 * Only the last segment's frames are read on opening; those before it were complete when it was
 * made, and are checked by whoever reads them.
 *
 * One thread owns a journal. Write, then use, then sync:
 *   journal_append()  puts a frame into memory
 *   journal_write()   hands all appended frames to the file, all or none: after ERR_NOSPACE,
 *                     ERR_IO or ERR_NOMEM they are forgotten, their numbers are free again, and
 *                     no crash brings them back
 *   journal_sync()    makes all written frames durable
 * ERR_UNKNOWN from either is final: exit and reopen. What dies between write and sync may come
 * back or not: whole frames, from the first on.
 * A frame's layout is drawn in docs/FORMAT.md. */
#ifndef KITH_STORE_JOURNAL_H
#define KITH_STORE_JOURNAL_H
#include "base/bytes.h"
#include "base/err.h"

#define JOURNAL_PAYLOAD_MAX (8u << 20)

struct journal;

struct journal_settings {
	/* Preallocated size of a segment, at least 8192. What is written together and does not fit
	 * into what is left starts a new one, which is larger when it must be. */
	uint64_t segment_bytes;
	uint64_t keep_bytes; /* retention of segments before every checkpoint; 0: none kept */
	int64_t keep_ms;     /* and by age; 0: none kept. A segment goes when either says so */
};

enum input_type {        /* what a frame is; numbers are on disk */
	INPUT_ENGINE = 1,    /* the engine's version and the store's fixed settings: the first frame
			      * of a journal, and again after each change */
	INPUT_BATCH = 2,     /* events */
	INPUT_TIME = 3,      /* it is now T: settle who is due */
	INPUT_LIFECYCLE = 4, /* a lifecycle file */
	INPUT_SETTINGS = 5,  /* parameters that change state: windows, caps, retention */
	INPUT_SUBSCRIPTION = 6, /* a durable subscription is opened or forgotten */
	INPUT_COMMAND = 7,      /* what an operator asks for */
	INPUT_MESSAGES = 80, /* what one shard's events mean for other customers */
	INPUT_LISTENING = 100, /* the daemon has begun to listen: before, nobody could be heard */
	INPUT_PARAMETERS = 110, /* cut-offs by rank, a fitted rhythm: beside the lifecycle file */
	INPUT_LETTERS = 40,  /* what webhooks could not deliver yet, or have at last */
};

struct frame {
	uint64_t sequence;
	uint16_t type;
	struct span payload; /* valid until the next call on the same reader */
};

/* Open or create DIR's journal. STORE_ID (16 bytes) seeds every checksum, so that segments of
 * another store are not taken. FLOOR: frames up to here are known to have been durable (the
 * highest checkpoint); a journal that ends before it is ERR_CORRUPT. FIRST: for a directory
 * without segments, the number the first frame gets (1, or checkpoint + 1 after all were
 * deleted). NOW_MS stamps a first segment. All that is found is made durable. Needs no free space
 * but for the first segment. Errors come with a complaint; ERR_CORRUPT has changed nothing. */
int journal_open(const char *dir, const uint8_t store_id[16],
	const struct journal_settings *settings, uint64_t first, uint64_t floor, int64_t now_ms,
	struct journal **ret_journal, struct complaint *c);
void journal_close(struct journal *j); /* ignores NULL; syncs nothing */

/* The number this frame gets, or 0 with *RET_RC (ERR_TOOBIG, ERR_NOMEM). The payload may come in
 * parts, which are copied. */
uint64_t journal_append(struct journal *j, uint16_t type, const struct span *parts, unsigned n,
	int *ret_rc);
int journal_write(struct journal *j, int64_t now_ms);
int journal_sync(struct journal *j);
/* The same in three steps: journal_sync_begin() says up to where, journal_sync_file() waits in any
 * thread, journal_synced() takes its result. In between journal_append(), journal_trim() and what
 * only asks may be called, and journal_write(): it returns ERR_BUSY when it could do so only after
 * the sync, and then nothing has happened; what is appended stays so. */
void journal_sync_begin(struct journal *j);
int journal_sync_file(const struct journal *j);
int journal_synced(struct journal *j, int rc);

uint64_t journal_first(const struct journal *j);    /* oldest frame kept; last + 1 when none */
uint64_t journal_last(const struct journal *j);     /* last written */
uint64_t journal_durable(const struct journal *j);  /* last synced */
uint64_t journal_bytes(const struct journal *j);    /* on disk */
/* False: somebody has deleted the current segment, and what is written into it is lost with us. */
bool journal_is_there(const struct journal *j);

/* Delete whole segments that lie before CHECKPOINT (every shard has applied up to there) and
 * beyond the retention. Failure to delete is returned, and harms nothing. */
int journal_trim(struct journal *j, uint64_t checkpoint, int64_t now_ms);

/* Read frames from a directory, writing nothing; also beside a running writer in any thread (what
 * is not complete yet is the end). What a running writer has written it may still take back:
 * stop at its journal_durable(). FROM 0: the oldest. ERR_NOTFOUND: FROM has been trimmed. */
struct journal_reader;
int journal_reader_open(const char *dir, const uint8_t store_id[16], uint64_t from,
	struct journal_reader **ret_reader, struct complaint *c);
/* 0 with a frame; ERR_NOTFOUND at the end, where it may be called again later; ERR_CORRUPT for a
 * frame that does not check though a later one or a later segment says that it had been durable,
 * with a complaint. */
int journal_reader_next(struct journal_reader *r, struct frame *ret_frame, struct complaint *c);
void journal_reader_close(struct journal_reader *r); /* ignores NULL */

#endif
