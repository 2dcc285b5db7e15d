/* SPDX-License-Identifier: Apache-2.0 */
/* When to try again. */
#include <stdio.h>
#include <string.h>
#include "daemon/config_value.h"
#include "daemon/webhook_schedule.h"

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR   (60 * MINUTE)

const struct schedule schedule_default = {
	.n = 10,
	.delay_ms = { 0, 5 * SECOND, 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR,
		14 * HOUR, 20 * HOUR, 24 * HOUR },
};

int schedule_parse(struct schedule *s, const char *text, struct complaint *c)
{
	struct schedule read = { 0 };
	char word[32];

	for (const char *end; ; text = end + 1) {
		end = text + strcspn(text, ",");
		if (read.n == SCHEDULE_ATTEMPTS_MAX)
			return complain(c, ERR_INVALID, "webhook-schedule: at most %d attempts",
				SCHEDULE_ATTEMPTS_MAX);
		snprintf(word, sizeof word, "%.*s", (int)(end - text), text);
		if (value_duration(word, &read.delay_ms[read.n++], "webhook-schedule", c) != 0)
			return ERR_INVALID;
		if (*end == '\0')
			break;
	}
	*s = read;
	return 0;
}

/* From four fifths of MS to six fifths. */
static int64_t shaken(int64_t ms, uint64_t chance)
{
	return ms - ms / 5 + (int64_t)(chance % (uint64_t)(2 * (ms / 5) + 1));
}

int64_t schedule_longest(const struct schedule *s)
{
	int64_t ms = RETRY_AFTER_MAX_MS;

	for (unsigned i = 0; i < s->n; i++)
		if (s->delay_ms[i] > ms)
			ms = s->delay_ms[i];
	return ms + ms / 5;
}

enum fate schedule_judge(const struct schedule *s, unsigned attempts, const struct attempt *a,
	int64_t now_ms, uint64_t chance, int64_t *ret_due_ms)
{
	int64_t asked = a->retry_after_ms;

	if (a->status >= 200 && a->status < 300)
		return FATE_DELIVERED;
	if (a->status == 410)
		return FATE_GONE;
	if (attempts >= s->n)
		return FATE_DEAD;
	*ret_due_ms = now_ms + shaken(s->delay_ms[attempts], chance);
	if ((a->status != 429 && a->status != 503) || asked < 0)
		return FATE_AGAIN;
	if (asked > RETRY_AFTER_MAX_MS)
		asked = RETRY_AFTER_MAX_MS;
	/* Not before it was asked for, and not all at once then. */
	asked += (int64_t)(chance % (uint64_t)(asked / 5 + 1));
	if (*ret_due_ms < now_ms + asked)
		*ret_due_ms = now_ms + asked;
	return FATE_AGAIN;
}
