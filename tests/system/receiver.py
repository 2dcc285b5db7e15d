# SPDX-License-Identifier: Apache-2.0
"""A webhook's receiver that can be told to misbehave, with a Python of its own to check signatures."""
import base64
import hashlib
import hmac
import json
import socket
import threading


def new_secret(seed, size=32):
	return 'whsec_' + base64.b64encode(hashlib.sha512(seed.encode()).digest()[:size]).decode()


def signature(secret, id, timestamp, body):
	key = base64.b64decode(secret[len('whsec_'):])
	mac = hmac.new(key, b'%s.%s.%s' % (id.encode(), timestamp.encode(), body), hashlib.sha256)
	return 'v1,' + base64.b64encode(mac.digest()).decode()


class Got:
	"""One request as it came."""

	def __init__(self, headers, body):
		self.headers, self.body = headers, body
		self.id = headers.get('webhook-id')
		self.event = json.loads(body)

	@property
	def data(self):
		return self.event['data'] if 'specversion' in self.event else self.event

	def check(self, secret):
		h = self.headers
		made = signature(secret, h['webhook-id'], h['webhook-timestamp'], self.body)
		assert made in h['webhook-signature'].split(' '), h
		return self


class Receiver:
	"""Listens on loopback. `behave(got, earlier)` returns what to do with a request: a status, or
	(status, [header lines]), or 'hang', 'drip', 'die', 'flood'. EARLIER counts the tries of its id."""

	def __init__(self, behave=None, family=socket.AF_INET, host='127.0.0.1'):
		self.behave = behave or (lambda got, earlier: 200)
		self.lock = threading.Lock()
		self.all, self.taken, self.tries, self.connections = [], [], {}, 0
		self.together = self.most_together = 0
		self.stopped = threading.Event()
		self.socket = socket.socket(family)
		self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
		self.socket.bind((host, 0))
		self.socket.listen(64)
		self.port = self.socket.getsockname()[1]
		self.url = 'http://%s:%d/hook' % ('[%s]' % host if ':' in host else host, self.port)
		threading.Thread(target=self.accept, daemon=True).start()

	def accept(self):
		while not self.stopped.is_set():
			try:
				s, _ = self.socket.accept()
			except OSError:
				return
			with self.lock:
				self.connections += 1
			threading.Thread(target=self.serve, args=(s,), daemon=True).start()

	def serve(self, s):
		with s, s.makefile('rb') as f:
			try:
				while self.one(s, f):
					pass
			except OSError:
				pass

	def one(self, s, f):
		line = f.readline()
		if not line:
			return False
		headers = {}
		while (h := f.readline().strip()):
			name, value = h.decode().split(':', 1)
			headers[name.strip().lower()] = value.strip()
		got = Got(headers, f.read(int(headers.get('content-length', '0'))))
		with self.lock:
			earlier = self.tries.get(got.id, 0)
			self.tries[got.id] = earlier + 1
			self.all.append(got)
			self.together += 1
			self.most_together = max(self.most_together, self.together)
		try:
			return self.answer(s, got, self.behave(got, earlier))
		finally:
			with self.lock:
				self.together -= 1

	def answer(self, s, got, what):
		if what == 'hang':
			self.stopped.wait(30)
			return False
		if what == 'die':
			return False
		if what == 'drip':
			for c in b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n' + b'x' * 100:
				s.sendall(bytes([c]))
				if self.stopped.wait(0.05):
					return False
			return False
		status, more = what if isinstance(what, tuple) else (what, [])
		body = b'x' * (1 << 20) if status == 'flood' else b'ok'
		if status == 'flood':
			status = 200
		if 200 <= status < 300:
			with self.lock:
				self.taken.append(got)
		head = ['HTTP/1.1 %d said' % status, 'Content-Length: %d' % len(body)] + more
		s.sendall('\r\n'.join(head + ['', '']).encode() + body)
		return True

	def ids(self):
		with self.lock:
			return [g.id for g in self.taken]

	def by_customer(self):
		"""The numbers taken of each customer, in the order in which they came, repeats left out."""
		out = {}
		with self.lock:
			for g in self.taken:
				numbers = out.setdefault(g.data.get('customer'), [])
				number = int(g.id.split('-')[1])
				if number not in numbers:
					numbers.append(number)
		return out

	def close(self):
		self.stopped.set()
		self.socket.close()
