/* SPDX-License-Identifier: Apache-2.0 */
/* kith: the command-line tool. */
#include <stdlib.h>
#include <string.h>
#include "ctl/verb.h"

static int help(FILE *out)
{
	fprintf(out, "usage: kith [--run DIR] VERB [OPTION]... [OPERAND]...\n\n"
		"Talks to kithd, which tells a business the moment a customer's standing changes.\n\n"
		"Verbs\n");
	for (const struct verb *const *v = verbs; *v; v++)
		fprintf(out, "  %-14s %s\n", (*v)->name, (*v)->summary);
	fprintf(out, "\n\"kith VERB --help\" explains one of them, with examples.\n"
		"The daemon is found by its run directory: --run DIR, else $KITH_RUN, else /run/kith.\n\n"
		"Exit codes: 0 well, 1 something was rejected or not found, 2 usage, 3 the daemon cannot\n"
		"be reached, 78 a file or the configuration is at fault, 130 interrupted.\n");
	return out == stdout ? EXIT_WELL : EXIT_USAGE;
}

static int help_verb(const char *name)
{
	const struct verb *v = verb_find(name);

	if (!v) {
		fprintf(stderr, "kith: there is no verb \"%s\"; \"kith --help\" lists them\n", name);
		return EXIT_USAGE;
	}
	verb_help(v, stdout);
	return EXIT_WELL;
}

/* `kith --run DIR VERB` is `kith VERB --run DIR`. Returns how many arguments that took, or -1. */
static int run_directory(int argc, char **argv)
{
	const char *dir = NULL;
	int taken = 0;

	if (argc > 1 && strncmp(argv[1], "--run=", 6) == 0) {
		dir = argv[1] + 6;
		taken = 1;
	} else if (argc > 1 && (strcmp(argv[1], "--run") == 0 || strcmp(argv[1], "-r") == 0)) {
		dir = argc > 2 ? argv[2] : NULL;
		taken = 2;
	}
	if (taken && (!dir || !*dir || setenv("KITH_RUN", dir, 1) != 0))
		return -1;
	return taken;
}

int main(int argc, char **argv)
{
	int taken = run_directory(argc, argv), code;
	const struct verb *v;
	const char *name;

	if (taken < 0) {
		fprintf(stderr, "kith: --run needs a directory\n");
		return EXIT_USAGE;
	}
	argc -= taken;
	argv += taken;
	name = argc > 1 ? argv[1] : "";


	if (!*name)
		return help(stderr);
	if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		return help(stdout);
	if (strcmp(name, "help") == 0)
		return argc > 2 ? help_verb(argv[2]) : help(stdout);
	if (strcmp(name, "--version") == 0)
		name = "version";
	v = verb_find(name);
	if (!v)
		return help_verb(name);
	code = verb_run(v, argc - 1, argv + 1);
	if (fflush(stdout) && code == EXIT_WELL) {
		perror("kith: standard output");
		code = EXIT_FILE;
	}
	return code;
}
