/* SPDX-License-Identifier: Apache-2.0 */
/* kith store rebuild: fold the kept journal into a fresh store, and compare the two.
 *
 * The fresh store carries the identity of the old one, so that it can take its place. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "ctl/store_check.h"
#include "ctl/store_rows.h"
#include "workers/replay.h"

#define CHECKPOINT_EVENTS 200000
#define CHECKPOINT_PAGES  32768

struct rebuild {
	struct store *old;
	struct store new;
	bool temporary;          /* thrown away after comparing */
	char dir[4096];
	struct progress progress;
	struct shard *shard;     /* the one at hand (large) */
	uint64_t events;
};

static void show_frame(void *arg, uint64_t sequence)
{
	struct rebuild *b = arg;
	char text[60];

	snprintf(text, sizeof text, "frame %llu", (unsigned long long)sequence);
	progress_show(&b->progress, 0, 0, text);
}

static int copy_identity(const char *from_dir, const char *to_dir, struct complaint *c)
{
	char from[4200], to[4200], text[4096];
	FILE *in, *out;
	size_t n;
	bool bad;

	snprintf(from, sizeof from, "%s/store.id", from_dir);
	snprintf(to, sizeof to, "%s/store.id", to_dir);
	in = fopen(from, "rb");
	if (!in)
		return complain(c, err_from_errno(errno), "%s cannot be read: %m", from);
	n = fread(text, 1, sizeof text, in);
	bad = ferror(in);
	fclose(in);
	if (bad || n == sizeof text)
		return complain(c, ERR_IO, "%s cannot be read", from);
	out = fopen(to, "wbx");
	if (!out)
		return complain(c, err_from_errno(errno), "%s cannot be made: %m", to);
	bad = fwrite(text, 1, n, out) != n || fflush(out) || fsync(fileno(out));
	if (fclose(out) || bad)
		return complain(c, ERR_IO, "%s cannot be written", to);
	return 0;
}

static int make_fresh(struct rebuild *b, const char *into, struct complaint *c)
{
	int rc;

	if (into)
		snprintf(b->dir, sizeof b->dir, "%s", into);
	else
		snprintf(b->dir, sizeof b->dir, "%.4000s.rebuild-%ld", b->old->dir, (long)getpid());
	b->temporary = !into;
	if (mkdir(b->dir, 0750) && (errno != EEXIST || !into))
		return complain(c, err_from_errno(errno), "%s cannot be made: %m", b->dir);
	rc = copy_identity(b->old->dir, b->dir, c);
	return rc ? rc : store_open(b->dir, b->old->shards, false, &b->new, c);
}

static int replay_shard(struct rebuild *b, uint64_t upto, struct complaint *c)
{
	char journal[4096];
	struct replay r = {
		.journal_dir = journal, .store_id = b->old->id, .shards = b->old->shards, .upto = upto,
		.checkpoint_events = CHECKPOINT_EVENTS, .checkpoint_pages = CHECKPOINT_PAGES,
		.any_engine = true,
		.progress = b->progress.on ? show_frame : NULL, .arg = b,
	};
	int rc;

	store_journal_dir(b->old, journal);
	rc = replay_run(&r, &b->shard, 1, c);
	if (!rc) {
		rc = shard_checkpoint(b->shard);
		if (rc)
			(void)complain(c, rc, "the rebuilt shard cannot be written: %s", err_text(rc));
	}
	b->events += r.events;
	progress_clear(&b->progress);
	return rc;
}

/* Compare at the old shard's checkpoint. Returns differences found, or an error. */
static long compare_shard(struct rebuild *b, unsigned shard, struct env *fresh,
	struct complaint *c)
{
	struct rows_compared r = { 0 };
	struct env *old = NULL;
	uint64_t differences;
	int rc = env_open(b->old, shard, STORE_MAP_BYTES, true, &old, c);

	if (rc) { /* that is what a rebuild is for */
		fprintf(stderr, "kith: shard %u of the old store cannot be compared: %s\n", shard,
			c->text);
		return 1;
	}
	rc = replay_shard(b, env_meta(old)->position, c);
	if (!rc) {
		rc = rows_compare(old, fresh, stderr, &r);
		if (rc)
			(void)complain(c, rc, "shard %u: comparing failed: %s", shard, err_text(rc));
	}
	env_close(old);
	if (rc)
		return rc;
	differences = r.missing + r.extra + r.different;
	printf("shard %u: %llu rows compared, %llu differ\n", shard, (unsigned long long)r.rows,
		(unsigned long long)differences);
	return (long)differences;
}

static long rebuild_shard(struct rebuild *b, unsigned shard, struct complaint *c)
{
	struct env *fresh = NULL;
	long n = env_open(&b->new, shard, STORE_MAP_BYTES, false, &fresh, c);
	int rc;

	if (n == 0)
		n = shard_open(b->shard, shard, fresh, c);
	if (n == 0) {
		n = compare_shard(b, shard, fresh, c);
		rc = n < 0 ? 0 : replay_shard(b, 0, c); /* and on to the end of the journal */
		if (rc)
			n = rc;
		shard_close(b->shard);
	}
	env_close(fresh);
	return n;
}

static void remove_fresh(struct rebuild *b)
{
	static const char *const files[] = { "data.mdb", "lock.mdb" };
	char path[4300], dir[4096];

	for (unsigned i = 0; i < b->old->shards; i++) {
		store_shard_dir(&b->new, i, dir);
		for (unsigned f = 0; f < 2; f++) {
			snprintf(path, sizeof path, "%s/%s", dir, files[f]);
			(void)unlink(path);
		}
		(void)rmdir(dir);
	}
	snprintf(path, sizeof path, "%s/store.id", b->dir);
	(void)unlink(path);
	snprintf(path, sizeof path, "%s/lock", b->dir);
	(void)unlink(path);
	snprintf(path, sizeof path, "%s/journal", b->dir);
	(void)rmdir(path);
	if (rmdir(b->dir))
		fprintf(stderr, "kith: %s could not be removed: %m\n", b->dir);
}

/* A rebuild begins at nothing, so it needs the journal from its first frame. */
static int check_whole(struct rebuild *b, struct complaint *c)
{
	struct journal_report j;
	int rc = journal_walk(b->old, &b->progress, &j, c);

	if (rc)
		return rc;
	if (j.frames == 0 || j.first != 1)
		return complain(c, ERR_NOTFOUND, "the journal kept begins with frame %llu, and a rebuild "
			"needs it from frame 1: older segments were deleted (journal-keep). \"kith store "
			"verify\" checks what there is", (unsigned long long)j.first);
	return 0;
}

static int rebuild_all(struct rebuild *b, long *ret_differences, struct complaint *c)
{
	for (unsigned i = 0; i < b->old->shards; i++) {
		long n = rebuild_shard(b, i, c);

		if (n < 0)
			return (int)n;
		*ret_differences += n;
	}
	return 0;
}

int store_rebuild(struct store *s, const struct store_settings *o)
{
	struct rebuild *b = calloc(1, sizeof *b);
	struct complaint c = { 0 };
	long differences = 0;
	bool made = false;
	int rc;

	if (b)
		b->shard = calloc(1, sizeof *b->shard);
	if (!b || !b->shard) {
		free(b);
		return verb_fail(ERR_NOMEM, NULL);
	}
	b->old = s;
	progress_init(&b->progress, o->progress);
	rc = check_whole(b, &c);
	if (!rc) {
		rc = make_fresh(b, o->into, &c);
		made = rc == 0;
	}
	if (!rc)
		rc = rebuild_all(b, &differences, &c);
	if (made)
		store_close(&b->new);
	if (made && b->temporary)
		remove_fresh(b);
	if (rc)
		(void)verb_fail(rc, &c);
	else
		printf("%s: %ld differences%s%s\n", s->dir, differences, o->into ? "; rebuilt in " : "",
			o->into ? o->into : "");
	free(b->shard);
	free(b);
	return rc || differences ? EXIT_REJECTED : EXIT_WELL;
}
