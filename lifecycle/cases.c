/* SPDX-License-Identifier: Apache-2.0 */
/* Cases: the latest openings and resolutions of complaints.
 *
 * An element never changes, and any two are ordered, so the latest FACTS_CASES_MAX of a union are
 * the same however the union was made. It is a set, not a list: were equal elements kept twice,
 * one complaint told by two sources would push out others, and nothing would be gained, since
 * complaints are counted by their id. */
#include <string.h>
#include "lifecycle/facts_layout.h"
#include "lifecycle/facts_parts.h"

static int compare(int64_t a, int64_t b)
{
	return (a > b) - (a < b);
}

/* Later is greater. */
static int case_compare(const struct facts_case *a, const struct facts_case *b)
{
	int c = compare(a->time_ms, b->time_ms);

	c = c ? c : compare(a->resolved, b->resolved);
	c = c ? c : compare(a->complaint, b->complaint);
	c = c ? c : compare(a->reason, b->reason);
	return c ? c : compare(a->severity, b->severity);
}

void cases_add(struct facts *f, const struct facts_case *c)
{
	size_t i = 0;

	while (i < f->n_cases && case_compare(&f->cases[i], c) > 0)
		i++;
	if (i == FACTS_CASES_MAX || (i < f->n_cases && case_compare(&f->cases[i], c) == 0))
		return;
	if (f->n_cases == FACTS_CASES_MAX)
		f->n_cases--; /* the earliest is forgotten */
	memmove(&f->cases[i + 1], &f->cases[i], (f->n_cases - i) * sizeof f->cases[0]);
	f->cases[i] = *c;
	f->n_cases++;
}

void cases_join(struct facts *f, const struct facts *from)
{
	for (size_t i = 0; i < from->n_cases; i++)
		cases_add(f, &from->cases[i]);
}

bool cases_equal(const struct facts *a, const struct facts *b)
{
	if (a->n_cases != b->n_cases)
		return false;
	for (size_t i = 0; i < a->n_cases; i++)
		if (case_compare(&a->cases[i], &b->cases[i]) != 0)
			return false;
	return true;
}

/* What lies before an element in the list is later, or at the same time and ordered after it: a
 * resolution at the same instant is among them. */
static bool case_is_closed(const struct facts *f, size_t opening)
{
	for (size_t i = 0; i < opening; i++)
		if (f->cases[i].resolved && f->cases[i].complaint == f->cases[opening].complaint)
			return true;
	return false;
}

/* Whether a later opening of the same complaint has been seen. */
static bool case_is_repeated(const struct facts *f, size_t opening)
{
	for (size_t i = 0; i < opening; i++)
		if (!f->cases[i].resolved && f->cases[i].complaint == f->cases[opening].complaint)
			return true;
	return false;
}

unsigned facts_open_complaints(const struct facts *f, int64_t *ret_oldest_ms)
{
	unsigned n = 0;

	*ret_oldest_ms = 0;
	for (size_t i = 0; i < f->n_cases; i++) {
		if (f->cases[i].resolved || case_is_closed(f, i))
			continue;
		n += !case_is_repeated(f, i);
		*ret_oldest_ms = f->cases[i].time_ms; /* latest first: the last one found is the oldest */
	}
	return n;
}

/* ---- their bytes (facts_layout.h) */

_Static_assert(REASON_COUNT <= 16 && SEVERITY_COUNT <= 8, "they share a byte");

uint8_t *cases_pack(uint8_t *p, const struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;

	if (f->n_cases == 0)
		return p;
	*p++ = f->n_cases;
	for (unsigned i = 0; i < f->n_cases; i++) {
		const struct facts_case *c = &f->cases[i];

		p = put_told(p, c->time_ms, &before_ms);
		put_le32(p, c->complaint);
		p[4] = (uint8_t)(c->resolved << 7 | c->severity << 4 | c->reason);
		p += 5;
	}
	return p;
}

void cases_unpack(struct reader *r, struct facts *f)
{
	int64_t before_ms = f->scalar[FACT_last_event].i;
	unsigned n = (unsigned)in_range(r, take_byte(r), 1, FACTS_CASES_MAX);

	for (unsigned i = 0; i < n && !r->bad; i++) {
		struct facts_case *c = &f->cases[i];
		const uint8_t *p;

		c->time_ms = take_told(r, &before_ms);
		p = take_bytes(r, 5);
		if (!p)
			return;
		c->complaint = get_le32(p);
		c->resolved = p[4] >> 7;
		c->severity = (uint8_t)in_range(r, p[4] >> 4 & 7, 0, SEVERITY_COUNT - 1);
		c->reason = (uint8_t)in_range(r, p[4] & 15, 0, REASON_COUNT - 1);
		if (i > 0 && case_compare(&c[-1], c) <= 0)
			reader_fail(r);
	}
	f->n_cases = (uint8_t)n;
}
