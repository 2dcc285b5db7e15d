/* SPDX-License-Identifier: Apache-2.0 */
/* Events: what a till, a shop or a call centre tells us about one customer, as a plain struct.
 *
 * This is the vocabulary that proto/ decodes into and lifecycle/ folds; it owns no memory.
 * Spans point into the received message and live as long as it does. Times are Unix
 * milliseconds, amounts are integers in the minor unit of the store's one currency. An enum's
 * 0 always means "not said". The numbers are those of proto/kith.proto: never renumber. */
#ifndef KITH_BASE_EVENT_H
#define KITH_BASE_EVENT_H
#include "base/bytes.h"

#define EVENT_SOURCE_MAX   64  /* bytes, at least 1 */
#define EVENT_ID_MAX       64  /* bytes, at least 1 */
#define EVENT_CUSTOMER_MAX 128 /* bytes, at least 1 */
#define EVENT_TEXT_MAX     64  /* order, category, complaint id, names, regions: bytes */
#define EVENT_SUBJECT_MAX  200 /* a contact's subject: bytes */
#define EVENT_AMOUNT_MAX   INT64_C(1000000000000) /* 10^12 minor units either way */
#define EVENT_TIME_MIN     INT64_C(1)
#define EVENT_TIME_MAX     INT64_C(7258118400000) /* 2200-01-01 */
/* What is before this, 1970-02-16, may be Unix seconds (until 2096) that were taken for milliseconds. */
#define EVENT_TIME_SECONDS INT64_C(4000000000)

enum channel {
	CHANNEL_NONE, CHANNEL_STORE, CHANNEL_WEB, CHANNEL_APP, CHANNEL_PHONE, CHANNEL_EMAIL,
	CHANNEL_CHAT, CHANNEL_VISIT, CHANNEL_SOCIAL, CHANNEL_PARTNER, CHANNEL_OTHER, CHANNEL_COUNT,
};

/* The number of a body is its field number in the message minus EVENT_BODY_FIRST. */
#define EVENT_BODY_FIRST 10
enum body {
	BODY_CONTACT, BODY_READINESS, BODY_PURCHASE, BODY_REFUND, BODY_COMPLAINT, BODY_RESOLUTION,
	BODY_FEEDBACK, BODY_REFERRAL, BODY_MEMBERSHIP, BODY_PARTNERSHIP, BODY_CONTRACT, BODY_WALLET,
	BODY_COMPETITOR, BODY_PROFILE, BODY_MARKET, BODY_COUNT,
};

enum direction { DIRECTION_NONE, DIRECTION_IN, DIRECTION_OUT, DIRECTION_COUNT };

enum acquisition {
	ACQUISITION_NONE, ACQUISITION_COLD_CALL, ACQUISITION_REFERRAL, ACQUISITION_INFLUENCER,
	ACQUISITION_AGENT, ACQUISITION_ADVERTISING, ACQUISITION_EXHIBITION, ACQUISITION_WEB,
	ACQUISITION_SOCIAL, ACQUISITION_OTHER, ACQUISITION_COUNT,
};

/* Whether a fact about readiness is known, and which way. */
enum answer { ANSWER_NONE, ANSWER_NO, ANSWER_YES, ANSWER_COUNT };

/* What a potential customer needs before buying (DOMAIN: need, desire, ability, authority,
 * timing), and what people pass on the way (awareness, recognition, trust). */
enum factor {
	FACTOR_NEED, FACTOR_DESIRE, FACTOR_ABILITY, FACTOR_AUTHORITY, FACTOR_TIMING,
	FACTOR_AWARENESS, FACTOR_RECOGNITION, FACTOR_TRUST, FACTOR_COUNT,
};

/* What the company did wrong: of a complaint, a refund, a notice. */
enum reason {
	REASON_NONE, REASON_PRODUCT_QUALITY, REASON_BRAND_PACKAGING, REASON_PRICE,
	REASON_SERVICE_PROCEDURE, REASON_SERVICE_EFFICIENCY, REASON_STAFF, REASON_CHANNEL,
	REASON_MISSING_INFORMATION, REASON_PROMOTION, REASON_FALSE_ADVERTISING,
	REASON_COMPANY_IMAGE, REASON_COUNT,
};

/* What such a reason is about. Service is how one was served, the channel and the telling included;
 * other is what the company said and how it looks. */
enum reason_group { REASON_GROUP_NONE, REASON_GROUP_SERVICE, REASON_GROUP_PRICE,
	REASON_GROUP_PRODUCT, REASON_GROUP_OTHER, REASON_GROUP_COUNT };
enum reason_group reason_group(unsigned reason);

enum severity { SEVERITY_NONE, SEVERITY_WATCH, SEVERITY_LOW, SEVERITY_MEDIUM, SEVERITY_HIGH,
	SEVERITY_CRITICAL, SEVERITY_COUNT };

enum quality { QUALITY_NONE, QUALITY_MUST_BE, QUALITY_LINEAR, QUALITY_ATTRACTIVE, QUALITY_COUNT };

enum membership { MEMBERSHIP_NONE, MEMBERSHIP_JOINED, MEMBERSHIP_LEFT, MEMBERSHIP_COUNT };
enum partnership { PARTNERSHIP_NONE, PARTNERSHIP_BEGUN, PARTNERSHIP_ENDED, PARTNERSHIP_COUNT };
enum contract { CONTRACT_NONE, CONTRACT_SIGNED, CONTRACT_RENEWED, CONTRACT_NOTICE, CONTRACT_COUNT };
enum sighting { SIGHTING_NONE, SIGHTING_QUOTE, SIGHTING_VISIT, SIGHTING_PURCHASE, SIGHTING_COUNT };

enum role { ROLE_NONE, ROLE_CONSUMER, ROLE_ORGANISATION, ROLE_AGENT, ROLE_WHOLESALER,
	ROLE_RETAILER, ROLE_COUNT };

enum market { MARKET_NONE, MARKET_COMPETITOR, MARKET_MEDIA, MARKET_PUBLIC, MARKET_EXPERT,
	MARKET_POLICY, MARKET_COUNT };

struct event {
	struct span source;
	struct span id;
	struct span customer;
	uint64_t sequence; /* 0: none; else strictly rising within the source */
	int64_t time_ms;
	uint32_t fingerprint; /* of all but source, id and sequence: tells a resend from a conflict */
	uint8_t channel;      /* enum channel */
	uint8_t body;         /* enum body: which member of the union holds */
	union {
		struct {
			uint8_t direction;   /* required */
			uint8_t acquisition;
			struct span subject;
			struct span person;  /* who of us is in charge */
		} contact;
		struct {
			uint8_t factor[FACTOR_COUNT]; /* enum answer; at least one is said */
		} readiness;
		struct {
			struct span order;   /* required */
			int64_t amount;      /* >= 0, required */
			int64_t margin;      /* may be negative */
			bool has_margin;
			struct span category;
		} purchase;
		struct {
			struct span order;   /* required */
			int64_t amount;      /* >= 0, required */
			uint8_t reason;
		} refund;
		struct {
			struct span complaint; /* its id, required */
			uint8_t reason;
			uint8_t severity;
		} complaint;
		struct {
			struct span complaint; /* required */
		} resolution;
		struct {
			double expected;  /* 0 to 10, required */
			double perceived; /* 0 to 10, required */
			uint8_t quality;  /* not said counts as linear */
		} feedback;
		struct {
			struct span customer; /* the customer brought in, required */
		} referral;
		struct {
			uint8_t change; /* enum membership, required */
		} membership;
		struct {
			uint8_t change; /* enum partnership, required */
		} partnership;
		struct {
			uint8_t change;  /* enum contract, required */
			int64_t ends_ms; /* 0: not said */
			uint8_t reason;
		} contract;
		struct {
			int64_t amount; /* the customer's with everybody, >= 0, required */
			int64_t from_ms;
			int64_t to_ms;  /* > from_ms, both required */
		} wallet;
		struct {
			struct span name; /* required */
			uint8_t seen;     /* enum sighting */
		} competitor;
		struct {
			uint8_t role;
			uint8_t acquisition;
			bool has_expected_margin;
			int64_t expected_margin; /* a year */
			struct span held_by;     /* size 0 and data non-NULL: by nobody any more */
			struct span region;
			struct span segment;
			struct span owner;       /* account manager; the same for these: empty clears */
			struct span account;     /* the customer who is the company they belong to */
		} profile;
		struct {
			uint8_t factor; /* enum market, required */
			struct span region;
			struct span segment;
			int64_t until_ms; /* required */
		} market;
	} as;
	struct span wire; /* of a decoded event: its body as event_keep() writes it, if it came so */
};

/* Names as in the message and in JSON; NULL when out of range, and for a 0 that means "not said".
 * body_name(0) is "contact", factor_name(0) is "need". */
const char *channel_name(unsigned v);
const char *body_name(unsigned v);
const char *direction_name(unsigned v);
const char *acquisition_name(unsigned v);
const char *answer_name(unsigned v);
const char *factor_name(unsigned v);
const char *reason_name(unsigned v);
const char *reason_group_name(unsigned v);
const char *severity_name(unsigned v);
const char *quality_name(unsigned v);
const char *membership_name(unsigned v);
const char *partnership_name(unsigned v);
const char *contract_name(unsigned v);
const char *sighting_name(unsigned v);
const char *role_name(unsigned v);
const char *market_name(unsigned v);

/* The number behind NAME in one of the enums above, by its naming function and COUNT; 0 when
 * there is none. Not for bodies and factors, where 0 is a value. */
unsigned name_lookup(const char *(*naming)(unsigned), unsigned count, struct span name);

/* Why an event is refused: the codes of a receipt. */
enum reject {
	REJECT_NONE,
	REJECT_MALFORMED,     /* not an event of this protocol */
	REJECT_BAD_SOURCE, REJECT_BAD_ID, REJECT_BAD_CUSTOMER, REJECT_BAD_TIME,
	REJECT_UNKNOWN_BODY,  /* no body, or one this version does not know */
	REJECT_BAD_BODY,      /* a field of the body is missing or out of range */
	REJECT_TOO_LARGE,
	REJECT_TOO_OLD,       /* older than the duplicate guard's window, without a sequence */
	REJECT_IN_FUTURE,
	REJECT_CONFLICT,      /* same source and id, other content */
	REJECT_SUPPRESSED,    /* the customer asked to be forgotten */
	REJECT_DAMAGED,       /* the customer's record fails its checksum and is set aside */
	REJECT_COUNT,
};
const char *reject_name(unsigned v);

#endif
