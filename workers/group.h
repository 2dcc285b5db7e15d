/* SPDX-License-Identifier: Apache-2.0 */
/* Group: several ids of one person, and the people of one account.
 *
 * A customer to whom others belong is a head. It keeps a row of `members` for each of them with all
 * their facts, and one with its own; the facts in its record, by which it is judged, are those rows
 * joined. Whoever belongs to a head goes on keeping their own facts in their own shard, and sends
 * them whole, as a message, whenever they change. So a member's history comes along whatever the
 * order, the last word wins, and when the row goes nothing of it is left.
 *
 *   an id        another id of the head's person, merged by an operator (merge.h). It has no standing
 *                of its own: it is silent, in no census, and has no deadline. Only who stands for
 *                themselves and has no members can be merged, and only into one who stands for
 *                themselves, so there are no chains and no circles.
 *   of account   a person who says in their profile to belong to it; they stand for themselves too.
 *                What they send is the person: their own facts and those of their other ids, not
 *                those of an account that they may be. So nothing runs in a circle. */
#ifndef KITH_WORKERS_GROUP_H
#define KITH_WORKERS_GROUP_H
#include "workers/settle.h"

/* The facts of C as a person: without the members of the account that C is. They live in C, or in S
 * until the next call. */
int group_person(struct shard *s, const struct customer *c, const struct facts **ret_facts);

/* Fold the event or message of WHY into the own facts of C, too, when C is a head. */
int group_fold(struct shard *s, const struct customer *c, const struct cause *why);

/* MEMBER is another id of C from now on, by the merge NUMBER; its facts are still to come. */
int group_admit(struct shard *s, struct customer *c, struct span member, uint64_t number);
/* Take in what M says of a member, and join C's facts anew. Not *RET_TAKEN: it is of who does not
 * belong to C (any more), and changes nothing. */
int group_take(struct shard *s, struct customer *c, const struct message *m, bool *ret_taken);
/* What another id of C did, by M, as an event of C: enough of it to answer for. False: nothing. */
bool group_deed(const struct customer *c, const struct message *m, struct event *ret_event);
/* MEMBER, which belongs to C so, does no more. ERR_NOTFOUND. */
int group_drop(struct shard *s, struct customer *c, enum belonging how, struct span member);

/* Tell C's head, or C's account, the facts that C has after WHY; and an old account that C left. */
int group_tell(struct shard *s, struct customer *c, const struct cause *why);
/* C belongs to no account as long as it is merged. */
int group_leave(struct shard *s, struct customer *c, const struct cause *why);

#endif
