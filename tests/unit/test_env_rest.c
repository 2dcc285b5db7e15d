/* SPDX-License-Identifier: Apache-2.0 */
/* Env: names, settings, lifecycles, subscriptions. */
#define _GNU_SOURCE /* nftw() */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include "tests/unit/env_steps.h"

static void names_keep_their_numbers(void **state)
{
	struct fixture *f = *state;
	char name[32];

	for (unsigned i = 1; i <= 300; i++) {
		snprintf(name, sizeof name, "rung-%u", i);
		assert_int_equal(env_name_number(f->e, S(name)), i);
	}
	assert_int_equal(env_name_number(f->e, S("rung-7")), 7);
	commit(f);
	assert_int_equal(env_name_number(f->e, S("lost")), 301);
	env_abort(f->e);
	fixture_reopen(f);
	assert_int_equal(env_name_number(f->e, S("other")), 301);
	assert_int_equal(env_name_number(f->e, S("rung-300")), 300);
	assert_span(env_name(f->e, 300), "rung-300");
	assert_span(env_name(f->e, 1), "rung-1");
	assert_int_equal(env_name(f->e, 0).size, 0);
	assert_int_equal(env_name(f->e, 302).size, 0);
	assert_int_equal(env_name_number(f->e, S("")), 0);
}

static void lifecycles_and_settings_are_kept(void **state)
{
	struct fixture *f = *state;
	static uint8_t text[256 << 10];
	struct span got;
	int64_t since;

	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (uint8_t)(i * 31);
	assert_int_equal(env_lifecycle_put(f->e, 1, 500, S("ladder stage { }")), OK);
	assert_int_equal(env_lifecycle_put(f->e, 2, 600, span_of(text, sizeof text)), OK);
	assert_int_equal(env_setting_put(f->e, "sweep", S("at anna")), OK);
	assert_int_equal(env_setting_put(f->e, "sweep", S("at bob")), OK);
	commit(f);
	fixture_reopen(f);
	assert_int_equal(env_lifecycle_get(f->e, 1, &since, &got), OK);
	assert_int_equal(since, 500);
	assert_span(got, "ladder stage { }");
	assert_int_equal(env_lifecycle_get(f->e, 2, &since, &got), OK);
	assert_int_equal(got.size, sizeof text);
	assert_memory_equal(got.data, text, sizeof text);
	assert_int_equal(env_lifecycle_get(f->e, 3, &since, &got), ERR_NOTFOUND);
	assert_int_equal(env_setting_get(f->e, "sweep", &got), OK);
	assert_span(got, "at bob");
	assert_int_equal(env_setting_get(f->e, "none", &got), ERR_NOTFOUND);
}

static void subscriptions_are_kept_by_name(void **state)
{
	struct fixture *f = *state;
	struct span name, record;

	assert_int_equal(env_subscription_put(f->e, S("crm"), S("1")), OK);
	assert_int_equal(env_subscription_put(f->e, S("mail"), S("2")), OK);
	assert_int_equal(env_subscription_put(f->e, S("crm"), S("3")), OK);
	assert_int_equal(env_subscription_get(f->e, S("crm"), &record), OK);
	assert_span(record, "3");
	assert_int_equal(env_subscription_next(f->e, S(""), &name, &record), OK);
	assert_span(name, "crm");
	assert_int_equal(env_subscription_next(f->e, name, &name, &record), OK);
	assert_span(name, "mail");
	assert_int_equal(env_subscription_next(f->e, name, &name, &record), ERR_NOTFOUND);
	assert_int_equal(env_subscription_del(f->e, S("crm")), OK);
	assert_int_equal(env_subscription_del(f->e, S("crm")), ERR_NOTFOUND);
	assert_int_equal(env_subscription_get(f->e, S("crm"), &record), ERR_NOTFOUND);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(names_keep_their_numbers),
		T(lifecycles_and_settings_are_kept),
		T(subscriptions_are_kept_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
