/* SPDX-License-Identifier: Apache-2.0 */
/* Journal: random histories of writes, faults, crashes and openings against a model that only
 * remembers what each frame must be. SEED and RUNS from the environment. */
#include "tests/unit/journal_world.h"
#include "store/journal_internal.h"

#define FRAMES_MAX 4000

static struct {
	unsigned life[FRAMES_MAX]; /* of the frame that may stand under a number */
	uint64_t written, durable;
	uint64_t durable_end, durable_segment; /* where the last synced frame ends */
	unsigned lives;
} model;

static uint64_t seed, random_state;
static bool finished;

static uint64_t next_random(void)
{
	uint64_t z = random_state += 0x9e3779b97f4a7c15; /* splitmix64, Steele et al. 2014 */

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

static unsigned below(unsigned n)
{
	return (unsigned)(next_random() % n);
}

static bool one_in(unsigned n)
{
	return below(n) == 0;
}

static void remember_durable(void)
{
	model.durable = model.written;
	model.durable_end = j->end;
	model.durable_segment = j->segments[j->count - 1].first;
}

static void maybe_arm(void)
{
	if (one_in(4))
		fault_arm(
			below(4), one_in(3) ? 1000 : 1, one_in(2) ? EIO : ENOSPC, below(11) / 10.0);
}

static void step_open(void);

/* To make a segment, or to cut one, is a sync, also where what was to be written then fails. */
static void remember_refused(int rc)
{
	if (rc != 0 && rc != ERR_UNKNOWN && journal_durable(j) > model.durable)
		remember_durable();
}

/* A write of a few frames; a failed one leaves the numbers to others. */
static void step_write(void)
{
	unsigned n = 1 + below(4), life = ++model.lives;
	uint64_t first = journal_last(j) + 1;
	int rc;

	for (unsigned i = 0; i < n; i++) {
		struct span p = payload_of(first + i, life, 8 + below(one_in(10) ? 20000 : 300));

		assert_int_equal(journal_append(j, INPUT_BATCH, &p, 1, &rc), first + i);
	}
	maybe_arm();
	rc = journal_write(j, NOW);
	fault_none();
	if (rc == 0 || rc == ERR_UNKNOWN) { /* after ERR_UNKNOWN they may be there or not */
		for (unsigned i = 0; i < n; i++)
			model.life[first + i] = life;
		model.written = first + n - 1;
	}
	remember_refused(rc);
	if (rc == ERR_UNKNOWN)
		step_open();
}

static void step_sync(void)
{
	int rc;

	maybe_arm();
	rc = journal_sync(j);
	fault_none();
	if (rc == 0)
		remember_durable();
	else
		step_open();
}

/* A sync with a write beside it, which may find that it has to wait. */
static void step_sync_beside(void)
{
	unsigned life = ++model.lives;
	uint64_t n, written = model.written, end = j->end, segment = j->segments[j->count - 1].first;
	struct span p;
	int rc, synced;

	journal_sync_begin(j);
	n = journal_last(j) + 1;
	p = payload_of(n, life, 8 + below(one_in(5) ? 20000 : 300));
	assert_int_equal(journal_append(j, INPUT_BATCH, &p, 1, &rc), n);
	maybe_arm();
	rc = journal_write(j, NOW);
	synced = journal_sync_file(j);
	assert_int_equal(journal_synced(j, synced), synced);
	if (synced == 0) {
		assert_int_equal(journal_durable(j), written);
		model.durable = written;
		model.durable_end = end;
		model.durable_segment = segment;
	}
	if (rc == ERR_BUSY)
		rc = journal_write(j, NOW);
	fault_none();
	if (rc == 0 || rc == ERR_UNKNOWN) {
		model.life[n] = life;
		model.written = n;
	}
	remember_refused(rc);
	if (rc == ERR_UNKNOWN || synced != 0)
		step_open();
}

/* What a power cut does to bytes that were not synced. */
static void tear(void)
{
	char path[8192];
	size_t size, from;
	static uint8_t image[1 << 20];

	path_of(model.durable_segment, path);
	if (model.durable_end == 0 || access(path, F_OK) != 0)
		return;
	size = file_load(path, image, sizeof image);
	from = model.durable_end;
	for (unsigned n = below(4); n > 0 && from < size; n--) {
		size_t at = from + below((unsigned)(size - from));
		size_t length = 1 + below(600);

		memset(image + at, one_in(2) ? 0 : 0x5a, at + length > size ? size - at : length);
	}
	file_store(path, image, one_in(3) ? from + below((unsigned)(size - from) + 1) : size);
}

/* A crash and the openings after it, the first of which may be interrupted too. */
static void step_open(void)
{
	bool last_is_durable_one = j->segments[j->count - 1].first == model.durable_segment;
	uint64_t got, floor = one_in(2) ? model.durable : 0;

	journal_close(j);
	j = NULL;
	if (last_is_durable_one && one_in(2))
		tear();
	maybe_arm();
	(void)try_open(floor);
	fault_none();
	if (try_open(floor) != 0)
		fail_msg("did not open: %s", said.text);
	assert_true(journal_last(j) >= model.durable && journal_last(j) <= model.written);
	assert_int_equal(read_from(0, &got), ERR_NOTFOUND);
	model.written = journal_last(j);
	remember_durable();
}

static void check_reading(void)
{
	struct journal_reader *r;
	struct frame f;
	uint64_t n = journal_first(j);
	int rc = journal_reader_open(dir, id, 0, &r, &said);

	assert_int_equal(rc, 0);
	while ((rc = journal_reader_next(r, &f, &said)) == 0) {
		unsigned life = model.life[n];

		assert_int_equal(f.sequence, n);
		assert_true(span_eq(f.payload, payload_of(n, life, f.payload.size)));
		n++;
	}
	assert_int_equal(rc, ERR_NOTFOUND);
	assert_int_equal(n, journal_last(j) + 1);
	journal_reader_close(r);
}

static void step_trim(void)
{
	uint64_t checkpoint = model.durable ? 1 + next_random() % model.durable : 0;
	uint64_t before = journal_first(j);

	settings.keep_bytes = below(100000);
	maybe_arm();
	(void)journal_trim(j, checkpoint, NOW);
	fault_none();
	assert_true(journal_first(j) <= (before > checkpoint + 1 ? before : checkpoint + 1));
}

static void a_random_history_keeps_what_it_promised(void **state)
{
	const char *env_seed = getenv("SEED"), *env_runs = getenv("RUNS");
	unsigned runs = 30 * (env_runs ? (unsigned)atoi(env_runs) : 1);

	(void)state;
	seed = env_seed ? strtoull(env_seed, NULL, 0) : 1;
	for (unsigned run = 0; run < runs; run++, seed++) {
		random_state = seed;
		memset(&model, 0, sizeof model);
		remove_files();
		must_open();
		for (unsigned step = 0; step < 150; step++) {
			switch (below(10)) {
			case 0: step_open(); break;
			case 1: step_trim(); break;
			case 2: check_reading(); break;
			case 3:
			case 4: step_sync(); break;
			case 5: step_sync_beside(); break;
			default: step_write(); break;
			}
		}
		check_reading();
	}
	finished = true;
}

static int teardown(void **state)
{
	if (!finished)
		print_message("# SEED=%llu RUNS=1 shows it again\n", (unsigned long long)seed);
	return world_teardown(state);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			a_random_history_keeps_what_it_promised, world_setup, teardown),
	};

	return cmocka_run_group_tests_name("journal_random", tests, NULL, NULL);
}
