/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a customer's record: unpacked, or ERR_CORRUPT. What unpacks packs again into a
 * record that unpacks to the same. */
#include <stdlib.h>
#include "workers/customer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct machine *machine(void)
{
	static struct machine *m;
	struct complaint c;

	if (!m && machine_compile((const char *)machine_default_text().data,
		machine_default_text().size, &m, &c) != 0)
		abort();
	return m;
}

/* Numbers as an environment would give them: each name its own. */
static struct numbering numbering(const struct machine *m)
{
	struct numbering n = { 0 };
	uint16_t next = 1;

	for (unsigned l = 0; l < m->n_ladders; l++) {
		n.ladder[l] = next++;
		for (unsigned r = 0; r < m->ladders[l].n_rungs; r++)
			n.rung[l][r] = next++;
	}
	for (unsigned k = 0; k < m->n_risks; k++)
		n.risk[k] = next++;
	return n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct customer a, b;
	static uint8_t bytes[RECORD_MAX];
	const struct machine *m = machine();
	struct numbering n = numbering(m);
	struct span id = span_str("anna");
	size_t packed;

	(void)record_armed(span_of(data, size));
	if (customer_unpack(&a, id, span_of(data, size), m, &n) != 0)
		return 0;
	packed = customer_pack(&a, m, &n, bytes);
	if (customer_unpack(&b, id, span_of(bytes, packed), m, &n) != 0)
		abort();
	if (!facts_equal(&a.facts, &b.facts) || a.armed_ms != b.armed_ms ||
		a.standing.due_ms != b.standing.due_ms ||
		a.standing.settled_ms != b.standing.settled_ms)
		abort();
	return 0;
}
