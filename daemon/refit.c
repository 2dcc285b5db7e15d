/* SPDX-License-Identifier: Apache-2.0 */
/* Refitting: sample, fit, apply, rest. */
#include <stdlib.h>
#include "base/clock.h"
#include "base/log.h"
#include "daemon/daemon.h"

#define PAGE_MS        5     /* between two pages: at most 50,000 customers a second are looked at */
#define TRY_MS         20    /* while other parameters, or a file, are on their way */
#define FIRST_MS_MIN   60000 /* after a start others have more to do */

const char *refit_state_name(enum refit_state s)
{
	static const char *const names[] = { "rests", "samples", "fits", "applies" };

	return names[s];
}

static void sleep_ms(struct daemon *d, int64_t ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (d->refitter.timer)
		event_add(d->refitter.timer, &tv);
}

static void page_free(struct refitter *v)
{
	if (v->page)
		free(v->page->sample);
	query_free(v->page);
	v->page = NULL;
}

static void rest(struct daemon *d)
{
	d->refitter.state = REFIT_RESTS;
	if (d->config.refit_ms)
		sleep_ms(d, d->config.refit_ms);
}

/* The run is over; TEXT says why it ended so. */
static void over(struct daemon *d, bool applied, const char *text)
{
	struct refitter *v = &d->refitter;
	struct refit_outcome *o = &v->last;

	o->run = v->begun;
	o->at_ms = clock_wall_ms();
	o->seconds = (double)(clock_monotonic_ns() - v->began_ns) / 1e9;
	o->by_itself = v->by_itself;
	o->applied = applied;
	o->parameters_version = applied ? v->submitted : 0;
	o->lifecycle_version = v->version;
	o->looked_at = v->page && v->page->sample ? v->page->sample->looked_at : 0;
	snprintf(o->text, sizeof o->text, "%s", text);
	v->finished++;
	page_free(v);
	log_info("fit", applied ? "put in force" : "not put in force",
		"customers=%llu seconds=%.1f parameters=%u why=%s", (unsigned long long)o->looked_at,
		o->seconds, o->parameters_version, log_quote(o->text));
	rest(d);
}

/* Nothing has come of it. */
static void fail(struct daemon *d, const char *text)
{
	d->refitter.last.n = 0;
	over(d, false, text);
}

/* ---- sampling */

static void fit_came(struct query *q);

static bool begin(struct daemon *d)
{
	struct refitter *v = &d->refitter;
	const struct machine *m = d->lifecycle->machine;

	v->page->sample = sample_new(m, (uint64_t)clock_monotonic_ns());
	if (!v->page->sample)
		return false;
	v->state = REFIT_SAMPLES;
	v->version = m->version;
	v->before = d->parameters;
	v->submitted = 0;
	v->page->from = m->version;
	v->page->from_ms = timekeeper_now(d);
	v->page->shard = 0;
	v->page->done = false;
	buf_clear(&v->page->key);
	sleep_ms(d, 0);
	return true;
}

/* The file is another one, and perhaps its classes: from the first customer again. */
static void again(struct daemon *d)
{
	free(d->refitter.page->sample);
	d->refitter.page->sample = NULL;
	if (!begin(d))
		fail(d, "out of memory");
}

static void page_came(struct query *q)
{
	struct daemon *d = q->arg;
	struct refitter *v = &d->refitter;

	if (d->state == DAEMON_STOPPING)
		return;
	if (q->rc == ERR_EXISTS)
		again(d);
	else if (q->rc != 0)
		fail(d, err_text(q->rc));
	else if (!q->done)
		sleep_ms(d, PAGE_MS);
	else if (++q->shard < d->store.shards) {
		buf_clear(&q->key);
		q->done = false;
		sleep_ms(d, PAGE_MS);
	} else {
		q->answered = fit_came;
		v->state = REFIT_FITS;
		if (fitter_start(&v->fitter, q, d->lifecycle->machine) != 0)
			fail(d, "no thread could be made to fit in");
	}
}

/* ---- fitting is over */

/* One reason for all: that of a class for which something is put in force, or the whole's. */
static void over_for_reason(struct daemon *d, bool applied)
{
	const struct refit_outcome *o = &d->refitter.last;
	enum refit_reason reason = o->list[0].reason;
	char text[sizeof o->text];

	for (unsigned i = 0; i < o->n; i++)
		if (o->list[i].reason == REFIT_WELL)
			reason = REFIT_WELL;
	if (o->spend.reason == REFIT_WELL)
		reason = REFIT_WELL;
	snprintf(text, sizeof text, "%s%s", applied && reason != REFIT_WELL ? "as asked, although " : "",
		refit_reason_text(reason));
	over(d, applied, text);
}

static bool fits_changed(const struct parameters *a, const struct parameters *b)
{
	return a->fitted_for != b->fitted_for || a->n_fits != b->n_fits ||
		memcmp(a->fits, b->fits, a->n_fits * sizeof *a->fits) != 0 ||
		a->spend.given != b->spend.given || a->spend.p != b->spend.p ||
		a->spend.q != b->spend.q || a->spend.v != b->spend.v;
}

/* What is to be put in force of the rhythms and of spending, into P. */
static bool take_fits(const struct refitter *v, const struct machine *m, struct parameters *p)
{
	bool any = refit_parameters(v->last.list, m, v->wish.force, p);

	return refit_spend_parameters(&v->last.spend, m, v->wish.force, p) || any;
}

/* Into the journal, once what else is on its way has arrived. */
static void apply(struct daemon *d)
{
	struct refitter *v = &d->refitter;
	struct parameters p = d->parameters;
	struct complaint c = { 0 };

	if (d->reloading || !daemon_fires(d)) {
		sleep_ms(d, TRY_MS);
	} else if (v->submitted) {
		if (d->parameters.version >= v->submitted)
			over_for_reason(d, true);
		else
			over(d, false, "the journal did not take it: is there room?");
	} else if (v->version != d->lifecycle->machine->version) {
		over(d, false, "the lifecycle file has changed meanwhile: fit again");
	} else if (fits_changed(&v->before, &d->parameters)) {
		over(d, false, "other parameters were put in force meanwhile: fit again");
	} else if (!take_fits(v, d->lifecycle->machine, &p)) {
		over_for_reason(d, false);
	} else {
		p.fitted_ms = clock_wall_ms();
		if (inputs_parameters(d, &p, &c) != 0) {
			over(d, false, c.text);
			return;
		}
		v->submitted = p.version;
		sleep_ms(d, 1);
	}
}

static void fit_came(struct query *q)
{
	struct daemon *d = q->arg;
	struct refitter *v = &d->refitter;

	fitter_finish(&v->fitter);
	if (d->state == DAEMON_STOPPING)
		return;
	if (v->fitter.rc != 0) {
		fail(d, err_text(v->fitter.rc));
		return;
	}
	v->last.n = v->fitter.n;
	memcpy(v->last.list, v->fitter.list, v->fitter.n * sizeof *v->last.list);
	v->last.spend = v->fitter.spend;
	if (!v->wish.apply) {
		over(d, false, "it was asked for, not to be put in force");
		return;
	}
	v->state = REFIT_APPLIES;
	apply(d);
}

/* ---- when */

int refitter_begin(struct daemon *d, const struct refit_wish *wish)
{
	struct refitter *v = &d->refitter;

	if (v->state != REFIT_RESTS)
		return ERR_BUSY;
	v->page = query_new(QUERY_SAMPLE, page_came, d);
	if (!v->page)
		return ERR_NOMEM;
	v->wish = *wish;
	v->by_itself = false;
	v->began_ns = clock_monotonic_ns();
	if (!begin(d)) {
		page_free(v);
		return ERR_NOMEM;
	}
	v->begun++;
	return 0;
}

static void begin_by_itself(struct daemon *d)
{
	if (refitter_begin(d, &(struct refit_wish){ .apply = true }) == 0)
		d->refitter.by_itself = true;
	else
		rest(d);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct refitter *v = &d->refitter;

	(void)fd;
	(void)what;
	if (d->state == DAEMON_STOPPING || !d->lifecycle)
		return;
	if (v->state != REFIT_APPLIES && !daemon_takes_in(d))
		sleep_ms(d, 1000); /* short of room: what is left is for others */
	else if (v->state == REFIT_RESTS)
		begin_by_itself(d);
	else if (v->state == REFIT_SAMPLES)
		worker_post(&d->workers[v->page->shard], &v->page->mail);
	else if (v->state == REFIT_APPLIES)
		apply(d);
}

/* A restart does not put off what is due: the journal tells when the last fit was made. */
static int64_t first_ms(const struct daemon *d)
{
	int64_t least = d->config.refit_ms < FIRST_MS_MIN ? d->config.refit_ms : FIRST_MS_MIN;
	int64_t wait = d->parameters.fitted_ms + d->config.refit_ms - clock_wall_ms();

	if (wait > d->config.refit_ms)
		wait = d->config.refit_ms; /* the clock was set */
	return wait > least ? wait : least;
}

int refitter_open(struct daemon *d)
{
	struct refitter *v = &d->refitter;

	v->fitter.to = &d->returned;
	v->fitter.wake = daemon_wake;
	v->fitter.wake_arg = d;
	v->timer = evtimer_new(d->base, on_timer, d);
	if (!v->timer)
		return ERR_NOMEM;
	if (d->config.refit_ms)
		sleep_ms(d, first_ms(d));
	return 0;
}

/* After the workers have stopped: no page is under way any more. */
void refitter_close(struct daemon *d)
{
	struct refitter *v = &d->refitter;

	atomic_store(&v->fitter.give_up, true);
	fitter_finish(&v->fitter);
	if (v->timer)
		event_free(v->timer);
	v->timer = NULL;
	page_free(v);
}
