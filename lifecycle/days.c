/* SPDX-License-Identifier: Apache-2.0 */
/* Days: the set of calendar days with a purchase.
 *
 * The latest FACTS_DAYS_MAX are kept, ascending; when one more comes, the oldest becomes a mere
 * number in older_days. The latest ones of a union do not depend on the order in which it was
 * made, so day[] is always exact; older_days counts each day that was pushed out once, and a late
 * purchase for a day before the oldest kept once more, since nobody knows any more whether that
 * day was among them. */
#include <string.h>
#include "lifecycle/facts_parts.h"

/* The place of the first day that is not before DAY. */
static size_t days_find(const struct facts *f, int32_t day)
{
	size_t low = 0, high = f->n_days;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (f->day[middle] < day)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void days_add(struct facts *f, int32_t day)
{
	size_t i = days_find(f, day);

	if (i < f->n_days && f->day[i] == day)
		return;
	if (f->n_days < FACTS_DAYS_MAX) {
		memmove(&f->day[i + 1], &f->day[i], (f->n_days - i) * sizeof f->day[0]);
		f->day[i] = day;
		f->n_days++;
		return;
	}
	f->older_days++;
	if (i == 0)
		return;
	memmove(&f->day[0], &f->day[1], (i - 1) * sizeof f->day[0]);
	f->day[i - 1] = day;
}

/* Merged from the latest backwards; what finds no room is counted. */
void days_join(struct facts *f, const struct facts *from)
{
	int32_t latest[FACTS_DAYS_MAX]; /* descending */
	size_t a = f->n_days, b = from->n_days, n = 0;

	f->older_days += from->older_days;
	while (a > 0 || b > 0) {
		int32_t day;

		if (b == 0 || (a > 0 && f->day[a - 1] >= from->day[b - 1]))
			day = f->day[a - 1];
		else
			day = from->day[b - 1];
		a -= a > 0 && f->day[a - 1] == day;
		b -= b > 0 && from->day[b - 1] == day;
		if (n < FACTS_DAYS_MAX)
			latest[n++] = day;
		else
			f->older_days++;
	}
	f->n_days = (uint16_t)n;
	for (size_t i = 0; i < n; i++)
		f->day[i] = latest[n - 1 - i];
}

bool days_equal(const struct facts *a, const struct facts *b)
{
	return a->older_days == b->older_days && a->n_days == b->n_days &&
		memcmp(a->day, b->day, a->n_days * sizeof a->day[0]) == 0;
}

int64_t facts_purchase_days(const struct facts *f)
{
	return (int64_t)f->older_days + f->n_days;
}
