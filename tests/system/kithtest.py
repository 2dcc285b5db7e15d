# SPDX-License-Identifier: Apache-2.0
"""Starts the real kithd and talks to it, independently of every client that ships with it.

A test file is a list of functions marked @test and a main() at its end. Each function gets a
directory of its own, in which its daemons live; they are ended by their process id, whatever
happens. Nothing here sleeps for the sake of order: `until` waits for a condition.

Environment: BUILD (where kithd is), SEED, RUNS (multiplies the random ones), FULL=1 (as long as it
takes), KEEP=1 (leave the directories)."""
import atexit
import ctypes
import json
import os
import random
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

import zmq

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get('BUILD', 'build'))
KITHD = os.path.join(BUILD, 'kithd')
FULL = os.environ.get('FULL') == '1'
RUNS = int(os.environ.get('RUNS', '1'))
SEED = int(os.environ.get('SEED', '20260417'))
PATIENCE = float(os.environ.get('PATIENCE', '20'))  # seconds to wait for what must come

DAY = 86_400_000
YEAR2026 = 1_767_225_600_000  # 2026-01-01T00:00:00Z


def load_messages():
	"""kith_pb2, made by protoc from proto/kith.proto when that is newer."""
	proto = os.path.join(ROOT, 'proto', 'kith.proto')
	to = os.path.join(BUILD, 'tests', 'system')
	made = os.path.join(to, 'kith_pb2.py')
	if not os.path.exists(made) or os.path.getmtime(made) < os.path.getmtime(proto):
		os.makedirs(to, exist_ok=True)
		with tempfile.TemporaryDirectory(dir=to) as new:
			subprocess.run(['protoc', '-I', os.path.dirname(proto), '--python_out', new,
				'kith.proto'], check=True)
			os.replace(os.path.join(new, 'kith_pb2.py'), made)
	sys.dont_write_bytecode = True
	sys.path.insert(0, to)
	import kith_pb2
	return kith_pb2


pb = load_messages()
context = zmq.Context()
context.linger = 0


class Skip(Exception):
	"""A test cannot run here; says why."""


def pause(seconds):
	select.select([], [], [], seconds)


def until(condition, seconds=None, what=None):
	"""Wait until condition() is true, and return what it said."""
	end = time.monotonic() + (PATIENCE if seconds is None else seconds)
	while True:
		said = condition()
		if said:
			return said
		if time.monotonic() > end:
			raise AssertionError('waited in vain for ' + (what or getattr(condition, '__name__', '?')))
		pause(0.01)


def now_ms():
	return time.time_ns() // 1_000_000


def equal(found, expected, what=''):
	if found != expected:
		raise AssertionError('%s: found %.2000r, expected %.2000r' % (what, found, expected))


# ------------------------------------------------------------------------------ the runner

tests = []
daemons = []


def test(function):
	tests.append(function)
	return function


def end_daemons():
	for d in daemons:
		d.kill()
	daemons.clear()


atexit.register(end_daemons)


def show_logs(directory):
	for d in daemons:
		for line in d.log_text()[-3000:].splitlines()[-25:]:
			print('#   %s: %s' % (os.path.basename(d.log_path), line))


def check_wakeups():
	"""The safety timer behind ZMQ_FD is a net that nothing may fall into (daemon/socket.h)."""
	for d in daemons:
		if d.alive():
			equal(d.stats()['rescued_wakeups'], 0, 'wake-ups that were missed')


def run_one(number, function):
	name = function.__name__
	directory = tempfile.mkdtemp(prefix='kith-')
	random.seed('%d %s' % (SEED, name))
	began = time.monotonic()
	try:
		function(directory)
		check_wakeups()
		print('ok %d - %s # %.1f s' % (number, name, time.monotonic() - began))
		return True
	except Skip as why:
		print('ok %d - %s # SKIP %s' % (number, name, why))
		return True
	except Exception:
		print('not ok %d - %s' % (number, name))
		for line in traceback.format_exc().splitlines():
			print('#   ' + line[:2200])
		show_logs(directory)
		return False
	finally:
		end_daemons()
		if not os.environ.get('KEEP'):
			shutil.rmtree(directory, ignore_errors=True)
		sys.stdout.flush()


def main():
	"""Run the tests of the calling file, or those whose name contains an argument."""
	chosen = [t for t in tests if not sys.argv[1:] or any(a in t.__name__ for a in sys.argv[1:])]
	signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
	print('1..%d' % len(chosen))
	print('# SEED=%d RUNS=%d FULL=%d %s' % (SEED, RUNS, FULL, KITHD))
	sys.stdout.flush()
	if not os.path.exists(KITHD):
		print('Bail out! there is no %s: make first' % KITHD)
		sys.exit(1)
	done = [run_one(i, t) for i, t in enumerate(chosen, 1)]
	sys.exit(0 if all(done) else 1)


# ------------------------------------------------------------------------------ the daemon

def die_with_us():
	ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


class Daemon:
	"""A kithd on a store and a run directory below DIRECTORY. Flags as on its command line."""

	def __init__(self, directory, *flags, name='d', store=None, run=None, lifecycle=None,
			clock='wall', wrapper=(), env=None, user=None):
		self.store = store or os.path.join(directory, name + '.store')
		self.run = run or os.path.join(directory, name + '.run')
		self.log_path = os.path.join(directory, name + '.log')
		self.lifecycle = os.path.join(directory, name + '.lifecycle')
		self.flags = list(flags) + ['--clock', clock]
		self.wrapper, self.env, self.user = list(wrapper), env, user
		self.process = None
		self.log_start = 0
		if lifecycle is not None:
			self.write_lifecycle(lifecycle)
			self.flags += ['--lifecycle', self.lifecycle]
		daemons.append(self)

	def write_lifecycle(self, text):
		with open(self.lifecycle + '.new', 'w') as f:
			f.write(text)
		os.replace(self.lifecycle + '.new', self.lifecycle)

	def command(self):
		return self.wrapper + [KITHD, '--store', self.store, '--run', self.run] + self.flags

	def start(self, wait=True):
		assert self.process is None or self.process.poll() is not None
		self.log_start = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
		log = open(self.log_path, 'ab')
		self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log,
			stderr=log, env=self.env and {**os.environ, **self.env}, user=self.user,
			preexec_fn=die_with_us)
		log.close()
		if wait:
			self.await_ready()
		return self

	def await_ready(self):
		def ready():
			assert self.process.poll() is None, \
				'kithd ended with %s: %s' % (self.process.returncode, self.log_text())
			return ' ready' in self.log_text() or '"ready"' in self.log_text()
		until(ready, what='kithd to be ready')

	def log_text(self, whole=False):
		"""What it has logged since its last start."""
		try:
			with open(self.log_path, errors='replace') as f:
				f.seek(0 if whole else self.log_start)
				return f.read()
		except FileNotFoundError:
			return ''

	@property
	def pid(self):
		return self.process.pid

	def alive(self):
		return self.process is not None and self.process.poll() is None

	def signal(self, number):
		self.process.send_signal(number)

	def wait(self, seconds=None):
		return self.process.wait(PATIENCE if seconds is None else seconds)

	def kill(self):
		if self.alive():
			self.process.kill()
		if self.process:
			self.process.wait()

	def stop(self, seconds=None):
		"""End it cleanly; it must say 0."""
		self.signal(signal.SIGTERM)
		code = self.wait(seconds)
		assert code == 0, 'exit %d: %s' % (code, self.log_text())

	def restart(self):
		self.stop()
		return self.start()

	def endpoint(self, which):
		flag = '--' + which.replace('.', '-')
		if flag in self.flags:
			return self.flags[self.flags.index(flag) + 1]
		return 'ipc://%s/%s' % (self.run, which)

	def memory_kb(self):
		"""Memory of its own; the maps of the store are the page cache's."""
		with open('/proc/%d/status' % self.pid) as f:
			for line in f:
				if line.startswith('RssAnon:'):
					return int(line.split()[1])

	def ask(self, verb, seconds=None, **fields):
		"""One question to the control socket; its JSON, or a ControlError."""
		with Control(self) as c:
			return c.ask(verb, seconds, **fields)

	def stats(self):
		return self.ask('stats')

	def show(self, customer):
		return self.ask('show', customer=customer)

	def show_all(self, customers):
		with Control(self) as c:
			return c.show_all(customers)

	def quiet(self):
		"""Wait until everything that is due has been announced and applied; returns stats."""
		def settled():
			first = self.stats()
			last = first['journal']['last']
			if first['under_way'] or any(s['position'] != last for s in first['shards']):
				return None
			# Deadlines come paced: 256 a shard at a time, 20,000 a second (--deadlines-per-second).
			pause(0.03 + 3 * 256 / 20000 * len(first['shards']))
			again = self.stats()
			return again if again['journal']['last'] == last else None
		return until(settled, what='the daemon to come to rest')


class ControlError(Exception):
	def __init__(self, reply):
		self.code, self.text = reply.error.decode(), reply.text.decode()
		Exception.__init__(self, '%s: %s' % (self.code, self.text))


def dealer(endpoint, hwm=0, kind=zmq.DEALER):
	s = context.socket(kind)
	s.linger = 0
	s.sndhwm = s.rcvhwm = hwm
	s.connect(endpoint)
	return s


def take(socket, seconds=None, what='an answer'):
	"""The next message of a socket, its frames joined when there is one only."""
	if not socket.poll(1000 * (PATIENCE if seconds is None else seconds)):
		raise AssertionError('waited in vain for ' + what)
	frames = socket.recv_multipart()
	return frames[0] if len(frames) == 1 else frames


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


# ------------------------------------------------------------------------------ events

def event(customer, time, id, **more):
	"""event('anna', 1000, 'e1', purchase={'order': b'1', 'amount': 100})"""
	e = pb.Event(customer=customer if isinstance(customer, bytes) else customer.encode(), time=time)
	if id is not None:
		e.id = id if isinstance(id, bytes) else id.encode()
	for k, v in more.items():
		if isinstance(v, dict):
			getattr(e, k).SetInParent()
			for name, value in v.items():
				setattr(getattr(e, k), name, value)
		else:
			setattr(e, k, v)
	return e


def purchase(customer, time, id, amount=1000, **more):
	return event(customer, time, id, purchase={'order': str(id).encode(), 'amount': amount}, **more)


def refund(customer, time, id, amount=1000, **more):
	return event(customer, time, id, refund={'order': str(id).encode(), 'amount': amount}, **more)


def contact(customer, time, id, direction=1, **more):
	return event(customer, time, id, contact={'direction': direction}, **more)


def batch(events, number=1, source='till', backfill=False):
	b = pb.Batch(number=number, source=source.encode(), events=events)
	if backfill:
		b.backfill = True
	return b


class Sender:
	"""Sends batches and keeps them until their receipt: go-back-N, as docs/PROTOCOL.md asks of who
	numbers their batches. Survives the daemon: reconnect() and pump() on."""

	def __init__(self, daemon, window=64, source='till', backfill=False, hwm=0):
		self.daemon, self.window, self.source, self.backfill = daemon, window, source, backfill
		self.hwm = hwm
		self.socket = None
		self.batches = {}     # number -> bytes, not acknowledged
		self.last = 0         # number of the newest batch
		self.next = 1         # number to be sent next
		self.accepted = self.duplicates = self.refusals = self.receipts = 0
		self.rejected = []    # (batch, index, code)
		self.hold_until = 0
		self.connect()

	def connect(self):
		self.socket = dealer(self.daemon.endpoint('ingest'), self.hwm)

	def reconnect(self):
		self.socket.close()
		self.connect()
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
		first = min(self.batches, default=self.last + 1)
		while self.next <= self.last and self.next < first + self.window and \
				time.monotonic() >= self.hold_until:
			if self.next in self.batches:
				self.socket.send(self.batches[self.next])
			self.next += 1
		n = 0
		while self.socket.poll(0 if n else 1000 * seconds):
			self.take(pb.Receipt.FromString(self.socket.recv()))
			n += 1
		return n

	def take(self, r):
		if r.HasField('refused'):
			self.refusals += 1
			assert r.refused in (b'full', b'stopping'), r
			if r.number < self.next:
				self.next = r.number
				self.hold_until = time.monotonic() + 0.1
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
		end = time.monotonic() + (PATIENCE if seconds is None else seconds)
		while self.batches:
			self.pump(0.05)
			assert time.monotonic() < end, 'receipts for %d batches do not come' % len(self.batches)
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


# ------------------------------------------------------------------------------ subscribers

def wire_fields(data):
	"""(number, value) of each field of a message; bytes for those with a length."""
	at = 0

	def varint():
		nonlocal at
		value = shift = 0
		while True:
			b = data[at]
			at += 1
			value |= (b & 127) << shift
			shift += 7
			if b < 128:
				return value
	while at < len(data):
		tag = varint()
		if tag & 7 == 0:
			yield tag >> 3, varint()
		elif tag & 7 == 2:
			size = varint()
			yield tag >> 3, data[at:at + size]
			at += size
		else:
			size = 8 if tag & 7 == 1 else 4
			yield tag >> 3, data[at:at + size]
			at += size


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
