/* SPDX-License-Identifier: Apache-2.0 */
/* libcurl's multi interface on libevent. */
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>
#include "base/clock.h"
#include "daemon/webhook_address.h"
#include "daemon/webhook_sender.h"

#define CONNECT_MS 10000

struct sending {
	struct sending *next, **at;
	CURL *easy;
	struct curl_slist *headers;
	struct buf body;
	size_t answered;         /* bytes of the answer's body */
	bool allow_private, plain, refused;
	int64_t began_ns;
	void (*done)(void *arg, const struct attempt *a, const char *error, int64_t took_ms);
	void *arg;
	char error[CURL_ERROR_SIZE];
};

static void sending_free(struct sender *s, struct sending *t)
{
	if (t->at) {
		*t->at = t->next;
		if (t->next)
			t->next->at = t->at;
		s->under_way--;
	}
	if (t->easy) {
		(void)curl_multi_remove_handle(s->multi, t->easy);
		curl_easy_cleanup(t->easy);
	}
	curl_slist_free_all(t->headers);
	buf_fini(&t->body);
	free(t);
}

/* The answer is told by its status; of its body nothing is wanted but that it ends. */
static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct sending *t = arg;

	(void)data;
	t->answered += size * n;
	return t->answered > SENDER_ANSWER_MAX ? 0 : size * n;
}

static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
	struct sending *t = arg;

	if (purpose != CURLSOCKTYPE_IPCXN ||
		!address_allowed(&a->addr, a->addrlen, t->allow_private, t->plain)) {
		t->refused = true;
		return CURL_SOCKET_BAD;
	}
	return socket(a->family, a->socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, a->protocol);
}

static void finish(struct sender *s, struct sending *t, CURLcode code)
{
	struct attempt a = { .retry_after_ms = -1 };
	const char *error = t->error[0] ? t->error : curl_easy_strerror(code);
	int64_t took = (clock_monotonic_ns() - t->began_ns) / 1000000;
	curl_off_t retry = 0;
	char text[64];
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	/* More of a body than we read is no failure; an answer that breaks off is none at all. */
	if (code == CURLE_OK || (code == CURLE_WRITE_ERROR && t->answered > SENDER_ANSWER_MAX))
		a.status = (int)status;
	if (a.status && curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &retry) == CURLE_OK &&
		retry > 0)
		a.retry_after_ms = retry < RETRY_AFTER_MAX_MS / 1000 ? retry * 1000 : RETRY_AFTER_MAX_MS;
	if (t->refused && a.status == 0)
		error = "the address is private or reserved: refused";
	if (a.status) {
		snprintf(text, sizeof text, "answered %d", a.status);
		error = text;
	}
	t->done(t->arg, &a, error, took);
	sending_free(s, t);
}

static void finish_all(struct sender *s)
{
	CURLMsg *m;
	int left;

	while (!s->closing && (m = curl_multi_info_read(s->multi, &left))) {
		struct sending *t = NULL;

		if (m->msg != CURLMSG_DONE)
			continue;
		(void)curl_easy_getinfo(m->easy_handle, CURLINFO_PRIVATE, (char **)&t);
		finish(s, t, m->data.result);
	}
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
	struct sender *s = arg;
	int running, flags = (what & EV_READ ? CURL_CSELECT_IN : 0) |
		(what & EV_WRITE ? CURL_CSELECT_OUT : 0);

	(void)curl_multi_socket_action(s->multi, fd, flags, &running);
	finish_all(s);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct sender *s = arg;
	int running;

	(void)fd;
	(void)what;
	(void)curl_multi_socket_action(s->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	finish_all(s);
}

static int on_timer_wanted(CURLM *multi, long ms, void *arg)
{
	struct sender *s = arg;
	struct timeval tv = { ms / 1000, ms % 1000 * 1000 };

	(void)multi;
	if (ms < 0)
		(void)event_del(s->timer);
	else
		(void)event_add(s->timer, &tv);
	return 0;
}

static int on_socket_wanted(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
	struct sender *s = arg;
	struct event *e = known;
	short flags = EV_PERSIST | (what & CURL_POLL_IN ? EV_READ : 0) |
		(what & CURL_POLL_OUT ? EV_WRITE : 0);

	(void)easy;
	if (e)
		event_free(e);
	e = what == CURL_POLL_REMOVE ? NULL : event_new(s->base, fd, flags, on_event, s);
	if (e)
		(void)event_add(e, NULL);
	(void)curl_multi_assign(s->multi, fd, e);
	return 0;
}

static struct curl_slist *header_list(struct span lines)
{
	struct curl_slist *list = NULL;

	for (size_t at = 0; at < lines.size; at += strlen((const char *)lines.data + at) + 1) {
		struct curl_slist *longer = curl_slist_append(list, (const char *)lines.data + at);

		if (!longer) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

static bool set_options(struct sending *t, const struct sender_request *r)
{
	CURL *e = t->easy;

#define SET(option, value) (curl_easy_setopt(e, CURLOPT_##option, value) == CURLE_OK)
	return SET(URL, r->url) && SET(PROTOCOLS_STR, "http,https") && SET(POST, 1L) &&
		SET(POSTFIELDSIZE_LARGE, (curl_off_t)t->body.size) &&
		SET(POSTFIELDS, t->body.data) && SET(HTTPHEADER, t->headers) &&
		SET(HTTP_VERSION, CURL_HTTP_VERSION_1_1) && SET(HTTP09_ALLOWED, 0L) &&
		SET(FOLLOWLOCATION, 0L) && SET(PROXY, "") && SET(NOPROXY, "*") &&
		SET(NETRC, (long)CURL_NETRC_IGNORED) && SET(NOSIGNAL, 1L) &&
		SET(TIMEOUT_MS, (long)r->timeout_ms) &&
		SET(CONNECTTIMEOUT_MS, (long)(r->timeout_ms < CONNECT_MS ? r->timeout_ms : CONNECT_MS)) &&
		SET(USERAGENT, "kith/" KITH_VERSION) && SET(ERRORBUFFER, t->error) &&
		SET(OPENSOCKETFUNCTION, on_open) && SET(OPENSOCKETDATA, t) &&
		SET(WRITEFUNCTION, on_body) && SET(WRITEDATA, t) && SET(PRIVATE, t) &&
		SET(FORBID_REUSE, (long)r->allow_private) &&
		SET(FRESH_CONNECT, (long)r->allow_private) && (!r->ca[0] || SET(CAINFO, r->ca));
#undef SET
}

int sender_send(struct sender *s, const struct sender_request *r)
{
	struct sending *t = calloc(1, sizeof *t);

	if (!t) {
		buf_fini(r->body);
		return ERR_NOMEM;
	}
	t->body = *r->body;
	memset(r->body, 0, sizeof *r->body);
	t->done = r->done;
	t->arg = r->arg;
	t->allow_private = r->allow_private;
	t->plain = strncasecmp(r->url, "https:", 6) != 0;
	t->began_ns = clock_monotonic_ns();
	t->headers = header_list(r->headers);
	t->easy = curl_easy_init();
	if (!t->headers || !t->easy || !set_options(t, r) ||
		curl_multi_add_handle(s->multi, t->easy) != CURLM_OK) {
		sending_free(s, t);
		return ERR_NOMEM;
	}
	t->at = &s->first;
	t->next = s->first;
	if (t->next)
		t->next->at = &t->next;
	s->first = t;
	s->under_way++;
	return 0;
}

int sender_open(struct sender *s, struct event_base *base, unsigned connections)
{
	s->base = base;
	s->timer = evtimer_new(base, on_timer, s);
	if (!s->timer || curl_global_init(CURL_GLOBAL_DEFAULT) != 0)
		return ERR_NOMEM;
	s->multi = curl_multi_init();
	if (!s->multi)
		return ERR_NOMEM;
	(void)curl_multi_setopt(s->multi, CURLMOPT_SOCKETFUNCTION, on_socket_wanted);
	(void)curl_multi_setopt(s->multi, CURLMOPT_SOCKETDATA, s);
	(void)curl_multi_setopt(s->multi, CURLMOPT_TIMERFUNCTION, on_timer_wanted);
	(void)curl_multi_setopt(s->multi, CURLMOPT_TIMERDATA, s);
	(void)curl_multi_setopt(s->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, (long)connections);
	(void)curl_multi_setopt(s->multi, CURLMOPT_MAXCONNECTS, (long)connections);
	return 0;
}

void sender_close(struct sender *s)
{
	s->closing = true;
	while (s->first)
		sending_free(s, s->first);
	if (s->multi) {
		(void)curl_multi_cleanup(s->multi);
		curl_global_cleanup();
	}
	if (s->timer)
		event_free(s->timer);
	memset(s, 0, sizeof *s);
}
