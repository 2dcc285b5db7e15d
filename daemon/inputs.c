/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon itself puts into the journal: which engine takes the inputs, the settings that
 * change state, and the lifecycle file. */
#include <stdlib.h>
#include "daemon/daemon.h"
#include "workers/lifecycle_file.h"

static int submit(struct daemon *d, struct task *t)
{
	int rc;

	timekeeper_stamp(d, &t->work.input);
	if (t->work.input.type == INPUT_LIFECYCLE)
		t->work.input.lifecycle->machine->since_ms = t->work.input.clock_ms;
	rc = pipeline_submit(d, t, span_of(NULL, 0), NULL, 0);
	if (rc != 0)
		task_free(d, t);
	return rc;
}

static int submit_engine(struct daemon *d)
{
	struct task *t = task_new(d);

	if (!t)
		return ERR_NOMEM;
	t->work.input.type = INPUT_ENGINE;
	t->work.input.engine = ENGINE_VERSION;
	return submit(d, t);
}

/* What was not heard while no daemon was there is nobody's silence. */
static int submit_listening(struct daemon *d)
{
	struct task *t = task_new(d);

	if (!t)
		return ERR_NOMEM;
	t->work.input.type = INPUT_LISTENING;
	return submit(d, t);
}

/* An event may be dated ahead: it is told from its resend for the window after its own time. */
static struct settings settings_wanted(const struct daemon *d)
{
	struct settings s = d->config.settings;

	s.guard_window_ms += d->config.in_future_ms;
	return s;
}

static int submit_settings(struct daemon *d)
{
	struct task *t = task_new(d);

	if (!t)
		return ERR_NOMEM;
	t->work.input.type = INPUT_SETTINGS;
	t->work.input.settings = settings_wanted(d);
	return submit(d, t);
}

static int compile(struct daemon *d, struct machine **ret, struct complaint *c)
{
	const char *path = d->config.lifecycle;
	struct complaint why = { 0 };
	struct buf file = { 0 };
	struct span text = machine_default_text();
	char place[LIFECYCLE_PATH_MAX];
	int rc = 0;

	if (path[0]) {
		rc = lifecycle_read(path, &file, &why);
		text = span_of(file.data, file.size);
	}
	if (rc == 0)
		rc = lifecycle_compile((const char *)text.data, text.size, ret, &why);
	buf_fini(&file);
	if (rc == 0)
		return 0;
	lifecycle_path_of(path[0] ? path : "built-in lifecycle", &why, place);
	if (why.line == 0)
		return complain(c, rc, "%s: %s", place, why.text);
	return complain(c, rc, "%s:%d:%d: %s", place, why.line, why.column, why.text);
}

int inputs_compile(struct daemon *d, struct complaint *c)
{
	struct machine *m;
	int rc = compile(d, &m, c);

	if (rc == 0)
		machine_free(m);
	return rc;
}

/* The file is in force; if it was read again meanwhile, look at it once more. */
static void reloaded(struct daemon *d, struct task *t)
{
	struct complaint c = { 0 };
	bool changed;

	lifecycle_drop(t->message); /* the old one */
	d->reloading = false;
	control_in_force(d, 0);
	if (!d->reload_again || d->state == DAEMON_STOPPING)
		return;
	d->reload_again = false;
	if (inputs_lifecycle(d, &changed, &c) != 0)
		log_error("lifecycle", "the old rules stay in force", "error=%s",
			log_quote(c.text));
}

static void not_reloaded(struct daemon *d, struct task *t, int rc)
{
	lifecycle_drop(d->lifecycle);
	d->lifecycle = t->message;
	d->reloading = d->reload_again = false;
	control_in_force(d, rc);
	log_error("lifecycle", "the old rules stay in force", "error=%s", log_quote(err_text(rc)));
}

/* What a file counts itself has no past but its own: say which begin and which end. */
static void log_facts(const struct machine *old, const struct machine *m)
{
	for (unsigned i = 0; i < m->n_customs; i++)
		if (!machine_has_fact(old, m->customs[i].key))
			log_info("lifecycle", old ? "a new fact counts from now" :
				"a fact counts from the beginning", "fact=%.*s",
				(int)m->customs[i].name.size, (const char *)m->customs[i].name.data);
	for (unsigned i = 0; old && i < old->n_customs; i++)
		if (!machine_has_fact(m, old->customs[i].key))
			log_info("lifecycle", "a fact is dropped and forgotten", "fact=%.*s",
				(int)old->customs[i].name.size, (const char *)old->customs[i].name.data);
}

int inputs_lifecycle(struct daemon *d, bool *ret_changed, struct complaint *c)
{
	struct machine *m, *old = d->lifecycle ? d->lifecycle->machine : NULL;
	struct lifecycle *l;
	struct task *t;
	int rc = compile(d, &m, c);

	*ret_changed = false;
	if (rc != 0)
		return rc;
	if (d->reloading) { /* one at a time: a storm of signals ends in one more look */
		machine_free(m);
		d->reload_again = true;
		return 0;
	}
	if (old && span_eq(old->text, m->text)) {
		machine_free(m);
		return 0;
	}
	m->version = old ? old->version + 1 : 1;
	if (d->parameters.version)
		machine_take_parameters(m, &d->parameters);
	l = lifecycle_new(m);
	t = l ? task_new(d) : NULL;
	if (!t) {
		lifecycle_drop(l);
		return complain(c, ERR_NOMEM, "out of memory");
	}
	t->work.input.type = INPUT_LIFECYCLE;
	t->work.input.lifecycle = lifecycle_hold(l);
	rc = submit(d, t);
	if (rc != 0) {
		lifecycle_drop(l);
		return complain(c, rc, "the lifecycle file is not taken: %s", err_text(rc));
	}
	t->message = d->lifecycle; /* until it is in force */
	t->done = reloaded;
	t->failed = not_reloaded;
	d->lifecycle = l;
	d->reloading = true;
	*ret_changed = true;
	log_info("lifecycle", "switched on", "version=%u rules=%u", m->version, m->n_tests);
	log_facts(old, m);
	daemon_flush_soon(d);
	return 0;
}

static void parameters_failed(struct daemon *d, struct task *t, int rc)
{
	d->parameters = d->parameters_before;
	not_reloaded(d, t, rc);
}

/* NULL: memory is out. */
static struct task *parameters_task(struct daemon *d, const struct parameters *p)
{
	struct task *t = task_new(d);

	if (!t)
		return NULL;
	t->work.input.type = INPUT_PARAMETERS;
	t->work.input.parameters = arena_alloc(t->arena, sizeof *p);
	if (!t->work.input.parameters) {
		task_free(d, t);
		return NULL;
	}
	timekeeper_stamp(d, &t->work.input);
	*t->work.input.parameters = *p;
	t->work.input.parameters->since_ms = t->work.input.clock_ms;
	return t;
}

int inputs_parameters(struct daemon *d, struct parameters *p, struct complaint *c)
{
	struct lifecycle *l = NULL;
	struct task *t;
	int rc;

	if (d->reloading)
		return complain(c, ERR_EXISTS, "a lifecycle file or other parameters are on their way");
	p->version = d->parameters.version + 1;
	t = parameters_task(d, p);
	if (!t)
		return complain(c, ERR_NOMEM, "out of memory");
	*p = *t->work.input.parameters;
	rc = lifecycle_with(d->lifecycle->machine, p, &l);
	if (rc == 0)
		rc = pipeline_submit(d, t, span_of(NULL, 0), NULL, 0);
	if (rc != 0) {
		lifecycle_drop(l);
		task_free(d, t);
		return complain(c, rc, "the parameters are not taken: %s", err_text(rc));
	}
	t->message = d->lifecycle; /* until they are in force */
	t->done = reloaded;
	t->failed = parameters_failed;
	d->parameters_before = d->parameters;
	d->parameters = *p;
	d->lifecycle = l;
	d->reloading = true;
	log_info("parameters", "in force", "version=%u cuts=%u fits=%u", p->version, p->n_cuts,
		p->n_fits);
	daemon_flush_soon(d);
	return 0;
}

int inputs_at_start(struct daemon *d, struct complaint *c)
{
	struct settings wanted = settings_wanted(d);
	bool changed;
	int rc = 0;

	if (d->engine != ENGINE_VERSION)
		rc = submit_engine(d);
	if (rc == 0 && d->listens)
		rc = submit_listening(d);
	if (rc == 0 && (journal_last(d->pipeline.journal) == 0 ||
		!settings_equal(&d->settings, &wanted)))
		rc = submit_settings(d);
	if (rc != 0)
		return complain(c, rc, "cannot write the first inputs: %s", err_text(rc));
	return inputs_lifecycle(d, &changed, c);
}
