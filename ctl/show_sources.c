/* SPDX-License-Identifier: Apache-2.0 */
/* Showing the sources: who speaks, how often, and since when not. */
#include "ctl/reply.h"
#include "ctl/table.h"
#include "ctl/text.h"

void show_sources(const json_t *list, FILE *out)
{
	const char *const heads[] = { "<source", "<state", ">events", ">an hour", "<heard last",
		"<silent from" };
	char text[TEXT_MAX];
	struct table t;
	json_t *source;
	size_t i;

	if (json_array_size(list) == 0) {
		fprintf(out, "no source has been heard yet\n");
		return;
	}
	table_init(&t, heads, 6);
	json_array_foreach((json_t *)list, i, source) {
		bool silent = !reply_has(source, "silent_at") &&
			(strcmp(reply_text(source, "state"), "silent") == 0 ||
			strcmp(reply_text(source, "state"), "gone") == 0);
		int64_t from = reply_int(source, silent ? "since" : "silent_at");

		table_add(&t, "%s", reply_text(source, "source"));
		table_add(&t, "%s", reply_text(source, "state"));
		table_add(&t, "%s", text_count(reply_int(source, "events"), text));
		table_add(&t, "%.2f", json_number_value(json_object_get(source, "events_per_hour")));
		table_add(&t, "%s", text_time(reply_int(source, "last"), text));
		table_add(&t, "%s", from ? text_time(from, text) : "-");
	}
	table_print(&t, 0, out);
	table_fini(&t);
}
