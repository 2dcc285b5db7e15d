/* SPDX-License-Identifier: Apache-2.0 */
/* Events as short texts:
 *
 *   SOURCE/ID[#SEQUENCE] CUSTOMER VERB … [via CHANNEL] [@TIME]
 *
 *   calls · called                        contact begun by the customer · by us
 *   says need=yes timing=no …             readiness
 *   buys AMOUNT [margin N]                returns AMOUNT [of ORDER] [REASON]
 *   complains CASE [REASON]               resolved CASE
 *   rates EXPECTED PERCEIVED [QUALITY]    refers CUSTOMER
 *   joins · leaves                        partners · parts
 *   signs ENDS · renews ENDS · notice [REASON]
 *   spends AMOUNT FROM TO                 seen COMPETITOR [quote|visit|purchase]
 *   profile owner=paul region=north …     market FACTOR UNTIL REGION [SEGMENT], - for any
 *
 * The order that is bought is called as the event's ID; so is what is returned, without "of".
 * CUSTOMER * is nobody: everybody whom a market signal covers.
 * Times are offsets (sim.h); without @TIME an event happens now. */
#include "tests/sim/sim.h"

#define WORDS_MAX 16
struct words {
	const struct sim *s;
	struct arena *arena;
	const char *line;
	char *word[WORDS_MAX];
	unsigned n, at;
};

static void bad(const struct words *w, const char *why)
{
	sim_fail(w->s, "%s: \"%s\"", why, w->line);
}

static char *next(struct words *w)
{
	if (w->at == w->n)
		bad(w, "a word is missing");
	return w->word[w->at++];
}

static struct span text(struct words *w)
{
	return span_str(next(w));
}

static int64_t number(struct words *w)
{
	char *end, *word = next(w);
	int64_t v = strtoll(word, &end, 10);

	if (*end)
		bad(w, "no number");
	return v;
}

static uint8_t named(struct words *w, const char *word, const char *(*naming)(unsigned),
	unsigned count)
{
	unsigned v = name_lookup(naming, count, span_str(word));

	if (v == 0)
		bad(w, "an unknown name");
	return (uint8_t)v;
}

static uint8_t name_perhaps(struct words *w, const char *(*naming)(unsigned), unsigned count)
{
	return w->at == w->n ? 0 : named(w, next(w), naming, count);
}

/* "key=value" in two; the value. */
static char *split(struct words *w, char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		bad(w, "no key=value");
	*value = '\0';
	return value + 1;
}

static void says(struct words *w, struct event *e)
{
	while (w->at < w->n) {
		char *factor = next(w), *answer = split(w, factor);
		unsigned f = 0;

		while (f < FACTOR_COUNT && strcmp(factor_name(f), factor) != 0)
			f++;
		if (f == FACTOR_COUNT)
			bad(w, "an unknown factor");
		e->as.readiness.factor[f] = named(w, answer, answer_name, ANSWER_COUNT);
	}
}

static void profile(struct words *w, struct event *e)
{
	while (w->at < w->n) {
		char *key = next(w), *value = split(w, key);

		if (strcmp(key, "owner") == 0)
			e->as.profile.owner = span_str(value);
		else if (strcmp(key, "region") == 0)
			e->as.profile.region = span_str(value);
		else if (strcmp(key, "segment") == 0)
			e->as.profile.segment = span_str(value);
		else if (strcmp(key, "held_by") == 0)
			e->as.profile.held_by = span_str(value);
		else if (strcmp(key, "account") == 0)
			e->as.profile.account = span_str(value);
		else if (strcmp(key, "role") == 0)
			e->as.profile.role = named(w, value, role_name, ROLE_COUNT);
		else
			bad(w, "an unknown field of a profile");
	}
}

static void contact(struct words *w, struct event *e)
{
	e->as.contact.direction = strcmp(w->word[2], "calls") == 0 ? DIRECTION_IN : DIRECTION_OUT;
}

static void buys(struct words *w, struct event *e)
{
	e->as.purchase.order = e->id;
	e->as.purchase.amount = number(w);
	e->as.purchase.has_margin = w->at < w->n && strcmp(next(w), "margin") == 0;
	if (e->as.purchase.has_margin)
		e->as.purchase.margin = number(w);
}

static void returns(struct words *w, struct event *e)
{
	e->as.refund.order = e->id;
	e->as.refund.amount = number(w);
	if (w->at < w->n && strcmp(w->word[w->at], "of") == 0) {
		w->at++;
		e->as.refund.order = text(w);
	}
	e->as.refund.reason = name_perhaps(w, reason_name, REASON_COUNT);
}

static void complains(struct words *w, struct event *e)
{
	e->as.complaint.complaint = text(w);
	e->as.complaint.reason = name_perhaps(w, reason_name, REASON_COUNT);
}

static void resolved(struct words *w, struct event *e)
{
	e->as.resolution.complaint = text(w);
}

static void rates(struct words *w, struct event *e)
{
	e->as.feedback.expected = (double)number(w);
	e->as.feedback.perceived = (double)number(w);
	e->as.feedback.quality = name_perhaps(w, quality_name, QUALITY_COUNT);
}

static void refers(struct words *w, struct event *e)
{
	e->as.referral.customer = text(w);
}

static void membership(struct words *w, struct event *e)
{
	e->as.membership.change =
		strcmp(w->word[2], "joins") == 0 ? MEMBERSHIP_JOINED : MEMBERSHIP_LEFT;
}

static void partnership(struct words *w, struct event *e)
{
	e->as.partnership.change =
		strcmp(w->word[2], "partners") == 0 ? PARTNERSHIP_BEGUN : PARTNERSHIP_ENDED;
}

static void contract(struct words *w, struct event *e)
{
	e->as.contract.change = strcmp(w->word[2], "signs") == 0 ? CONTRACT_SIGNED : CONTRACT_RENEWED;
	e->as.contract.ends_ms = sim_ms(next(w));
}

static void notice(struct words *w, struct event *e)
{
	e->as.contract.change = CONTRACT_NOTICE;
	e->as.contract.reason = name_perhaps(w, reason_name, REASON_COUNT);
}

static void spends(struct words *w, struct event *e)
{
	e->as.wallet.amount = number(w);
	e->as.wallet.from_ms = sim_ms(next(w));
	e->as.wallet.to_ms = sim_ms(next(w));
}

static void seen(struct words *w, struct event *e)
{
	e->as.competitor.name = text(w);
	e->as.competitor.seen = name_perhaps(w, sighting_name, SIGHTING_COUNT);
}

static struct span any_or(struct span word)
{
	return span_eq(word, span_str("-")) ? span_of(NULL, 0) : word;
}

static void market(struct words *w, struct event *e)
{
	e->as.market.factor = named(w, next(w), market_name, MARKET_COUNT);
	e->as.market.until_ms = sim_ms(next(w));
	e->as.market.region = any_or(text(w));
	if (w->at < w->n)
		e->as.market.segment = any_or(text(w));
}

static const struct {
	const char *verb;
	enum body body;
	void (*read)(struct words *w, struct event *e);
} verbs[] = {
	{ "calls", BODY_CONTACT, contact },          { "called", BODY_CONTACT, contact },
	{ "says", BODY_READINESS, says },            { "buys", BODY_PURCHASE, buys },
	{ "returns", BODY_REFUND, returns },         { "complains", BODY_COMPLAINT, complains },
	{ "resolved", BODY_RESOLUTION, resolved },   { "rates", BODY_FEEDBACK, rates },
	{ "refers", BODY_REFERRAL, refers },         { "joins", BODY_MEMBERSHIP, membership },
	{ "leaves", BODY_MEMBERSHIP, membership },   { "partners", BODY_PARTNERSHIP, partnership },
	{ "parts", BODY_PARTNERSHIP, partnership },  { "signs", BODY_CONTRACT, contract },
	{ "renews", BODY_CONTRACT, contract },       { "notice", BODY_CONTRACT, notice },
	{ "spends", BODY_WALLET, spends },           { "seen", BODY_COMPETITOR, seen },
	{ "profile", BODY_PROFILE, profile },        { "market", BODY_MARKET, market },
};

static void read_name(struct words *w, struct event *e)
{
	char *source = next(w), *id = strchr(source, '/'), *sequence;

	if (!id)
		bad(w, "no source/id");
	*id++ = '\0';
	sequence = strchr(id, '#');
	if (sequence) {
		*sequence++ = '\0';
		e->sequence = strtoull(sequence, NULL, 10);
	}
	e->source = span_str(source);
	e->id = span_str(id);
	e->customer = text(w);
	if (span_eq(e->customer, span_str("*")))
		e->customer = span_of(NULL, 0);
}

/* The ends of the line, read first: "@2h", "via web". */
static void read_ends(struct words *w, struct event *e)
{
	e->time_ms = w->s->now_ms;
	if (w->n && w->word[w->n - 1][0] == '@')
		e->time_ms = sim_ms(w->word[--w->n] + 1);
	if (w->n >= 2 && strcmp(w->word[w->n - 2], "via") == 0) {
		e->channel = named(w, w->word[w->n - 1], channel_name, CHANNEL_COUNT);
		w->n -= 2;
	}
}

void sim_event(const struct sim *s, const char *line, struct arena *a, struct event *e)
{
	struct words w = { .s = s, .arena = a, .line = line };
	char *copy = arena_alloc(a, strlen(line) + 1), *save = NULL;
	const char *verb;

	memset(e, 0, sizeof *e);
	for (char *word = strtok_r(strcpy(copy, line), " \t", &save); word;
		word = strtok_r(NULL, " \t", &save)) {
		if (w.n == WORDS_MAX)
			bad(&w, "too many words");
		w.word[w.n++] = word;
	}
	read_ends(&w, e);
	read_name(&w, e);
	verb = next(&w);
	for (unsigned i = 0; i < sizeof verbs / sizeof *verbs; i++) {
		if (strcmp(verb, verbs[i].verb) != 0)
			continue;
		e->body = (uint8_t)verbs[i].body;
		verbs[i].read(&w, e);
		if (w.at != w.n)
			bad(&w, "one word too many");
		return;
	}
	bad(&w, "an unknown verb");
}

#define LINES_MAX 64
bool sim_send(struct sim *s, const char *lines)
{
	struct arena *a = arena_new(8 << 10, 1 << 20);
	struct event e[LINES_MAX];
	char *copy = arena_alloc(a, strlen(lines) + 1), *save = NULL;
	size_t n = 0;
	bool ok;

	for (char *line = strtok_r(strcpy(copy, lines), "\n", &save); line && n < LINES_MAX;
		line = strtok_r(NULL, "\n", &save))
		sim_event(s, line, a, &e[n++]);
	sim_submit(s, 0, s->o.backfill, e, n);
	ok = sim_flush(s);
	arena_free(a);
	return ok && sim_until_ms(s, s->now_ms);
}
