/* SPDX-License-Identifier: Apache-2.0 */
/* An unknown member of a JSON object, and which one was probably meant. */
#include <stdio.h>
#include "proto/json_value.h"

#define NAME_MAX_COMPARED 32

/* Levenshtein: how many letters to insert, remove or change. Wagner and Fischer 1974, one row. */
static unsigned name_distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_COMPARED + 1];
	size_t n = strlen(b);

	if (n > NAME_MAX_COMPARED || strlen(a) > NAME_MAX_COMPARED)
		return NAME_MAX_COMPARED;
	for (unsigned j = 0; j <= n; j++)
		row[j] = j;
	for (unsigned i = 1; a[i - 1]; i++) {
		unsigned diagonal = row[0];

		row[0] = i;
		for (unsigned j = 1; j <= n; j++) {
			unsigned above = row[j], best = diagonal + (a[i - 1] != b[j - 1]);

			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[n];
}

/* The name that KEY is a slip of, or NULL: a third of its letters and one more may be wrong. */
static const char *name_meant(const char *key, const char *const *names, size_t n)
{
	unsigned best = (unsigned)strlen(key) / 3 + 2;
	const char *meant = NULL;

	for (size_t i = 0; i < n; i++) {
		unsigned d = name_distance(key, names[i]);

		if (d < best && d < strlen(names[i])) {
			best = d;
			meant = names[i];
		}
	}
	return meant;
}

int json_complain_unknown(struct complaint *c, const char *key, const char *where,
	const char *const *names, size_t n)
{
	const char *meant = name_meant(key, names, n);
	json_t *text = json_string(key);
	char found[JSON_FOUND_MAX], known[280];
	size_t used = 0;

	if (!text)
		return complain(c, ERR_NOMEM, "no memory for an event");
	(void)json_found(text, found);
	json_decref(text);
	if (meant)
		return complain(c, ERR_INVALID, "unknown member %s in %s; did you mean \"%s\"?",
			found, where, meant);
	for (size_t i = 0; i < n && used < sizeof known; i++)
		used += (size_t)snprintf(known + used, sizeof known - used, "%s%s",
			i ? ", " : "", names[i]);
	return complain(c, ERR_INVALID, "unknown member %s in %s; it may have %s", found, where,
		known);
}
