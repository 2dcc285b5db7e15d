/* SPDX-License-Identifier: Apache-2.0 */
/* From text to machine: memory around the parser. */
#include <stdlib.h>
#include "base/hash.h"
#include "lifecycle/parse.h"

static int no_memory(struct complaint *c)
{
	return complain(c, ERR_NOMEM, "out of memory while compiling the lifecycle file");
}

int machine_compile(const char *text, size_t size, struct machine **ret_machine,
	struct complaint *c)
{
	struct parser p = { .complaint = c };
	uint8_t *copy;
	int rc;

	*ret_machine = NULL;
	if (size > LIFECYCLE_BYTES_MAX)
		return complain(c, ERR_TOOBIG, "a lifecycle file has at most %u bytes, this one "
			"has %zu", LIFECYCLE_BYTES_MAX, size);
	p.machine = calloc(1, sizeof *p.machine);
	if (!p.machine)
		return no_memory(c);
	copy = malloc(size + 1);
	p.machine->text.data = copy;
	p.machine->names = malloc(parse_names_max());
	rc = copy && p.machine->names ? 0 : no_memory(c);
	if (rc != 0)
		goto fail;
	if (size > 0)
		memcpy(copy, text, size);
	copy[size] = 0;
	p.machine->text.size = size;
	p.machine->rhythm = RHYTHM_DEFAULT;
	p.machine->value = VALUE_DEFAULT;
	p.machine->fingerprint = hash_64(copy, size, 0);
	memcpy(p.machine->zone_name, "UTC", 4);
	rc = zone_open("UTC", &p.machine->zone, c);
	if (rc == 0)
		rc = parse_file(&p);
	if (rc != 0)
		goto fail;
	p.machine->rhythm_key = machine_rhythm_key(p.machine);
	p.machine->spend_key = machine_spend_key(p.machine);
	machine_plan(p.machine);
	machine_context(p.machine);
	*ret_machine = p.machine;
	return 0;

fail:
	machine_free(p.machine);
	return rc;
}
