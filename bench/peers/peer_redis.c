/* SPDX-License-Identifier: Apache-2.0 */
/* Redis by a unix socket, one EVALSHA a batch; with appendfsync always its answer comes after the
 * sync. The protocol by hand: one command and two kinds of answer. WHERE is the socket, or, with
 * several servers, a pattern with %u for the worker. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "bench/peers/peer.h"

/* Records packed as strings, read and written once for each customer of the batch. KEYS[1] is the
 * set of ids, ARGV[1] whether all deadlines move; then by fours: id, customer, time, amount. */
static const char script[] =
	"local records, order, again = {}, {}, 0\n"
	"for i = 2, #ARGV, 4 do\n"
	" local customer, at = ARGV[i + 1], tonumber(ARGV[i + 2])\n"
	" if redis.call('SADD', KEYS[1], ARGV[i]) == 1 then\n"
	"  local r = records[customer]\n"
	"  if not r then\n"
	"   local v = redis.call('GET', 'c' .. customer)\n"
	"   if v then r = { struct.unpack('<i8i8i8i8c168', v) }\n"
	"   else r = { 0, 0, at, 0, string.rep(' ', 168), true } end\n"
	"   records[customer] = r\n"
	"   order[#order + 1] = customer\n"
	"  end\n"
	"  r[1] = r[1] + 1\n"
	"  r[2] = r[2] + tonumber(ARGV[i + 3])\n"
	"  if at > r[4] then r[4] = at end\n"
	"  if r[1] % 20 == 0 then redis.call('XADD', 'outbox', '*', 'c', customer, 'n', r[1]) end\n"
	" else again = again + 1 end\n"
	"end\n"
	"for i = 1, #order do\n"
	" local c, r = order[i], records[order[i]]\n"
	" redis.call('SET', 'c' .. c, struct.pack('<i8i8i8i8c168', r[1], r[2], r[3], r[4], r[5]))\n"
	" if r[6] == true or ARGV[1] == 'exact' then redis.call('ZADD', 'deadline', r[4] + 2592000000, c) end\n"
	"end\n"
	"return again";

struct peer_redis {
	int fd;
	char sha[48];
	struct buf out;
};

static void add_bulk(struct buf *b, const void *data, size_t size)
{
	buf_printf(b, "$%zu\r\n", size);
	buf_add(b, data, size);
	buf_add(b, "\r\n", 2);
}

static void send_all(struct peer_redis *p)
{
	size_t at = 0;

	while (at < p->out.size) {
		ssize_t n = write(p->fd, p->out.data + at, p->out.size - at);

		if (n <= 0)
			peer_die("redis: cannot send: %s", strerror(errno));
		at += (size_t)n;
	}
}

/* The next line, without its end. */
static void read_line(struct peer_redis *p, char *out, size_t size)
{
	size_t n = 0;

	for (;;) {
		if (read(p->fd, out + n, 1) != 1)
			peer_die("redis: gone");
		if (out[n] == '\n')
			break;
		if (++n + 1 >= size)
			peer_die("redis: a long answer");
	}
	out[n && out[n - 1] == '\r' ? n - 1 : n] = '\0';
	if (out[0] == '-')
		peer_die("redis: %s", out);
}

void *peer_open(const char *where, unsigned worker)
{
	struct peer_redis *p = calloc(1, sizeof *p);
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	const char *percent = strstr(where, "%u");
	char line[256];

	if (percent)
		snprintf(a.sun_path, sizeof a.sun_path, "%.*s%u%s", (int)(percent - where), where, worker,
			percent + 2);
	else
		snprintf(a.sun_path, sizeof a.sun_path, "%s", where);
	p->fd = socket(AF_UNIX, SOCK_STREAM, 0);
	if (connect(p->fd, (struct sockaddr *)&a, sizeof a) != 0)
		peer_die("%s: %s", a.sun_path, strerror(errno));
	buf_add_str(&p->out, "*3\r\n");
	add_bulk(&p->out, "SCRIPT", 6);
	add_bulk(&p->out, "LOAD", 4);
	add_bulk(&p->out, script, strlen(script));
	send_all(p);
	read_line(p, line, sizeof line); /* $40 */
	read_line(p, p->sha, sizeof p->sha);
	return p;
}

static void add_number(struct buf *b, int64_t v)
{
	char text[24];
	int n = snprintf(text, sizeof text, "%lld", (long long)v);

	add_bulk(b, text, (size_t)n);
}

void peer_apply(void *peer, struct peer_event *events, uint32_t n)
{
	struct peer_redis *p = peer;
	char line[512];

	buf_clear(&p->out);
	buf_printf(&p->out, "*%u\r\n", 5 + 4 * n);
	add_bulk(&p->out, "EVALSHA", 7);
	add_bulk(&p->out, p->sha, 40);
	add_bulk(&p->out, "1", 1);
	add_bulk(&p->out, "seen", 4);
	add_bulk(&p->out, peer_exact ? "exact" : "lazy", peer_exact ? 5 : 4);
	for (uint32_t i = 0; i < n; i++) {
		const struct event *e = events[i].event;
		uint8_t id[EVENT_SOURCE_MAX + EVENT_ID_MAX + 1];

		memcpy(id, e->source.data, e->source.size);
		id[e->source.size] = '/';
		memcpy(id + e->source.size + 1, e->id.data, e->id.size);
		add_bulk(&p->out, id, e->source.size + 1 + e->id.size);
		add_bulk(&p->out, e->customer.data, e->customer.size);
		add_number(&p->out, e->time_ms);
		add_number(&p->out, e->body == BODY_PURCHASE ? e->as.purchase.amount : 0);
	}
	send_all(p);
	read_line(p, line, sizeof line);
}

void peer_close(void *peer)
{
	struct peer_redis *p = peer;

	close(p->fd);
	buf_fini(&p->out);
	free(p);
}
