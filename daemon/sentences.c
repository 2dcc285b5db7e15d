/* SPDX-License-Identifier: Apache-2.0 */
/* Making and keeping sentences. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include "daemon/daemon.h"

static int read_file(const char *path, struct buf *out, struct complaint *c)
{
	FILE *f = fopen(path, "rbe");
	int rc = 0;

	if (!f)
		return complain(c, err_from_errno(errno), "%s: %s", path, strerror(errno));
	while (!feof(f) && !ferror(f) && out->size <= MESSAGES_BYTES_MAX && !out->failed) {
		uint8_t *p = buf_room(out, 65536);

		out->size += p ? fread(p, 1, 65536, f) : 0;
	}
	if (ferror(f))
		rc = complain(c, ERR_IO, "%s: cannot be read: %s", path, strerror(errno));
	fclose(f);
	return out->failed ? complain(c, ERR_NOMEM, "out of memory") : rc;
}

/* A business's own messages are those of its language. */
static int load(struct daemon *d, enum language language, struct complaint *c)
{
	const char *path = d->config.messages;
	bool own = language == d->config.language && path[0];
	struct complaint why = { 0 };
	struct buf file = { 0 };
	int rc = own ? read_file(path, &file, c) : 0;

	if (rc != 0) {
		buf_fini(&file);
		return rc;
	}
	rc = messages_new(language, span_of(file.data, file.size), &d->sentences.messages[language],
		&why);
	buf_fini(&file);
	if (rc == 0 || why.line == 0)
		return rc == 0 ? 0 : complain(c, rc, "%s: %s", path, why.text);
	return complain(c, rc, "%s:%d:%d: %s", path, why.line, why.column, why.text);
}

int sentences_open(struct daemon *d, struct complaint *c)
{
	struct sentences *s = &d->sentences;
	int rc = 0;

	for (enum language i = 0; rc == 0 && i < LANGUAGES; i++)
		rc = load(d, i, c);
	if (rc != 0)
		return rc;
	s->arena = arena_new(16 << 10, 1 << 20);
	s->kept = calloc(SENTENCES_KEPT, sizeof *s->kept);
	return s->arena && s->kept ? 0 : complain(c, ERR_NOMEM, "out of memory");
}

void sentences_close(struct daemon *d)
{
	struct sentences *s = &d->sentences;

	for (unsigned i = 0; i < LANGUAGES; i++)
		messages_free(s->messages[i]);
	for (unsigned i = 0; s->kept && i < SENTENCES_KEPT; i++)
		buf_fini(&s->kept[i].text);
	free(s->kept);
	arena_free(s->arena);
	memset(s, 0, sizeof *s);
}

struct words sentences_words(struct daemon *d, enum language language)
{
	struct words w = { .messages = d->sentences.messages[language],
		.shipped = d->sentences.messages[LANGUAGE_EN],
		.zone = d->lifecycle ? &d->lifecycle->machine->zone : NULL,
		.decimals = d->config.decimals };

	snprintf(w.currency, sizeof w.currency, "%s", d->config.currency);
	return w;
}

static struct kept_sentence *place_of(struct sentences *s, uint32_t shard, uint64_t sequence)
{
	return &s->kept[(sequence + shard * (SENTENCES_KEPT / 2 + 1)) % SENTENCES_KEPT];
}

static uint32_t version_in_force(const struct daemon *d)
{
	return d->lifecycle ? d->lifecycle->machine->version : 0;
}

static const struct kept_sentence *find(struct daemon *d, uint32_t shard, uint64_t sequence)
{
	const struct kept_sentence *k = place_of(&d->sentences, shard, sequence);

	return k->sequence == sequence && k->shard == shard &&
		k->lifecycle_version == version_in_force(d) ? k : NULL;
}

static struct span make(struct daemon *d, const struct notification *n)
{
	struct kept_sentence *k = place_of(&d->sentences, n->shard, n->sequence);
	struct words w = sentences_words(d, d->config.language);
	struct span say = d->lifecycle ? machine_say(d->lifecycle->machine, n->rule,
		d->config.language) : span_of(NULL, 0);

	buf_clear(&k->text);
	sentence_write(&k->text, &w, n, say);
	d->sentences.made++;
	k->shard = n->shard;
	k->sequence = k->text.failed ? 0 : n->sequence;
	k->lifecycle_version = version_in_force(d);
	return span_of(k->text.data, k->sequence ? k->text.size : 0);
}

struct span sentence_of(struct daemon *d, const struct notification *n)
{
	const struct kept_sentence *k = find(d, n->shard, n->sequence);

	return k ? span_of(k->text.data, k->text.size) : make(d, n);
}

struct span sentence_for(struct daemon *d, uint32_t shard, uint64_t sequence, struct span encoded)
{
	const struct kept_sentence *k = find(d, shard, sequence);
	struct notification n;

	if (k)
		return span_of(k->text.data, k->text.size);
	arena_reset(d->sentences.arena);
	if (notification_decode(&n, encoded.data, encoded.size, d->sentences.arena) != 0)
		return span_of(NULL, 0);
	return make(d, &n);
}
