/* SPDX-License-Identifier: Apache-2.0 */
/* One webhook's settings. */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include "daemon/config_value.h"
#include "daemon/webhook_settings.h"

const char *const webhook_setting_names[] = { "name", "url", "secret", "format", "order", "rate",
	"allow-private", "start", "type", "stage", "tier", "severity", "owner", "source", "region",
	NULL };

static const char *pick(const char *const *names, unsigned n, unsigned v)
{
	return v < n ? names[v] : NULL;
}

const char *webhook_format_name(unsigned v)
{
	static const char *const names[] = { "structured", "binary" };

	return pick(names, WEBHOOK_FORMATS, v);
}

const char *webhook_order_name(unsigned v)
{
	static const char *const names[] = { "customer", "none" };

	return pick(names, WEBHOOK_ORDERS, v);
}

const char *webhook_paused_name(unsigned v)
{
	static const char *const names[] = { "running", "paused", "failing", "gone", "full" };

	return pick(names, WEBHOOK_PAUSES, v);
}

static int set_text(char *out, size_t size, const char *name, const char *value,
	struct complaint *c)
{
	if (strlen(value) >= size || !bytes_are_plain_utf8(span_str(value)))
		return complain(c, ERR_INVALID, "%s: at most %zu bytes of UTF-8 without control "
			"characters", name, size - 1);
	strcpy(out, value);
	return 0;
}

static int set_secrets(struct webhook_settings *s, const char *list, struct complaint *c)
{
	s->n_secrets = 0;
	for (const char *end; ; list = end + 1) {
		size_t n;

		end = list + strcspn(list, ",");
		n = (size_t)(end - list);
		if (s->n_secrets == WEBHOOK_SECRETS_MAX || n == 0 || n > WEBHOOK_SECRET_MAX)
			return complain(c, ERR_INVALID, "secret: 1 to %d names of credentials or paths of "
				"files, between commas", WEBHOOK_SECRETS_MAX);
		if (n > 6 && memcmp(list, "whsec_", 6) == 0)
			return complain(c, ERR_INVALID, "secret: expected the name of a credential or the "
				"path of a file, never the secret itself");
		memcpy(s->secrets[s->n_secrets], list, n);
		s->secrets[s->n_secrets++][n] = '\0';
		if (*end == '\0')
			return 0;
	}
}

static int set_choice(uint8_t *out, const char *first, const char *second, const char *name,
	const char *value, struct complaint *c)
{
	int choice, rc = value_choice(value, first, second, &choice, name, c);

	if (rc == 0)
		*out = (uint8_t)choice;
	return rc;
}

int webhook_set(struct webhook_settings *s, const char *name, const char *value,
	struct complaint *c)
{
	uint8_t flag = 0;
	int rc;

	if (strcmp(name, "name") == 0)
		return set_text(s->name, sizeof s->name, name, value, c);
	if (strcmp(name, "url") == 0)
		return set_text(s->url, sizeof s->url, name, value, c);
	if (strcmp(name, "secret") == 0)
		return set_secrets(s, value, c);
	if (strcmp(name, "format") == 0)
		return set_choice(&s->format, "structured", "binary", name, value, c);
	if (strcmp(name, "order") == 0)
		return set_choice(&s->order, "customer", "none", name, value, c);
	if (strcmp(name, "rate") == 0)
		return value_count(value, &s->rate, name, c);
	if (strcmp(name, "allow-private") == 0) {
		rc = set_choice(&flag, "no", "yes", name, value, c);
		s->allow_private = flag;
		return rc;
	}
	if (strcmp(name, "start") == 0) {
		rc = set_choice(&flag, "newest", "oldest", name, value, c);
		s->oldest = flag;
		return rc;
	}
	return filter_add_list(&s->filter, name, value, c);
}

static bool has_part(CURLU *url, CURLUPart part)
{
	char *text = NULL;
	bool there = curl_url_get(url, part, &text, 0) == CURLUE_OK && text[0];

	curl_free(text);
	return there;
}

static int check_parts(CURLU *url, const struct webhook_settings *s, struct complaint *c)
{
	char *scheme = NULL;
	int rc = 0;

	if (curl_url_set(url, CURLUPART_URL, s->url, 0) != CURLUE_OK ||
		curl_url_get(url, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK ||
		!has_part(url, CURLUPART_HOST))
		rc = complain(c, ERR_INVALID, "url: expected https://HOST/PATH, found %.200s", s->url);
	else if (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0)
		rc = complain(c, ERR_INVALID, "url: expected https, found %s", scheme);
	else if (strcmp(scheme, "http") == 0 && !s->allow_private)
		rc = complain(c, ERR_INVALID, "url: plain http goes to private addresses only, with "
			"allow-private; expected https");
	else if (has_part(url, CURLUPART_USER) || has_part(url, CURLUPART_PASSWORD))
		rc = complain(c, ERR_INVALID, "url: no user and password in it: the signature says who "
			"sends");
	else if (has_part(url, CURLUPART_FRAGMENT))
		rc = complain(c, ERR_INVALID, "url: no fragment (#…): it would not be sent");
	curl_free(scheme);
	return rc;
}

int webhook_check(const struct webhook_settings *s, struct complaint *c)
{
	CURLU *url;
	int rc;

	if (s->name[0] == '\0')
		return complain(c, ERR_INVALID, "name: a webhook needs one, of 1 to %d bytes",
			SUBSCRIBER_NAME_MAX);
	if (s->n_secrets == 0)
		return complain(c, ERR_INVALID, "secret: a webhook needs one to sign with: the name of "
			"a credential, or the path of a file");
	url = curl_url();
	if (!url)
		return ERR_NOMEM;
	rc = check_parts(url, s, c);
	curl_url_cleanup(url);
	return rc;
}

bool webhook_same(const struct webhook_settings *a, const struct webhook_settings *b)
{
	if (strcmp(a->url, b->url) != 0 || a->n_secrets != b->n_secrets || a->rate != b->rate ||
		a->format != b->format || a->order != b->order || a->configured != b->configured ||
		a->allow_private != b->allow_private || !filter_equal(&a->filter, &b->filter))
		return false;
	for (unsigned i = 0; i < a->n_secrets; i++)
		if (strcmp(a->secrets[i], b->secrets[i]) != 0)
			return false;
	return true;
}

void webhook_to_message(const struct webhook_settings *s, struct subscriber_message *m)
{
	memset(m, 0, sizeof *m);
	m->verb = SUBSCRIBER_OPEN;
	m->name = span_str(s->name);
	m->filter = s->filter;
	m->newest = !s->oldest;
	m->has_webhook = true;
	m->webhook = (struct webhook_message){ .url = span_str(s->url), .n_secrets = s->n_secrets,
		.format = s->format, .order = s->order, .paused = s->paused, .rate = s->rate,
		.allow_private = s->allow_private, .configured = s->configured,
		.reason = span_str(s->reason) };
	for (unsigned i = 0; i < s->n_secrets; i++)
		m->webhook.secrets[i] = span_str(s->secrets[i]);
}

static void take_text(char *out, struct span text)
{
	span_copy(out, text);
	out[text.size] = '\0';
}

void webhook_from_message(struct webhook_settings *s, const struct subscriber_message *m)
{
	const struct webhook_message *w = &m->webhook;

	memset(s, 0, sizeof *s);
	take_text(s->name, m->name);
	take_text(s->url, w->url);
	take_text(s->reason, w->reason);
	s->n_secrets = w->n_secrets;
	for (unsigned i = 0; i < w->n_secrets; i++)
		take_text(s->secrets[i], w->secrets[i]);
	s->filter = m->filter;
	s->oldest = !m->newest;
	s->format = w->format;
	s->order = w->order;
	s->paused = w->paused;
	s->rate = w->rate;
	s->allow_private = w->allow_private;
	s->configured = w->configured;
}
