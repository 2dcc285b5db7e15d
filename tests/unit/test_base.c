/* SPDX-License-Identifier: Apache-2.0 */
/* base/: hashes against Kafka's vectors, zones against known changes of the clock, instants as
 * text, UTF-8, buffers, log lines. */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/bytes.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/notification.h"
#include "base/room.h"
#include "base/thread.h"
#include "base/zone.h"

static void murmur2_is_kafkas(void **state)
{
	/* org.apache.kafka.common.utils.UtilsTest.testMurmur2 */
	static const struct { const char *text; int32_t hash; } cases[] = {
		{ "21", -973932308 },
		{ "foobar", -790332482 },
		{ "a-little-bit-long-string", -985981536 },
		{ "a-little-bit-longer-string", -1486304829 },
		{ "lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58897971 },
		{ "abc", 479470107 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		assert_int_equal((int32_t)hash_murmur2(cases[i].text, strlen(cases[i].text)),
			cases[i].hash);
}

static void a_shard_is_the_positive_murmur2(void **state)
{
	(void)state;
	assert_int_equal(hash_shard("21", 2, 1), 0);
	assert_int_equal(hash_shard("21", 2, 7), ((uint32_t)-973932308 & 0x7fffffff) % 7);
}

static void checksums_are_xxh3(void **state)
{
	(void)state;
	/* XXH3_64bits of nothing, from xxHash's specification of the algorithm */
	assert_true(hash_64(NULL, 0, 0) == UINT64_C(0x2d06800538d394c2));
	assert_int_equal(hash_32(NULL, 0), 0x38d394c2);
	assert_true(hash_64("a", 1, 0) != hash_64("a", 1, 1));
}

static void a_text_is_cut_between_characters_and_cleaned_of_what_is_none(void **state)
{
	struct span s = span_str("ab\xc3\xa9\xe2\x82\xac");
	static const size_t kept[] = { 0, 1, 2, 2, 4, 4, 4, 7, 7 };
	char out[8];

	(void)state;
	for (size_t most = 0; most < sizeof kept / sizeof kept[0]; most++)
		assert_int_equal(utf8_cut(s, most).size, kept[most]);
	utf8_clean(out, sizeof out, "a\xff\n\xc3\xa9\xc3");
	assert_string_equal(out, "a??\xc3\xa9?");
	utf8_clean(out, sizeof out, "abcdef\xc3\xa9");
	assert_string_equal(out, "abcdef");
	utf8_clean(out, 1, "x");
	assert_string_equal(out, "");
}

static void utf8_is_told_from_what_is_not(void **state)
{
	static const char *const good[] = { "", "anna", "Zürich", "潜在客户", "😀", "\xf4\x8f\xbf\xbf",
		"\xed\x9f\xbf", " " };
	static const char *const bad[] = { "\x80", "\xc3", "\xc0\x80", "\xc1\xbf", "\xe0\x80\x80",
		"\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff", "a\n", "\x7f", "\x1f",
		"\xe6\xbd", "\xf0\x9f\x98", "\xf0\x8f\xbf\xbf", "\xc3(" };

	(void)state;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_true(bytes_are_plain_utf8(span_str(good[i])));
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_false(bytes_are_plain_utf8(span_str(bad[i])));
	assert_false(bytes_are_plain_utf8(span_of("a\0b", 3)));
	for (unsigned size = 1; size < 20; size++) /* many bytes are looked at at once */
		for (unsigned i = 0; i < size * 256; i++) {
			char text[20] = "an id as tills make";
			unsigned byte = i % 256;

			text[i / 256] = (char)byte;
			assert_int_equal(bytes_are_plain_utf8(span_of(text, size)),
				byte >= 0x20 && byte < 0x7f);
		}
}

static void varints_come_back_and_bad_ones_are_refused(void **state)
{
	static const uint64_t values[] = { 0, 1, 127, 128, 300, 0x12345, 0xfedcba9, UINT32_MAX,
		0x7654321fed, 0x2badcafef00d, 0xfedcba98765432, INT64_MAX, UINT64_MAX };
	uint8_t bytes[16], too_long[11];
	uint64_t v;

	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		uint8_t *end = put_varint(bytes, values[i]);

		assert_ptr_equal(get_varint(bytes, end, &v), end);
		assert_true(v == values[i]);
		assert_null(get_varint(bytes, end - 1, &v));
		v = 0; /* with more behind it, all of it is read at once */
		memset(end, 0xff, (size_t)(bytes + sizeof bytes - end));
		assert_ptr_equal(get_varint(bytes, bytes + sizeof bytes, &v), end);
		assert_int_equal(v, values[i]);
		assert_true(unzigzag(zigzag((int64_t)values[i])) == (int64_t)values[i]);
	}
	memset(too_long, 0x80, sizeof too_long);
	too_long[10] = 0;
	assert_null(get_varint(too_long, too_long + 11, &v));
	memset(too_long, 0xff, 9);
	too_long[9] = 2; /* the 65th bit */
	assert_null(get_varint(too_long, too_long + 10, &v));
}

static void a_buffer_grows_and_remembers_a_failure(void **state)
{
	struct buf b = { 0 };

	(void)state;
	for (int i = 0; i < 1000; i++)
		buf_printf(&b, "%03d,", i);
	assert_int_equal(b.size, 4000);
	assert_memory_equal(b.data + 3996, "999,", 4);
	buf_clear(&b);
	buf_add(&b, NULL, 0);
	buf_add_str(&b, "kith");
	assert_true(span_eq(span_of(b.data, b.size), span_str("kith")));
	assert_null(buf_room(&b, SIZE_MAX / 2));
	assert_true(b.failed);
	buf_add_str(&b, "more");
	assert_int_equal(b.size, 4);
	buf_fini(&b);
	assert_null(b.data);
}

static void errors_have_sentences_and_errno_maps(void **state)
{
	struct complaint c = { 7, 7, "" };

	(void)state;
	for (int rc = ERR_TIMEOUT - 3; rc <= 1; rc++)
		assert_true(strlen(err_text(rc)) > 3);
	assert_string_not_equal(err_text(ERR_TIMEOUT), err_text(ERR_TIMEOUT - 1));
	assert_int_equal(err_from_errno(ENOSPC), ERR_NOSPACE);
	assert_int_equal(err_from_errno(EDQUOT), ERR_NOSPACE);
	assert_int_equal(err_from_errno(EIO), ERR_IO);
	assert_int_equal(err_from_errno(12345), ERR_IO);
	assert_int_equal(complain(&c, ERR_INVALID, "%s is %d", "x", 4), ERR_INVALID);
	assert_string_equal(c.text, "x is 4");
	assert_int_equal(c.line, 0);
	assert_int_equal(complain(NULL, ERR_IO, "nobody listens"), ERR_IO);
}

static void names_and_numbers_are_each_others(void **state)
{
	static const struct { const char *(*naming)(unsigned); unsigned count; } enums[] = {
		{ channel_name, CHANNEL_COUNT }, { direction_name, DIRECTION_COUNT },
		{ acquisition_name, ACQUISITION_COUNT }, { answer_name, ANSWER_COUNT },
		{ reason_name, REASON_COUNT }, { severity_name, SEVERITY_COUNT },
		{ quality_name, QUALITY_COUNT }, { membership_name, MEMBERSHIP_COUNT },
		{ partnership_name, PARTNERSHIP_COUNT }, { contract_name, CONTRACT_COUNT },
		{ sighting_name, SIGHTING_COUNT }, { role_name, ROLE_COUNT },
		{ market_name, MARKET_COUNT }, { side_name, SIDE_COUNT }, { job_name, JOB_COUNT },
		{ unit_name, UNIT_COUNT_ }, { reject_name, REJECT_COUNT },
	};

	(void)state;
	for (size_t i = 0; i < sizeof enums / sizeof *enums; i++) {
		assert_null(enums[i].naming(0));
		assert_null(enums[i].naming(enums[i].count));
		for (unsigned v = 1; v < enums[i].count; v++)
			assert_int_equal(name_lookup(enums[i].naming, enums[i].count,
				span_str(enums[i].naming(v))), v);
		assert_int_equal(name_lookup(enums[i].naming, enums[i].count, span_str("?")), 0);
	}
	assert_string_equal(body_name(BODY_CONTACT), "contact");
	assert_string_equal(body_name(BODY_MARKET), "market");
	assert_string_equal(factor_name(FACTOR_TRUST), "trust");
	assert_string_equal(severity_name(SEVERITY_CRITICAL), "critical");
	assert_string_equal(channel_name(CHANNEL_OTHER), "other");
}

static int64_t ms_of(const char *text)
{
	int64_t ms = -1;

	assert_int_equal(time_parse(text, strlen(text), &ms), OK);
	return ms;
}

static void instants_are_read_in_every_spelling(void **state)
{
	const int64_t ms = INT64_C(1323435000000);

	(void)state;
	assert_true(ms_of("2011-12-09T12:50:00Z") == ms);
	assert_true(ms_of("2011-12-09t12:50:00z") == ms);
	assert_true(ms_of("2011-12-09 12:50:00") == ms);
	assert_true(ms_of("2011-12-09T12:50") == ms);
	assert_true(ms_of("2011-12-09T12:50Z") == ms);
	assert_true(ms_of("2011-12-09T20:50:00+08:00") == ms);
	assert_true(ms_of("2011-12-09T20:50+0800") == ms);
	assert_true(ms_of("2011-12-09T09:20:00-03:30") == ms);
	assert_true(ms_of("2011-12-09T20:50:00+08") == ms);
	assert_true(ms_of("2011-12-09T12:50:00.25Z") == ms + 250);
	assert_true(ms_of("2011-12-09T12:50:00.123999") == ms + 123);
	assert_true(ms_of("2011-12-09") == ms - (12 * 60 + 50) * 60000);
	assert_true(ms_of("1323435000000") == ms);
	assert_true(ms_of("0") == 0);
	assert_true(ms_of("1970-01-01") == 0);
	assert_true(ms_of("2016-12-31T23:59:60Z") == ms_of("2017-01-01"));
	assert_true(ms_of("2000-02-29") == INT64_C(951782400000));
	assert_true(ms_of("2200-01-01") == EVENT_TIME_MAX);
}

static void nonsense_is_not_an_instant(void **state)
{
	static const char *const bad[] = { "", " ", "x", "-5", "12x", "9223372036854775808",
		"2011-12", "2011-12-09T", "2011-12-09T12", "2011-12-09T12:5", "2011-12-09T12:50:",
		"2011-12-09T12:50:00.", "2011-12-09T12:50:00.Z", "2011-12-09T12:50:00ZZ",
		"2011-12-09T12:50:00+", "2011-12-09T12:50:00+8", "2011-12-09T12:50:00+24:00",
		"2011-12-09T12:50:00+08:60", "2011-12-09T12:50:00+08:", "2011-12-09T12:50:00+08:00x",
		"2011-13-09", "2011-00-09", "2011-12-00", "2011-12-32", "2011-02-29", "1900-02-29",
		"2011-04-31", "2011-12-09T24:00:00Z", "2011-12-09T12:60:00Z", "2011-12-09T12:50:61Z",
		"2011-12-09_12:50:00", "2011-12-09 ", " 2011-12-09", "2011/12/09", "+011-12-09",
		"2011-12-09T12:50:00.5.5Z", "2011-1-09", "２０１１-12-09" };
	int64_t ms = 77;

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		if (time_parse(bad[i], strlen(bad[i]), &ms) != ERR_INVALID)
			fail_msg("\"%s\" was read as %lld", bad[i], (long long)ms);
	assert_int_equal(time_parse("2011-12-09T12:50:00Z", 18, &ms), ERR_INVALID);
}

static void what_is_written_reads_back(void **state)
{
	char text[32];

	(void)state;
	time_format(INT64_C(1323435000000), text);
	assert_string_equal(text, "2011-12-09T12:50:00Z");
	time_format(INT64_C(1323435000007), text);
	assert_string_equal(text, "2011-12-09T12:50:00.007Z");
	time_format(-1, text);
	assert_string_equal(text, "1969-12-31T23:59:59.999Z");
	time_format(INT64_MAX, text);
	assert_string_equal(text, "292278994-08-17T07:12:55.807Z");
	time_format(INT64_MIN, text);
	assert_string_equal(text, "-292275055-05-16T16:47:04.192Z");
	for (int64_t ms = 1; ms < EVENT_TIME_MAX; ms += INT64_C(86399999) * 13) {
		time_format(ms, text);
		assert_true(ms_of(text) == ms);
	}
}

static int32_t day_of(const struct zone *z, const char *text)
{
	return zone_day(z, ms_of(text));
}

static void open_zone(const char *name, struct zone *z)
{
	struct complaint c = { 0 };

	if (zone_open(name, z, &c) != OK)
		fail_msg("%s", c.text);
	assert_string_equal(z->name, name);
}

static void a_day_in_london_begins_an_hour_early_in_summer(void **state)
{
	struct zone z;
	int32_t march_27 = day_of(NULL, "2022-03-27");

	(void)state;
	open_zone("Europe/London", &z);
	/* the clock goes forward on 2022-03-27 at 01:00 UTC */
	assert_int_equal(day_of(&z, "2022-03-26T23:59:59.999Z"), march_27 - 1);
	assert_int_equal(day_of(&z, "2022-03-27T00:00:00Z"), march_27);
	assert_int_equal(day_of(&z, "2022-03-27T22:59:59.999Z"), march_27);
	assert_int_equal(day_of(&z, "2022-03-27T23:00:00Z"), march_27 + 1);
	/* and back on 2022-10-30 at 01:00 UTC */
	assert_int_equal(day_of(&z, "2022-10-29T22:59:59.999Z"), day_of(NULL, "2022-10-29"));
	assert_int_equal(day_of(&z, "2022-10-29T23:00:00Z"), day_of(NULL, "2022-10-30"));
	assert_int_equal(day_of(&z, "2022-10-30T23:59:59.999Z"), day_of(NULL, "2022-10-30"));
	/* the exact second, seen at its own edge */
	for (size_t i = 0; i < z.n; i++)
		if (z.changes[i].at_ms == ms_of("2022-03-27T01:00:00Z"))
			assert_int_equal(z.changes[i].offset_s, 3600);
		else
			assert_true(z.changes[i].at_ms != ms_of("2022-03-27T01:00:01Z"));
	/* the rule goes on beyond the table of tzdata */
	assert_int_equal(day_of(&z, "2150-07-01T23:30:00Z"), day_of(NULL, "2150-07-02"));
	/* 1970 was all British Standard Time */
	assert_int_equal(zone_day(&z, 1), 0);
	assert_int_equal(day_of(&z, "1970-01-01T23:00:00Z"), 1);
	zone_close(&z);
}

static void days_elsewhere_floor_too(void **state)
{
	struct zone z;

	(void)state;
	open_zone("Asia/Shanghai", &z);
	assert_int_equal(day_of(&z, "2022-05-01T15:59:59.999Z"), day_of(NULL, "2022-05-01"));
	assert_int_equal(day_of(&z, "2022-05-01T16:00:00Z"), day_of(NULL, "2022-05-02"));
	zone_close(&z);
	open_zone("America/St_Johns", &z);
	assert_int_equal(zone_day(&z, 1), -1);
	assert_int_equal(day_of(&z, "2022-01-15T03:29:59.999Z"), day_of(NULL, "2022-01-14"));
	assert_int_equal(day_of(&z, "2022-01-15T03:30:00Z"), day_of(NULL, "2022-01-15"));
	assert_int_equal(day_of(&z, "2022-07-15T02:29:59.999Z"), day_of(NULL, "2022-07-14"));
	assert_int_equal(day_of(&z, "2022-07-15T02:30:00Z"), day_of(NULL, "2022-07-15"));
	zone_close(&z);
	/* Samoa left out 2011-12-30: the day changes with the clock, at that very millisecond */
	open_zone("Pacific/Apia", &z);
	assert_int_equal(day_of(&z, "2011-12-30T09:59:59.999Z"), day_of(NULL, "2011-12-29"));
	assert_int_equal(day_of(&z, "2011-12-30T10:00:00Z"), day_of(NULL, "2011-12-31"));
	zone_close(&z);
	open_zone("UTC", &z);
	assert_int_equal(z.n, 0);
	assert_int_equal(zone_day(&z, DAY_MS - 1), 0);
	assert_int_equal(zone_day(&z, DAY_MS), 1);
	zone_close(&z);
	zone_close(NULL);
}

static void an_unknown_zone_is_refused(void **state)
{
	static const char *const bad[] = { "Europe/Londinium", "", "EST5EDT4", "../etc/passwd",
		"/etc/localtime", "Europe", "zone.tab", "Europe/London ", ":UTC",
		"Europe/././././././././././././././././././././././././././././././London" };

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct complaint c = { 0 };
		struct zone z;

		assert_int_equal(zone_open(bad[i], &z, &c), ERR_NOTFOUND);
		assert_non_null(strstr(c.text, "time zone"));
		assert_null(z.changes);
	}
}

static void opening_a_zone_leaves_tz_alone(void **state)
{
	struct zone z;

	(void)state;
	assert_int_equal(setenv("TZ", "Asia/Tokyo", 1), 0);
	open_zone("Europe/London", &z);
	assert_string_equal(getenv("TZ"), "Asia/Tokyo");
	zone_close(&z);
	assert_int_equal(unsetenv("TZ"), 0);
	open_zone("Europe/London", &z);
	assert_null(getenv("TZ"));
	zone_close(&z);
}

/* What SPEAK writes to standard error, in a process of its own; JOURNAL says whether systemd
 * claims to be the reader. */
static void log_of(void (*speak)(void), bool journal, char *out, size_t cap)
{
	int ends[2], status;
	size_t n = 0;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		struct stat st;
		char stream[64];

		if (dup2(ends[1], STDERR_FILENO) < 0 || fstat(STDERR_FILENO, &st) != 0)
			_exit(1);
		(void)snprintf(stream, sizeof stream, "%llu:%llu", (unsigned long long)st.st_dev,
			(unsigned long long)st.st_ino + !journal);
		(void)setenv("JOURNAL_STREAM", stream, 1);
		speak();
		_exit(0);
	}
	(void)close(ends[1]);
	while (n < cap - 1 && (got = read(ends[0], out + n, cap - 1 - n)) > 0)
		n += (size_t)got;
	out[n] = 0;
	(void)close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

static void speak_plainly(void)
{
	log_info("journal", "opened \"x\"\nagain", "segments=%d path=%s", 3, log_quote("a b\t"));
	log_debug("journal", "not heard", NULL);
	log_set_level(LOG_LEVEL_DEBUG);
	log_debug("shard", "heard", NULL);
	log_error("shard", "forged", "key=a\nlevel=error");
}

static void a_log_line_is_one_line_of_logfmt(void **state)
{
	char out[8192];

	(void)state;
	log_of(speak_plainly, false, out, sizeof out);
	assert_string_equal(out,
		"level=info at=journal msg=\"opened \\\"x\\\"\\nagain\" segments=3 path=\"a b\\t\"\n"
		"level=debug at=shard msg=\"heard\"\n"
		"level=error at=shard msg=\"forged\" key=a level=error\n");
	log_of(speak_plainly, true, out, sizeof out);
	assert_int_equal(strncmp(out, "<6>level=info at=journal ", 25), 0);
	assert_non_null(strstr(out, "\n<7>level=debug"));
	assert_non_null(strstr(out, "\n<3>level=error"));
}

static void speak_at_length(void)
{
	static char text[20000];

	for (size_t i = 0; i + 3 < sizeof text; i += 3)
		memcpy(text + i, "客", 3);
	for (int i = 0; i < 3; i++) { /* wherever the cut falls in a character */
		log_warn("page", text, "%.*s%s", i, "xx", text);
		text[19998] = 0;
		log_warn("page", "short", "one=%s two=%s", log_quote(text), log_quote(NULL));
		memmove(text + 1, text, 19990);
		text[0] = 'x';
	}
}

static void a_long_line_is_cut_between_characters(void **state)
{
	char out[32768];
	char *line = out;

	(void)state;
	log_of(speak_at_length, false, out, sizeof out);
	for (int i = 0; i < 6; i++) {
		char *end = strchr(line, '\n');

		assert_non_null(end);
		assert_true(bytes_are_plain_utf8(span_of(line, (size_t)(end - line))));
		assert_non_null(strstr(line, "客…\""));
		if (i % 2 == 0)
			assert_in_range(end - line, 4092, 4095);
		line = end + 1;
	}
	assert_non_null(strstr(out, "客…\" two=\"\"\n"));
}

static void log_levels_have_names(void **state)
{
	enum log_level level;

	(void)state;
	assert_int_equal(log_level_parse("warn", &level), OK);
	assert_int_equal(level, LOG_LEVEL_WARN);
	assert_int_equal(log_level_parse("loud", &level), ERR_INVALID);
}

static void clocks_go_forward(void **state)
{
	int64_t a = clock_monotonic_ns(), b = clock_monotonic_ns();

	(void)state;
	assert_true(b >= a && a > 0);
	assert_true(clock_wall_ms() > ms_of("2023-01-01"));
}

static void *be_prompt_as_batch(void *arg)
{
	const struct sched_param none = { 0 };
	int *ret_policy = arg;

	if (sched_setscheduler(0, SCHED_BATCH, &none) != 0)
		return NULL;
	thread_pace(THREAD_PROMPT);
	*ret_policy = sched_getscheduler(0);
	return NULL;
}

static void a_list_grows_with_what_it_holds(void **state)
{
	int64_t *list = NULL, *grown;
	size_t capacity = 0;

	(void)state;
	for (size_t n = 0; n < 100; n++) {
		grown = room_for_one(list, n, &capacity, 3, sizeof *list);
		assert_non_null(grown);
		assert_true(capacity > n && (n < 3 ? capacity == 3 : capacity <= 2 * n));
		list = grown;
		list[n] = (int64_t)n;
	}
	for (size_t n = 0; n < 100; n++)
		assert_int_equal(list[n], n);
	capacity = 100;
	assert_null(room_for_one(list, 100, &capacity, 3, SIZE_MAX / 4));
	assert_int_equal(capacity, 100);
	free(list);
}

static void how_an_operator_has_the_process_scheduled_stays(void **state)
{
	pthread_t thread;
	int policy = -1;

	(void)state;
	assert_int_equal(pthread_create(&thread, NULL, be_prompt_as_batch, &policy), 0);
	pthread_join(thread, NULL);
	assert_int_equal(policy, SCHED_BATCH);
}

/* Where the kernel says what it was asked for: Linux 6.12 and later. */
static void a_thread_asks_for_its_slice(void **state)
{
	struct { uint32_t size, policy; uint64_t flags; int32_t nice; uint32_t priority;
		uint64_t runtime, deadline, period; } a;
	uint64_t usual, brisk, prompt;

	(void)state;
#define ASKED(into) \
	do { \
		memset(&a, 0, sizeof a); \
		if (syscall(SYS_sched_getattr, 0, &a, sizeof a, 0) != 0 || a.runtime == 0) \
			skip(); \
		(into) = a.runtime; \
	} while (0)
	ASKED(usual);
	thread_pace(THREAD_BRISK);
	ASKED(brisk);
	thread_pace(THREAD_PROMPT);
	ASKED(prompt);
	assert_true(prompt < brisk && brisk < usual);
	thread_pace(THREAD_STEADY);
	ASKED(brisk);
	assert_int_equal(brisk, usual);
#undef ASKED
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(murmur2_is_kafkas),
		cmocka_unit_test(a_shard_is_the_positive_murmur2),
		cmocka_unit_test(checksums_are_xxh3),
		cmocka_unit_test(utf8_is_told_from_what_is_not),
		cmocka_unit_test(a_text_is_cut_between_characters_and_cleaned_of_what_is_none),
		cmocka_unit_test(varints_come_back_and_bad_ones_are_refused),
		cmocka_unit_test(a_buffer_grows_and_remembers_a_failure),
		cmocka_unit_test(errors_have_sentences_and_errno_maps),
		cmocka_unit_test(names_and_numbers_are_each_others),
		cmocka_unit_test(instants_are_read_in_every_spelling),
		cmocka_unit_test(nonsense_is_not_an_instant),
		cmocka_unit_test(what_is_written_reads_back),
		cmocka_unit_test(a_day_in_london_begins_an_hour_early_in_summer),
		cmocka_unit_test(days_elsewhere_floor_too),
		cmocka_unit_test(an_unknown_zone_is_refused),
		cmocka_unit_test(opening_a_zone_leaves_tz_alone),
		cmocka_unit_test(a_log_line_is_one_line_of_logfmt),
		cmocka_unit_test(a_long_line_is_cut_between_characters),
		cmocka_unit_test(log_levels_have_names),
		cmocka_unit_test(clocks_go_forward),
		cmocka_unit_test(a_list_grows_with_what_it_holds),
		cmocka_unit_test(how_an_operator_has_the_process_scheduled_stays),
		cmocka_unit_test(a_thread_asks_for_its_slice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
