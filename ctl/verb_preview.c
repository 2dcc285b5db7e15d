/* SPDX-License-Identifier: Apache-2.0 */
/* kith preview: who would stand elsewhere under another lifecycle file, by the running daemon or by a
 * store at rest. */
#include "ctl/preview.h"
#include "ctl/store_check.h"
#include "ctl/table.h"
#include "ctl/text.h"
#include "lifecycle/machine.h"
#include "proto/json.h"
#include "store/env.h"
#include "workers/preview.h"

/* ---- a store at rest */

static int count_shard(struct shard *s, struct span text, struct preview **p, struct complaint *c)
{
	struct buf after = { 0 };
	bool done = s->lifecycle == NULL; /* nobody has been judged there */
	int rc = 0;

	if (!done && !*p)
		rc = preview_new(text, s->lifecycle->machine->version, &s->parameters,
			env_meta(s->env)->clock_ms, p, c);
	while (rc == 0 && !done)
		rc = preview_page(s, *p, &after, &done);
	buf_fini(&after);
	return rc;
}

/* *RET_PREVIEW stays NULL when nobody has been judged in the store. */
static int count_store(const char *dir, struct span text, struct preview **ret_preview,
	struct complaint *c)
{
	static struct shard shard;
	struct store s;
	int rc = store_open(dir, 0, false, &s, c);

	if (rc != 0)
		return rc;
	for (unsigned i = 0; i < s.shards && rc == 0; i++) {
		struct env *e = NULL;

		rc = env_open(&s, i, STORE_MAP_BYTES, true, &e, c);
		if (rc == 0)
			rc = shard_open(&shard, i, e, c);
		if (rc == 0) {
			rc = count_shard(&shard, text, ret_preview, c);
			shard_close(&shard);
		}
		env_close(e);
	}
	store_close(&s);
	return rc;
}

/* ---- what people see */

static void add_sample(struct table *t, const json_t *row)
{
	const json_t *list = json_object_get(row, "sample"), *id;
	struct buf text = { 0 };
	size_t i;

	json_array_foreach(list, i, id)
		buf_printf(&text, "%s%s", i ? " " : "", json_string_value(id));
	table_add(t, "%.*s", (int)text.size, (const char *)text.data);
	buf_fini(&text);
}

static void show_moves(const json_t *moves, FILE *out)
{
	static const char *const heads[] = { "<ladder or risk", "<from", "<to", ">customers",
		"<such as" };
	struct table t;
	json_t *row;
	size_t i;

	table_init(&t, heads, 5);
	json_array_foreach(moves, i, row) {
		table_add(&t, "%s", reply_text(row, "of"));
		table_add(&t, "%s", reply_text(row, "from"));
		table_add(&t, "%s", reply_text(row, "to"));
		table_add(&t, "%lld", (long long)reply_int(row, "customers"));
		add_sample(&t, row);
	}
	fputc('\n', out);
	table_print(&t, 2, out);
	table_fini(&t);
}

static void show_types(const json_t *types, FILE *out)
{
	static const char *const heads[] = { "<announcement", "<severity", ">times", ">of them held",
		"<opens", "<such as" };
	struct table t;
	json_t *row;
	size_t i;

	table_init(&t, heads, 6);
	json_array_foreach(types, i, row) {
		table_add(&t, "%s", reply_text(row, "type"));
		table_add(&t, "%s", reply_text(row, "severity"));
		table_add(&t, "%lld", (long long)reply_int(row, "customers"));
		table_add(&t, "%lld", (long long)reply_int(row, "held"));
		table_add(&t, "%s", reply_text(row, "opens"));
		add_sample(&t, row);
	}
	fprintf(out, "\nwhat would be announced:\n\n");
	table_print(&t, 2, out);
	table_fini(&t);
}

static bool any_held(const json_t *types)
{
	json_t *row;
	size_t i;

	json_array_foreach(types, i, row)
		if (reply_int(row, "held"))
			return true;
	return false;
}

static void show_notes(const json_t *p, FILE *out)
{
	const json_t *facts = json_object_get(p, "new_facts"), *name;
	size_t i;

	if (any_held(json_object_get(p, "announcements")))
		fprintf(out, "\nheld: by the breaker of a rule, which trips when a new file finds too much "
			"at once (see kith rule), or by a snooze, a cool-down or a silent source\n");
	if (reply_flag(p, "hushed"))
		fprintf(out, "\nbut nothing is announced for now: kith live ends the hush\n");
	json_array_foreach(facts, i, name)
		fprintf(out, "%s%s", i ? ", " : "\ncounted from the switch-on, so 0 here: ",
			json_string_value(name));
	if (i)
		fputc('\n', out);
	if (reply_int(p, "left_out"))
		fprintf(out, "\nand %lld moves of other kinds\n", (long long)reply_int(p, "left_out"));
	if (reply_int(p, "damaged"))
		fprintf(out, "\n%lld records are damaged: kith store verify\n",
			(long long)reply_int(p, "damaged"));
}

static void show_preview(const json_t *p, FILE *out)
{
	const json_t *moves = json_object_get(p, "moves"), *types = json_object_get(p, "announcements");
	char at[TEXT_MAX];

	fprintf(out, "%lld of %lld customers would stand elsewhere than by version %lld, as of %s\n",
		(long long)reply_int(p, "moved"), (long long)reply_int(p, "customers"),
		(long long)reply_int(p, "lifecycle_version"),
		text_time(reply_int(p, "clock"), at));
	if (json_array_size(moves))
		show_moves(moves, out);
	if (json_array_size(types))
		show_types(types, out);
	show_notes(p, out);
}

/* ---- the verb */

static int show_store(struct span text, const char *dir, bool json)
{
	struct preview_report nobody = { 0 };
	struct preview *p = NULL;
	struct complaint c = { 0 };
	json_t *told;
	int rc = count_store(dir, text, &p, &c);

	if (rc != 0) {
		preview_free(p);
		(void)verb_fail(rc, &c);
		return EXIT_FILE;
	}
	told = preview_to_json(p ? &p->report : &nobody);
	if (json) {
		json_dumpf(told, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		show_preview(told, stdout);
	}
	json_decref(told);
	preview_free(p);
	return EXIT_WELL;
}

static int show_sentences(const json_t *told, const char *language, FILE *out)
{
	const json_t *list = json_object_get(json_object_get(told, "text"), language), *sentence;
	size_t i;

	if (!list) {
		fprintf(stderr, "kith preview: languages are en and zh\n");
		return EXIT_USAGE;
	}
	json_array_foreach(list, i, sentence)
		fprintf(out, "%s\n", json_string_value(sentence));
	return EXIT_WELL;
}

int preview_run(const struct remote_settings *o, const char *path, const char *dir,
	const char *language)
{
	struct machine *m;
	struct buf text = { 0 };
	json_t *told = NULL;
	int code = verb_compile(path, o->json, &text, &m);

	machine_free(m);
	buf_add(&text, "", 1);
	if (code == EXIT_WELL && text.failed)
		code = verb_fail(ERR_NOMEM, &(struct complaint){ .text = "out of memory" });
	else if (code == EXIT_WELL && dir)
		code = show_store(span_of(text.data, text.size - 1), dir, o->json);
	else if (code == EXIT_WELL)
		code = reply_get_lifecycle(o, "preview", (const char *)text.data, &told);
	if (told && language)
		code = show_sentences(told, language, stdout);
	else if (told)
		show_preview(told, stdout);
	json_decref(told);
	buf_fini(&text);
	return code;
}

struct preview_settings {
	struct remote_settings remote;
	const char *language;
};

static int run(void *settings, char **operands, int n)
{
	const struct preview_settings *s = settings;

	if (s->language && n > 1) {
		fprintf(stderr, "kith preview: only the daemon speaks: --lang goes without a store\n");
		return EXIT_USAGE;
	}
	return preview_run(&s->remote, operands[0], n > 1 ? operands[1] : NULL, s->language);
}

static const struct preview_settings defaults = { .remote = { .timeout_ms = PREVIEW_TIMEOUT_MS } };
static const struct option_def options[] = {
	OPTION_JSON(struct preview_settings, remote.json, "one line of JSON"),
	{ OPTION_TEXT, "lang", 'l', "en|zh", "in sentences of this language",
		offsetof(struct preview_settings, language) },
	OPTION_RUN(struct preview_settings, remote.run),
	OPTION_TIMEOUT(struct preview_settings, remote.timeout_ms, "wait so long for the answer (default 600)"),
	{ OPTION_END } };

const struct verb verb_preview = {
	.name = "preview", .operands = "FILE|- [DIR]", .summary = "who would move under another file",
	.text = "Judges every customer by a lifecycle file that is not in force, as of now, and counts who\n"
		"would stand elsewhere than was announced last, with a few of them, and what would be announced:\n"
		"how often, how much of it would be held, and which follow-ups it would open. Changes\n"
		"nothing. The daemon goes through its customers a few at a time, some 30,000 a second, and\n"
		"takes in events meanwhile. With DIR, the store there, which no daemon has: a copy.\n"
		"Facts that the file declares anew count from when it is switched on, so here they are 0.",
	.examples = "  kith preview my.lifecycle && kith reload\n  kith preview my.lifecycle /var/lib/kith.copy",
	.exits = "  0 told   1 the file does not compile   2 usage   3 daemon unreachable\n"
		"  78 the file or the store cannot be read",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 1, .most = 2, .run = run,
};
