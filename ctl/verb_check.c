/* SPDX-License-Identifier: Apache-2.0 */
/* kith check: does a lifecycle file compile? */
#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include "ctl/text.h"
#include "ctl/verb.h"
#include "lifecycle/machine.h"

struct check_settings {
	bool json;
};

static int read_file(const char *path, char **ret_text, size_t *ret_size, struct complaint *c)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "rb");
	char *text = malloc(LIFECYCLE_BYTES_MAX + 1);
	size_t n = f && text ? fread(text, 1, LIFECYCLE_BYTES_MAX + 1, f) : 0;
	int rc = 0;

	if (!f || (text && ferror(f)))
		rc = complain(c, ERR_IO, "%s cannot be read: %m", path);
	else if (!text)
		rc = complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	else if (n > LIFECYCLE_BYTES_MAX)
		rc = complain(c, ERR_TOOBIG, "%s is larger than %u bytes", path, LIFECYCLE_BYTES_MAX);
	if (f && f != stdin)
		fclose(f);
	if (rc) {
		free(text);
		return rc;
	}
	*ret_text = text;
	*ret_size = n;
	return 0;
}

/* The line at fault, and a caret under its column (which counts characters). */
static void show_place(const char *text, size_t size, const struct complaint *c)
{
	const char *line = text, *end = text + size, *stop;
	int column = 1;

	for (int i = 1; i < c->line && line < end; i++) {
		const char *lf = memchr(line, '\n', (size_t)(end - line));

		line = lf ? lf + 1 : end;
	}
	stop = memchr(line, '\n', (size_t)(end - line));
	stop = stop ? stop : end;
	fprintf(stderr, "    %.*s\n    ", (int)(stop - line), line);
	for (const char *p = line; p < stop && column < c->column; p++) {
		if (((unsigned char)*p & 0xc0) == 0x80)
			continue;
		fputc(*p == '\t' ? '\t' : ' ', stderr);
		column++;
	}
	fputs("^\n", stderr);
}

static void say_ok(const char *path, const struct machine *m, bool json)
{
	if (json)
		printf("{\"ok\":true,\"ladders\":%u,\"risks\":%u,\"tests\":%u}\n", m->n_ladders, m->n_risks,
			m->n_tests);
	else
		printf("%s: ok: %u ladders, %u risks, %u tests\n", path, m->n_ladders, m->n_risks,
			m->n_tests);
}

static void say_error(const char *path, const char *text, size_t size, const struct complaint *c,
	bool json)
{
	json_t *o;

	if (!json) {
		fprintf(stderr, "%s:%d:%d: error: %s\n", path, c->line, c->column, c->text);
		if (c->line > 0)
			show_place(text, size, c);
		return;
	}
	o = json_pack("{s:b, s:i, s:i, s:s}", "ok", 0, "line", c->line, "column", c->column, "error",
		c->text);
	if (o)
		json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

static int run(void *settings, char **operands, int n)
{
	const struct check_settings *o = settings;
	struct complaint c = { 0 };
	struct machine *m = NULL;
	char *text = NULL;
	size_t size;
	int rc = read_file(operands[0], &text, &size, &c);

	(void)n;
	if (rc) {
		(void)verb_fail(rc, &c);
		return EXIT_FILE;
	}
	rc = machine_compile(text, size, &m, &c);
	if (rc)
		say_error(operands[0], text, size, &c, o->json);
	else
		say_ok(operands[0], m, o->json);
	machine_free(m);
	free(text);
	return rc ? EXIT_REJECTED : EXIT_WELL;
}

static const struct check_settings defaults;
static const struct option_def options[] = {
	OPTION_JSON(struct check_settings, json, "one line of JSON"), { OPTION_END } };

const struct verb verb_check = {
	.name = "check", .operands = "FILE|-", .summary = "does a lifecycle file compile?",
	.text = "Compiles a lifecycle file as the daemon would and says what it holds or, with line and\n"
		"column, what is wrong with it. Needs no daemon.",
	.examples = "  kith check examples/default.lifecycle\n  kith check my.lifecycle && kith reload",
	.exits = "  0 it compiles   1 it does not   2 usage   78 it cannot be read",
	.options = options, .defaults = &defaults, .settings_size = sizeof defaults,
	.least = 1, .most = 1, .run = run,
};
