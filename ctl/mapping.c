/* SPDX-License-Identifier: Apache-2.0 */
/* Mapping: the YAML schema and what it does not express. */
#include "ctl/mapping.h"
#include <cyaml/cyaml.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/event.h"

#define MAPPING_BYTES_MAX (1u << 20)
#define OPTIONAL CYAML_FLAG_OPTIONAL
#define TEXT(key, flags, type, member) \
	CYAML_FIELD_STRING_PTR(key, CYAML_FLAG_POINTER | (flags), type, member, 0, 256)

static const cyaml_strval_t negatives[] = {
	{ "reject", NEGATIVE_REJECT }, { "refund", NEGATIVE_REFUND }, { "skip", NEGATIVE_SKIP } };
static const cyaml_strval_t signs[] = { { "negative", SIGN_NEGATIVE }, { "positive", SIGN_POSITIVE } };

static const cyaml_schema_value_t text_entry = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char *, 0, 256) };

static const cyaml_schema_field_t when_fields[] = {
	TEXT("column", 0, struct mapping_when, column),
	TEXT("prefix", OPTIONAL, struct mapping_when, prefix),
	TEXT("equals", OPTIONAL, struct mapping_when, equals),
	CYAML_FIELD_BOOL("empty", OPTIONAL, struct mapping_when, empty),
	CYAML_FIELD_ENUM("amounts", OPTIONAL | CYAML_FLAG_STRICT, struct mapping_when, amounts, signs, 2),
	CYAML_FIELD_END };
static const cyaml_schema_value_t when_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mapping_when, when_fields) };

static const cyaml_schema_field_t value_fields[] = {
	TEXT("from", 0, struct mapping_value, from),
	TEXT("to", 0, struct mapping_value, to),
	CYAML_FIELD_END };
static const cyaml_schema_value_t value_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mapping_value, value_fields) };

static const cyaml_schema_field_t field_fields[] = {
	TEXT("name", 0, struct mapping_field, name),
	TEXT("column", OPTIONAL, struct mapping_field, column),
	TEXT("value", OPTIONAL, struct mapping_field, value),
	CYAML_FIELD_SEQUENCE("values", CYAML_FLAG_POINTER | OPTIONAL, struct mapping_field, values,
		&value_entry, 0, 10000),
	TEXT("otherwise", OPTIONAL, struct mapping_field, otherwise),
	CYAML_FIELD_END };
static const cyaml_schema_value_t field_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct mapping_field, field_fields) };

static const cyaml_schema_field_t amount_fields[] = {
	CYAML_FIELD_SEQUENCE("columns", CYAML_FLAG_POINTER | OPTIONAL, struct mapping_amount, columns,
		&text_entry, 1, 2),
	CYAML_FIELD_INT("value", OPTIONAL, struct mapping_amount, value),
	CYAML_FIELD_UINT("decimals", OPTIONAL, struct mapping_amount, decimals),
	TEXT("decimal_point", OPTIONAL, struct mapping_amount, decimal_point),
	TEXT("thousands", OPTIONAL, struct mapping_amount, thousands),
	CYAML_FIELD_ENUM("negative", OPTIONAL | CYAML_FLAG_STRICT, struct mapping_amount, negative,
		negatives, 3),
	CYAML_FIELD_END };

static const cyaml_schema_field_t time_fields[] = {
	TEXT("column", 0, struct mapping_time, column),
	TEXT("format", OPTIONAL, struct mapping_time, format),
	TEXT("zone", OPTIONAL, struct mapping_time, zone),
	CYAML_FIELD_END };

static const cyaml_schema_field_t mapping_fields[] = {
	TEXT("source", OPTIONAL, struct mapping, source),
	TEXT("delimiter", OPTIONAL, struct mapping, delimiter),
	CYAML_FIELD_BOOL("collapse", OPTIONAL, struct mapping, collapse),
	CYAML_FIELD_SEQUENCE("columns", CYAML_FLAG_POINTER | OPTIONAL, struct mapping, columns,
		&text_entry, 1, 512),
	TEXT("customer", 0, struct mapping, customer),
	CYAML_FIELD_MAPPING("time", CYAML_FLAG_DEFAULT, struct mapping, time, time_fields),
	TEXT("channel", OPTIONAL, struct mapping, channel),
	TEXT("body", 0, struct mapping, body),
	CYAML_FIELD_SEQUENCE("id", CYAML_FLAG_POINTER | OPTIONAL, struct mapping, id, &text_entry, 1, 16),
	CYAML_FIELD_SEQUENCE("group_by", CYAML_FLAG_POINTER | OPTIONAL, struct mapping, group_by,
		&text_entry, 1, 16),
	TEXT("order", OPTIONAL, struct mapping, order),
	CYAML_FIELD_MAPPING_PTR("amount", CYAML_FLAG_POINTER | OPTIONAL, struct mapping, amount,
		amount_fields),
	CYAML_FIELD_MAPPING_PTR("refund_when", CYAML_FLAG_POINTER | OPTIONAL, struct mapping,
		refund_when, when_fields),
	CYAML_FIELD_SEQUENCE("skip", CYAML_FLAG_POINTER | OPTIONAL, struct mapping, skip, &when_entry, 0,
		32),
	CYAML_FIELD_SEQUENCE("fields", CYAML_FLAG_POINTER | OPTIONAL, struct mapping, fields,
		&field_entry, 0, 32),
	CYAML_FIELD_END };

static const cyaml_schema_value_t mapping_schema = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct mapping, mapping_fields) };

/* libcyaml reports a fault as a line, then where it is from the inside out: keep the first two,
 * without what only its authors understand. */
static void keep_message(cyaml_log_t level, void *context, const char *format, va_list arguments)
{
	struct complaint *c = context;
	size_t used = strlen(c->text);
	char *end;

	(void)level;
	if (strstr(format, "Backtrace") || c->line == 2 || used + 2 >= sizeof c->text)
		return;
	c->line++;
	if (used)
		used += (size_t)snprintf(c->text + used, sizeof c->text - used, ", ");
	vsnprintf(c->text + used, sizeof c->text - used, format, arguments);
	end = strpbrk(c->text, "\n");
	if (end)
		*end = 0;
}

static cyaml_config_t config_with(struct complaint *c)
{
	return (cyaml_config_t){ .log_fn = keep_message, .log_ctx = c, .mem_fn = cyaml_mem,
		.log_level = CYAML_LOG_ERROR, .flags = CYAML_CFG_DEFAULT };
}

static bool when_is_clear(const struct mapping_when *w)
{
	return (w->prefix != NULL) + (w->equals != NULL) + w->empty == 1;
}

static int check_fields(const char *name, const struct mapping *m, struct complaint *c)
{
	for (unsigned i = 0; i < m->fields_count; i++) {
		const struct mapping_field *f = &m->fields[i];

		if (!f->column == !f->value)
			return complain(c, ERR_INVALID, "%s: field \"%s\" wants either a column or a value",
				name, f->name);
		if (f->value && f->values_count)
			return complain(c, ERR_INVALID, "%s: field \"%s\": values translate a column, and "
				"there is none", name, f->name);
	}
	for (unsigned i = 0; i < m->skip_count; i++)
		if (!when_is_clear(&m->skip[i]))
			return complain(c, ERR_INVALID, "%s: skip rule %u wants exactly one of prefix, equals, "
				"empty", name, i + 1);
	if (m->refund_when && !when_is_clear(m->refund_when))
		return complain(c, ERR_INVALID, "%s: refund_when wants exactly one of prefix, equals, "
			"empty", name);
	return 0;
}

static bool is_money_body(const char *body)
{
	return strcmp(body, "purchase") == 0 || strcmp(body, "refund") == 0;
}

static int check_thousands(const char *name, const struct mapping_amount *a, struct complaint *c)
{
	const char *t = a->thousands, *point = a->decimal_point ? a->decimal_point : ".";

	if (!t)
		return 0;
	if (strlen(t) != 1 || !strchr(".,' ", *t))
		return complain(c, ERR_INVALID, "%s: amount.thousands is \".\", \",\", \"'\" or \" \"", name);
	if (strcmp(t, point) == 0)
		return complain(c, ERR_INVALID, "%s: amount.thousands is \"%s\", and so is the decimal_point",
			name, t);
	return 0;
}

static int check_money(const char *name, const struct mapping *m, struct complaint *c)
{
	if (!is_money_body(m->body)) {
		if (m->amount || m->refund_when || m->order)
			return complain(c, ERR_INVALID, "%s: amount, order and refund_when belong to purchases "
				"and refunds, and the body is \"%s\"", name, m->body);
		return 0;
	}
	if (!m->amount)
		return complain(c, ERR_INVALID, "%s: a %s wants an amount", name, m->body);
	if (!m->order && !m->group_by_count)
		return complain(c, ERR_INVALID, "%s: a %s wants `order: COLUMN`, or group_by", name,
			m->body);
	if (m->amount->decimals > 6)
		return complain(c, ERR_INVALID, "%s: amount.decimals is at most 6", name);
	if (m->amount->decimal_point && strcmp(m->amount->decimal_point, ".") != 0 &&
		strcmp(m->amount->decimal_point, ",") != 0)
		return complain(c, ERR_INVALID, "%s: amount.decimal_point is \".\" or \",\"", name);
	return check_thousands(name, m->amount, c);
}

static int mapping_check(const char *name, const struct mapping *m, struct complaint *c)
{
	int rc;

	if (!mapping_delimiter(m))
		return complain(c, ERR_INVALID, "%s: the delimiter is one character, \"tab\" or \"space\", "
			"not \"%s\"", name, m->delimiter);
	if (name_lookup(body_name, BODY_COUNT, span_str(m->body)) == 0 &&
		strcmp(m->body, body_name(0)) != 0)
		return complain(c, ERR_INVALID, "%s: there is no body \"%s\" (purchase, contact, …)", name,
			m->body);
	if (m->channel && !name_lookup(channel_name, CHANNEL_COUNT, span_str(m->channel)))
		return complain(c, ERR_INVALID, "%s: there is no channel \"%s\" (store, web, phone, …)",
			name, m->channel);
	if (!m->id_count && !m->group_by_count)
		return complain(c, ERR_INVALID, "%s: say which columns make an event's id: `id: [COLUMN]`, or group_by",
			name);
	rc = check_fields(name, m, c);
	return rc ? rc : check_money(name, m, c);
}

int mapping_parse(const char *name, const char *text, size_t size, struct mapping **ret_mapping,
	struct complaint *c)
{
	struct complaint said = { 0 };
	cyaml_config_t config = config_with(&said);
	struct mapping *m = NULL;
	cyaml_err_t err = cyaml_load_data((const uint8_t *)text, size, &config, &mapping_schema,
		(cyaml_data_t **)&m, NULL);
	int rc;

	if (err != CYAML_OK || !m)
		return complain(c, ERR_INVALID, "%s: %s", name,
			said.text[0] ? said.text : cyaml_strerror(err));
	rc = mapping_check(name, m, c);
	if (rc)
		mapping_free(m);
	else
		*ret_mapping = m;
	return rc;
}

int mapping_load(const char *path, struct mapping **ret_mapping, struct complaint *c)
{
	FILE *f = fopen(path, "rb");
	char *text;
	size_t n;
	int rc;

	if (!f)
		return complain(c, ERR_NOTFOUND, "the mapping %s cannot be read: %m", path);
	text = malloc(MAPPING_BYTES_MAX);
	n = text ? fread(text, 1, MAPPING_BYTES_MAX, f) : 0;
	if (!text)
		rc = complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	else if (ferror(f))
		rc = complain(c, ERR_IO, "the mapping %s cannot be read: %m", path);
	else if (n == MAPPING_BYTES_MAX)
		rc = complain(c, ERR_TOOBIG, "%s is too large for a mapping", path);
	else
		rc = mapping_parse(path, text, n, ret_mapping, c);
	free(text);
	fclose(f);
	return rc;
}

void mapping_free(struct mapping *m)
{
	struct complaint unused = { 0 };
	cyaml_config_t config = config_with(&unused);

	if (m)
		cyaml_free(&config, &mapping_schema, m, 0);
}

char mapping_delimiter(const struct mapping *m)
{
	const char *d = m->delimiter ? m->delimiter : ",";

	if (strcmp(d, "tab") == 0)
		return '\t';
	if (strcmp(d, "space") == 0)
		return ' ';
	return strlen(d) == 1 && !strchr("\"\r\n", *d) ? *d : 0;
}
