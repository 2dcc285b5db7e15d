/* SPDX-License-Identifier: Apache-2.0 */
/* Reading lifecycle files. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include "base/regular.h"
#include "lifecycle/include.h"
#include "lifecycle/machine.h"
#include "workers/lifecycle_file.h"

/* One byte beyond the limit is read, so that a file that is too large shows. */
static int read_all(FILE *f, struct buf *out, struct complaint *c)
{
	size_t begin = out->size;

	while (!feof(f) && !ferror(f) && out->size - begin <= LIFECYCLE_BYTES_MAX) {
		uint8_t *p = buf_room(out, 65536);

		if (!p)
			return complain(c, ERR_NOMEM, "out of memory");
		out->size += fread(p, 1, 65536, f);
	}
	return ferror(f) ? complain(c, ERR_IO, "cannot be read: %s", strerror(errno)) : 0;
}

void lifecycle_path_of(const char *path, const struct complaint *c, char out[LIFECYCLE_PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (c->file[0])
		(void)snprintf(out, LIFECYCLE_PATH_MAX, "%.*s%s",
			slash ? (int)(slash - path) + 1 : 0, path, c->file);
	else
		(void)snprintf(out, LIFECYCLE_PATH_MAX, "%s", path);
}

/* ARG: the path of the first file. */
static int read_included(void *arg, const char *name, struct buf *out, struct complaint *c)
{
	struct complaint place = { 0 };
	char path[LIFECYCLE_PATH_MAX];
	FILE *f = NULL;
	int rc;

	(void)snprintf(place.file, sizeof place.file, "%s", name);
	lifecycle_path_of(arg, &place, path);
	rc = regular_open(path, &f);
	if (rc != 0)
		return complain(c, err_from_errno(rc), "%s cannot be read: %s", name, strerror(rc));
	rc = read_all(f, out, c);
	(void)fclose(f);
	return rc;
}

int lifecycle_read(const char *path, struct buf *out, struct complaint *c)
{
	const struct include_reader reader = { read_included, (void *)(uintptr_t)path };
	bool standard = strcmp(path, "-") == 0;
	FILE *f = standard ? stdin : fopen(path, "rbe");
	struct buf first = { 0 };
	int rc;

	if (!f)
		return complain(c, err_from_errno(errno), "cannot be read: %s", strerror(errno));
	rc = read_all(f, &first, c);
	if (!standard)
		(void)fclose(f);
	if (rc == 0 && first.size > LIFECYCLE_BYTES_MAX)
		rc = complain(c, ERR_TOOBIG, "a lifecycle file has at most %u bytes",
			LIFECYCLE_BYTES_MAX);
	if (rc == 0)
		rc = include_flatten(&reader, span_of(first.data, first.size), out, c);
	buf_fini(&first);
	return rc;
}
