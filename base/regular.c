/* SPDX-License-Identifier: Apache-2.0 */
/* Opening what is a file, and nothing else. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/regular.h"

int regular_open(const char *path, FILE **ret)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st = { 0 };

	if (fd < 0)
		return errno;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)close(fd);
		return S_ISDIR(st.st_mode) ? EISDIR : ENOTSUP;
	}
	*ret = fdopen(fd, "rb");
	if (*ret)
		return 0;
	(void)close(fd);
	return ENOMEM;
}
