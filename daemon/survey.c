/* SPDX-License-Identifier: Apache-2.0 */
/* Surveys: one page after the other, one shard after the other. */
#include <stdlib.h>
#include "base/log.h"
#include "daemon/daemon.h"

#define PAGE_MS 5 /* between two pages: at most 50,000 customers a second are looked at */

static void survey_over(struct daemon *d);

static void sleep_ms(struct daemon *d, int64_t ms)
{
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	if (d->surveyor.timer)
		event_add(d->surveyor.timer, &tv);
}

static void rest(struct daemon *d)
{
	struct surveyor *v = &d->surveyor;

	if (v->page)
		free(v->page->survey);
	query_free(v->page);
	v->page = NULL;
	v->under_way = false;
	sleep_ms(d, v->again ? 0 : d->config.survey_ms);
	v->again = false;
}

/* Shard after shard: the counts go with the page, and add up. */
static void page_came(struct query *q)
{
	struct daemon *d = q->arg;
	struct surveyor *v = &d->surveyor;

	if (q->rc != 0 || d->state == DAEMON_STOPPING) {
		v->again = v->again || q->rc == ERR_EXISTS; /* another file: count what it asks for */
		rest(d);
		return;
	}
	if (q->done && ++q->shard == d->store.shards) {
		survey_over(d);
		rest(d);
		return;
	}
	if (q->done) {
		buf_clear(&q->key);
		q->done = false;
	}
	sleep_ms(d, PAGE_MS);
}

static void begin(struct daemon *d)
{
	struct surveyor *v = &d->surveyor;
	const struct machine *m = d->lifecycle->machine;

	v->page = query_new(QUERY_SURVEY, page_came, d);
	if (v->page)
		v->page->survey = malloc(sizeof *v->page->survey);
	if (!v->page || !v->page->survey) {
		rest(d);
		return;
	}
	survey_begin(v->page->survey, m);
	v->under_way = true;
	v->version = m->version;
	v->page->from = m->version;
	v->page->from_ms = timekeeper_now(d);
	worker_post(&d->workers[0], &v->page->mail);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *d = arg;
	struct surveyor *v = &d->surveyor;

	(void)fd;
	(void)what;
	if (d->state == DAEMON_STOPPING || !d->lifecycle)
		return;
	if (!daemon_takes_in(d)) /* short of room: what is left is for others */
		sleep_ms(d, 1000);
	else if (v->under_way)
		worker_post(&d->workers[v->page->shard], &v->page->mail);
	else
		begin(d);
}

static void survey_over(struct daemon *d)
{
	struct surveyor *v = &d->surveyor;
	struct parameters p = d->parameters;
	struct complaint c = { 0 };

	v->finished++;
	v->finished_ms = v->page->from_ms;
	v->buyers = v->page->survey->historic.n;
	v->best_share = sketch_top_sum(&v->page->survey->historic, .2);
	if (v->version != d->lifecycle->machine->version)
		return;
	survey_cuts(v->page->survey, d->lifecycle->machine, &p);
	if (p.n_cuts == 0 || !parameters_differ(&p, &d->parameters, CUT_MOVES))
		return;
	if (inputs_parameters(d, &p, &c) != 0)
		log_error("survey", "the cut-offs stay as they are", "error=%s", log_quote(c.text));
}

void surveyor_now(struct daemon *d)
{
	if (d->surveyor.under_way)
		d->surveyor.again = true;
	else
		sleep_ms(d, 0);
}

int surveyor_open(struct daemon *d)
{
	d->surveyor.timer = evtimer_new(d->base, on_timer, d);
	if (!d->surveyor.timer)
		return ERR_NOMEM;
	sleep_ms(d, d->config.survey_ms < 60000 ? d->config.survey_ms : 60000);
	return 0;
}

/* After the workers have stopped: no page is under way any more. */
void surveyor_close(struct daemon *d)
{
	struct surveyor *v = &d->surveyor;

	if (v->timer)
		event_free(v->timer);
	v->timer = NULL;
	if (v->page)
		free(v->page->survey);
	query_free(v->page);
	v->page = NULL;
}
