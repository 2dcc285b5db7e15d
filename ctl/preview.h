/* SPDX-License-Identifier: Apache-2.0 */
/* Preview: what another lifecycle file would change, for kith preview and kith rule test. */
#ifndef KITH_CTL_PREVIEW_H
#define KITH_CTL_PREVIEW_H
#include "ctl/reply.h"

#define PREVIEW_TIMEOUT_MS 600000

/* Ask the daemon about the file PATH, or, with DIR, the store there, and show it; an exit code.
 * LANGUAGE: in sentences of "en" or "zh", which the daemon makes; NULL: as tables. */
int preview_run(const struct remote_settings *o, const char *path, const char *dir,
	const char *language);

#endif
