# SPDX-License-Identifier: Apache-2.0
"""The other ends of kithd's sockets: who asks, who sends, who listens. They know of the daemon only
where its endpoints are, and of the control socket whether it is alive."""
import json
import time

from wire import *


class ControlError(Exception):
	def __init__(self, reply):
		self.code, self.text = reply.error.decode(), reply.text.decode()
		Exception.__init__(self, '%s: %s' % (self.code, self.text))


class Control:
	def __init__(self, daemon):
		self.daemon = daemon
		self.socket = dealer(daemon.endpoint('control'))
		self.number = 0

	def __enter__(self):
		return self

	def __exit__(self, *_):
		self.socket.close()

	def send(self, verb, **fields):
		self.number += 1
		r = pb.Request(number=self.number, verb=verb.encode())
		for k, v in fields.items():
			setattr(r, k, v if isinstance(v, bytes) else v.encode())
		self.socket.send(r.SerializeToString())
		return self.number

	def receive(self, seconds=None):
		until(lambda: self.socket.poll(50) or not self.daemon.alive(), seconds, 'a reply')
		if not self.socket.poll(0):
			raise AssertionError('kithd has ended with %s' % self.daemon.process.returncode)
		return pb.Reply.FromString(take(self.socket))

	def ask(self, verb, seconds=None, **fields):
		number = self.send(verb, **fields)
		r = self.receive(seconds)
		assert r.number == number, r
		if r.HasField('error'):
			raise ControlError(r)
		return json.loads(r.json)

	def show_all(self, customers, window=100):
		"""What is known of each of CUSTOMERS, by customer."""
		waiting, found, left = {}, {}, list(reversed(customers))
		while left or waiting:
			while left and len(waiting) < window:
				c = left.pop()
				waiting[self.send('show', customer=c)] = c
			r = self.receive()
			c = waiting.pop(r.number)
			found[c] = r.error.decode() if r.HasField('error') else json.loads(r.json)
		return found


class Sender:
	"""Sends batches and keeps them until their receipt: go-back-N, as docs/PROTOCOL.md asks of who
	numbers their batches: after a refusal nothing more is sent until all that is under way has been
	answered; then, HOLD seconds later, everything again from the lowest number refused. Survives the
	daemon: reconnect() and pump() on."""

	def __init__(self, daemon, window=64, source='till', backfill=False, hwm=0, hold=0.1):
		self.daemon, self.window, self.source, self.backfill = daemon, window, source, backfill
		self.hwm, self.hold = hwm, hold
		self.socket = None
		self.batches = {}     # number -> bytes, not acknowledged
		self.last = 0         # number of the newest batch
		self.next = 1         # number to be sent next
		self.accepted = self.duplicates = self.refusals = self.receipts = 0
		self.rejected = []    # (batch, index, code)
		self.flying = 0       # sent on this connection and not answered
		self.back = None      # the lowest number refused
		self.hold_until = 0
		self.connect()

	def connect(self):
		self.socket = dealer(self.daemon.endpoint('ingest'), self.hwm)

	def reconnect(self):
		self.socket.close()
		self.connect()
		self.flying, self.back = 0, None
		self.next = min(self.batches, default=self.last + 1)

	def close(self):
		self.socket.close()

	def queue(self, events):
		self.last += 1
		self.batches[self.last] = batch(events, self.last, self.source,
			self.backfill).SerializeToString()
		return self.last

	def pump(self, seconds=0.0):
		"""Send what the window lets go, take the receipts that come within SECONDS; how many."""
		if self.back is not None and self.flying == 0 and time.monotonic() >= self.hold_until:
			self.next, self.back = self.back, None
		first = min(self.batches, default=self.last + 1)
		while self.back is None and self.next <= self.last and self.next < first + self.window:
			if self.next in self.batches:
				self.socket.send(self.batches[self.next])
				self.flying += 1
			self.next += 1
		n = 0
		while self.socket.poll(0 if n else 1000 * seconds):
			self.take(pb.Receipt.FromString(self.socket.recv()))
			n += 1
		return n

	def take(self, r):
		self.flying -= 1
		if r.HasField('refused'):
			self.refusals += 1
			assert r.refused in (b'full', b'stopping'), r
			self.back = r.number if self.back is None else min(self.back, r.number)
			self.hold_until = time.monotonic() + self.hold
			return
		if r.number not in self.batches:
			return
		del self.batches[r.number]
		self.receipts += 1
		self.accepted += r.accepted
		self.duplicates += r.duplicates
		self.rejected += [(r.number, x.index, x.code.decode()) for x in r.rejected]

	def finish(self, seconds=None):
		"""Wait for every receipt."""
		patience = Patience(seconds)
		while self.batches:
			self.pump(0.05)
			assert not patience.is_over(), 'receipts for %d batches do not come' % len(self.batches)
		return self


def send(daemon, events, source='till', backfill=False, size=500, seconds=None):
	"""Send EVENTS in batches of SIZE and wait for the receipts; the sender, with its sums."""
	s = Sender(daemon, source=source, backfill=backfill)
	for i in range(0, len(events), size):
		s.queue(events[i:i + size])
	s.finish(seconds)
	s.close()
	return s


def tell(daemon, message, seconds=None):
	"""One message (bytes or frames) from a peer of its own to ingest; the receipt."""
	s = dealer(daemon.endpoint('ingest'))
	s.send_multipart(message if isinstance(message, list) else [message])
	r = take(s, seconds, 'a receipt')
	s.close()
	return pb.Receipt.FromString(r[-1] if isinstance(r, list) else r)


class Subscriber:
	"""A durable subscription. Deliveries stand in `got` as they came; raw[i] are the bytes."""

	def __init__(self, daemon, name=None, hwm=0, **open_fields):
		self.socket = dealer(daemon.endpoint('subscribe'), hwm)
		self.got, self.raw, self.gaps, self.refused, self.positions = [], [], [], [], {}
		self.upto = {}        # shard -> the highest number that has come
		self.opened = 0
		if name is not None:
			self.open(name, **open_fields)

	def open(self, name, types=(), credit=None, start=None, wait=True):
		m = pb.Subscriber()
		self.name = name
		m.open.name = name if isinstance(name, bytes) else name.encode()
		m.open.types.extend(t.encode() for t in types)
		if credit is not None:
			m.open.credit = credit
		if start is not None:
			m.open.start = {'oldest': 0, 'newest': 1}[start]
		n = self.opened
		self.say(m)
		if wait:
			until(lambda: self.pump(0.1) is not None and (self.opened > n or self.refused),
				what='Opened')
		return self

	def say(self, message):
		self.socket.send(message.SerializeToString())

	def pump(self, seconds=0.0):
		"""Take what comes within SECONDS; how many notifications."""
		n = 0
		while self.socket.poll(0 if n else 1000 * seconds):
			n += self.take(self.socket.recv())
		return n

	def take(self, data):
		d = pb.Delivery.FromString(data)
		self.raw += [v for number, v in wire_fields(data) if number == 3]
		self.got += d.notifications
		for shard, number in [(n.shard, n.sequence) for n in d.notifications] + [
				(g.shard, g.last) for g in d.gaps]:
			self.upto[shard] = max(self.upto.get(shard, 0), number)
		self.gaps += [(g.shard, g.first, g.last) for g in d.gaps]
		if d.opened:
			self.opened += 1
			self.positions = {p.shard: p.sequence for p in d.positions}
		if d.HasField('refused'):
			self.refused.append(d.refused.decode())
		return len(d.notifications)

	def ids(self):
		return [n.id.decode() for n in self.got]

	def ack(self, *notifications):
		"""Everything up to these is done with; without any, all that has come."""
		upto = {}
		for n in notifications:
			upto[n.shard] = max(upto.get(n.shard, 0), n.sequence)
		self.ack_positions(upto if notifications else self.upto)

	def ack_positions(self, upto):
		m = pb.Subscriber()
		m.ack.SetInParent()
		for shard, sequence in upto.items():
			m.ack.positions.add(shard=shard, sequence=sequence)
		if upto:
			self.say(m)

	def await_count(self, count, seconds=None):
		until(lambda: self.pump(0.05) is not None and len(self.got) >= count, seconds,
			'%d notifications, have %d' % (count, len(self.got)))
		return self

	def await_refusal(self, seconds=None):
		until(lambda: self.pump(0.05) is not None and self.refused, seconds, 'a refusal')
		return self.refused[-1]

	def drain(self, daemon, seconds=None):
		"""Take and acknowledge until the daemon has nothing more for us."""
		daemon.quiet()

		def nothing_left():
			while self.pump(0.02):
				self.ack()
			self.ack()
			return [r['lag'] for r in daemon.ask('subscriptions') if r['name'] == self.name] == [0]
		until(nothing_left, seconds, 'the whole outbox')
		return self

	def close(self):
		self.socket.close()
