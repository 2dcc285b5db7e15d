/* SPDX-License-Identifier: Apache-2.0 */
/* Settings of one webhook: from the configuration file or `kith webhook add`, to and from the
 * message that opens its subscription. */
#ifndef KITH_DAEMON_WEBHOOK_SETTINGS_H
#define KITH_DAEMON_WEBHOOK_SETTINGS_H
#include "proto/codec.h"

struct webhook_settings {
	char name[SUBSCRIBER_NAME_MAX + 1];
	char url[WEBHOOK_URL_MAX + 1];
	unsigned n_secrets;
	char secrets[WEBHOOK_SECRETS_MAX][WEBHOOK_SECRET_MAX + 1]; /* names or paths, never secrets */
	struct filter filter;
	uint8_t format, order, paused; /* enum webhook_… */
	uint32_t rate;                 /* requests a second; 0: no limit */
	bool allow_private;
	bool oldest;                   /* begin with the oldest notification kept, not with the next */
	bool configured;               /* stands in the configuration file */
	char reason[WEBHOOK_REASON_MAX + 1]; /* why it is paused */
};

/* The names that webhook_set() knows, NULL-ended: those of the YAML file and of the tool's
 * options. */
extern const char *const webhook_setting_names[];
/* Set one by its name. ERR_INVALID with a complaint. */
int webhook_set(struct webhook_settings *s, const char *name, const char *value,
	struct complaint *c);
/* What only the whole can tell: name, url (https, or http where private addresses are allowed; no
 * user, no fragment), secrets. */
int webhook_check(const struct webhook_settings *s, struct complaint *c);
/* The same but for paused and reason. */
bool webhook_same(const struct webhook_settings *a, const struct webhook_settings *b);

/* M points into S. */
void webhook_to_message(const struct webhook_settings *s, struct subscriber_message *m);
void webhook_from_message(struct webhook_settings *s, const struct subscriber_message *m);

const char *webhook_format_name(unsigned v);
const char *webhook_order_name(unsigned v);
const char *webhook_paused_name(unsigned v); /* "running", "paused", "failing", "gone", "full" */

#endif
