/* SPDX-License-Identifier: Apache-2.0 */
/* Putting a fit in force: as parameters, through the daemon's journal. */
#include <inttypes.h>
#include "ctl/fit_report.h"
#include "ctl/reply.h"
#include "lifecycle/machine.h"

static json_t *fits_json(const struct fit_report *p)
{
	json_t *list = json_array();

	for (unsigned i = p->n > 1 ? 1 : 0; i < p->n; i++) {
		const struct rhythm *r = &p->all[i].then;
		int class = p->all[i].class == CLASS_ANY ? 0 : p->all[i].class;

		json_array_append_new(list, json_pack("{s:i,s:f,s:f,s:f,s:f}", "class", class, "r", r->r,
			"alpha", r->alpha * (double)DAY_MS, "a", r->a, "b", r->b));
	}
	return list;
}

/* Classes have no names in the journal: they are those of a file with the same rhythms. */
static void set_for(const struct fit_report *p, json_t *asked)
{
	char key[17];

	if (p->n == 1)
		return;
	snprintf(key, sizeof key, "%016" PRIx64, p->buyers.machine->rhythm_key);
	json_object_set_new(asked, "for", json_string(key));
}

int fit_report_apply(const struct fit_report *p)
{
	const struct remote_settings remote = { .run = p->settings->remote.run,
		.timeout_ms = p->settings->remote.timeout_ms };
	json_t *asked = json_pack("{s:o}", "fits", fits_json(p)), *answer = NULL;
	bool spend = fit_spend_is_known(p);
	int code;

	if (spend) {
		const struct spend_fitted *s = fit_spend_chosen(p);

		json_object_set_new(asked, "spend", json_pack("{s:f,s:f,s:f}", "p", s->p, "q", s->q, "v",
			s->v));
	}
	set_for(p, asked);
	code = reply_get_json(&remote, "parameters", asked, &answer);
	if (answer)
		fprintf(stderr, "in force: parameters version %lld%s\n",
			(long long)reply_int(answer, "parameters_version"), spend || !p->settings->spend ? "" :
			"; p, q and v stay as they are, since these data do not tell them");
	json_decref(asked);
	json_decref(answer);
	return code;
}
