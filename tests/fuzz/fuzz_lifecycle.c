/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a lifecycle file: a complaint with a place, or a machine that judges and solves. */
#include <assert.h>
#include "lifecycle/include.h"
#include "lifecycle/standing.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void facts_of_a_customer(struct facts *f)
{
	struct event e = { .body = BODY_PURCHASE };

	facts_init(f);
	for (int i = 0; i < 4; i++) {
		e.time_ms = INT64_C(1700000000000) + i * INT64_C(1234567890);
		e.as.purchase.amount = 1000 + i;
		facts_add(f, &e, NULL);
	}
	e = (struct event){ .body = BODY_CONTRACT, .time_ms = e.time_ms };
	e.as.contract.change = CONTRACT_SIGNED;
	e.as.contract.ends_ms = e.time_ms + INT64_C(10000000000);
	facts_add(f, &e, NULL);
}

/* Every change from NOW on: announced, described, and really one. */
static void follow(const struct machine *m, const struct facts *f, int64_t now_ms)
{
	struct change changes[CHANGES_MAX];
	struct notification n = { 0 };
	struct standing s;
	struct verdict v;

	standing_init(&s);
	machine_judge(m, f, now_ms, &v);
	for (int steps = 0; steps < 20; steps++) {
		unsigned count = standing_move(&s, m, &v, now_ms, changes);

		assert(steps == 0 || count > 0);
		for (unsigned i = 0; i < count; i++)
			change_describe(&changes[i], m, f, &v, span_str(""), &n);
		now_ms = machine_next_change(m, f, now_ms, &v);
		if (now_ms == NEVER)
			return;
		machine_judge(m, f, now_ms, &v);
	}
}

/* Every file holds the second half of the first one. */
static int read_half(void *arg, const char *path, struct buf *out, struct complaint *c)
{
	const struct span *half = arg;

	assert(path[0] != '/' && path[0] != '.');
	if (strchr(path, 'z'))
		return complain(c, ERR_NOTFOUND, "not there");
	buf_add(out, half->data, half->size);
	return 0;
}

/* What is flat stays as it is, and the place of a complaint is a line of it. */
static void flatten(const uint8_t *data, size_t size)
{
	struct span half = span_of(data + size / 2, size - size / 2);
	struct include_reader r = { read_half, &half };
	struct buf flat = { 0 };
	struct complaint c = { 0 };
	struct machine *m = NULL;
	int rc = include_flatten(&r, span_of(data, size), &flat, &c);

	if (rc != 0)
		assert(c.text[0] && c.line >= 1 && c.column >= 1);
	else if (machine_compile((const char *)flat.data, flat.size, &m, &c) == 0)
		machine_free(m);
	(void)include_line(span_of(flat.data, flat.size), span_str(c.file), c.line);
	buf_fini(&flat);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct complaint c = { 0 };
	struct machine *m;
	struct facts f;
	int rc = machine_compile((const char *)data, size, &m, &c);

	flatten(data, size);
	if (rc != 0) {
		assert(!m && c.text[0]);
		assert(rc == ERR_TOOBIG || (c.line >= 1 && c.column >= 1));
		return 0;
	}
	facts_init(&f);
	follow(m, &f, 1);
	facts_of_a_customer(&f);
	follow(m, &f, INT64_C(1704000000000));
	machine_free(m);
	return 0;
}
