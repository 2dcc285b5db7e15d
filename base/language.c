/* SPDX-License-Identifier: Apache-2.0 */
/* Names of languages. */
#include "base/language.h"

static const char *const names[LANGUAGES] = { "en", "zh" };

const char *language_name(unsigned v)
{
	return v < LANGUAGES ? names[v] : NULL;
}

int language_of(struct span name)
{
	for (int i = 0; i < LANGUAGES; i++)
		if (span_eq(name, span_str(names[i])))
			return i;
	return -1;
}
