/* SPDX-License-Identifier: Apache-2.0 */
/* Runs a fuzz target over each file of the folders and files named, without a fuzzer: the corpus
 * of past finds is a test. Speaks TAP. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static unsigned number;

static void replay(const char *path)
{
	FILE *f = fopen(path, "rb");
	static uint8_t bytes[8 << 20];
	size_t n;
	uint8_t *exact;

	if (!f)
		return;
	n = fread(bytes, 1, sizeof bytes, f);
	fclose(f);
	exact = malloc(n ? n : 1); /* so that a sanitizer sees a read past the end */
	if (!exact)
		exit(2);
	for (size_t i = 0; i < n; i++)
		exact[i] = bytes[i];
	(void)LLVMFuzzerTestOneInput(exact, n);
	free(exact);
	printf("ok %u - %s\n", ++number, path);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		DIR *d = opendir(argv[i]);
		struct dirent *e;
		char path[4096];

		if (!d) {
			replay(argv[i]);
			continue;
		}
		while ((e = readdir(d))) {
			if (e->d_name[0] == '.')
				continue;
			snprintf(path, sizeof path, "%s/%s", argv[i], e->d_name);
			replay(path);
		}
		closedir(d);
	}
	if (number == 0)
		printf("not ok 1 - no input found\n");
	return number == 0;
}
