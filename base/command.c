/* SPDX-License-Identifier: Apache-2.0 */
/* The names of commands, and what each of them needs. */
#include "base/command.h"

static const struct {
	const char *name;
	bool customer, rule, other, person, source;
} verbs[COMMAND_VERBS] = {
	[COMMAND_NONE] = { .name = "none" },
	[COMMAND_HUSH] = { .name = "hush" },
	[COMMAND_LIVE] = { .name = "live" },
	[COMMAND_SNOOZE] = { "snooze", .customer = true },
	[COMMAND_RELEASE] = { "release", .rule = true },
	[COMMAND_DISCARD] = { "discard", .rule = true },
	[COMMAND_PAUSE] = { "pause", .rule = true },
	[COMMAND_RESUME] = { "resume", .rule = true },
	[COMMAND_DONE] = { "done", .customer = true },
	[COMMAND_REASSIGN] = { "reassign", .customer = true, .other = true },
	[COMMAND_MERGE] = { "merge", .customer = true, .person = true },
	[COMMAND_UNMERGE] = { "unmerge", .customer = true },
	[COMMAND_FORGET_SOURCE] = { "forget_source", .source = true },
};

const char *command_verb_name(unsigned v)
{
	return verbs[v < COMMAND_VERBS ? v : COMMAND_NONE].name;
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
	if (verbs[c->verb].person && !is_text(c->other, EVENT_CUSTOMER_MAX))
		return "the other customer's id has 1 to 128 bytes of UTF-8 without control characters";
	if (verbs[c->verb].person && span_eq(c->customer, c->other))
		return "a customer is one with themselves already";
	if (c->other.size && !is_text(c->other, EVENT_CUSTOMER_MAX))
		return "the other one has at most 128 bytes of UTF-8 without control characters";
	if (verbs[c->verb].rule && !is_text(c->name, 255))
		return "a rule is named like \"risk.silent\" or \"stage.repeat\"";
	if (verbs[c->verb].source && !is_text(c->name, EVENT_SOURCE_MAX))
		return "a source has 1 to 64 bytes of UTF-8 without control characters";
	if (verbs[c->verb].other && !is_text(c->other, EVENT_TEXT_MAX))
		return "an owner has 1 to 64 bytes of UTF-8 without control characters";
	if (c->name.size > 255 || !bytes_are_plain_utf8(c->name))
		return "a name has at most 255 bytes of UTF-8 without control characters";
	if (c->at_ms < 0 || c->at_ms > EVENT_TIME_MAX)
		return "the time is not between 1970 and 2200";
	return NULL;
}
