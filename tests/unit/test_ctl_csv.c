/* SPDX-License-Identifier: Apache-2.0 */
/* kith send: CSV, exact decimals, mappings, orders, rejected lines. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "ctl/csv.h"
#include "ctl/decimal.h"
#include "ctl/event_file.h"
#include "ctl/mapping.h"
#include "ctl/orders.h"
#include "ctl/rejects.h"

static struct csv *csv_of(const char *text, size_t size, char delimiter, bool collapse)
{
	struct csv *v = malloc(sizeof *v);
	FILE *f = tmpfile();

	assert_non_null(v);
	assert_non_null(f);
	assert_int_equal(fwrite(text, 1, size, f), size);
	rewind(f);
	csv_init(v, f, delimiter, collapse);
	return v;
}

static void csv_done(struct csv *v)
{
	fclose(v->file);
	free(v);
}

/* All records as one text: fields in brackets, "!line:column" for a bad record. */
static const char *csv_read(const char *text, size_t size, char delimiter, bool collapse)
{
	static char out[4096];
	struct csv *v = csv_of(text, size, delimiter, collapse);
	struct complaint c;
	size_t at = 0;
	int rc;

	while ((rc = csv_next(v, &c)) != ERR_NOTFOUND && at < sizeof out - 1) {
		if (rc == ERR_INVALID) {
			at += (size_t)snprintf(out + at, sizeof out - at, "!%d:%d ", c.line, c.column);
			continue;
		}
		assert_int_equal(rc, 0);
		at += (size_t)snprintf(out + at, sizeof out - at, "%lld", (long long)v->line);
		for (unsigned i = 0; i < v->n_fields; i++)
			at += (size_t)snprintf(out + at, sizeof out - at, "[%.*s]",
				(int)v->fields[i].size, (const char *)v->fields[i].data);
		at += (size_t)snprintf(out + at, sizeof out - at, " ");
	}
	assert_int_equal(v->bytes + 0, size - (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0));
	csv_done(v);
	out[at] = 0;
	return out;
}
#define CSV(text) csv_read(text, sizeof text - 1, ',', false)

static void csv_reads_plain_and_quoted_fields(void **state)
{
	(void)state;
	assert_string_equal(CSV("a,b\r\n1,\"x, y\"\r\n"), "1[a][b] 2[1][x, y] ");
	assert_string_equal(CSV("\"he said \"\"no\"\"\",\"\"\n"), "1[he said \"no\"][] ");
	assert_string_equal(CSV("a,,\n,b"), "1[a][][] 2[][b] ");
	assert_string_equal(CSV("12\" ruler,5\n"), "1[12\" ruler][5] ");
	assert_string_equal(CSV("\xef\xbb\xbf\"a\",b\n"), "1[a][b] ");
	assert_string_equal(CSV("a\rb,c\r"), "1[a\rb][c] ");
	assert_string_equal(CSV("\n\na\n\n"), "3[a] ");
	assert_string_equal(CSV(""), "");
}

static void csv_counts_lines_inside_quotes(void **state)
{
	(void)state;
	assert_string_equal(CSV("a,\"1\n2\r\n3\"\nb,4\n"), "1[a][1\n2\r\n3] 4[b][4] ");
}

static void a_bad_record_costs_its_first_line_only(void **state)
{
	(void)state;
	assert_string_equal(CSV("a,b\n\"x\"y,1\nc,d\n"), "1[a][b] !2:4 3[c][d] ");
	assert_string_equal(CSV("a\n\"open,b\nc,d\ne,f\n"), "1[a] !2:17 3[c][d] 4[e][f] ");
	assert_string_equal(CSV("\"open"), "!1:6 ");
}

static void a_record_beyond_the_limit_is_refused_and_skipped(void **state)
{
	size_t size = 3 * (size_t)CSV_RECORD_MAX;
	char *text = malloc(size + 8);
	const char *got;

	(void)state;
	memcpy(text, "a\n", 2);
	memset(text + 2, 'x', size);
	memcpy(text + 2 + size, "\nb\n", 3);
	got = csv_read(text, size + 5, ',', false);
	assert_memory_equal(got, "1[a] !2:", 8);
	assert_non_null(strstr(got, " 3[b] "));
	free(text);
}

static void blanks_may_align_columns(void **state)
{
	static const char text[] = " 00004 0001 19970101  2   29.33\r\n 00021  0002 19970101 3 63.34 \r\n";

	(void)state;
	assert_string_equal(csv_read(text, sizeof text - 1, ' ', true),
		"1[00004][0001][19970101][2][29.33] 2[00021][0002][19970101][3][63.34] ");
}

static uint64_t seed_of_env(void)
{
	const char *s = getenv("SEED");

	return s ? strtoull(s, NULL, 0) : 20111209;
}

static uint32_t next_random(uint64_t *seed)
{
	*seed = *seed * UINT64_C(6364136223846793005) + 1;
	return (uint32_t)(*seed >> 33);
}

/* Any fields, written by the rules of RFC 4180, are read back, wherever the buffer ends. */
static void what_is_written_as_csv_is_read_back(void **state)
{
	static const char alphabet[] = "ab,\"\n\r x";
	const char *runs = getenv("RUNS");
	unsigned rounds = 20 * (runs ? (unsigned)atoi(runs) : 1);
	uint64_t seed = seed_of_env(), at_start;

	(void)state;
	while (rounds-- > 0) {
		struct buf want = { 0 }, text = { 0 }, got = { 0 };
		unsigned records = 1 + next_random(&seed) % 12000;
		struct csv *v;

		at_start = seed;
		for (unsigned r = 0; r < records; r++) {
			for (unsigned f = 0; f < 3; f++) {
				buf_add_str(&text, f ? ",\"" : "\"");
				for (unsigned n = 1 + next_random(&seed) % 9; n > 0; n--) {
					char b = alphabet[next_random(&seed) % (sizeof alphabet - 1)];

					buf_add(&want, &b, 1);
					buf_add(&text, &b, 1);
					if (b == '"')
						buf_add(&text, &b, 1);
				}
				buf_add_str(&text, "\"");
				buf_add(&want, "", 1);
			}
			buf_add_str(&text, next_random(&seed) % 2 ? "\n" : "\r\n");
		}
		v = csv_of((const char *)text.data, text.size, ',', false);
		while (csv_next(v, NULL) == 0)
			for (unsigned f = 0; f < v->n_fields; f++) {
				buf_add(&got, v->fields[f].data, v->fields[f].size);
				buf_add(&got, "", 1);
			}
		if (!span_eq(span_of(want.data, want.size), span_of(got.data, got.size)))
			fail_msg("differs; SEED=%llu", (unsigned long long)at_start);
		csv_done(v);
		buf_fini(&want);
		buf_fini(&text);
		buf_fini(&got);
	}
}

/* ----------------------------------------------------------------------------- decimals */

static struct decimal dec(const char *text)
{
	struct decimal d;

	assert_int_equal(decimal_parse(span_str(text), '.', 0, &d), 0);
	return d;
}

static int64_t rounded(struct decimal d, unsigned decimals)
{
	int64_t v;

	assert_int_equal(decimal_round(d, decimals, &v), 0);
	return v;
}

static void decimals_are_exact_and_round_halves_away_from_zero(void **state)
{
	struct decimal product, sum = { 0, 0 };

	(void)state;
	assert_int_equal(rounded(dec("1.005"), 2), 101); /* in floating point it would be 100 */
	assert_int_equal(rounded(dec("-1.005"), 2), -101);
	assert_int_equal(rounded(dec("1.0049999"), 2), 100);
	assert_int_equal(rounded(dec("12"), 2), 1200);
	assert_int_equal(rounded(dec(" +.5 "), 0), 1);
	assert_int_equal(rounded(dec("7."), 0), 7);
	assert_int_equal(decimal_multiply(dec("-3"), dec("0.335"), &product), 0);
	assert_int_equal(rounded(product, 2), -101);
	for (int i = 0; i < 1000; i++)
		assert_int_equal(decimal_add(sum, dec("0.001"), &sum), 0);
	assert_int_equal(rounded(sum, 2), 100);
}

static void thousands_may_be_separated_where_the_mapping_says_so(void **state)
{
	static const char *const well[] = { "1.234.567,89", "1234567,89", " 1.234.567,89 " };
	static const char *const bad[] = { "1.5", "1.23,00", "1234.567,00", ".123", "1..234", "1.2345",
		"1,234.567", "1.234.", "-.123" };
	struct decimal d;

	(void)state;
	for (size_t i = 0; i < sizeof well / sizeof *well; i++) {
		assert_int_equal(decimal_parse(span_str(well[i]), ',', '.', &d), 0);
		assert_int_equal(rounded(d, 2), 123456789);
	}
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(decimal_parse(span_str(bad[i]), ',', '.', &d), ERR_INVALID);
	assert_int_equal(decimal_parse(span_str("-1'234.5"), '.', '\'', &d), 0);
	assert_int_equal(rounded(d, 2), -123450);
	assert_int_equal(decimal_parse(span_str("1,234.50"), '.', 0, &d), ERR_INVALID);
}

static void what_is_no_decimal_is_refused(void **state)
{
	static const char *const bad[] = { "", " ", "-", ".", "1e3", "1,5", "0x1", "1.2.3", "--1", "1 2",
		"nan" };
	struct decimal d;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(decimal_parse(span_str(bad[i]), '.', 0, &d), ERR_INVALID);
	assert_int_equal(decimal_parse(span_str("1,5"), ',', 0, &d), 0);
	assert_int_equal(decimal_parse(span_str("1234567890123456789"), '.', 0, &d), ERR_TOOBIG);
	assert_int_equal(decimal_parse(span_str("000000000000000000001"), '.', 0, &d), 0);
	assert_int_equal(decimal_parse(span_str("0.0000000000000000001"), '.', 0, &d), ERR_TOOBIG);
}

static void a_sum_that_does_not_fit_is_refused(void **state)
{
	struct decimal big = dec("999999999999999999"), d;
	int64_t v;

	(void)state;
	assert_int_equal(decimal_multiply(big, big, &d), 0);
	assert_int_equal(decimal_round(d, 0, &v), ERR_TOOBIG);
	assert_int_equal(decimal_multiply(d, big, &d), ERR_TOOBIG);
}

/* ----------------------------------------------------------------------------- mappings */

#define RETAIL \
	"source: shop\ncustomer: who\ntime: {column: at, format: \"%Y-%m-%d %H:%M\"}\nchannel: web\n" \
	"body: purchase\ngroup_by: [invoice]\namount: {columns: [n, price], decimals: 2}\n" \
	"refund_when: {column: invoice, prefix: C}\n" \
	"skip:\n- {column: who, empty: true}\n- {column: invoice, prefix: A}\n"
#define HEADER "invoice,n,at,price,who\n"

static struct mapping *mapping_of(const char *text)
{
	struct complaint c = { 0 };
	struct mapping *m = NULL;

	if (mapping_parse("test.yaml", text, strlen(text), &m, &c))
		fail_msg("%s", c.text);
	return m;
}

static char path[] = "/tmp/kith-test-ctl-XXXXXX";

static char last_why[256]; /* of the last line that convert() could not read */

/* The events, or "line:code", that CSV makes by MAP, a line each. */
static const char *convert(const char *map, const char *csv)
{
	static char out[8192];
	struct mapping *m = mapping_of(map);
	struct complaint c = { 0 };
	struct event_file *f = NULL;
	struct event_item item;
	FILE *file = fopen(path, "w");
	size_t at = 0;

	assert_non_null(file);
	fputs(csv, file);
	fclose(file);
	if (event_file_open(path, m, &f, &c)) {
		snprintf(out, sizeof out, "%s", c.text);
		mapping_free(m);
		return out;
	}
	while (!event_file_next(f, &item, &c)) {
		if (item.code)
			snprintf(last_why, sizeof last_why, "%s", item.text);
		if (item.code)
			at += (size_t)snprintf(out + at, sizeof out - at, "%lld:%s\n", (long long)item.line,
				reject_name(item.code));
		else
			at += (size_t)snprintf(out + at, sizeof out - at, "%.*s\n", (int)item.json.size,
				(const char *)item.json.data);
	}
	out[at] = 0;
	event_file_close(f);
	mapping_free(m);
	return out;
}

static void lines_of_one_order_become_one_purchase(void **state)
{
	(void)state;
	assert_string_equal(convert(RETAIL, HEADER
		"536,6,2010-12-01 08:26,2.555,anna\n"
		"536,1,2010-12-01 08:27,0.005,anna\n"
		"537,2,2010-12-01 09:00,1,ben\n"),
		"{\"id\":\"purchase/536/anna\",\"customer\":\"anna\",\"time\":1291191960000,"
		"\"channel\":\"web\",\"purchase\":{\"order\":\"536\",\"amount\":1534}}\n"
		"{\"id\":\"purchase/537/ben\",\"customer\":\"ben\",\"time\":1291194000000,"
		"\"channel\":\"web\",\"purchase\":{\"order\":\"537\",\"amount\":200}}\n");
}

static void the_same_order_of_two_customers_is_two_events(void **state)
{
	const char *got;

	(void)state;
	got = convert(RETAIL, HEADER "536,1,2010-12-01 08:26,1,anna\n536,1,2010-12-01 08:26,2,ben\n"
		"536,1,2010-12-01 08:26,4,anna\n");
	assert_non_null(strstr(got, "\"id\":\"purchase/536/anna\""));
	assert_non_null(strstr(got, "\"amount\":500"));
	assert_non_null(strstr(got, "\"id\":\"purchase/536/ben\""));
	assert_non_null(strstr(got, "\"amount\":200"));
}

static void a_cancelled_order_is_a_refund_of_its_negative_sum(void **state)
{
	const char *got = convert(RETAIL, HEADER "C536,-1,2010-12-01 08:26,27.50,anna\n");

	(void)state;
	assert_non_null(strstr(got, "\"id\":\"refund/C536/anna\""));
	assert_non_null(strstr(got, "\"refund\":{\"order\":\"C536\",\"amount\":2750}"));
}

static void lines_that_the_mapping_skips_make_nothing(void **state)
{
	(void)state;
	assert_string_equal(convert(RETAIL, HEADER "536,6,2010-12-01 08:26,2.55,\n"
		"A537,1,2010-12-01 08:26,-11062.06,anna\n"), "");
}

static void a_condition_sees_a_name_as_it_is_read_without_blanks_around_it(void **state)
{
	const char *got;

	(void)state;
	assert_string_equal(convert(RETAIL, HEADER "536,6,2010-12-01 08:26,2.55, \t\n"
		" A537,1,2010-12-01 08:26,-11062.06,anna\n"), "");
	got = convert(RETAIL, HEADER " C536,-1,2010-12-01 08:26,27.50,anna \n");
	assert_non_null(strstr(got, "\"refund\":{\"order\":\"C536\",\"amount\":2750}"));
}

static void a_condition_on_another_column_sees_its_blanks(void **state)
{
	static const char map[] = "customer: who\ntime: {column: at}\nbody: contact\nid: [who, at]\n"
		"skip:\n- {column: note, empty: true}\n- {column: note, equals: \" x\"}\n";

	(void)state;
	assert_string_equal(convert(map, "who,at,note\nanna,2026-01-01,\nanna,2026-01-02, x\n"), "");
	assert_non_null(strstr(convert(map, "who,at,note\nanna,2026-01-01, \n"), "\"anna\""));
}

static void a_bad_line_takes_its_order_with_it_and_nothing_else(void **state)
{
	const char *got;

	(void)state;
	got = convert(RETAIL, HEADER "1,1,2010-12-01 08:26,1,anna\n1,x,2010-12-01 08:26,1,anna\n"
		"2,1,2010-12-01 08:26,1,anna\n3,1,yesterday,1,anna\n4,-5,2010-12-01 08:26,1,anna\n"
		"5,1,2010-12-01 08:26,1,anna,more\n\"6\"6,1\n");
	assert_non_null(strstr(got, "3:bad_body\n"));
	assert_null(strstr(got, "purchase/1/anna"));
	assert_non_null(strstr(got, "purchase/2/anna"));
	assert_non_null(strstr(got, "5:bad_time\n"));
	assert_non_null(strstr(got, "6:bad_body\n")); /* below zero */
	assert_non_null(strstr(got, "7:malformed\n"));
	assert_non_null(strstr(got, "8:malformed\n"));
}

static void lines_of_an_order_may_lie_a_little_apart(void **state)
{
	struct buf csv = { 0 };
	const char *got;
	unsigned n = 0;

	(void)state;
	buf_add_str(&csv, HEADER);
	for (unsigned i = 0; i < 2 * ORDERS_OPEN; i++)
		buf_printf(&csv, "%u,1,2010-12-01 08:26,1,anna\n", i % ORDERS_OPEN);
	buf_add(&csv, "", 1);
	got = convert(RETAIL, (const char *)csv.data);
	for (const char *p = got; (p = strstr(p, "\"amount\":200")); p++)
		n++;
	assert_int_equal(n, ORDERS_OPEN);
	buf_fini(&csv);
}

static void blanks_around_an_id_do_not_make_another(void **state)
{
	const char *got;

	(void)state;
	got = convert(RETAIL, HEADER "536,1,2010-12-01 08:26,1, anna\n"
		"536 ,1,2010-12-01 08:26,2,\"anna\t \"\n"
		"537,1,2010-12-01 08:26,4,anna maria \n538,1,2010-12-01 08:26,4,  \n");
	assert_non_null(strstr(got, "{\"id\":\"purchase/536/anna\",\"customer\":\"anna\","
		"\"time\":1291191960000,"
		"\"channel\":\"web\",\"purchase\":{\"order\":\"536\",\"amount\":300}}\n"));
	assert_non_null(strstr(got, "\"customer\":\"anna maria\""));
	assert_null(strstr(got, "538")); /* nobody, and lines with nobody are skipped */
}

static void columns_become_members_by_a_table_of_values(void **state)
{
	static const char map[] = "customer: id\ntime: {column: day, format: \"%m/%d/%Y\"}\nbody: contact\n"
		"id: [id]\nfields:\n- {name: direction, value: in}\n- name: acquisition\n  column: origin\n"
		"  values:\n  - {from: paid, to: advertising}\n  - {from: unknown, to: \"\"}\n";

	(void)state;
	assert_string_equal(convert(map, "id,day,origin\na,2/1/2018,paid\nb,10/20/2017,unknown\n"
		"c,1/1/2018,moon\n"),
		"{\"id\":\"contact/a\",\"customer\":\"a\",\"time\":1517443200000,"
		"\"contact\":{\"direction\":\"in\",\"acquisition\":\"advertising\"}}\n"
		"{\"id\":\"contact/b\",\"customer\":\"b\",\"time\":1508457600000,"
		"\"contact\":{\"direction\":\"in\"}}\n"
		"4:bad_body\n");
}

static void yes_and_no_become_json_where_the_body_wants_it(void **state)
{
	static const char map[] = "customer: id\ntime: {column: t}\nbody: readiness\nid: [id, $line]\n"
		"fields:\n- {name: need, column: need}\n- {name: timing, column: timing}\n";

	(void)state;
	assert_string_equal(convert(map, "id,t,need,timing\na,1517443200000,yes,no\nb,2018-02-01T00:00:00Z,true,\n"),
		"{\"id\":\"readiness/a/2\",\"customer\":\"a\",\"time\":1517443200000,"
		"\"readiness\":{\"need\":true,\"timing\":false}}\n"
		"{\"id\":\"readiness/b/3\",\"customer\":\"b\",\"time\":1517443200000,\"readiness\":{\"need\":true}}\n");
}

static void an_id_that_would_be_too_long_is_hashed(void **state)
{
	char csv[400], *got, *end;
	const char *where;

	(void)state;
	snprintf(csv, sizeof csv, HEADER "%0100d,1,2010-12-01 08:26,1,anna\n", 7);
	where = strstr(convert(RETAIL, csv), "\"id\":\"purchase/~");
	assert_non_null(where);
	got = strdup(where + 6);
	end = strchr(got, '"');
	assert_true(end - got <= EVENT_ID_MAX);
	free(got);
}

static const char *why(const char *map, const char *line)
{
	char csv[200];

	*last_why = 0;
	snprintf(csv, sizeof csv, "who;at;cost\n%s\n", line);
	convert(map, csv);
	return last_why;
}

static void what_cannot_be_read_says_how_it_was_read(void **state)
{
#define GERMAN "customer: who\ntime: {column: at}\nbody: purchase\nid: [who]\norder: who\n" \
	"delimiter: \";\"\namount: {columns: [cost], decimals: 2, decimal_point: \",\""
	static const char plain[] = GERMAN "}\n", grouped[] = GERMAN ", thousands: \".\"}\n";

	(void)state;
	assert_string_equal(why(plain, "anna;2026-01-01;1.234,00"), "cost: \"1.234,00\" is not a number of "
		"at most 18 digits with \",\" as decimal_point and no thousands");
	assert_string_equal(why(plain, " \t;2026-01-01;1,00"), "who: there is no customer on this line");
	assert_string_equal(why(grouped, "anna;2026-01-01;1.5"), "cost: \"1.5\" is not a number of at most "
		"18 digits with \",\" as decimal_point and \".\" as thousands");
	assert_string_equal(why(plain, "anna;2026-01-01;"), "cost: there is no amount on this line");
	assert_non_null(strstr(why(plain, "M\xfcller;2026-01-01;1,00"), "iconv -f WINDOWS-1252"));
	assert_non_null(strstr(convert(grouped, "who;at;cost\nanna;2026-01-01;1.234,00\n"), "\"amount\":123400"));
}

static void a_column_that_is_not_there_is_named(void **state)
{
	const char *got = convert(RETAIL, "invoice,n,at,cost,who\n");

	(void)state;
	assert_non_null(strstr(got, "\"price\""));
	assert_non_null(strstr(got, "it has: invoice, n, at, cost, who"));
	assert_non_null(strstr(convert(RETAIL, ""), "is empty: it has no header line"));
}

static void a_bad_mapping_is_refused_with_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ "customer: a\n", "time" },
		{ RETAIL "colour: red\n", "colour" },
		{ "customer: a\ntime: {column: t}\nbody: purchse\nid: [a]\n", "no body \"purchse\"" },
		{ "customer: a\ntime: {column: t}\nbody: purchase\nid: [a]\norder: o\n", "wants an amount" },
		{ "customer: a\ntime: {column: t}\nbody: contact\n", "make an event's id" },
		{ "customer: a\ntime: {column: t}\nbody: contact\nid: [a]\nfields:\n- {name: x}\n",
			"either a column or a value" },
		{ "customer: a\ntime: {column: t}\nbody: contact\nid: [a]\nskip:\n- {column: x}\n",
			"exactly one of prefix, equals, empty" },
		{ "customer: a\ntime: {column: t}\nbody: contact\nid: [a]\ndelimiter: ab\n", "the delimiter" },
		{ "customer: a\ntime: {column: t}\nbody: contact\nid: [a]\nchannel: fax\n", "no channel" },
		{ "customer: a\ntime: {column: t}\nbody: contact\nid: [a]\namount: {value: 1}\n",
			"belong to purchases" },
		{ "customer: a\ntime: {column: t}\nbody: purchase\nid: [a]\namount: {columns: [p]}\n",
			"wants `order: COLUMN`" },
		{ "customer: a\ntime: {column: t}\nbody: purchase\nid: [a]\norder: o\n"
			"amount: {columns: [p], thousands: \".\"}\n", "and so is the decimal_point" },
		{ "customer: a\ntime: {column: t}\nbody: purchase\nid: [a]\norder: o\n"
			"amount: {columns: [p], thousands: \"x\"}\n", "amount.thousands is" },
		{ "customer: [\n", "test.yaml" },
		{ "", "test.yaml" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct complaint c = { 0 };
		struct mapping *m = NULL;

		assert_int_equal(mapping_parse("test.yaml", cases[i].text, strlen(cases[i].text), &m, &c),
			ERR_INVALID);
		if (!strstr(c.text, cases[i].says))
			fail_msg("\"%s\" does not say \"%s\"", c.text, cases[i].says);
	}
}

static void local_times_are_read_in_the_zone_of_the_shop(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} cases[] = {
		{ "2011-01-15 12:00", INT64_C(1295092800000) },
		{ "2011-07-15 12:00", INT64_C(1310727600000) }, /* summer: an hour before UTC */
		{ "2011-10-30 00:30", INT64_C(1319931000000) }, /* still summer */
		{ "2011-10-30 01:30", INT64_C(1319934600000) }, /* comes twice: the first */
		{ "2011-10-30 02:30", INT64_C(1319941800000) }, /* winter */
		{ "2011-03-27 03:00", INT64_C(1301191200000) },
	};
	struct complaint c = { 0 };
	struct zone z;
	int64_t ms;

	(void)state;
	assert_int_equal(zone_open("Europe/London", &z, &c), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(local_time_parse(span_str(cases[i].text), "%Y-%m-%d %H:%M", &z, &ms), 0);
		assert_int_equal(ms, cases[i].ms);
	}
	assert_int_equal(local_time_parse(span_str("2011-01-15T12:00:00+0200"), "%Y-%m-%dT%H:%M:%S%z",
		&z, &ms), 0);
	assert_int_equal(ms, INT64_C(1295085600000));
	assert_int_equal(local_time_parse(span_str("2011-01-15 12:00x"), "%Y-%m-%d %H:%M", &z, &ms),
		ERR_INVALID);
	zone_close(&z);
}

static void without_a_format_a_time_is_in_the_zone_unless_it_says_an_offset(void **state)
{
	static const struct {
		const char *text, *format;
		int64_t ms;
	} cases[] = {
		{ "2011-07-15T12:00:00", NULL, INT64_C(1310727600000) },
		{ "2011-07-15 12:00", NULL, INT64_C(1310727600000) },
		{ "2011-07-15", NULL, INT64_C(1310684400000) },
		{ "2011-07-15T12:00:00Z", NULL, INT64_C(1310731200000) },
		{ "2011-07-15T12:00:00-01:00", NULL, INT64_C(1310734800000) },
		{ "1310731200000", NULL, INT64_C(1310731200000) },
		{ "1310731200", "%s", INT64_C(1310731200000) },
	};
	struct complaint c = { 0 };
	struct zone z;
	int64_t ms;

	(void)state;
	assert_int_equal(zone_open("Europe/London", &z, &c), 0);
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(local_time_parse(span_str(cases[i].text), cases[i].format, &z, &ms), 0);
		assert_int_equal(ms, cases[i].ms);
	}
	/* seconds that would be taken for milliseconds, and what is none */
	assert_int_equal(local_time_parse(span_str("1310731200"), NULL, &z, &ms), ERR_INVALID);
	assert_true(local_time_is_seconds(INT64_C(1310731200), span_of("", 0)));
	assert_true(local_time_is_seconds(INT64_C(1310731200), span_str("1310731200")));
	assert_false(local_time_is_seconds(INT64_C(1310731200), span_str("1970-01-16T04:05:31Z")));
	assert_false(local_time_is_seconds(INT64_C(1310731200000), span_of("", 0)));
	assert_int_equal(local_time_parse(span_str("2011-07-15"), "%s", &z, &ms), ERR_INVALID);
	assert_int_equal(local_time_parse(span_str("9999999999999999999"), "%s", &z, &ms), ERR_INVALID);
	zone_close(&z);
}

static void ndjson_lines_come_with_their_numbers(void **state)
{
	struct complaint c = { 0 };
	struct event_file *f = NULL;
	struct event_item item;
	FILE *file = fopen(path, "w");

	(void)state;
	fputs("\xef\xbb\xbf{\"a\":1}\r\n\n  \n{\"b\":2}", file);
	fclose(file);
	assert_int_equal(event_file_open(path, NULL, &f, &c), 0);
	assert_int_equal(event_file_next(f, &item, &c), 0);
	assert_int_equal(item.line, 1);
	assert_int_equal(item.json.size, 7);
	assert_int_equal(event_file_next(f, &item, &c), 0);
	assert_int_equal(item.line, 4);
	assert_int_equal(event_file_next(f, &item, &c), ERR_NOTFOUND);
	event_file_close(f);
}

static void what_is_no_text_is_said_once(void **state)
{
	static const struct {
		const char *starts, *says;
	} cases[] = {
		{ "\x1f\x8b\x08 who", "zcat" },
		{ "PK\x03\x04 who", "save it as CSV" },
		{ "\xff\xfew", "UTF-16" },
	};
	struct complaint c = { 0 };
	struct event_file *f = NULL;
	struct event_item item;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_non_null(strstr(convert(RETAIL, cases[i].starts), cases[i].says));
		assert_int_equal(event_file_open(path, NULL, &f, &c), 0);
		assert_int_equal(event_file_next(f, &item, &c), ERR_CORRUPT);
		assert_non_null(strstr(c.text, cases[i].says));
		event_file_close(f);
	}
}

static void rejects_are_written_only_when_there_are_some(void **state)
{
	struct rejects none = { .path = path }, some = { .path = path };
	char line[256];
	FILE *f;

	(void)state;
	unlink(path);
	assert_int_equal(rejects_close(&none), 0);
	assert_int_equal(access(path, F_OK), -1);
	rejects_add(&some, 7, "bad_time", "no time", span_str("{\"id\":\"1\"}"), NULL);
	rejects_add(&some, 8, "malformed", "no event", span_str("rubbish"), NULL);
	assert_int_equal(rejects_close(&some), 0);
	f = fopen(path, "r");
	assert_non_null(fgets(line, sizeof line, f));
	assert_string_equal(line,
		"{\"line\":7,\"code\":\"bad_time\",\"text\":\"no time\",\"event\":{\"id\":\"1\"}}\n");
	assert_non_null(fgets(line, sizeof line, f));
	assert_non_null(strstr(line, "\"event\":\"rubbish\""));
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(csv_reads_plain_and_quoted_fields),
		cmocka_unit_test(csv_counts_lines_inside_quotes),
		cmocka_unit_test(a_bad_record_costs_its_first_line_only),
		cmocka_unit_test(a_record_beyond_the_limit_is_refused_and_skipped),
		cmocka_unit_test(blanks_may_align_columns),
		cmocka_unit_test(what_is_written_as_csv_is_read_back),
		cmocka_unit_test(decimals_are_exact_and_round_halves_away_from_zero),
		cmocka_unit_test(thousands_may_be_separated_where_the_mapping_says_so),
		cmocka_unit_test(what_is_no_decimal_is_refused),
		cmocka_unit_test(a_sum_that_does_not_fit_is_refused),
		cmocka_unit_test(lines_of_one_order_become_one_purchase),
		cmocka_unit_test(the_same_order_of_two_customers_is_two_events),
		cmocka_unit_test(a_cancelled_order_is_a_refund_of_its_negative_sum),
		cmocka_unit_test(lines_that_the_mapping_skips_make_nothing),
		cmocka_unit_test(a_condition_sees_a_name_as_it_is_read_without_blanks_around_it),
		cmocka_unit_test(a_condition_on_another_column_sees_its_blanks),
		cmocka_unit_test(a_bad_line_takes_its_order_with_it_and_nothing_else),
		cmocka_unit_test(lines_of_an_order_may_lie_a_little_apart),
		cmocka_unit_test(blanks_around_an_id_do_not_make_another),
		cmocka_unit_test(columns_become_members_by_a_table_of_values),
		cmocka_unit_test(yes_and_no_become_json_where_the_body_wants_it),
		cmocka_unit_test(an_id_that_would_be_too_long_is_hashed),
		cmocka_unit_test(what_cannot_be_read_says_how_it_was_read),
		cmocka_unit_test(a_column_that_is_not_there_is_named),
		cmocka_unit_test(a_bad_mapping_is_refused_with_what_is_wrong),
		cmocka_unit_test(local_times_are_read_in_the_zone_of_the_shop),
		cmocka_unit_test(without_a_format_a_time_is_in_the_zone_unless_it_says_an_offset),
		cmocka_unit_test(ndjson_lines_come_with_their_numbers),
		cmocka_unit_test(what_is_no_text_is_said_once),
		cmocka_unit_test(rejects_are_written_only_when_there_are_some),
	};
	int fd = mkstemp(path), failed;

	if (fd < 0)
		return 1;
	close(fd);
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	unlink(path);
	return failed;
}
