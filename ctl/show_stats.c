/* SPDX-License-Identifier: Apache-2.0 */
/* Showing the whole store: the funnel, the risks, the state of the daemon. */
#include <math.h>
#include "ctl/fit_live.h"
#include "ctl/table.h"
#include "ctl/text.h"

#define BAR_WIDTH 40

static int64_t highest(const json_t *counts)
{
	const char *name;
	json_t *count;
	int64_t most = 0;

	json_object_foreach((json_t *)counts, name, count)
		if (json_integer_value(count) > most)
			most = json_integer_value(count);
	return most;
}

/* COUNTS as bars; SHARE_OF: what 100 % is. */
static void show_bars(const char *title, const json_t *counts, int64_t share_of, FILE *out)
{
	const char *const heads[] = { "<", ">", ">", "<" };
	int64_t most = highest(counts);
	struct table t;
	const char *name;
	json_t *count;

	fprintf(out, "\n%s\n", title);
	table_init(&t, heads, 4);
	json_object_foreach((json_t *)counts, name, count) {
		int64_t n = json_integer_value(count);
		int width = most ? (int)ceil((double)n * BAR_WIDTH / (double)most) : 0;
		char bar[3 * BAR_WIDTH + 1] = "", number[TEXT_MAX];

		for (int i = 0; i < width && i < BAR_WIDTH; i++)
			snprintf(bar + 3 * i, 4, "█");
		table_add(&t, "%s", name);
		table_add(&t, "%s", text_count(n, number));
		table_add(&t, "%.1f %%", share_of ? 100.0 * (double)n / (double)share_of : 0.0);
		table_add(&t, "%s", bar);
	}
	table_print(&t, 2, out);
	table_fini(&t);
}

static void show_head(const json_t *s, FILE *out)
{
	const json_t *clock = json_object_get(s, "clock"), *events = json_object_get(s, "events");
	const json_t *life = json_object_get(s, "lifecycle");
	char a[TEXT_MAX], b[TEXT_MAX], c[TEXT_MAX];

	fprintf(out, "kithd %s, %s, store %s\n", reply_text(s, "version"), reply_text(s, "state"),
		reply_text(s, "store"));
	fprintf(out, "%s clock: %s\n", reply_text(clock, "mode"),
		text_time(reply_int(clock, "now"), a));
	fprintf(out, "%s customers", text_count(reply_int(s, "customers"), a));
	if (reply_int(s, "merged"))
		fprintf(out, " (and %s ids merged into them)", text_count(reply_int(s, "merged"), a));
	fprintf(out, ", %s events accepted",
		text_count(reply_int(events, "accepted"), b));
	fprintf(out, " (%s duplicates", text_count(reply_int(events, "duplicates"), a));
	fprintf(out, ", %s rejected), %s under way\n", text_count(reply_int(events, "rejected"), a),
		text_count(reply_int(s, "under_way"), b));
	fprintf(out, "lifecycle file: version %lld", (long long)reply_int(life, "version"));
	if (reply_int(life, "since"))
		fprintf(out, ", in force since %s", text_time(reply_int(life, "since"), c));
	fputc('\n', out);
}

/* By whom the margin was made, and what it takes to be among the best. */
static void show_value(const json_t *value, FILE *out)
{
	char a[TEXT_MAX], b[TEXT_MAX];
	json_t *cut;
	size_t i;

	if (!reply_int(value, "buyers"))
		return;
	fprintf(out, "\nvalue (of %s buyers, as of %s)\n", text_count(reply_int(value, "buyers"), a),
		text_time(reply_int(value, "surveyed"), b));
	fprintf(out, "  the best 20 %% have made %.1f %% of the margin\n",
		100 * json_number_value(json_object_get(value, "best_fifth")));
	json_array_foreach(json_object_get(value, "cuts"), i, cut)
		fprintf(out, "  %s of the top %g %%: at least %s\n", reply_text(cut, "quantity"),
			100 * json_number_value(json_object_get(cut, "top")),
			text_money(json_number_value(json_object_get(cut, "least")), a));
	if (reply_int(value, "parameters_version"))
		fprintf(out, "  parameters: version %lld%s%s\n",
			(long long)reply_int(value, "parameters_version"),
			reply_flag(value, "fitted") ? ", with a fitted rhythm" : "",
			reply_flag(value, "spend_fitted") ? ", with fitted spending" : "");
}

static void show_outbox(const json_t *outbox, FILE *out)
{
	char count[TEXT_MAX], bytes[TEXT_MAX], since[TEXT_MAX];

	fprintf(out, "  notifications kept: %s, %s",
		text_count(reply_int(outbox, "last") + 1 - reply_int(outbox, "first"), count),
		text_bytes((uint64_t)reply_int(outbox, "bytes"), bytes));
	if (reply_has(outbox, "since"))
		fprintf(out, ", the oldest from %s", text_time(reply_int(outbox, "since"), since));
	fputc('\n', out);
}

static void show_shards(const json_t *s, FILE *out)
{
	const char *const heads[] = { ">shard", ">customers", ">applied up to", ">notifications",
		">deadlines", ">map used", ">checkpoints", ">waited for them" };
	const json_t *shards = json_object_get(s, "shards"), *journal = json_object_get(s, "journal");
	char n[TEXT_MAX];
	struct table t;
	json_t *shard;
	size_t i;

	fputc('\n', out);
	table_init(&t, heads, 8);
	json_array_foreach((json_t *)shards, i, shard) {
		const json_t *outbox = json_object_get(shard, "outbox");
		const json_t *flushes = json_object_get(shard, "flushes");

		table_add(&t, "%lld", (long long)reply_int(shard, "shard"));
		table_add(&t, "%s", text_count(reply_int(shard, "customers"), n));
		table_add(&t, "%s", text_count(reply_int(shard, "position"), n));
		table_add(&t, "%s", text_count(reply_int(outbox, "last"), n));
		table_add(&t, "%s", text_count(reply_int(shard, "deadlines"), n));
		table_add(&t, "%s", text_bytes((uint64_t)reply_int(json_object_get(shard, "map"), "used"),
			n));
		table_add(&t, "%s", text_count(reply_int(flushes, "n"), n));
		table_add(&t, "%.1f s", (double)reply_int(flushes, "waited_ms") / 1000);
	}
	table_print(&t, 2, out);
	table_fini(&t);
	fprintf(out, "  journal: frames %lld to %lld, durable to %lld, %s\n",
		(long long)reply_int(journal, "first"), (long long)reply_int(journal, "last"),
		(long long)reply_int(journal, "durable"),
		text_bytes((uint64_t)reply_int(journal, "bytes"), n));
	show_outbox(json_object_get(s, "outbox"), out);
}

void show_subscriptions(const json_t *list, FILE *out)
{
	const char *const heads[] = { "<subscription", "<state", ">lag", ">delivered", ">gaps" };
	char n[TEXT_MAX];
	struct table t;
	json_t *sub;
	size_t i;

	if (json_array_size(list) == 0) {
		fprintf(out, "  no durable subscriptions\n");
		return;
	}
	table_init(&t, heads, 5);
	json_array_foreach((json_t *)list, i, sub) {
		table_add(&t, "%s", reply_text(sub, "name"));
		table_add(&t, "%s", reply_flag(sub, "connected") ? "connected" : "away");
		table_add(&t, "%s", text_count(reply_int(sub, "lag"), n));
		table_add(&t, "%s", text_count(reply_int(sub, "delivered"), n));
		table_add(&t, "%s", text_count(reply_int(sub, "gaps"), n));
	}
	table_print(&t, 2, out);
	table_fini(&t);
}

void show_stats(const json_t *s, FILE *out)
{
	int64_t customers = reply_int(s, "customers");
	const char *name;
	json_t *counts;

	show_head(s, out);
	json_object_foreach(json_object_get(s, "ladders"), name, counts)
		show_bars(name, counts, customers, out);
	show_bars("risk", json_object_get(s, "risk"), customers, out);
	if (reply_int(json_object_get(s, "sources"), "silent"))
		fprintf(out, "\n%lld of %lld sources silent: kith sources\n",
			(long long)reply_int(json_object_get(s, "sources"), "silent"),
			(long long)reply_int(json_object_get(s, "sources"), "watched"));
	show_value(json_object_get(s, "value"), out);
	if (reply_flag(json_object_get(s, "judging"), "under_way")) {
		fputc('\n', out);
		show_judging(json_object_get(s, "judging"), out);
	}
	show_shards(s, out);
	fputc('\n', out);
	show_subscriptions(json_object_get(s, "subscriptions"), out);
}
