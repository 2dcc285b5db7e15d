/* SPDX-License-Identifier: Apache-2.0 */
/* The table of an event's fields, in the order of their numbers in kith.proto. */
#include "proto/event_fields.h"

/* clang-format off */
#define AT(path) .offset = offsetof(struct event, path)
#define PLAIN    " bytes of UTF-8 without control characters"
#define TO_LIMIT " to 1000000000000 minor units"
#define IN_TIME  "Unix ms (in JSON also RFC 3339) between 1970 and 2200"

#define HEAD_TEXT(member, limit, reject, sentence) { .name = #member, .rule = sentence, \
	AT(member), .kind = FIELD_TEXT, .code = reject, .required = true, .max = limit }

#define NEED_TEXT(b, member) { .name = #member, .rule = #b "." #member " is required: 1 to 64" \
	PLAIN, AT(as.b.member), .kind = FIELD_TEXT, .code = REJECT_BAD_BODY, .required = true, \
	.max = EVENT_TEXT_MAX }
#define TEXT(b, member) { .name = #member, .rule = #b "." #member " is at most 64" PLAIN, \
	AT(as.b.member), .kind = FIELD_TEXT, .code = REJECT_BAD_BODY, .max = EVENT_TEXT_MAX }
#define CLEARABLE(b, member) { .name = #member, .rule = #b "." #member " is at most 64" PLAIN, \
	AT(as.b.member), .kind = FIELD_TEXT, .code = REJECT_BAD_BODY, .clearable = true, \
	.max = EVENT_TEXT_MAX }

#define NEED_AMOUNT(b, member) { .name = #member, .rule = #b "." #member \
	" is required: an integer from 0" TO_LIMIT, AT(as.b.member), .kind = FIELD_AMOUNT, \
	.code = REJECT_BAD_BODY, .required = true }
#define SIGNED_AMOUNT(b, member) { .name = #member, .rule = #b "." #member \
	" is an integer from -1000000000000" TO_LIMIT, AT(as.b.member), \
	.has = offsetof(struct event, as.b.has_##member), .kind = FIELD_AMOUNT, \
	.code = REJECT_BAD_BODY, .negative = true }

#define NEED_TIME(b, member) { .name = #member, .rule = #b "." #member " is required: " IN_TIME, \
	AT(as.b.member##_ms), .kind = FIELD_TIME, .code = REJECT_BAD_BODY, .required = true }
#define TIME(b, member) { .name = #member, .rule = #b "." #member " is " IN_TIME, \
	AT(as.b.member##_ms), .kind = FIELD_TIME, .code = REJECT_BAD_BODY }

#define NEED_ENUM(b, member, names, count) { .name = #member, .rule = #b "." #member \
	" is required: one of the values of this protocol", AT(as.b.member), .kind = FIELD_ENUM, \
	.code = REJECT_BAD_BODY, .required = true, .max = count, .naming = names }
#define ENUM(b, member, names, count) { .name = #member, .rule = #b "." #member \
	" is not one of the values of this protocol", AT(as.b.member), .kind = FIELD_ENUM, \
	.code = REJECT_BAD_BODY, .max = count, .naming = names }

#define ANSWER(member, factor_number) { .name = #member, .rule = "readiness." #member \
	" is yes or no", AT(as.readiness.factor[factor_number]), .kind = FIELD_ANSWER, \
	.code = REJECT_BAD_BODY, .max = ANSWER_COUNT }
#define NEED_SCORE(b, member) { .name = #member, .rule = #b "." #member \
	" is required: a number from 0 to 10", AT(as.b.member), .kind = FIELD_SCORE, \
	.code = REJECT_BAD_BODY, .required = true }

static const struct event_field head[] = {
	HEAD_TEXT(source, EVENT_SOURCE_MAX, REJECT_BAD_SOURCE,
		"source is required, of the event or of its batch: 1 to 64" PLAIN),
	HEAD_TEXT(id, EVENT_ID_MAX, REJECT_BAD_ID, "id is required: 1 to 64" PLAIN),
	{ .name = "sequence", .rule = "sequence is an integer from 1 to 2^63 - 1", AT(sequence),
		.kind = FIELD_SEQUENCE, .code = REJECT_BAD_ID },
	HEAD_TEXT(customer, EVENT_CUSTOMER_MAX, REJECT_BAD_CUSTOMER,
		"customer is required: 1 to 128" PLAIN),
	{ .name = "time", .rule = "time is required: " IN_TIME, AT(time_ms), .kind = FIELD_TIME,
		.code = REJECT_BAD_TIME, .required = true },
	{ .name = "channel", .rule = "channel is not one of the values of this protocol",
		AT(channel), .kind = FIELD_ENUM, .code = REJECT_BAD_BODY, .max = CHANNEL_COUNT,
		.naming = channel_name },
};

static const struct event_field contact[] = {
	NEED_ENUM(contact, direction, direction_name, DIRECTION_COUNT),
	ENUM(contact, acquisition, acquisition_name, ACQUISITION_COUNT),
	{ .name = "subject", .rule = "contact.subject is at most 200" PLAIN, AT(as.contact.subject),
		.kind = FIELD_TEXT, .code = REJECT_BAD_BODY, .max = EVENT_SUBJECT_MAX },
	TEXT(contact, person),
};
static const struct event_field readiness[] = {
	ANSWER(need, FACTOR_NEED),
	ANSWER(desire, FACTOR_DESIRE),
	ANSWER(ability, FACTOR_ABILITY),
	ANSWER(authority, FACTOR_AUTHORITY),
	ANSWER(timing, FACTOR_TIMING),
	ANSWER(awareness, FACTOR_AWARENESS),
	ANSWER(recognition, FACTOR_RECOGNITION),
	ANSWER(trust, FACTOR_TRUST),
};
static const struct event_field purchase[] = {
	NEED_TEXT(purchase, order),
	NEED_AMOUNT(purchase, amount),
	SIGNED_AMOUNT(purchase, margin),
	TEXT(purchase, category),
};
static const struct event_field refund[] = {
	NEED_TEXT(refund, order),
	NEED_AMOUNT(refund, amount),
	ENUM(refund, reason, reason_name, REASON_COUNT),
};
static const struct event_field complaint[] = {
	NEED_TEXT(complaint, complaint),
	ENUM(complaint, reason, reason_name, REASON_COUNT),
	ENUM(complaint, severity, severity_name, SEVERITY_COUNT),
};
static const struct event_field resolution[] = {
	NEED_TEXT(resolution, complaint),
};
static const struct event_field feedback[] = {
	NEED_SCORE(feedback, expected),
	NEED_SCORE(feedback, perceived),
	ENUM(feedback, quality, quality_name, QUALITY_COUNT),
};
static const struct event_field referral[] = {
	{ .name = "customer", .rule = "referral.customer is required: 1 to 128" PLAIN,
		AT(as.referral.customer), .kind = FIELD_TEXT, .code = REJECT_BAD_BODY,
		.required = true, .max = EVENT_CUSTOMER_MAX },
};
static const struct event_field membership[] = {
	NEED_ENUM(membership, change, membership_name, MEMBERSHIP_COUNT),
};
static const struct event_field partnership[] = {
	NEED_ENUM(partnership, change, partnership_name, PARTNERSHIP_COUNT),
};
static const struct event_field contract[] = {
	NEED_ENUM(contract, change, contract_name, CONTRACT_COUNT),
	TIME(contract, ends),
	ENUM(contract, reason, reason_name, REASON_COUNT),
};
static const struct event_field wallet[] = {
	NEED_AMOUNT(wallet, amount),
	NEED_TIME(wallet, from),
	NEED_TIME(wallet, to),
};
static const struct event_field competitor[] = {
	NEED_TEXT(competitor, name),
	ENUM(competitor, seen, sighting_name, SIGHTING_COUNT),
};
static const struct event_field profile[] = {
	ENUM(profile, role, role_name, ROLE_COUNT),
	CLEARABLE(profile, held_by),
	CLEARABLE(profile, region),
	CLEARABLE(profile, segment),
	CLEARABLE(profile, owner),
	ENUM(profile, acquisition, acquisition_name, ACQUISITION_COUNT),
	SIGNED_AMOUNT(profile, expected_margin),
	CLEARABLE(profile, account),
};
static const struct event_field market[] = {
	NEED_ENUM(market, factor, market_name, MARKET_COUNT),
	TEXT(market, region),
	TEXT(market, segment),
	NEED_TIME(market, until),
};

#define PART(name, rows) { name, sizeof rows / sizeof rows[0], rows }
const struct event_part event_head = PART(NULL, head);
const struct event_part event_bodies[BODY_COUNT] = {
	[BODY_CONTACT] = PART("contact", contact),
	[BODY_READINESS] = PART("readiness", readiness),
	[BODY_PURCHASE] = PART("purchase", purchase),
	[BODY_REFUND] = PART("refund", refund),
	[BODY_COMPLAINT] = PART("complaint", complaint),
	[BODY_RESOLUTION] = PART("resolution", resolution),
	[BODY_FEEDBACK] = PART("feedback", feedback),
	[BODY_REFERRAL] = PART("referral", referral),
	[BODY_MEMBERSHIP] = PART("membership", membership),
	[BODY_PARTNERSHIP] = PART("partnership", partnership),
	[BODY_CONTRACT] = PART("contract", contract),
	[BODY_WALLET] = PART("wallet", wallet),
	[BODY_COMPETITOR] = PART("competitor", competitor),
	[BODY_PROFILE] = PART("profile", profile),
	[BODY_MARKET] = PART("market", market),
};
/* clang-format on */
