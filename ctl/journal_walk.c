/* SPDX-License-Identifier: Apache-2.0 */
/* Reading a whole journal: are its frames gap-free, and does each decode? */
#include <stdio.h>
#include "ctl/store_check.h"
#include "workers/input.h"

#define ARENA_FIRST (256u << 10)
#define ARENA_LIMIT (64u << 20)

static int frame_check(const struct frame *f, struct arena *a, struct journal_report *r,
	struct complaint *c)
{
	struct input in;
	int rc;

	if (r->frames > 0 && f->sequence != r->last + 1)
		return complain(c, ERR_CORRUPT, "frame %llu is followed by frame %llu",
			(unsigned long long)r->last, (unsigned long long)f->sequence);
	arena_reset(a);
	rc = input_decode(f, a, &in, c);
	if (rc)
		return rc;
	if (in.type == INPUT_BATCH)
		r->events += in.batch.n_events;
	input_fini(&in);
	if (r->frames++ == 0)
		r->first = f->sequence;
	r->last = f->sequence;
	r->bytes += f->payload.size;
	return 0;
}

int journal_walk(const struct store *s, struct progress *p, struct journal_report *ret,
	struct complaint *c)
{
	struct arena *a = arena_new(ARENA_FIRST, ARENA_LIMIT);
	struct journal_reader *reader = NULL;
	struct frame f;
	char dir[4096], text[80];
	int rc = a ? 0 : complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));

	*ret = (struct journal_report){ 0 };
	store_journal_dir(s, dir);
	if (!rc)
		rc = journal_reader_open(dir, s->id, 0, &reader, c);
	while (!rc && !(rc = journal_reader_next(reader, &f, c))) {
		rc = frame_check(&f, a, ret, c);
		if (progress_due(p)) {
			snprintf(text, sizeof text, "journal: frame %llu", (unsigned long long)ret->last);
			progress_show(p, 0, 0, text);
		}
	}
	progress_clear(p);
	journal_reader_close(reader);
	arena_free(a);
	return rc == ERR_NOTFOUND ? 0 : rc;
}
