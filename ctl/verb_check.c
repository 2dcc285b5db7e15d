/* SPDX-License-Identifier: Apache-2.0 */
/* kith check: does a lifecycle file compile? */
#include <jansson.h>
#include "ctl/verb.h"
#include "lifecycle/include.h"
#include "lifecycle/machine.h"
#include "workers/lifecycle_file.h"

struct check_settings {
	bool json;
};

/* The line at fault, and a caret under its column (which counts characters). TEXT is flat. */
static void show_place(struct span text, const struct complaint *c)
{
	struct span line = include_line(text, span_str(c->file), c->line);
	const uint8_t *end = line.data + line.size;
	int column = 1;

	fprintf(stderr, "    %.*s\n    ", (int)line.size, (const char *)line.data);
	for (const uint8_t *p = line.data; p < end && column < c->column; p++) {
		if ((*p & 0xc0) == 0x80)
			continue;
		fputc(*p == '\t' ? '\t' : ' ', stderr);
		column++;
	}
	fputs("^\n", stderr);
}

static void say_ok(const char *path, const struct machine *m, bool json)
{
	if (json)
		printf("{\"ok\":true,\"ladders\":%u,\"risks\":%u,\"tests\":%u,"
			"\"facts\":%u}\n", m->n_ladders, m->n_risks, m->n_tests, m->n_customs);
	else
		printf("%s: ok: %u ladders, %u risks, %u tests, %u facts of its own\n", path, m->n_ladders,
			m->n_risks, m->n_tests, m->n_customs);
}

static void say_error(const char *path, struct span text, const struct complaint *c, bool json)
{
	char file[LIFECYCLE_PATH_MAX];
	json_t *o;

	lifecycle_path_of(path, c, file);
	if (!json && c->line == 0)
		fprintf(stderr, "%s: error: %s\n", file, c->text);
	if (!json && c->line > 0) {
		fprintf(stderr, "%s:%d:%d: error: %s\n", file, c->line, c->column, c->text);
		show_place(text, c);
	}
	if (!json)
		return;
	o = json_pack("{s:b, s:s, s:i, s:i, s:s}", "ok", 0, "file", file, "line", c->line, "column",
		c->column, "error", c->text);
	if (o)
		json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

int verb_compile(const char *path, bool json, struct buf *text, struct machine **ret_machine)
{
	struct complaint c = { 0 };
	int rc = lifecycle_read(path, text, &c);

	*ret_machine = NULL;
	if (rc != 0 && c.line == 0) {
		fprintf(stderr, "kith: %s: %s\n", path, c.text);
		return EXIT_FILE;
	}
	if (rc == 0)
		rc = machine_compile((const char *)text->data, text->size, ret_machine, &c);
	if (rc != 0)
		say_error(path, span_of(text->data, text->size), &c, json);
	return rc ? EXIT_REJECTED : EXIT_WELL;
}

int verb_compile_file(const char *path, struct machine **ret_machine)
{
	struct buf text = { 0 };
	int code = verb_compile(path, false, &text, ret_machine);

	buf_fini(&text);
	return code;
}

static int run(void *settings, char **operands, int n)
{
	const struct check_settings *o = settings;
	struct machine *m;
	struct buf text = { 0 };
	int code = verb_compile(operands[0], o->json, &text, &m);

	(void)n;
	if (code == EXIT_WELL)
		say_ok(operands[0], m, o->json);
	machine_free(m);
	buf_fini(&text);
	return code;
}

static const struct check_settings defaults;
static const struct option_def options[] = {
	OPTION_JSON(struct check_settings, json, "one line of JSON"), { OPTION_END } };

const struct verb verb_check = {
	.name = "check", .operands = "FILE|-", .summary = "does a lifecycle file compile?",
	.text = "Compiles a lifecycle file as the daemon would and says what it holds or, with line and\n"
		"column, what is wrong with it. Files that it includes are read too. Needs no daemon.",
	.examples = "  kith check examples/default.lifecycle\n  kith check my.lifecycle && kith reload",
	.exits = "  0 it compiles   1 it does not   2 usage   78 it cannot be read",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 1, .most = 1, .run = run,
};
