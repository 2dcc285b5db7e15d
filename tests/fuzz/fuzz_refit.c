/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as what an operator asks of the daemon's fit: a wish that makes sense, or refused with a
 * reason. */
#include <assert.h>
#include <stdlib.h>
#include "daemon/refit.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaint c = { 0 };
	struct refit_wish wish;
	bool start;

	if (refit_wish_parse(span_of(data, size), &start, &wish, &c) == 0)
		assert((start || !wish.apply) && (wish.apply || !wish.force));
	else if (c.text[0] == '\0')
		abort();
	return 0;
}
