#!/usr/bin/python3 -B
# SPDX-License-Identifier: Apache-2.0
"""A subscriber to be killed at any moment: subscriber_process.py ENDPOINT NAME CREDIT FILE

Writes each notification to FILE (a number of four bytes, then its bytes as they came) before it
acknowledges it. Opens the name again when nothing has come for a while: the daemon may be new."""
import struct
import sys
import time

from kithtest import Subscriber


class Endpoint:
	def endpoint(self, _):
		return sys.argv[1]


def main():
	name, credit = sys.argv[2], int(sys.argv[3])
	out = open(sys.argv[4], 'ab', buffering=0)
	s = Subscriber(Endpoint())
	heard = 0
	while True:
		if time.monotonic() - heard > 0.3:
			s.open(name, credit=credit, wait=False)
			heard = time.monotonic()
		if s.pump(0.05):
			heard = time.monotonic()
			out.write(b''.join(struct.pack('<I', len(r)) + r for r in s.raw))
			s.ack()
			s.raw.clear()
			s.got.clear()


main()
