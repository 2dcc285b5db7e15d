/* SPDX-License-Identifier: Apache-2.0 */
/* The names of commands, and what each of them needs. */
#include "base/command.h"

static const struct {
	const char *name;
	bool customer, rule;
} verbs[COMMAND_VERBS] = {
	[COMMAND_NONE] = { "none", false, false },
	[COMMAND_HUSH] = { "hush", false, false },
	[COMMAND_LIVE] = { "live", false, false },
	[COMMAND_SNOOZE] = { "snooze", true, false },
	[COMMAND_RELEASE] = { "release", false, true },
	[COMMAND_DISCARD] = { "discard", false, true },
	[COMMAND_PAUSE] = { "pause", false, true },
	[COMMAND_RESUME] = { "resume", false, true },
};

const char *command_verb_name(unsigned v)
{
	return verbs[v < COMMAND_VERBS ? v : COMMAND_NONE].name;
}

unsigned command_verb_of(struct span name)
{
	for (unsigned v = 1; v < COMMAND_VERBS; v++)
		if (span_eq(name, span_str(verbs[v].name)))
			return v;
	return COMMAND_NONE;
}

static bool is_text(struct span s, size_t most)
{
	return s.size > 0 && s.size <= most && bytes_are_plain_utf8(s);
}

const char *command_complaint(const struct command *c)
{
	if (c->verb == COMMAND_NONE || c->verb >= COMMAND_VERBS)
		return "no such command";
	if (verbs[c->verb].customer && !is_text(c->customer, EVENT_CUSTOMER_MAX))
		return "a customer id has 1 to 128 bytes of UTF-8 without control characters";
	if (verbs[c->verb].rule && !is_text(c->name, 255))
		return "a rule is named like \"risk.silent\" or \"stage.repeat\"";
	if (c->at_ms < 0 || c->at_ms > EVENT_TIME_MAX)
		return "the time is not between 1970 and 2200";
	return NULL;
}
