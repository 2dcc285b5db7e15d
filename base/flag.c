/* SPDX-License-Identifier: Apache-2.0 */
/* Flags. */
#include "base/flag.h"
#include <stdbool.h>
#include <getopt.h>
#include <string.h>

const char *flag_abbreviated(const char *name, char *const *argv)
{
	bool apart = optarg && optarg == argv[optind - 1]; /* "--name value" */
	const char *given = argv[optind - (apart ? 2 : 1)];
	size_t size = strlen(name);

	if (strncmp(given, "--", 2) == 0 && strncmp(given + 2, name, size) == 0 &&
		(given[2 + size] == '=' || given[2 + size] == '\0'))
		return NULL;
	return given;
}
