/* SPDX-License-Identifier: Apache-2.0 */
/* Replies. */
#include "ctl/reply.h"
#include <stdlib.h>
#include "clients/c/kith.h"
#include "ctl/text.h"

const char *reply_text(const json_t *o, const char *name)
{
	const char *text = json_string_value(json_object_get(o, name));

	return text ? text : "";
}

int64_t reply_int(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return json_is_real(v) ? (int64_t)json_real_value(v) : json_integer_value(v);
}

bool reply_flag(const json_t *o, const char *name)
{
	return json_is_true(json_object_get(o, name));
}

bool reply_has(const json_t *o, const char *name)
{
	const json_t *v = json_object_get(o, name);

	return v && !json_is_null(v);
}

/* Money is shown as the store of ANSWER writes it; an older daemon does not say. */
static void learn_money(const json_t *answer)
{
	const json_t *money = json_object_get(answer, "money");

	if (money)
		text_money_is((unsigned)reply_int(money, "decimals"), reply_text(money, "currency"));
}

/* Take over TEXT, the daemon's answer. */
static int reply_take(const struct remote_settings *o, char *text, json_t **ret)
{
	struct complaint c = { 0 };
	int rc = 0;

	if (o->json) {
		puts(text);
	} else {
		*ret = json_loads(text, JSON_DECODE_ANY, NULL);
		learn_money(*ret);
		if (!*ret)
			rc = complain(&c, ERR_CORRUPT, "the daemon's answer is not JSON");
	}
	free(text);
	return rc ? verb_fail(rc, &c) : 0;
}

int reply_get(const struct remote_settings *o, const char *verb, const char *customer,
	json_t **ret)
{
	struct complaint c = { 0 };
	char *text = NULL;
	int rc = kith_call(o->run, verb, customer, NULL, (int)o->timeout_ms, &text, &c);

	*ret = NULL;
	return rc ? verb_fail(rc, &c) : reply_take(o, text, ret);
}

int reply_get_lifecycle(const struct remote_settings *o, const char *verb, const char *lifecycle,
	json_t **ret)
{
	struct complaint c = { 0 };
	char *text = NULL;
	int rc = kith_call(o->run, verb, NULL, lifecycle, (int)o->timeout_ms, &text, &c);

	*ret = NULL;
	return rc ? verb_fail(rc, &c) : reply_take(o, text, ret);
}

int reply_obey(const struct remote_settings *o, const struct command *command, json_t **ret)
{
	struct complaint c = { 0 };
	char *text = NULL;
	int rc = kith_command(o->run, command, (int)o->timeout_ms, &text, &c);

	*ret = NULL;
	return rc ? verb_fail(rc, &c) : reply_take(o, text, ret);
}

int reply_get_json(const struct remote_settings *o, const char *verb, const json_t *arguments,
	json_t **ret)
{
	struct complaint c = { 0 };
	char *text = NULL, *asked = json_dumps(arguments, JSON_COMPACT);
	int rc = asked ? kith_call_json(o->run, verb, asked, (int)o->timeout_ms, &text, &c) :
		ERR_NOMEM;

	*ret = NULL;
	free(asked);
	return rc ? verb_fail(rc, &c) : reply_take(o, text, ret);
}

void reply_learn_money(const struct remote_settings *o)
{
	struct complaint c = { 0 };
	char *text = NULL;
	json_t *answer;

	if (kith_call(o->run, "ping", NULL, NULL, (int)o->timeout_ms, &text, &c) != 0)
		return;
	answer = json_loads(text, 0, NULL);
	learn_money(answer);
	json_decref(answer);
	free(text);
}
