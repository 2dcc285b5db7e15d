/* SPDX-License-Identifier: Apache-2.0 */
/* Sentences: that both languages say everything, and what they say of each type. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include "lifecycle/standing.h"
#include "words/words.h"

#define HOUR 3600000.0
#define DAY  (24 * HOUR)
#define AT   INT64_C(1323435000000) /* 2011-12-09T12:50:00Z */

static struct messages *messages[LANGUAGES];

static int load(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LANGUAGES; i++) {
		struct complaint c = { 0 };

		if (messages_new((enum language)i, span_of(NULL, 0), &messages[i], &c) != 0)
			fail_msg("%s.messages:%d:%d: %s", language_name(i), c.line, c.column, c.text);
	}
	return 0;
}

static int unload(void **state)
{
	(void)state;
	for (unsigned i = 0; i < LANGUAGES; i++)
		messages_free(messages[i]);
	return 0;
}

static struct words words_of(enum language language)
{
	return (struct words){ .messages = messages[language], .decimals = 2, .currency = "€" };
}

static void assert_text(struct buf *out, const char *expected)
{
	buf_add(out, "", 1);
	assert_false(out->failed);
	assert_string_equal((const char *)out->data, expected);
	buf_fini(out);
}

/* ---- a notification in few words */

#define NUMBER(u, f, t, v) { .fact = { (const uint8_t *)f, sizeof f - 1 }, \
	.test = { (const uint8_t *)t, sizeof t - 1 }, .value = v, .unit = UNIT_##u, .known = true, \
	.holds = true, .speaks = true }
#define NOT_SO(u, f, t, v) { .fact = { (const uint8_t *)f, sizeof f - 1 }, \
	.test = { (const uint8_t *)t, sizeof t - 1 }, .value = v, .unit = UNIT_##u, .known = true, \
	.speaks = true }
#define LEFT(u, f, t, v) { .fact = { (const uint8_t *)f, sizeof f - 1 }, \
	.test = { (const uint8_t *)t, sizeof t - 1 }, .value = v, .unit = UNIT_##u, .known = true, \
	.speaks = true, .left = true }
#define SILENTLY(u, f, t, v) { .fact = { (const uint8_t *)f, sizeof f - 1 }, \
	.test = { (const uint8_t *)t, sizeof t - 1 }, .value = v, .unit = UNIT_##u, .known = true, \
	.holds = true }
#define BESIDE(u, f, v) { .fact = { (const uint8_t *)f, sizeof f - 1 }, .value = v, \
	.unit = UNIT_##u, .known = true }
#define NAMED(f, v) { .fact = { (const uint8_t *)f, sizeof f - 1 }, \
	.text = { (const uint8_t *)v, sizeof v - 1 }, .unit = UNIT_NAME, .known = true }

struct golden {
	const char *type, *ladder, *from, *to;
	struct evidence evidence[6], context[3];
	const char *en, *zh;
};

static void fill(struct notification *n, const struct golden *g)
{
	memset(n, 0, sizeof *n);
	n->shard = 3;
	n->sequence = 1042;
	n->type = span_str(g->type);
	n->customer = span_str("anna");
	n->ladder = span_str(g->ladder);
	n->from = span_str(g->from);
	n->to = span_str(g->to);
	n->rule = n->type;
	n->at_ms = AT;
	if (strncmp(g->type, "customer.", 9) == 0)
		n->rule = span_str(strcmp(g->ladder, "risk") == 0 ? "risk.complaint" :
			"stage.lapsed");
	while (n->n_evidence < 6 && g->evidence[n->n_evidence].fact.size)
		n->evidence[n->n_evidence] = g->evidence[n->n_evidence], n->n_evidence++;
	while (n->n_context < 3 && g->context[n->n_context].fact.size)
		n->context[n->n_context] = g->context[n->n_context], n->n_context++;
}

static const struct golden goldens[] = {
#include "words_golden.h"
};
#define N_GOLDENS (sizeof goldens / sizeof *goldens)

static void every_type_of_the_default_file_is_said_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < N_GOLDENS; i++) {
		for (unsigned language = 0; language < LANGUAGES; language++) {
			struct words w = words_of((enum language)language);
			struct notification n;
			struct buf out = { 0 };

			fill(&n, &goldens[i]);
			sentence_write(&out, &w, &n, span_of(NULL, 0));
			assert_true(bytes_are_plain_utf8(span_of(out.data, out.size)));
			assert_text(&out, language == LANGUAGE_ZH ? goldens[i].zh : goldens[i].en);
		}
	}
}

static bool has_golden(struct span id, const char *to)
{
	for (size_t i = 0; i < N_GOLDENS; i++)
		if (span_eq(span_str(goldens[i].type), id) && (!to || strcmp(goldens[i].to, to) == 0))
			return true;
	return false;
}

static bool has_message(const char *format, struct span id)
{
	char key[MESSAGE_KEY_MAX];

	snprintf(key, sizeof key, format, (int)id.size, (const char *)id.data);
	if (!messages_find(messages[LANGUAGE_EN], key))
		print_error("words/*.messages have no %s\n", key);
	return messages_find(messages[LANGUAGE_EN], key) != NULL;
}

static struct machine *default_machine(void)
{
	struct machine *m;

	assert_int_equal(machine_compile((const char *)machine_default_text().data,
		machine_default_text().size, &m, NULL), 0);
	return m;
}

/* A rung or a risk that is new in examples/default.lifecycle wants lines in words/en.messages and
 * words/zh.messages. */
static void every_rung_and_risk_of_the_default_file_has_a_sentence_and_a_name(void **state)
{
	struct machine *m = default_machine();
	unsigned missing = 0;

	(void)state;
	for (unsigned l = 0; l < m->n_ladders; l++)
		for (unsigned r = 0; r < m->ladders[l].n_rungs; r++) {
			missing += !has_message("say.%.*s", m->ladders[l].rungs[r].id);
			missing += !has_message("name.%.*s", m->ladders[l].rungs[r].id);
		}
	for (unsigned k = 0; k < m->n_risks; k++) {
		missing += !has_message("say.%.*s", m->risks[k].id);
		missing += !has_message("say.%.*s.clear", m->risks[k].id);
		missing += !has_message("name.%.*s", m->risks[k].id);
	}
	for (unsigned c = CROSSING_CONVERTED; c < CROSSING_COUNT; c++) {
		missing += !has_message("say.%.*s", span_str(crossing_name(c)));
		missing += !has_message("say.retracted.%.*s", span_str(crossing_name(c)));
		assert_true(has_golden(span_str(crossing_name(c)), NULL));
	}
	machine_free(m);
	assert_int_equal(missing, 0);
}

static void what_the_default_rules_compare_has_a_phrase(void **state)
{
	struct machine *m = default_machine();
	unsigned missing = 0;

	(void)state;
	for (unsigned t = 0; t < m->n_tests; t++)
		missing += !has_message("why.%.*s", m->tests[t].quantity < QUANTITY_LADDER ?
			machine_quantity(m, m->tests[t].quantity).name :
			m->ladders[m->tests[t].quantity - QUANTITY_LADDER].name);
	machine_free(m);
	assert_int_equal(missing, 0);
}

static void both_languages_have_the_same_keys(void **state)
{
	const struct messages *en = messages[LANGUAGE_EN], *zh = messages[LANGUAGE_ZH];

	(void)state;
	for (unsigned i = 0; i < en->n && i < zh->n; i++)
		if (!span_eq(en->list[i].key, zh->list[i].key))
			fail_msg("%.*s in English, %.*s in Chinese", (int)en->list[i].key.size,
				(const char *)en->list[i].key.data, (int)zh->list[i].key.size,
				(const char *)zh->list[i].key.data);
	assert_int_equal(en->n, zh->n);
	assert_true(en->n > 200);
}

/* The texts of a key may leave something out in one language, but name nothing that is unknown. */
static void every_hole_is_one_that_can_be_filled(void **state)
{
	static const char *const others[] = { "n", "currency", "day", "month", "year", "customer",
		"name", "from", "at", "value", "in", "since", "why", "left", "sentence", "own_gap",
		"owner", "region", "tier", "play", "subject", "type", "rule", "ladder", "test", "fact",
		"window", "due", "announced_lately", "limit", "other" };

	(void)state;
	for (unsigned language = 0; language < LANGUAGES; language++)
		for (unsigned i = 0; i < messages[language]->n; i++) {
			const struct saying *s = &messages[language]->list[i];
			struct hole h;
			bool known = true;

			for (size_t at = 0; known && template_next(s->text, &at, &h);) {
				known = quantity_lookup(h.name) >= 0;
				for (size_t k = 0; k < sizeof others / sizeof *others; k++)
					known = known || span_eq(h.name, span_str(others[k]));
			}
			if (!known)
				fail_msg("%.*s: {%.*s} is nothing", (int)s->key.size,
					(const char *)s->key.data, (int)h.name.size,
					(const char *)h.name.data);
		}
}

static void every_key_is_one_that_is_asked_for(void **state)
{
	static const char *const families[] = { "unit.", "list.", "name.", "say.", "account.",
		"preview.", "play.", "why." };

	(void)state;
	for (unsigned i = 0; i < messages[LANGUAGE_EN]->n; i++) {
		struct span key = messages[LANGUAGE_EN]->list[i].key;
		bool known = false;

		for (size_t k = 0; k < sizeof families / sizeof *families; k++)
			known = known || (key.size > strlen(families[k]) &&
				memcmp(key.data, families[k], strlen(families[k])) == 0);
		assert_true(known);
	}
}

/* The plays of the file that ships, and no others, are there in both languages. */
static void has_play(const struct rung *r, unsigned *n)
{
	char key[128];
	const struct saying *en, *zh;

	if (r->play.size == 0)
		return;
	snprintf(key, sizeof key, "play.%.*s", (int)r->id.size, (const char *)r->id.data);
	en = messages_find(messages[LANGUAGE_EN], key);
	zh = messages_find(messages[LANGUAGE_ZH], key);
	if (!en || !zh || !span_eq(en->text, r->play) || span_eq(zh->text, r->play))
		fail_msg("%s is not the play of the file that ships, or not translated", key);
	++*n;
}

static void what_to_do_is_told_in_the_language_asked_for_while_it_is_the_shipped_file_s(void **state)
{
	struct span text = machine_default_text();
	struct machine *m;
	unsigned n = 0, keys = 0;
	struct notification note = { .rule = span_str("risk.silent"), .ladder = span_str("risk"),
		.to = span_str("raised"), .customer = span_str("anna") };
	struct words w = words_of(LANGUAGE_ZH);
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(machine_compile((const char *)text.data, text.size, &m, NULL), 0);
	for (unsigned l = 0; l < m->n_ladders; l++)
		for (unsigned r = 0; r < m->ladders[l].n_rungs; r++)
			has_play(&m->ladders[l].rungs[r], &n);
	for (unsigned k = 0; k < m->n_risks; k++)
		has_play(&m->risks[k], &n);
	for (unsigned i = 0; i < messages[LANGUAGE_EN]->n; i++)
		keys += messages[LANGUAGE_EN]->list[i].key.size > 5 &&
			memcmp(messages[LANGUAGE_EN]->list[i].key.data, "play.", 5) == 0;
	assert_int_equal(keys, n);
	w.shipped = messages[LANGUAGE_EN];
	note.play = m->risks[machine_risk(m, span_str("silent"))].play;
	account_write(&out, &w, ACCOUNT_RISK, &note, span_str("x"), 0, 0);
	buf_add(&out, "", 1);
	assert_non_null(strstr((const char *)out.data, "建议：致电问候"));
	buf_clear(&out);
	note.play = span_str("send wine"); /* one of the business's own stays what it is */
	account_write(&out, &w, ACCOUNT_RISK, &note, span_str("x"), 0, 0);
	buf_add(&out, "", 1);
	assert_non_null(strstr((const char *)out.data, "建议：send wine"));
	buf_fini(&out);
	machine_free(m);
}

/* ---- numbers */

static void assert_duration(enum language language, double ms, const char *expected)
{
	struct words w = words_of(language);
	struct buf out = { 0 };

	measure_duration(&out, &w, ms);
	assert_text(&out, expected);
}

static void durations_are_told_as_people_tell_them(void **state)
{
	(void)state;
	assert_duration(LANGUAGE_EN, 0, "0 seconds");
	assert_duration(LANGUAGE_EN, 1000, "1 second");
	assert_duration(LANGUAGE_EN, 89000, "89 seconds");
	assert_duration(LANGUAGE_EN, 90000, "2 minutes");
	assert_duration(LANGUAGE_EN, HOUR, "60 minutes");
	assert_duration(LANGUAGE_EN, 2 * HOUR, "2 hours");
	assert_duration(LANGUAGE_EN, DAY, "24 hours");
	assert_duration(LANGUAGE_EN, 2 * DAY, "2 days");
	assert_duration(LANGUAGE_EN, 17.4 * DAY, "17 days");
	assert_duration(LANGUAGE_EN, 63 * DAY, "9 weeks");
	assert_duration(LANGUAGE_EN, 180 * DAY, "6 months");
	assert_duration(LANGUAGE_EN, 365 * DAY, "12 months");
	assert_duration(LANGUAGE_EN, 730 * DAY, "2 years");
	assert_duration(LANGUAGE_EN, 900 * DAY, "2.5 years");
	assert_duration(LANGUAGE_EN, -3 * DAY, "3 days");
	assert_duration(LANGUAGE_ZH, 63 * DAY, "9 周");
	assert_duration(LANGUAGE_ZH, 180 * DAY, "6 个月");
	assert_duration(LANGUAGE_ZH, 17 * DAY, "17 天");
}

static void assert_money(unsigned decimals, const char *currency, double minor, const char *expected)
{
	struct words w = words_of(LANGUAGE_EN);
	struct buf out = { 0 };

	w.decimals = decimals;
	snprintf(w.currency, sizeof w.currency, "%s", currency);
	measure_money(&out, &w, minor);
	assert_text(&out, expected);
}

static void money_has_the_decimals_of_the_store(void **state)
{
	(void)state;
	assert_money(2, "€", 123456, "€ 1234.56");
	assert_money(2, "", 1234567890, "12 345 678.90");
	assert_money(0, "¥", 500, "¥ 500");
	assert_money(3, "KWD", 1500, "KWD 1.500");
	assert_money(2, "", -45, "-0.45");
}

static void dates_are_those_of_the_zone(void **state)
{
	struct words w = words_of(LANGUAGE_EN);
	struct zone zone;
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(zone_open("Asia/Shanghai", &zone, NULL), 0);
	measure_date(&out, &w, INT64_C(1323446400000) - 1);
	assert_text(&out, "9 December 2011");
	out = (struct buf){ 0 };
	w.zone = &zone;
	measure_date(&out, &w, INT64_C(1323446400000) - 1);
	assert_text(&out, "9 December 2011");
	out = (struct buf){ 0 };
	measure_date(&out, &w, INT64_C(1323446400000));
	assert_text(&out, "10 December 2011");
	out = (struct buf){ 0 };
	w.messages = messages[LANGUAGE_ZH];
	measure_date(&out, &w, INT64_C(1323446400000));
	assert_text(&out, "2011年12月10日");
	zone_close(&zone);
}

/* ---- what has no words of its own */

static void assert_said(const struct golden *g, struct span say, const char *expected)
{
	struct words w = words_of(LANGUAGE_EN);
	struct notification n;
	struct buf out = { 0 };

	fill(&n, g);
	sentence_write(&out, &w, &n, say);
	assert_text(&out, expected);
}

static void a_business_s_own_rules_read_well_without_words(void **state)
{
	(void)state;
	assert_said(&(struct golden){ "risk.big_buyer", "risk", "clear", "raised",
		{ NUMBER(COUNT, "big_orders", "big_orders >= 3", 4),
		  NOT_SO(DURATION, "last_visit", "last_visit < 90d", 100 * DAY) } }, span_of(NULL, 0),
		"anna is at risk (big buyer) because big_orders >= 3 (4), not last_visit < 90d.");
	assert_said(&(struct golden){ "care.visit", "care", "phone", "visit",
		{ NUMBER(MONEY, "net_spent", "net_spent >= 1000000", 1234500) } }, span_of(NULL, 0),
		"anna: care is visit now, after phone, because spent € 12 345.00, what was given back "
		"taken off.");
	assert_said(&(struct golden){ "care.phone", "care", "visit", "phone",
		{ NUMBER(COUNT, "big_orders", "big_orders >= 1", 1),
		  LEFT(COUNT, "big_orders", "big_orders >= 3", 1) } }, span_of(NULL, 0),
		"anna: care is phone now, after visit, because this has changed: not big_orders >= 3.");
	assert_said(&(struct golden){ "risk.slow", "risk", "clear", "raised",
		{ NUMBER(DURATION, "silence", "silence > 45d", 63 * DAY) } }, span_of(NULL, 0),
		"anna is at risk (slow) because nothing bought for 9 weeks.");
	assert_said(&(struct golden){ "risk.buys", "risk", "clear", "raised",
		{ NUMBER(COUNT, "purchases", "purchases >= 1", 3) } }, span_of(NULL, 0),
		"anna is at risk (buys) because purchases >= 1 (3).");
	assert_said(&(struct golden){ "something.else", "", "", "" }, span_of(NULL, 0),
		"anna: something.else");
}

static void what_has_no_say_in_the_verdict_is_not_told_as_its_reason(void **state)
{
	(void)state;
	assert_said(&(struct golden){ "stage.prospect", "stage", "suspect", "prospect",
		{ SILENTLY(FLAG, "need", "need", 0), NUMBER(COUNT, "contacts_in", "contacts_in >= 1", 1),
		  SILENTLY(COUNT, "contacts", "contacts >= 2", 1) } }, span_of(NULL, 0),
		"anna is a prospect now: got in touch with us 1 time.");
}

static void the_file_s_own_sentence_comes_first(void **state)
{
	struct golden g = { "risk.slow", "risk", "clear", "raised",
		{ NUMBER(DURATION, "silence", "silence > 45d", 63 * DAY) },
		{ BESIDE(MONEY, "spent", 125000) } };

	(void)state;
	assert_said(&g, span_str("{customer} spent {spent} and stays away for {silence}[, {margin}]"),
		"anna spent € 1250.00 and stays away for 9 weeks");
	assert_said(&g, span_str("{customer} earned us {margin}"),
		"anna is at risk (slow) because nothing bought for 9 weeks.");
	g.to = "clear";
	assert_said(&g, span_str("{customer} stays away"), "anna is no longer at risk (slow): nothing bought "
		"for 9 weeks.");
}

static void a_customer_s_id_is_never_read_as_a_template(void **state)
{
	static const char *const ids[] = { "{customer}", "[x] {", "a\"b\\", "王\xe2\x80\xae", "]}|" };

	(void)state;
	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		struct words w = words_of(LANGUAGE_EN);
		struct notification n;
		struct buf out = { 0 };
		char expected[200];

		fill(&n, &(struct golden){ "stage.member", "stage", "client", "member" });
		n.customer = span_str(ids[i]);
		sentence_write(&out, &w, &n, span_of(NULL, 0));
		snprintf(expected, sizeof expected, "%s has joined and is a member now.", ids[i]);
		assert_text(&out, expected);
	}
}

static void a_sentence_that_is_too_long_ends_behind_a_whole_character(void **state)
{
	struct words w = words_of(LANGUAGE_EN);
	char *text = malloc(3 * SENTENCE_MAX + 1);
	struct notification n;
	struct buf out = { 0 };

	(void)state;
	assert_non_null(text);
	for (int i = 0; i < SENTENCE_MAX; i++)
		memcpy(text + 3 * i, "王", 3);
	text[3 * SENTENCE_MAX] = 0;
	fill(&n, &(struct golden){ "risk.slow", "risk", "clear", "raised" });
	sentence_write(&out, &w, &n, span_str(text));
	assert_true(out.size <= SENTENCE_MAX && out.size > SENTENCE_MAX - 6);
	assert_true(bytes_are_plain_utf8(span_of(out.data, out.size)));
	assert_memory_equal(out.data + out.size - 3, "…", 3);
	buf_fini(&out);
	free(text);
}

/* ---- message files */

static void assert_refused(const char *text, int line, int column, const char *why)
{
	struct complaint c = { 0 };
	struct messages *m = NULL;

	if (messages_new(LANGUAGE_EN, span_str(text), &m, &c) == 0)
		fail_msg("accepted: %s", text);
	assert_null(m);
	if (c.line != line || c.column != column || !strstr(c.text, why))
		fail_msg("%s\nsays     %d:%d: %s\nexpected %d:%d: … %s …", text, c.line, c.column, c.text,
			line, column, why);
}

static void a_wrong_message_file_says_where_and_why(void **state)
{
	(void)state;
	assert_refused("say.risk.silent", 1, 1, "expected KEY = TEXT");
	assert_refused("# fine\n\nunit.dya = {n}", 3, 1, "no such key");
	assert_refused("say.Risk = x", 1, 5, "lower-case");
	assert_refused("say.a = 1\nsay.a = 2", 2, 1, "said before");
	assert_refused("say.a = {customer", 1, 9, "opening brace without");
	assert_refused("say.a = 王 customer}", 1, 19, "closing brace without");
	assert_refused("say.a = [x [y]]", 1, 12, "do not nest");
	assert_refused("say.a = x]", 1, 10, "closing square bracket");
	assert_refused("say.a = [x", 1, 11, "opening square bracket");
	assert_refused("say.a = {Customer}", 1, 9, "expected {name}");
	assert_refused("say.a = {n:day}", 1, 9, "expected two words");
	assert_refused("say.a = \xff", 1, 1, "UTF-8");
	assert_refused(" = x", 1, 2, "a key has");
}

static void own_messages_lie_over_those_built_in(void **state)
{
	struct complaint c = { 0 };
	struct messages *m;
	struct words w = { .decimals = 2 };
	struct notification n;
	struct buf out = { 0 };

	(void)state;
	assert_int_equal(messages_new(LANGUAGE_EN, span_str("# ours\r\nsay.stage.member =  Welcome, "
		"{customer}!\r\nwhy.big_orders = {value:big order|big orders}\n"), &m, &c), 0);
	w.messages = m;
	fill(&n, &(struct golden){ "stage.member", "stage", "client", "member" });
	sentence_write(&out, &w, &n, span_of(NULL, 0));
	assert_text(&out, "Welcome, anna!");
	out = (struct buf){ 0 };
	fill(&n, &(struct golden){ "risk.big", "risk", "clear", "raised",
		{ NUMBER(COUNT, "big_orders", "big_orders >= 3", 4) } });
	sentence_write(&out, &w, &n, span_of(NULL, 0));
	assert_text(&out, "anna is at risk (big) because 4 big orders.");
	messages_free(m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_languages_have_the_same_keys),
		cmocka_unit_test(every_hole_is_one_that_can_be_filled),
		cmocka_unit_test(every_key_is_one_that_is_asked_for),
		cmocka_unit_test(
		what_to_do_is_told_in_the_language_asked_for_while_it_is_the_shipped_file_s),
		cmocka_unit_test(every_rung_and_risk_of_the_default_file_has_a_sentence_and_a_name),
		cmocka_unit_test(what_the_default_rules_compare_has_a_phrase),
		cmocka_unit_test(every_type_of_the_default_file_is_said_so),
		cmocka_unit_test(durations_are_told_as_people_tell_them),
		cmocka_unit_test(money_has_the_decimals_of_the_store),
		cmocka_unit_test(dates_are_those_of_the_zone),
		cmocka_unit_test(a_business_s_own_rules_read_well_without_words),
		cmocka_unit_test(what_has_no_say_in_the_verdict_is_not_told_as_its_reason),
		cmocka_unit_test(the_file_s_own_sentence_comes_first),
		cmocka_unit_test(a_customer_s_id_is_never_read_as_a_template),
		cmocka_unit_test(a_sentence_that_is_too_long_ends_behind_a_whole_character),
		cmocka_unit_test(a_wrong_message_file_says_where_and_why),
		cmocka_unit_test(own_messages_lie_over_those_built_in),
	};

	return cmocka_run_group_tests_name("words", tests, load, unload);
}
