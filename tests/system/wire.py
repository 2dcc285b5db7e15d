# SPDX-License-Identifier: Apache-2.0
"""What lies under a test: where things are, waiting, the messages of kith.proto and their sockets."""
import os
import select
import subprocess
import sys
import tempfile
import time

import zmq

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
BUILD = os.path.join(ROOT, os.environ.get('BUILD', 'build'))
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


def pause(seconds):
	select.select([], [], [], seconds)


class Patience:
	"""SECONDS of waiting. Between two looks a second passes at most: a machine that stood still
	meanwhile, or had no processor for us, has not kept anybody waiting."""

	def __init__(self, seconds=None):
		self.left = PATIENCE if seconds is None else seconds
		self.looked = time.monotonic()

	def is_over(self):
		now = time.monotonic()
		self.left -= min(now - self.looked, 1.0)
		self.looked = now
		return self.left < 0


def until(condition, seconds=None, what=None):
	"""Wait until condition() is true, and return what it said."""
	patience = Patience(seconds)
	while True:
		said = condition()
		if said:
			return said
		if patience.is_over():
			raise AssertionError('waited in vain for ' + (what or getattr(condition, '__name__', '?')))
		pause(0.01)


def now_ms():
	return time.time_ns() // 1_000_000


def equal(found, expected, what=''):
	if found != expected:
		raise AssertionError('%s: found %.2000r, expected %.2000r' % (what, found, expected))


def dealer(endpoint, hwm=0, kind=zmq.DEALER):
	s = context.socket(kind)
	s.linger = 0
	s.sndhwm = s.rcvhwm = hwm
	s.connect(endpoint)
	return s


def take(socket, seconds=None, what='an answer'):
	"""The next message of a socket, its frames joined when there is one only."""
	patience = Patience(seconds)
	while not socket.poll(200):
		if patience.is_over():
			raise AssertionError('waited in vain for ' + what)
	frames = socket.recv_multipart()
	return frames[0] if len(frames) == 1 else frames


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
