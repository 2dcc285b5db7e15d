/* SPDX-License-Identifier: Apache-2.0 */
/* Webhooks and their dead letters as tables. */
#include "base/zone.h"
#include "ctl/reply.h"
#include "ctl/table.h"
#include "ctl/text.h"

static void show_reasons(const json_t *list, FILE *out)
{
	json_t *w;
	size_t i;

	json_array_foreach((json_t *)list, i, w) {
		const char *why = reply_text(w, "reason");

		if (!*why)
			why = reply_text(w, "last_error");
		if (*why)
			fprintf(out, "  %s: %s\n", reply_text(w, "name"), why);
	}
}

void show_webhooks(const json_t *list, FILE *out)
{
	const char *const heads[] = { "<webhook", "<state", ">unread", ">waiting", ">dead",
		">delivered", "<url" };
	char n[TEXT_MAX];
	struct table t;
	json_t *w;
	size_t i;

	if (json_array_size(list) == 0) {
		fprintf(out, "  no webhooks\n");
		return;
	}
	table_init(&t, heads, 7);
	json_array_foreach((json_t *)list, i, w) {
		table_add(&t, "%s", reply_text(w, "name"));
		table_add(&t, "%s", reply_text(w, "state"));
		table_add(&t, "%s", text_count(reply_int(w, "unread"), n));
		table_add(&t, "%s", text_count(reply_int(w, "waiting"), n));
		table_add(&t, "%s", text_count(reply_int(w, "dead"), n));
		table_add(&t, "%s", text_count(reply_int(w, "delivered"), n));
		table_add(&t, "%s", reply_text(w, "url"));
	}
	table_print(&t, 2, out);
	table_fini(&t);
	show_reasons(list, out);
}

void show_dead_letters(const json_t *list, FILE *out)
{
	const char *const heads[] = { "<id", "<type", "<customer", ">attempts", "<last", "<error" };
	struct table t;
	json_t *l;
	size_t i;

	if (json_array_size(list) == 0) {
		fprintf(out, "  no dead letters\n");
		return;
	}
	table_init(&t, heads, 6);
	json_array_foreach((json_t *)list, i, l) {
		const json_t *n = json_object_get(l, "notification");
		char last[32];

		time_format(reply_int(l, "last_attempt"), last);
		table_add(&t, "%s", reply_text(l, "id"));
		table_add(&t, "%s", reply_text(n, "type"));
		table_add(&t, "%s", reply_text(n, "customer"));
		table_add(&t, "%lld", (long long)reply_int(l, "attempts"));
		table_add(&t, "%s", last);
		table_add(&t, "%s", reply_text(l, "error"));
	}
	table_print(&t, 2, out);
	table_fini(&t);
}
