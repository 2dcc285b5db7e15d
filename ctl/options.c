/* SPDX-License-Identifier: Apache-2.0 */
/* Options: tables of options on getopt_long. */
#include "ctl/options.h"
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include "base/flag.h"
#include "ctl/text.h"

#define HELP_KEY   1
#define FIRST_KEY  256  /* defs[i] is FIRST_KEY + i, its --no- form that + OPTIONS_MAX */
#define NAME_BYTES 40
#define SECONDS_MAX 1e9

static int number_parse(const struct option_def *def, const char *arg, int64_t *ret,
	struct complaint *c)
{
	char *end;
	long long v;

	errno = 0;
	v = strtoll(arg, &end, 10);
	if (errno || end == arg || *end || v < def->least || v > def->most)
		return complain(c, ERR_INVALID, "--%s takes a whole number from %lld to %lld, not \"%s\"",
			def->name, (long long)def->least, (long long)def->most, arg);
	*ret = v;
	return 0;
}

static int seconds_parse(const struct option_def *def, const char *arg, int64_t *ret_ms,
	struct complaint *c)
{
	char *end;
	double v = strtod(arg, &end);

	if (!isdigit((unsigned char)arg[0]) || *end || !(v >= 0 && v <= SECONDS_MAX))
		return complain(c, ERR_INVALID, "--%s takes a number of seconds, not \"%s\"", def->name,
			arg);
	*ret_ms = (int64_t)(v * 1000 + 0.5);
	return 0;
}

static int choice_parse(const struct option_def *def, const char *arg, int *ret,
	struct complaint *c)
{
	size_t size = strlen(arg);
	int i = 0;

	for (const char *word = def->value; word; i++) {
		const char *bar = strchr(word, '|');
		size_t n = bar ? (size_t)(bar - word) : strlen(word);

		if (n == size && memcmp(word, arg, n) == 0) {
			*ret = i;
			return 0;
		}
		word = bar ? bar + 1 : NULL;
	}
	return complain(c, ERR_INVALID, "--%s takes one of %s, not \"%s\"", def->name, def->value, arg);
}

static int option_set(const struct option_def *def, void *settings, const char *arg, bool negated,
	struct complaint *c)
{
	char *to = (char *)settings + def->at;

	switch (def->kind) {
	case OPTION_FLAG: *(bool *)to = !negated; return 0;
	case OPTION_TEXT: *(const char **)to = arg; return 0;
	case OPTION_NUMBER: return number_parse(def, arg, (int64_t *)to, c);
	case OPTION_SECONDS: return seconds_parse(def, arg, (int64_t *)to, c);
	case OPTION_CHOICE: return choice_parse(def, arg, (int *)to, c);
	case OPTION_END: break;
	}
	return ERR_INVALID;
}

/* What getopt_long reads, made from a table. */
struct getopt_table {
	struct option options[2 * OPTIONS_MAX + 2];
	char names[OPTIONS_MAX][NAME_BYTES]; /* "no-progress" */
	char letters[3 * OPTIONS_MAX + 3];
	int n;
};

static void table_add(struct getopt_table *t, const char *name, int argument, int key)
{
	t->options[t->n++] = (struct option){ name, argument, NULL, key };
}

static void table_fill(struct getopt_table *t, const struct option_def *defs)
{
	char *letter = t->letters;

	memset(t, 0, sizeof *t);
	*letter++ = ':'; /* a missing argument is told apart from an unknown option */
	table_add(t, "help", no_argument, HELP_KEY);
	for (int i = 0; defs[i].kind != OPTION_END && i < OPTIONS_MAX; i++) {
		bool flag = defs[i].kind == OPTION_FLAG;

		table_add(t, defs[i].name, flag ? no_argument : required_argument, FIRST_KEY + i);
		if (flag) {
			snprintf(t->names[i], NAME_BYTES, "no-%s", defs[i].name);
			table_add(t, t->names[i], no_argument, FIRST_KEY + OPTIONS_MAX + i);
		}
		if (defs[i].letter)
			*letter++ = defs[i].letter;
		if (defs[i].letter && !flag)
			*letter++ = ':';
	}
	*letter++ = 'h';
}

/* The definition behind a key of getopt_long: a letter or FIRST_KEY and above. */
static const struct option_def *def_of(const struct option_def *defs, int key, bool *ret_negated)
{
	*ret_negated = key >= FIRST_KEY + OPTIONS_MAX;
	if (key >= FIRST_KEY)
		return &defs[(key - FIRST_KEY) % OPTIONS_MAX];
	while (defs->kind != OPTION_END && defs->letter != key)
		defs++;
	return defs;
}

int options_parse(const struct option_def *defs, void *settings, int argc, char **argv,
	int *ret_first, struct complaint *c)
{
	struct getopt_table t;
	const char *abbreviated;
	int key, index = -1, rc = 0;

	table_fill(&t, defs);
	optind = 0; /* glibc: begin anew */
	opterr = 0;
	while (!rc && (key = getopt_long(argc, argv, t.letters, t.options, &index)) != -1) {
		const struct option_def *def;
		bool negated;

		abbreviated = index < 0 || key == '?' || key == ':' ? NULL :
			flag_abbreviated(t.options[index].name, argv);
		index = -1; /* stays so at a letter */
		if (abbreviated)
			return complain(c, ERR_INVALID, "unknown option \"%s\"; options are written in full",
				abbreviated);
		if (key == HELP_KEY || key == 'h')
			return ERR_CLOSED;
		if (key == '?')
			return complain(c, ERR_INVALID, "unknown or ambiguous option \"%s\"",
				argv[optind - 1]);
		if (key == ':')
			return complain(c, ERR_INVALID, "option \"%s\" wants a value", argv[optind - 1]);
		def = def_of(defs, key, &negated);
		rc = option_set(def, settings, optarg, negated, c);
	}
	*ret_first = optind;
	return rc;
}

static void print_text(const char *text, int indent, FILE *out)
{
	for (; *text; text++) {
		fputc(*text, out);
		if (*text == '\n')
			fprintf(out, "%*s", indent, "");
	}
	fputc('\n', out);
}

void options_print(const struct option_def *defs, FILE *out)
{
	char head[80];

	for (; defs->kind != OPTION_END; defs++) {
		snprintf(head, sizeof head, "  %c%c%s--%s%s%s%s", defs->letter ? '-' : ' ',
			defs->letter ? defs->letter : ' ', defs->letter ? ", " : "  ",
			defs->kind == OPTION_FLAG && defs->least ? "[no-]" : "", defs->name,
			defs->value ? " " : "", defs->value ? defs->value : "");

		text_print(out, span_str(head), 30);
		if (text_width(head) > 29)
			fprintf(out, "\n%*s", 30, "");
		print_text(defs->text, 30, out);
	}
	fprintf(out, "  -h, --help                  show this\n");
}
