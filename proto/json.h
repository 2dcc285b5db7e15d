/* SPDX-License-Identifier: Apache-2.0 */
/* JSON: events and notifications in the protobuf JSON mapping with the original names, by
 * jansson. Times may be written as Unix ms (number or decimal text) or RFC 3339; they are
 * printed as numbers of ms. 64-bit integers are read as number or text, printed as numbers.
 * Unknown members are refused by name: a slip must not pass for a missing field.
 *
 * An event in a CloudEvents 1.0 envelope is accepted too: `specversion`, `id`, `source`, `time`,
 * `subject` (the customer, where nothing else names one), `data` (an event object without what
 * the envelope says; or, when `type` is "kith.purchase", the fields of that body). Attributes of
 * the envelope that are not ours are extensions, and left alone. */
#ifndef KITH_PROTO_JSON_H
#define KITH_PROTO_JSON_H
#include <jansson.h>
#include "base/preview.h"
#include "proto/codec.h"

/* Parse one JSON object into E; texts live in A. ERR_INVALID with a complaint that names the
 * member. Where the fault has a code of a receipt, *RET_CODE (may be NULL) is it, else
 * REJECT_MALFORMED. DEFAULT_SOURCE (may be empty) serves events that name none. */
int event_from_json(struct event *e, const char *text, size_t size, struct span default_source,
	struct arena *a, struct complaint *c, enum reject *ret_code);

/* New references; NULL when memory is out. */
json_t *event_to_json(const struct event *e);
json_t *notification_to_json(const struct notification *n);
/* AS_OF: the page's. */
json_t *snapshot_row_to_json(const struct snapshot_row *r, uint32_t shard, uint64_t as_of);
json_t *preview_to_json(const struct preview_report *r);

#endif
