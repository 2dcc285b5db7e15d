/* SPDX-License-Identifier: Apache-2.0 */
/* Lines: bounded reading of lines. */
#include "ctl/lines.h"
#include <string.h>

int lines_next(struct lines *l, struct span *ret_line)
{
	size_t n = 0;
	int b;

	l->too_long = false;
	while ((b = getc_unlocked(l->file)) != EOF && b != '\n') {
		l->bytes++;
		if (n < LINE_BYTES_MAX)
			l->text[n++] = (char)b;
		else
			l->too_long = true;
	}
	if (b == EOF && ferror(l->file))
		return ERR_IO;
	if (b == EOF && n == 0)
		return ERR_NOTFOUND;
	l->bytes += b == '\n';
	l->line++;
	if (n > 0 && l->text[n - 1] == '\r')
		n--;
	l->text[n] = 0;
	*ret_line = span_of(l->text, n);
	if (l->line == 1 && n >= 3 && memcmp(l->text, "\xef\xbb\xbf", 3) == 0)
		*ret_line = span_of(l->text + 3, n - 3); /* what Windows puts before UTF-8 */
	return 0;
}
