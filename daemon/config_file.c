/* SPDX-License-Identifier: Apache-2.0 */
/* The configuration file: YAML, one key a setting, the names of the flags.
 *
 *	store: /var/lib/kith
 *	guard-window: 30d
 *	webhooks:
 *	  - name: crm
 *	    url: https://crm.example/kith
 *	    secret: crm-webhook
 */
#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include "daemon/config.h"

static const char *const names[] = { "store", "run", "lifecycle", "shards", "clock", "log",
	"language", "messages", "decimals", "currency", "ingest", "feed",
	"feed-json", "subscribe", "control", "guard-window", "outbox-keep", "outbox-keep-for",
	"outbox-keep-bytes", "history-keep", "late-window", "survey", "refit",
	"journal-segment", "journal-keep", "journal-keep-for", "checkpoint-events",
	"checkpoint-memory", "checkpoint-replay", "checkpoint-every", "checkpoint-idle", "map",
	"under-way-events", "under-way-bytes", "credit", "subscriptions", "subscriber-credit",
	"deadlines-per-second", "in-future", "space-reserve", "breaker-floor", "breaker-factor",
	"cool-down", "source-silence", "source-grace", "source-hold", "source-events",
	"webhook-schedule", "webhook-timeout", "webhook-pause-after",
	"webhook-connections", "webhook-ca" };
#define N_NAMES (sizeof names / sizeof names[0])

#define N_WEBHOOK 16 /* of webhook_setting_names, at most */
struct file_webhook {
	char *value[N_WEBHOOK];
};

struct file_values {
	char *value[N_NAMES];
	struct file_webhook *webhooks;
	unsigned n_webhooks;
};

/* libcyaml tells what is wrong only to its log, the innermost first: keep that one, with the
 * place which a later line carries. */
static void remember(cyaml_log_t level, void *ctx, const char *format, va_list args)
{
	struct complaint *why = ctx;
	char line[300], *at;
	int row, column;

	(void)level;
	vsnprintf(line, sizeof line, format, args);
	line[strcspn(line, "\n")] = '\0';
	at = strstr(line, "(line: ");
	if (at && why->line == 0 && sscanf(at, "(line: %d, column: %d", &row, &column) == 2) {
		why->line = row;
		why->column = column;
	}
	if (why->text[0] == '\0')
		snprintf(why->text, sizeof why->text, "%s",
			strncmp(line, "Load: ", 6) == 0 ? line + 6 : line);
}

/* The line on which KEY stands for the NTH time, 0 when it does not: libcyaml names the end of what
 * it had read before, and of a value that only we find wrong it knows nothing. */
static int key_line(const char *path, const char *key, unsigned nth)
{
	FILE *f = fopen(path, "re");
	char line[256];
	int row = 0, found = 0;
	bool whole = true;

	while (f && !found && fgets(line, sizeof line, f)) {
		const char *p = line + strspn(line, " ");
		size_t n = strlen(key);

		row += whole;
		if (whole && strncmp(p, key, n) == 0 && p[n + strspn(p + n, " ")] == ':' && --nth == 0)
			found = row;
		whole = strchr(line, '\n') != NULL;
	}
	if (f)
		fclose(f);
	return found;
}

static void find_place(struct complaint *found, const char *path)
{
	char key[64];
	int line = 0;

	if (sscanf(found->text, "Unexpected key: %63s", key) == 1)
		line = key_line(path, key, 1);
	else if (sscanf(found->text, "Mapping field already seen: %63s", key) == 1)
		line = key_line(path, key, 2);
	if (line == 0 && found->line != 0)
		return;
	found->line = line ? line : 1;
	found->column = 1;
}

static int read_webhook(struct webhook_settings *s, const struct file_webhook *w,
	struct complaint *why)
{
	int rc = 0;

	memset(s, 0, sizeof *s);
	s->configured = true;
	for (unsigned i = 0; rc == 0 && webhook_setting_names[i]; i++)
		if (w->value[i])
			rc = webhook_set(s, webhook_setting_names[i], w->value[i], why);
	return rc;
}

static int read_webhooks(struct config *c, const struct file_values *values, const char *path,
	struct complaint *why)
{
	struct complaint found = { 0 };
	int rc = 0;

	config_fini(c);
	c->webhooks = calloc(values->n_webhooks + 1, sizeof *c->webhooks);
	if (!c->webhooks)
		return complain(why, ERR_NOMEM, "out of memory");
	for (; rc == 0 && c->n_webhooks < values->n_webhooks; c->n_webhooks++)
		rc = read_webhook(&c->webhooks[c->n_webhooks], &values->webhooks[c->n_webhooks],
			&found);
	if (rc != 0)
		return complain(why, rc, "%s:%d: webhook number %u: %s", path,
			key_line(path, "webhooks", 1), c->n_webhooks, found.text);
	return 0;
}

int config_read(struct config *c, const char *path, struct complaint *why)
{
	static const cyaml_schema_value_t text = { CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 0,
		CYAML_UNLIMITED) };
	cyaml_schema_field_t fields[N_NAMES + 2] = { 0 }, webhook[N_WEBHOOK + 1] = { 0 };
	const cyaml_schema_value_t webhook_value = { .type = CYAML_MAPPING,
		.data_size = sizeof(struct file_webhook), .mapping = { .fields = webhook } };
	const cyaml_schema_value_t top = { .type = CYAML_MAPPING, .flags = CYAML_FLAG_POINTER,
		.data_size = sizeof(struct file_values), .mapping = { .fields = fields } };
	struct complaint found = { 0 };
	const cyaml_config_t yaml = { .log_fn = remember, .log_ctx = &found, .mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR };
	struct file_values *values = NULL;
	cyaml_err_t err;
	int rc = 0;

	for (size_t i = 0; i < N_NAMES; i++) {
		fields[i] = (cyaml_schema_field_t){ .key = names[i],
			.data_offset = (uint32_t)(i * sizeof(char *)), .value = text };
		fields[i].value.flags |= CYAML_FLAG_OPTIONAL;
	}
	for (size_t i = 0; webhook_setting_names[i]; i++) {
		webhook[i] = (cyaml_schema_field_t){ .key = webhook_setting_names[i],
			.data_offset = (uint32_t)(i * sizeof(char *)), .value = text };
		webhook[i].value.flags |= CYAML_FLAG_OPTIONAL;
	}
	fields[N_NAMES] = (cyaml_schema_field_t){ .key = "webhooks",
		.data_offset = offsetof(struct file_values, webhooks),
		.count_size = sizeof values->n_webhooks,
		.count_offset = offsetof(struct file_values, n_webhooks),
		.value = { .type = CYAML_SEQUENCE, .flags = CYAML_FLAG_POINTER | CYAML_FLAG_OPTIONAL,
			.data_size = sizeof(struct file_webhook),
			.sequence = { .entry = &webhook_value, .max = CYAML_UNLIMITED } } };
	err = cyaml_load_file(path, &yaml, &top, (cyaml_data_t **)&values, NULL);
	if (err == CYAML_ERR_FILE_OPEN)
		return complain(why, ERR_NOTFOUND, "%s: cannot be opened", path);
	if (err != CYAML_OK) {
		find_place(&found, path);
		rc = complain(why, ERR_INVALID, "%s:%d:%d: %s", path, found.line, found.column,
			found.text[0] ? found.text : cyaml_strerror(err));
		return rc;
	}
	for (size_t i = 0; rc == 0 && values && i < N_NAMES; i++)
		if (values->value[i]) {
			rc = config_set(c, names[i], values->value[i], &found);
			found.line = rc == 0 ? 0 : key_line(path, names[i], 1);
		}
	if (rc != 0)
		(void)complain(why, rc, "%s:%d: %s", path, found.line, found.text);
	if (rc == 0 && values && values->n_webhooks)
		rc = read_webhooks(c, values, path, why);
	(void)cyaml_free(&yaml, &top, values, 0);
	return rc;
}
