/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a configuration file: read, or refused with a reason. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "daemon/config.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char path[64];
	struct config config;
	struct complaint c = { 0 };
	FILE *f;

	snprintf(path, sizeof path, "/tmp/kith-fuzz-config-%d", (int)getpid());
	f = fopen(path, "wb");
	if (!f)
		return 0;
	(void)!fwrite(data, 1, size, f);
	fclose(f);
	config_default(&config);
	if (config_read(&config, path, &c) != 0 && c.text[0] == '\0')
		abort();
	(void)config_check(&config, &c);
	config_fini(&config);
	unlink(path);
	return 0;
}
