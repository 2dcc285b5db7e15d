/* SPDX-License-Identifier: Apache-2.0 */
/* Hold: what is true and announced to nobody for now.
 *
 * A change may be held because its rule has tripped or is paused (breaker.h), because its customer
 * is snoozed, or because the same reason was announced of them a short while ago (cool-down). What
 * is held stands in the table `held`, and in the history without a number. It is announced, under
 * a number it gets then and with the time at which it became true, when the reason to hold it is
 * over and it still holds. When it ceases before, both ends of it are passed over: nobody
 * hears of what was over before it was announced. */
#ifndef KITH_WORKERS_HOLD_H
#define KITH_WORKERS_HOLD_H
#include "lifecycle/standing.h"
#include "workers/breaker.h"

enum hold_why { HOLD_NONE, HOLD_BREAKER, HOLD_SNOOZE, HOLD_COOL_DOWN,
	HOLD_SOURCE, /* the source through which they mostly come is silent (silence.h) */
	HOLD_COOLING, /* announced and over: until when the same reason is not announced again */
	HOLD_WHYS };

/* Whether change CH of C, of TYPE and RULE (numbers of names), is not to be announced: it is held
 * then, or takes back what was. FROM as in the history. *RET_HELD. */
int hold_takes(struct shard *s, struct customer *c, const struct change *ch, uint16_t type,
	uint16_t rule, uint16_t from, const struct cause *why, bool *ret_held);
/* What would become of CH of C, which is no crossing into risk or from side to side that begins
 * something (those have the fate of what made them), by M, whose names have the numbers N; and whether
 * TYPE waits to be told of C. What a breaker would say is left to the caller. Both change nothing. */
struct numbering;
enum foresight { FORESEEN_TOLD, FORESEEN_HELD,
	FORESEEN_PASSED /* what it ends waits: nobody hears of either */ };
int hold_foresee(struct shard *s, const struct customer *c, const struct machine *m,
	const struct numbering *n, const struct change *ch, enum foresight *ret);
int hold_is_held(struct shard *s, const struct customer *c, uint16_t type, bool *ret);
/* CH, of TYPE, is told to nobody: what waits and ends with it waits no more. */
int hold_hushed(struct shard *s, const struct customer *c, const struct change *ch, uint16_t type);
/* CH has been announced: what follows from that for what is held of C. */
int hold_announced(struct shard *s, struct customer *c, const struct change *ch, uint16_t type,
	const struct cause *why);
/* What C was said to have become as TYPE at AT_MS was not so: when that waits, it is forgotten, and
 * when a cool-down began with it, that is over. */
int hold_retracted(struct shard *s, const struct customer *c, uint16_t type, int64_t at_ms);
/* It is NOW_MS: look at everything that waits for an instant, and set C's alarm for what goes
 * on. */
int hold_wake(struct shard *s, struct customer *c, int64_t now_ms, const struct cause *why);
/* Whatever is held of C is forgotten: C is not spoken of any more. A snooze stays. */
int hold_forget(struct shard *s, struct customer *c);
/* COMMAND_SNOOZE of a customer that is loaded. */
int hold_snooze(struct shard *s, struct customer *c, int64_t until_ms, const struct cause *why);

/* Whether a rule is releasing or discarding; and one step of that, at most LIMIT customers. */
bool hold_is_busy(const struct shard *s);
int hold_step(struct shard *s, const struct input *in, uint32_t limit, struct outcome *out);

#endif
