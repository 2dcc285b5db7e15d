/* SPDX-License-Identifier: Apache-2.0 */
/* Edit distance, for names that were nearly right. */
#include <stdio.h>
#include "lifecycle/suggest.h"

static unsigned min2(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Insertions, deletions, replacements and swaps of neighbours that make B of A. */
static unsigned edit_distance(struct span a, struct span b)
{
	unsigned rows[3][NAME_MAX_BYTES + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	for (unsigned j = 0; j <= b.size; j++)
		above[j] = j;
	for (unsigned i = 1; i <= a.size; i++) {
		unsigned *spare = before;

		row[0] = i;
		for (unsigned j = 1; j <= b.size; j++) {
			bool same = a.data[i - 1] == b.data[j - 1];

			row[j] = min2(min2(above[j], row[j - 1]) + 1, above[j - 1] + !same);
			if (i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] &&
			    a.data[i - 2] == b.data[j - 1])
				row[j] = min2(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[b.size];
}

void suggestion_init(struct suggestion *s, struct span word)
{
	*s = (struct suggestion){ .word = word };
	s->distance = (unsigned)(word.size < 6 ? 1 : word.size / 3) + 1; /* one too far */
}

void suggestion_offer(struct suggestion *s, struct span candidate)
{
	unsigned distance;

	if (s->word.size > NAME_MAX_BYTES || candidate.size > NAME_MAX_BYTES)
		return;
	distance = edit_distance(s->word, candidate);
	if (distance < s->distance && distance < s->word.size) {
		s->distance = distance;
		s->best = candidate;
	}
}

const char *suggestion_text(struct suggestion *s)
{
	if (s->best.size == 0)
		return "";
	snprintf(s->text, sizeof s->text, "; did you mean %.*s?", (int)s->best.size,
		(const char *)s->best.data);
	return s->text;
}
