/* SPDX-License-Identifier: Apache-2.0 */
/* Buyers from a store: the facts of each customer, as they stood at the last checkpoint. */
#include "base/hash.h"
#include "base/zone.h"
#include "ctl/buyers.h"
#include "ctl/store_check.h"
#include "store/env.h"
#include "lifecycle/parameters.h"
#include "workers/customer.h"

/* Neither ladders nor names are asked for. */
static const struct machine no_machine;
static const struct numbering no_names;

static int take_facts(struct buyers *b, struct span id, const struct facts *f)
{
	int64_t days = facts_purchase_days(f);
	struct buyer row = { .hash = hash_64(id.data, id.size, 0), .days = (double)days,
			     .first = (double)f->scalar[FACT_first_purchase].i / (double)DAY_MS,
			     .last = (double)f->scalar[FACT_last_purchase].i / (double)DAY_MS,
			     .money = (double)f->scalar[FACT_spent].i -
				     (double)f->scalar[FACT_refunded].i };

	if (days < 1)
		return 0;
	row.name = buyers_name(b, id);
	buyer_classify(b, &row, f);
	return buyers_add(b, &row);
}

/* The id of a record is in the transaction, and the next call asks for what comes after it. */
static int take_shard(struct buyers *b, struct env *e)
{
	static struct customer customer;
	uint8_t key[EVENT_CUSTOMER_MAX];
	struct span id = span_of(key, 0), record;
	double clock = (double)env_meta(e)->clock_ms / (double)DAY_MS;
	int rc;

	b->until = clock > b->until ? clock : b->until;
	while ((rc = env_customer_next(e, id, &id, &record)) == 0 || rc == ERR_CORRUPT) {
		if (env_failed(e))
			return env_failed(e);
		if (rc == ERR_CORRUPT ||
		    customer_unpack(&customer, id, record, &no_machine, &no_names) != 0)
			b->skipped++;
		else if (!customer_is_merged(&customer) && /* who counts with the person */
			 take_facts(b, id, &customer.facts) != 0)
			return ERR_NOMEM;
		memcpy(key, id.data, id.size);
		id = span_of(key, id.size);
	}
	return rc == ERR_NOTFOUND ? 0 : rc;
}

static int take_parameters(struct machine *m, struct env *e)
{
	struct parameters p;
	struct span bytes;
	int rc = env_setting_get(e, "parameters", &bytes);

	if (rc == 0)
		rc = parameters_decode(&p, bytes);
	if (rc == 0)
		machine_take_parameters(m, &p);
	return rc == ERR_NOTFOUND ? 0 : rc;
}

/* The file in force, the same in every shard; none where nobody has been judged. */
static int take_machine(struct buyers *b, struct env *e, struct complaint *c)
{
	uint32_t version = env_meta(e)->lifecycle_version;
	struct span text;
	int64_t since;
	int rc = version && !b->machine ? env_lifecycle_get(e, version, &since, &text) : ERR_NOTFOUND;

	if (rc != 0)
		return rc == ERR_NOTFOUND ? 0 : rc;
	rc = machine_compile((const char *)text.data, text.size, &b->machine, c);
	return rc ? rc : take_parameters(b->machine, e);
}

int buyers_from_store(struct buyers *b, const char *dir, struct complaint *c)
{
	struct store s;
	int rc = store_open(dir, 0, false, &s, c);

	if (rc)
		return rc;
	for (unsigned i = 0; i < s.shards && rc == 0; i++) {
		struct env *e = NULL;

		rc = env_open(&s, i, STORE_MAP_BYTES, true, &e, c);
		if (rc == 0) {
			rc = take_machine(b, e, c);
			if (rc == 0)
				rc = take_shard(b, e);
			if (rc)
				rc = complain(c, rc, "shard %u cannot be read: %s", i, err_text(rc));
		}
		env_close(e);
	}
	store_close(&s);
	if (rc == 0 && b->names.failed)
		rc = complain(c, ERR_NOMEM, "%s", err_text(ERR_NOMEM));
	buyers_sort(b);
	return rc;
}
