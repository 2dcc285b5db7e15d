/* SPDX-License-Identifier: Apache-2.0 */
/* Fitting from afar. */
#include <stdlib.h>
#include <unistd.h>
#include "ctl/fit_live.h"
#include "ctl/progress.h"

#define LOOK_US 100000

/* How things stand; NULL after having said why not, with *RET_CODE set. */
static json_t *ask_status(const struct remote_settings *remote, int *ret_code)
{
	const struct remote_settings parsed = { .run = remote->run, .timeout_ms = remote->timeout_ms };
	json_t *answer = NULL;

	*ret_code = reply_get(&parsed, "fit", NULL, &answer);
	return answer;
}

static int begin(const struct remote_settings *remote, bool apply, bool force, int64_t *ret_run)
{
	const struct remote_settings parsed = { .run = remote->run, .timeout_ms = remote->timeout_ms };
	json_t *asked = json_pack("{s:b,s:b,s:b}", "start", 1, "apply", apply, "force", force);
	json_t *answer = NULL;
	int code = reply_get_json(&parsed, "fit", asked, &answer);

	*ret_run = reply_int(answer, "run");
	json_decref(asked);
	json_decref(answer);
	return code;
}

static void show_progress(struct progress *p, const json_t *status)
{
	const char *state = reply_text(status, "state");
	char text[80];

	if (!progress_due(p))
		return;
	snprintf(text, sizeof text, "%s", strcmp(state, "samples") == 0 ? "customers looked at" :
		strcmp(state, "fits") == 0 ? "fitting" : "into the journal");
	progress_show(p, (uint64_t)reply_int(status, "looked_at"),
		strcmp(state, "samples") == 0 ? (uint64_t)reply_int(status, "customers") : 0, text);
}

/* Wait for the end of RUN; its status is the caller's. */
static int wait_for(const struct remote_settings *remote, int64_t run, json_t **ret_status)
{
	struct progress p;
	int code = EXIT_WELL;

	*ret_status = NULL;
	progress_init(&p, isatty(STDERR_FILENO));
	while (!interrupted()) {
		json_t *status = ask_status(remote, &code);

		if (!status || reply_int(status, "finished") >= run) {
			*ret_status = status;
			break;
		}
		if (reply_int(status, "begun") < run) {
			fprintf(stderr, "kith: the daemon was started anew meanwhile, and the fit is lost\n");
			code = EXIT_REJECTED;
		}
		show_progress(&p, status);
		json_decref(status);
		if (code != EXIT_WELL)
			break;
		usleep(LOOK_US);
	}
	progress_clear(&p);
	return interrupted() ? EXIT_INTERRUPTED : code;
}

int fit_live(const struct remote_settings *remote, bool apply, bool force)
{
	const json_t *last;
	json_t *status = NULL;
	int64_t run;
	int code;

	signals_catch();
	code = begin(remote, apply, force, &run);
	if (code == EXIT_WELL)
		code = wait_for(remote, run, &status);
	if (!status)
		return code;
	last = json_object_get(status, "last");
	if (remote->json) {
		json_dumpf(last, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		show_fit(last, stdout);
	}
	if ((apply && !reply_flag(last, "applied")) ||
		!reply_has(json_array_get(json_object_get(last, "fits"), 0), "prior"))
		code = EXIT_REJECTED;
	json_decref(status);
	return code;
}

int fit_status(const struct remote_settings *remote)
{
	json_t *answer = NULL;
	int code = reply_get(remote, "fit", NULL, &answer);

	if (answer)
		show_fit_status(answer, stdout);
	json_decref(answer);
	return code;
}
