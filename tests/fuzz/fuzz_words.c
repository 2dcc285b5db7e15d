/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a message file: a complaint with a place, or messages that make sentences. */
#include <assert.h>
#include "words/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct notification n = { .type = span_str("risk.own"), .rule = span_str("risk.own"),
		.ladder = span_str("risk"), .to = span_str("raised"), .customer = span_str("anna"),
		.at_ms = INT64_C(1700000000000), .n_evidence = 1 };
	struct complaint c = { 0 };
	struct words w = { .decimals = 2 };
	struct messages *m;
	struct buf out = { 0 };
	size_t at;

	n.evidence[0] = (struct evidence){ .fact = span_str("spent"), .test = span_str("spent > 5"),
		.value = 1234, .unit = UNIT_MONEY, .known = true, .holds = true, .speaks = true };
	if (messages_new(LANGUAGE_EN, span_of(data, size), &m, &c) != 0) {
		assert(c.text[0] && (size > MESSAGES_BYTES_MAX || (c.line >= 1 && c.column >= 1)));
		return 0;
	}
	w.messages = m;
	for (unsigned i = 0; i < m->n; i++)
		assert(!template_complaint(m->list[i].text, &at));
	sentence_write(&out, &w, &n, span_of(NULL, 0));
	assert(out.failed || (out.size > 0 && out.size <= SENTENCE_MAX &&
		bytes_are_plain_utf8(span_of(out.data, out.size))));
	buf_fini(&out);
	messages_free(m);
	return 0;
}
