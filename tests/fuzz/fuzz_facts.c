/* SPDX-License-Identifier: Apache-2.0 */
/* facts_unpack() of any bytes: it does not crash, and what it takes packs into bytes that unpack
 * to the same facts. */
#include <stdlib.h>
#include "lifecycle/facts.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct facts f, g;
	static uint8_t bytes[FACTS_PACKED_MAX];
	size_t used, n, again;

	if (facts_unpack(&f, data, size, &used) != 0)
		return 0;
	n = facts_pack(&f, bytes);
	if (used > size || n > sizeof bytes || facts_unpack(&g, bytes, n, &again) != 0 ||
		again != n || !facts_equal(&f, &g))
		abort();
	facts_join(&g, &f); /* whatever was taken can be worked with */
	(void)facts_open_complaints(&g, &(int64_t){ 0 });
	return 0;
}
