/* SPDX-License-Identifier: Apache-2.0 */
/* kith merge, unmerge: several ids of one person. */
#include "ctl/reply.h"

#define EXITS "  0 done   1 refused or not found   2 usage   3 daemon unreachable"

static int misused(const char *verb, const char *why)
{
	fprintf(stderr, "kith %s: %s\n", verb, why);
	return EXIT_USAGE;
}

static int run_merge(void *settings, char **operands, int n)
{
	struct command command = { .verb = COMMAND_MERGE, .other = span_str(operands[0]),
		.customer = span_str(operands[1]) };
	const char *wrong = command_complaint(&command);
	json_t *answer;
	int code;

	(void)n;
	if (wrong)
		return misused("merge", wrong);
	code = reply_obey(settings, &command, &answer);
	if (answer)
		printf("%s is another id of %s from now on\n", operands[1], operands[0]);
	json_decref(answer);
	return code;
}

static int run_unmerge(void *settings, char **operands, int n)
{
	struct command command = { .verb = COMMAND_UNMERGE, .customer = span_str(operands[0]) };
	const char *wrong = command_complaint(&command);
	json_t *answer;
	int code;

	(void)n;
	if (wrong)
		return misused("unmerge", wrong);
	code = reply_obey(settings, &command, &answer);
	if (answer)
		printf("%s is a customer of their own again, and no id of %s\n", operands[0],
			reply_text(answer, "other"));
	json_decref(answer);
	return code;
}

const struct verb verb_merge = {
	.name = "merge", .operands = "CUSTOMER ID",
	.summary = "two ids are one person",
	.text = "From now on ID is another id of CUSTOMER: whatever was and will be told of either counts for\n"
		"CUSTOMER, who is judged by both together. ID goes on working; \"kith show ID\" answers for the\n"
		"person. Of itself ID is not heard of any more: no deadline, no alarm, no place in the census.\n"
		"Subscribers hear \"customer.merged\". ID must not have ids or members of its own, and neither\n"
		"may be an id of somebody else. \"kith unmerge ID\" gives back what each had.",
	.examples = "  kith merge anna till-4711\n  kith show till-4711",
	.exits = EXITS, REMOTE_VERB, .least = 2, .most = 2, .run = run_merge,
};

const struct verb verb_unmerge = {
	.name = "unmerge", .operands = "ID",
	.summary = "an id is a person of their own again",
	.text = "Takes back \"kith merge\": both have exactly the facts that events of their own ids gave them,\n"
		"also those that came while they were one. Subscribers hear \"customer.unmerged\", then what is\n"
		"different for either.",
	.examples = "  kith unmerge till-4711",
	.exits = EXITS, REMOTE_VERB, .least = 1, .most = 1, .run = run_unmerge,
};
