# SPDX-License-Identifier: Apache-2.0
"""Starts the real kithd and talks to it, independently of every client that ships with it.

A test file is a list of functions marked @test and a main() at its end. Each function gets a
directory of its own, in which its daemons live; they are ended by their process id, whatever
happens. Nothing here sleeps for the sake of order: `until` waits for a condition.

Environment: BUILD (where kithd is), SEED, RUNS (multiplies the random ones), FULL=1 (as long as it
takes), KEEP=1 (leave the directories)."""
import atexit
import ctypes
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback

from wire import *
from peers import *

KITHD = os.path.join(BUILD, 'kithd')
FULL = os.environ.get('FULL') == '1'
RUNS = int(os.environ.get('RUNS', '1'))
SEED = int(os.environ.get('SEED', '20260417'))


class Skip(Exception):
	"""A test cannot run here; says why."""


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


rescued = 0


def check_wakeups():
	"""The safety timer behind ZMQ_FD is a net that nothing may fall into (daemon/socket.h). What
	comes in the microsecond between its two looks counts as rescued, too: twice in a whole file may
	be that."""
	global rescued
	for d in daemons:
		if d.alive():
			rescued += d.stats()['rescued_wakeups']
	assert rescued <= 2, '%d wake-ups were missed' % rescued


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
		# The checkout may lie where another user does not get in.
		self.program = shutil.copy(KITHD, directory) if user else KITHD
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
		return self.wrapper + [self.program, '--store', self.store, '--run', self.run] + self.flags

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
		until(lambda: self.process.poll() is not None, seconds, 'the end of the daemon')
		return self.process.returncode

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
			if first['under_way'] or first['judging']['under_way'] or any(s['position'] != last for s in first['shards']):
				return None
			# Deadlines come paced: at first 32 a shard at a time, 105,000 a second (--deadlines-per-second).
			pause(0.03 + 3 * 256 / 20000 * len(first['shards']))
			again = self.stats()
			return again if again['journal']['last'] == last else None
		return until(settled, what='the daemon to come to rest')
