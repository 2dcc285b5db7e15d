/* SPDX-License-Identifier: Apache-2.0 */
/* Replies: the JSON that the daemon answers with, read without fear: what is missing or of
 * another type is an empty text, 0, false or NULL. */
#ifndef KITH_CTL_REPLY_H
#define KITH_CTL_REPLY_H
#include <jansson.h>
#include "base/command.h"
#include "ctl/verb.h"

const char *reply_text(const json_t *o, const char *name);
int64_t reply_int(const json_t *o, const char *name);
bool reply_flag(const json_t *o, const char *name);
bool reply_has(const json_t *o, const char *name); /* and is not null */

/* Ask the daemon. With --json the answer is printed as it came and *RET is NULL, else *RET is the
 * caller's. Returns 0 or an exit code after having said why. */
int reply_get(const struct remote_settings *o, const char *verb, const char *customer,
	json_t **ret);

/* The same with the TEXT of a lifecycle file. */
int reply_get_lifecycle(const struct remote_settings *o, const char *verb, const char *text,
	json_t **ret);
/* The same for a command. */
int reply_obey(const struct remote_settings *o, const struct command *command, json_t **ret);
/* The same with ARGUMENTS, an object (borrowed). */
int reply_get_json(const struct remote_settings *o, const char *verb, const json_t *arguments,
	json_t **ret);

/* Learn how the daemon's store writes money, which every other answer says by itself. Without an
 * answer it stays as it is. */
void reply_learn_money(const struct remote_settings *o);

/* What people see. */
void show_stats(const json_t *stats, FILE *out);
void show_customer(const json_t *customer, FILE *out);
/* Sentences, and behind them, with TESTS, each comparison. */
void show_explanation(const json_t *explanation, bool tests, FILE *out);
void show_rules(const json_t *rules, FILE *out);
void show_sources(const json_t *list, FILE *out);
void show_passed_over(const json_t *announcing, FILE *out);
void show_subscriptions(const json_t *list, FILE *out);
void show_webhooks(const json_t *list, FILE *out);
void show_dead_letters(const json_t *list, FILE *out);

#endif
