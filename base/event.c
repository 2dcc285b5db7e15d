/* SPDX-License-Identifier: Apache-2.0 */
/* Names of the enums of events and notifications, in the order of their numbers. A NULL stands
 * for 0 where 0 means "not said". */
#include "base/event.h"
#include "base/notification.h"

#define NAMES(function, count, ...) \
	const char *function(unsigned v) \
	{ \
		static const char *const names[] = { __VA_ARGS__ }; \
		_Static_assert(sizeof names / sizeof *names == (count), "a name for each number"); \
		return v < (count) ? names[v] : NULL; \
	}

NAMES(channel_name, CHANNEL_COUNT, NULL, "store", "web", "app", "phone", "email", "chat", "visit",
	"social", "partner", "other")
NAMES(body_name, BODY_COUNT, "contact", "readiness", "purchase", "refund", "complaint",
	"resolution", "feedback", "referral", "membership", "partnership", "contract", "wallet",
	"competitor", "profile", "market")
NAMES(direction_name, DIRECTION_COUNT, NULL, "in", "out")
NAMES(acquisition_name, ACQUISITION_COUNT, NULL, "cold_call", "referral", "influencer", "agent",
	"advertising", "exhibition", "web", "social", "other")
NAMES(answer_name, ANSWER_COUNT, NULL, "no", "yes")
NAMES(factor_name, FACTOR_COUNT, "need", "desire", "ability", "authority", "timing", "awareness",
	"recognition", "trust")
NAMES(reason_name, REASON_COUNT, NULL, "product_quality", "brand_packaging", "price",
	"service_procedure", "service_efficiency", "staff", "channel", "missing_information",
	"promotion", "false_advertising", "company_image")
NAMES(reason_group_name, REASON_GROUP_COUNT, NULL, "service", "price", "product", "other")
NAMES(severity_name, SEVERITY_COUNT, NULL, "watch", "low", "medium", "high", "critical")
NAMES(quality_name, QUALITY_COUNT, NULL, "must_be", "linear", "attractive")
NAMES(membership_name, MEMBERSHIP_COUNT, NULL, "joined", "left")
NAMES(partnership_name, PARTNERSHIP_COUNT, NULL, "begun", "ended")
NAMES(contract_name, CONTRACT_COUNT, NULL, "signed", "renewed", "notice")
NAMES(sighting_name, SIGHTING_COUNT, NULL, "quote", "visit", "purchase")
NAMES(role_name, ROLE_COUNT, NULL, "consumer", "organisation", "agent", "wholesaler", "retailer")
NAMES(market_name, MARKET_COUNT, NULL, "competitor", "media", "public", "expert", "policy")
NAMES(reject_name, REJECT_COUNT, NULL, "malformed", "bad_source", "bad_id", "bad_customer",
	"bad_time", "unknown_body", "bad_body", "too_large", "too_old", "in_future", "conflict",
	"suppressed", "damaged")
NAMES(side_name, SIDE_COUNT, NULL, "potential", "actual")
NAMES(job_name, JOB_COUNT, NULL, "develop", "maintain", "win_back")
NAMES(approach_name, APPROACH_COUNT, NULL, "retain", "open_market", "contest_general",
	"contest_competitor")
NAMES(unit_name, UNIT_COUNT_, NULL, "count", "money", "duration", "time", "ratio", "flag", "name")

enum reason_group reason_group(unsigned reason)
{
	static const uint8_t groups[] = {
		[REASON_NONE] = REASON_GROUP_NONE,
		[REASON_PRODUCT_QUALITY] = REASON_GROUP_PRODUCT,
		[REASON_BRAND_PACKAGING] = REASON_GROUP_PRODUCT,
		[REASON_PRICE] = REASON_GROUP_PRICE,
		[REASON_SERVICE_PROCEDURE] = REASON_GROUP_SERVICE,
		[REASON_SERVICE_EFFICIENCY] = REASON_GROUP_SERVICE,
		[REASON_STAFF] = REASON_GROUP_SERVICE,
		[REASON_CHANNEL] = REASON_GROUP_SERVICE,
		[REASON_MISSING_INFORMATION] = REASON_GROUP_SERVICE,
		[REASON_PROMOTION] = REASON_GROUP_OTHER,
		[REASON_FALSE_ADVERTISING] = REASON_GROUP_OTHER,
		[REASON_COMPANY_IMAGE] = REASON_GROUP_OTHER,
	};

	_Static_assert(sizeof groups == REASON_COUNT, "a group for each reason");
	return reason < REASON_COUNT ? (enum reason_group)groups[reason] : REASON_GROUP_NONE;
}

unsigned name_lookup(const char *(*naming)(unsigned), unsigned count, struct span name)
{
	for (unsigned v = 0; v < count; v++) {
		const char *known = naming(v);

		if (known && span_eq(span_str(known), name))
			return v;
	}
	return 0;
}
