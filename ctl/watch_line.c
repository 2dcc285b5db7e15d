/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of kith watch, for people or as JSON. */
#include <jansson.h>
#include <stdlib.h>
#include "ctl/text.h"
#include "ctl/watch.h"
#include "proto/json.h"

static void print_span(FILE *out, struct span s)
{
	fwrite(s.data, 1, s.size, out);
}

/* Of a daemon that tells no sentence: the comparisons that hold or, of a risk that is no more,
 * those that do not. */
static void print_why(FILE *out, const struct notification *n)
{
	bool any = false, held = !span_eq(n->to, span_str("clear"));

	for (unsigned i = 0; i < n->n_evidence; i++) {
		const struct evidence *e = &n->evidence[i];
		char value[TEXT_MAX];

		if (e->holds != held)
			continue;
		fputs(any ? ", " : held ? "  because " : "  no longer ", out);
		print_span(out, e->test);
		if (e->known && e->unit == UNIT_NAME)
			fprintf(out, " (%.*s)", (int)e->text.size, (const char *)e->text.data);
		else if (e->known && e->unit != UNIT_FLAG && unit_name(e->unit))
			fprintf(out, " (%s)", text_value(e->value, unit_name(e->unit), value));
		any = true;
	}
}

static void print_named(FILE *out, const char *name, struct span text)
{
	if (text.size)
		fprintf(out, "  %s %.*s", name, (int)text.size, (const char *)text.data);
}

static void print_human(FILE *out, const struct notification *n)
{
	char when[TEXT_MAX], value[TEXT_MAX];

	fprintf(out, "%s  ", text_time(n->at_ms, when));
	text_print(out, n->customer, 12);
	fputs("  ", out);
	text_print(out, n->type, 20);
	if (n->to.size)
		fprintf(out, "  %.*s → %.*s", n->from.size ? (int)n->from.size : 3,
			n->from.size ? (const char *)n->from.data : "new", (int)n->to.size,
			(const char *)n->to.data);
	if (n->text.size) {
		fputs("  ", out);
		print_span(out, n->text);
	} else {
		print_why(out, n);
	}
	print_named(out, "missing", n->missing);
	print_named(out, "reason", n->reason);
	if (n->has_value && n->value)
		fprintf(out, "  value %s", text_money((double)n->value, value));
	if (n->has_potential && n->potential_value)
		fprintf(out, "  to come %s", text_money((double)n->potential_value, value));
	if (n->replacement_cost)
		fprintf(out, "  replacing %s", text_money((double)n->replacement_cost, value));
	print_named(out, "owner", n->owner);
}

static void print_json(FILE *out, json_t *o)
{
	if (o)
		json_dumpf(o, out, JSON_COMPACT);
	json_decref(o);
}

void line_notification(FILE *out, const struct notification *n, bool json)
{
	if (json)
		print_json(out, notification_to_json(n));
	else
		print_human(out, n);
}

static void print_risks(FILE *out, const struct snapshot_row *r)
{
	for (unsigned i = 0; i < r->n_risks; i++) {
		fputs(i ? ", " : "  at risk: ", out);
		print_span(out, r->risks[i].name);
	}
}

static void print_standing(FILE *out, const struct snapshot_row *r)
{
	char when[TEXT_MAX], value[TEXT_MAX];

	fprintf(out, "%s  ", text_time(r->settled_ms, when));
	text_print(out, r->customer, 12);
	fputc(' ', out);
	for (unsigned i = 0; i < r->n_places; i++) {
		fputs(i ? ", " : " ", out);
		print_span(out, r->places[i].ladder);
		fputc(' ', out);
		print_span(out, r->places[i].rung);
	}
	print_risks(out, r);
	if (r->has_value && r->value)
		fprintf(out, "  value %s", text_money((double)r->value, value));
	if (r->owner.size)
		fprintf(out, "  owner %.*s", (int)r->owner.size, (const char *)r->owner.data);
	if (r->region.size)
		fprintf(out, "  region %.*s", (int)r->region.size, (const char *)r->region.data);
}

void line_standing(FILE *out, const struct kith_item *item, bool json)
{
	if (json)
		print_json(out, snapshot_row_to_json(item->standing, item->shard, item->sequence));
	else
		print_standing(out, item->standing);
}

void line_gap(FILE *out, uint32_t shard, uint64_t first, uint64_t last, bool json, bool live)
{
	if (json)
		fprintf(out, "{\"gap\":{\"shard\":%u,\"first\":%llu,\"last\":%llu}}", shard,
			(unsigned long long)first, (unsigned long long)last);
	else
		fprintf(out, "GAP  shard %u: %llu notifications, %u-%llu to %u-%llu, %s", shard,
			(unsigned long long)(last - first + 1), shard, (unsigned long long)first, shard,
			(unsigned long long)last, live ? "were missed: the live feed does not wait" :
			"were trimmed before they could be delivered; where everybody stands now says "
			"\"kith snapshot\"");
}
