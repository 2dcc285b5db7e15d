/* SPDX-License-Identifier: Apache-2.0 */
/* Control: questions and commands for people and tools, answered in JSON. What concerns one
 * customer is asked of their shard; nothing here changes state but by an input. */
#ifndef KITH_DAEMON_CONTROL_H
#define KITH_DAEMON_CONTROL_H
#include <jansson.h>
#include "daemon/socket.h"
#include "proto/codec.h"
#include "workers/worker.h"

struct asked;
struct daemon;
#define CONTROL_WAITING_MAX 256 /* questions under way, in all */

struct control {
	struct socket socket;
	struct arena *arena;
	unsigned waiting;
	struct asked *changer; /* whose file or parameters are on their way, or NULL … */
	json_t *changed;       /* … and what they are told when it is in force */
	bool merging; /* two ids are being merged, or taken apart: one at a time (merging.h) */
};

int control_open(struct daemon *d, struct complaint *c);
void control_close(struct daemon *d);

/* Answer request NUMBER of a peer: with JSON, which is taken over, or with an error. */
void control_json(struct daemon *d, const struct peer *to, uint64_t number, json_t *json);
void control_error(struct daemon *d, const struct peer *to, uint64_t number, const char *code,
	const char *text);
/* "not_found", with the id of whom nobody knows. */
void control_no_customer(struct daemon *d, const struct peer *to, uint64_t number, struct span id);
/* control_error() with JSON for programs beside the sentence. */
void control_refuse(struct daemon *d, const struct peer *to, uint64_t number, const char *code,
	const char *text, const char *json);

/* Tell a peer who wants to know it that its request NUMBER is still being worked on: a Reply with
 * nothing in it but the number. False: there is nobody any more. */
bool control_alive(struct daemon *d, const struct peer *to, uint64_t number);

/* Who asked, until the answer is there. NULL: there are too many, and this one has its answer. */
struct asked {
	struct daemon *d;
	struct peer peer;
	uint64_t number;
};
struct asked *asked_new(struct daemon *d, const struct peer *peer, uint64_t number);
/* Both answer and free A. TEXT is a sentence. */
void asked_json(struct asked *a, json_t *json);
void asked_error(struct asked *a, const char *code, const char *text);

/* Answer with JSON, which is taken over, when what is on its way (d->reloading) is in force. */
void control_when_in_force(struct daemon *d, const struct peer *peer, uint64_t number, json_t *json);
/* It is, or with RC < 0 it could not be written. */
void control_in_force(struct daemon *d, int rc);

/* Ask every shard the same for request R, and put the answers together. */
void control_ask_all(struct daemon *d, const struct peer *peer, const struct request *r,
	enum query_kind kind, json_t *(*answer)(struct daemon *d, struct query *const *answers));

/* Journal CMD, and answer request NUMBER of PEER when it is obeyed. */
void control_order(struct daemon *d, const struct peer *peer, uint64_t number,
	const struct command *cmd);

#endif
