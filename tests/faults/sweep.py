# SPDX-License-Identifier: Apache-2.0
"""The whole store, journal and shards, under faults and power cuts: what test_store_sweep,
test_power_cuts, `make faults` and `make power` share.

    python3 tests/faults/sweep.py faults     each storage call goes wrong in each way; one table
    python3 tests/faults/sweep.py power      CUTS power cuts (1000); the same table

A life is one run of store_load over a directory. Each point of a sweep is: a life in which one
storage call goes wrong; a second life, mostly in its recovery, in which another one does; a look at
what stands there; a third life without faults that sends what was not acknowledged; a last look.

SEED=n (1): another scenario and other second faults. LIMIT=n: all calls that make the store, and of
the others only so many, evenly spread. KIND=k AT=n, or CUT=n: only this one, as a failure names it."""
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.path.join(os.path.dirname(os.path.dirname(HERE)), os.environ.get("BUILD", "build"))
TOOLS = os.path.join(BUILD, "tests", "faults")
SEED = int(os.environ.get("SEED", "1"))
KINDS = ["kill-before", "kill-half", "eio-once", "eio-forever", "eio-half", "enospc", "short"]
BATCHES = 30                   # as in store_scenario.h
KEEP = 15                      # notifications of 400 bytes that the 6,000 of store_load.c hold at least
BIRTH = 30                     # about so many storage calls make an empty store
DAMAGED = (-5, -11)            # ERR_CORRUPT, ERR_VERSION: no crash may end in one of them
ENDS = (0, 2, 3)               # stopped, not opened, gave up
LOST, TWICE, CLOSED, OTHER = range(4)
COLUMNS = ["acknowledged lost", "applied twice", "did not open", "other"]


class Broken(Exception):
    def __init__(self, column, text):
        super().__init__(text)
        self.column = column


def numbers(words):
    return [int(w) for w in words]


def group_of(batch):
    """As scenario_group(): what is written together."""
    i = (batch - 1) % 6
    return (batch - 1) // 6 * 3 + (0 if i == 0 else 1 if i < 4 else 2)


def spoken(text):
    """Lines as lists of words. One that a kill cut off was not said."""
    return [line.split() for line in text.split("\n")[:-1]]


class Expected:
    """What the batches add up to by the fold alone, and what a run without faults ends in."""

    def __init__(self, work):
        self.fresh, self.old, self.conflicts = {}, {}, {}
        self.after = {k: {} for k in range(BATCHES + 1)}
        for word, *rest in spoken(program("expect", str(SEED))[1]):
            if word == "batch":
                b, self.fresh[b], self.old[b], self.conflicts[b] = (n := numbers(rest))[0], *n[1:]
            else:
                self.after[int(rest[0])][rest[1]] = (int(rest[2]), rest[3])
        self.total = [sum(self.fresh[b] for b in range(1, k + 1)) for k in range(BATCHES + 1)]
        directory = f"{work}/undisturbed"
        code, text = live(directory, 1, 1)
        if code != 0:
            raise Broken(OTHER, f"a run without faults ends with {code}: {text[-300:]}")
        self.notes = {rest[0]: rest[1] for word, *rest in spoken(text) if word == "note"}
        self.end = Look(directory)
        if self.end.whole_batches(self) != [BATCHES] or self.end.problems:
            raise Broken(OTHER, f"a run without faults is not the fold: {self.end.problems}")
        shutil.rmtree(directory)


class Look:
    """What `store_load check` finds in a directory."""

    def __init__(self, directory):
        code, text = program("check", directory)
        if code != 0:
            raise Broken(CLOSED, f"does not open: {text.strip()[-300:]} (exit {code})")
        self.facts, self.standing, self.outbox, self.notes = {}, {}, {}, {}
        self.subscriptions, self.problems, self.accepted = {}, [], 0
        for word, *rest in spoken(text):
            if word == "facts":
                self.facts[rest[0]] = (int(rest[1]), rest[2])
            elif word == "standing":
                self.standing[rest[0]] = rest[1:]
            elif word == "outbox":
                self.outbox[rest[0]] = (int(rest[1]), int(rest[2]))
            elif word == "note":
                self.notes[rest[0]] = rest[1]
            elif word == "subscription":
                self.subscriptions[rest[0]] = int(rest[2])
            elif word == "accepted":
                self.accepted = int(rest[0])
            elif word == "recovered":
                self.frame = int(rest[2])
            elif word == "problem":
                self.problems.append(" ".join(rest))
        # where everybody stands, without the instants
        self.names = {c: [w.split("@")[0] for w in words] for c, words in self.standing.items()}

    def whole_batches(self, expected):
        """The numbers k so that exactly the batches up to k have been counted."""
        return [k for k in range(BATCHES + 1) if self.facts == expected.after[k]]


class Outside:
    """What those outside have been told, over all lives of one directory."""

    def __init__(self, expected):
        self.expected = expected
        self.acked = 0           # all batches up to here
        self.unresolved = set()  # tried, and nobody knows
        self.notes = {}
        self.subscribed, self.done_with = False, {}
        self.frame = 0           # up to here has been found after a crash
        self.split = False       # a crash has kept a part of a group
        self.resent = set()      # groups of which a batch was found to be there

    def hear(self, text):
        trying = set()
        self.resent = set()
        for word, *rest in spoken(text):
            if word == "trying":
                trying.add(int(rest[0]))
            elif word == "refused":
                trying.discard(int(rest[0]))
            elif word == "acked":
                trying.discard(int(rest[0]))
                self.hear_ack(*numbers(rest))
            elif word == "note":
                if self.notes.setdefault(rest[0], rest[1]) != rest[1]:
                    raise Broken(OTHER, f"notification {rest[0]} has told two stories")
            elif word == "subscribed":
                self.subscribed = True
            elif word == "acking":
                self.done_with[rest[0]] = max(self.done_with.get(rest[0], 0), int(rest[1]))
            elif word == "recovered":
                self.hear_frame(int(rest[2]))
            elif word == "failed" and int(rest[0]) in DAMAGED:
                raise Broken(CLOSED, "does not open: " + " ".join(rest))
        self.unresolved |= trying

    def hear_frame(self, frame):
        if frame < self.frame:
            raise Broken(LOST, f"found frame {self.frame} after one crash, {frame} after the next")
        self.frame = frame

    def hear_ack(self, b, accepted, duplicates, conflicts):
        e = self.expected
        if accepted and b <= self.acked:
            raise Broken(TWICE, f"batch {b} is acked with {accepted} events, a second time")
        if accepted not in (0, e.fresh[b]) or conflicts != e.conflicts[b] or \
                accepted + duplicates != e.fresh[b] + e.old[b]:
            raise Broken(OTHER, f"batch {b} is acked as {accepted} {duplicates} {conflicts}")
        self.acked = max(self.acked, b)
        if not accepted:
            self.resent.add(group_of(b))
        elif group_of(b) in self.resent:
            self.split = True

    def check(self, look):
        self.check_facts(look)
        if look.problems:
            raise Broken(OTHER, "; ".join(look.problems[:5]))
        self.hear_frame(look.frame)
        for shard, (first, last) in look.outbox.items():
            if last - first + 1 < min(KEEP, last):
                raise Broken(OTHER, f"outbox {shard} is trimmed to {first}..{last}")
        for name, told in self.notes.items():
            shard, n = name.split("-")
            if int(n) >= look.outbox[shard][0] and look.notes.get(name) != told:
                raise Broken(LOST if name not in look.notes else OTHER,
                             f"notification {name} was handed out as {told}, stands as {look.notes.get(name)}")
        if self.subscribed and sorted(look.subscriptions) != ["0", "1"]:
            raise Broken(LOST, "the subscription is gone")
        for shard, done in look.subscriptions.items():
            if done > self.done_with.get(shard, 0) or done > look.outbox[shard][1]:
                raise Broken(OTHER, f"the subscriber is done with {shard}-{done} and never said so")

    def check_facts(self, look):
        e, possible = self.expected, max(self.unresolved, default=0)
        high = max(self.acked, possible)
        found = look.whole_batches(e)
        if any(k < self.acked for k in found):
            raise Broken(LOST, f"batch {self.acked} was acked, there are {found[0]}")
        if any(k > high for k in found):
            raise Broken(OTHER, f"batch {found[0]} was refused, and is there")
        if found and look.accepted == e.total[found[0]]:
            return
        for c, (n, _) in look.facts.items():
            if n > e.after[high].get(c, (0,))[0]:
                raise Broken(TWICE, f"{c} has {n} events of {e.after[high].get(c)}")
        for c, (n, _) in e.after[self.acked].items():
            if look.facts.get(c, (0,))[0] < n:
                raise Broken(LOST, f"{c} has {look.facts.get(c)}, acked were {n}")
        raise Broken(OTHER, f"no number of whole batches gives these facts ({look.accepted} events)")

    def check_end(self, look):
        """Now that all is sent, all is as without faults. Only when a crash has kept some batches of
        a group, time has passed between them and the rest, and may have been told."""
        self.check(look)
        end = self.expected.end
        for what in ["facts", "accepted"] + (["names"] if self.split else ["standing", "outbox", "notes"]):
            a, b = getattr(look, what), getattr(end, what)
            if a != b:
                some = [k for k in sorted({*a, *b}) if a.get(k) != b.get(k)][:3] if isinstance(a, dict) else [a, b]
                raise Broken(OTHER, f"all is sent, and {what} differ from a run without faults: {some}")
        for name, told in self.notes.items():
            if not self.split and self.expected.notes.get(name) != told:
                raise Broken(OTHER, f"notification {name} is another one than without faults")


def program(*args, env=None, timeout=60):
    try:
        p = subprocess.run([f"{TOOLS}/store_load", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                           env={**os.environ, **(env or {})}, timeout=timeout)
    except subprocess.TimeoutExpired:
        raise Broken(OTHER, "does not end: " + " ".join(args)) from None
    return p.returncode, p.stdout.decode()


def live(directory, life, start, env=None):
    return program("run", directory, str(SEED), str(life), str(start), env=env)


def look_at_copy(work, directory):
    """Looking recovers; the next life shall recover by itself."""
    copy = f"{work}/copy"
    shutil.rmtree(copy, ignore_errors=True)
    if os.path.isdir(directory):
        shutil.copytree(directory, copy)
    return Look(copy)


def finish(outside, work, directory, draw):
    """Look, send what was not acknowledged (and a receipt or two may have been lost on the way),
    look again."""
    outside.check(look_at_copy(work, directory))
    code, text = live(directory, 3, max(1, outside.acked + 1 - draw.choice([0, 0, 1, 3])))
    outside.hear(text)
    if code != 0:
        raise Broken(CLOSED if code == 2 else OTHER, f"the last start ends with {code}: {text[-300:]}")
    outside.check_end(Look(directory))


# -- faults

def fault(work, directory, at, kind):
    return {"LD_PRELOAD": f"{TOOLS}/shim.so", "KITH_FAULT_DIR": directory, "KITH_FAULT_AT": str(at),
            "KITH_FAULT_KIND": kind, "KITH_FAULT_COUNT": f"{work}/count", "KITH_FAULT_K": "3"}


def disturbed(outside, work, directory, life, start, at, kind):
    code, text = live(directory, life, start, fault(work, directory, at, kind))
    outside.hear(text)
    if code == -9 and kind.startswith("kill"):
        return
    if code not in ENDS:
        raise Broken(OTHER, f"life {life} ends with {code}: {text[-300:]}")
    if code != 0 and spoken(text)[-1][0] not in ("exit", "failed"):
        raise Broken(OTHER, f"life {life} does not say why it ends: {text[-300:]}")
    if kind == "enospc" and code == 3 and re.search("nothing is taken in|never room", text):
        raise Broken(OTHER, f"life {life} does not go on when there is room again")


def one_point(expected, work, kind, at):
    draw = random.Random(f"{SEED} {kind} {at}")
    second_at = draw.randint(1, 16) if draw.random() < 0.7 else draw.randint(17, 200)
    second_kind = draw.choice(KINDS)
    directory = f"{work}/store"
    shutil.rmtree(directory, ignore_errors=True)
    outside = Outside(expected)
    try:
        disturbed(outside, work, directory, 1, 1, at, kind)
        disturbed(outside, work, directory, 2, outside.acked + 1, second_at, second_kind)
        finish(outside, work, directory, draw)
    except Broken as e:
        raise Broken(e.column, f"{e}; SEED={SEED} KIND={kind} AT={at}, then {second_kind} at call "
                     f"{second_at}") from None


def storage_calls(work):
    directory = f"{work}/store"
    shutil.rmtree(directory, ignore_errors=True)
    live(directory, 1, 1, fault(work, directory, -1, "none"))
    with open(f"{work}/count") as f:
        return int(f.read())


def some_of(calls, limit):
    """Evenly spread over the run; but all of its beginning, where the store is made."""
    if not limit or BIRTH + limit >= calls:
        return list(range(1, calls + 1))
    rest = calls - BIRTH
    return list(range(1, BIRTH + 1)) + [BIRTH + 1 + i * rest // limit for i in range(limit)]


def sweep(expected, work, kind, limit=0):
    """Every call goes wrong in the way KIND. Returns points, lives, and what broke."""
    points = some_of(storage_calls(work), limit)
    if os.environ.get("AT"):
        points = [int(os.environ["AT"])]
    broken = []
    for at in points:
        try:
            one_point(expected, work, kind, at)
        except Broken as e:
            broken.append(e)
    return len(points), 3 * len(points), broken


# -- power cuts

def record(directory, log, life, start):
    if os.path.exists(log):
        os.unlink(log)
    return live(directory, life, start, {"LD_PRELOAD": f"{TOOLS}/powershim.so", "KITH_POWER_STDOUT": "1",
                                         "KITH_FAULT_DIR": directory, "KITH_POWER_LOG": log})


def operations(log):
    return int(subprocess.run([f"{TOOLS}/powercut", log], stdout=subprocess.PIPE, check=True).stdout)


def cut(log, at, seed, to, *base):
    """Make TO what the cut leaves; returns what had been said by then."""
    shutil.rmtree(to, ignore_errors=True)
    p = subprocess.run([f"{TOOLS}/powercut", log, str(at), str(seed), to, *base],
                       stdout=subprocess.PIPE, check=True)
    return p.stdout.decode()


def one_cut(expected, work, log, total, number):
    draw = random.Random(f"{SEED} cut {number}")
    at, seed = draw.randint(0, draw.choice([total, total, total, total, BIRTH])), draw.getrandbits(32)
    left, again, left_again, log2 = (f"{work}/{n}" for n in ("left", "again", "left2", "log2"))
    outside = Outside(expected)
    try:
        outside.hear(cut(log, at, seed, left))
        outside.check(look_at_copy(work, left))
        shutil.rmtree(again, ignore_errors=True)
        shutil.copytree(left, again)
        code, text = record(again, log2, 2, outside.acked + 1)
        if code != 0:
            raise Broken(CLOSED if code == 2 else OTHER, f"starting ends with {code}: {text[-300:]}")
        n = operations(log2)
        outside.hear(cut(log2, draw.randint(0, min(n, draw.choice([20, n]))), seed, left_again, left))
        finish(outside, work, left_again, draw)
    except Broken as e:
        raise Broken(e.column, f"{e}; SEED={SEED} CUT={number}: after {at} of {total} operations") from None


def power(expected, work, cuts):
    """Returns cuts, lives, and what broke. Each cut is followed by one in the next life."""
    log = f"{work}/log"
    directory = f"{work}/store"
    shutil.rmtree(directory, ignore_errors=True)
    record(directory, log, 1, 1)
    total = operations(log)
    numbers_of_cuts = [int(os.environ["CUT"])] if os.environ.get("CUT") else range(cuts)
    broken = []
    for number in numbers_of_cuts:
        try:
            one_cut(expected, work, log, total, number)
        except Broken as e:
            broken.append(e)
    return 2 * len(numbers_of_cuts), 3 * len(numbers_of_cuts), broken


# -- telling it

def workplace():
    """In memory, when there is room: thousands of stores are made and thrown away."""
    memory = "/dev/shm"
    if not os.access(memory, os.W_OK) or shutil.disk_usage(memory).free < 64 << 20:
        memory = None
    return tempfile.mkdtemp(prefix="kith-store-", dir=os.environ.get("TMPDIR") or memory)


def print_row(name, points, lives, broken):
    counts = [sum(e.column == c for e in broken) for c in range(4)]
    print(f"{name:<12} {points:>7} {lives:>6} " + " ".join(f"{n:>{len(c)}}" for n, c in zip(counts, COLUMNS)),
          flush=True)


def print_head(points):
    print(f"{'':<12} {points:>7} {'runs':>6} " + " ".join(COLUMNS))


def tap(tests):
    """TESTS: [(name, function that returns points, lives, broken)]. Returns the exit status."""
    failed = 0
    print(f"1..{len(tests)}")
    for number, (name, run) in enumerate(tests, 1):
        try:
            points, lives, broken = run()
        except Broken as e:
            points, lives, broken = 0, 0, [e]
        failed += bool(broken)
        print(f"{'not ok' if broken else 'ok'} {number} - {name} # {points} points, {lives} runs", flush=True)
        for e in broken[:10]:
            print(f"# {COLUMNS[e.column]}: {e}", flush=True)
    return int(failed > 0)


def main():
    what = sys.argv[1] if len(sys.argv) == 2 else ""
    work = workplace()
    everything = []
    try:
        expected = Expected(work)
        if what == "faults":
            print_head("points")
            for kind in [os.environ["KIND"]] if os.environ.get("KIND") else KINDS:
                points, lives, broken = sweep(expected, work, kind, int(os.environ.get("LIMIT", "0")))
                print_row(kind, points, lives, broken)
                everything += broken
        elif what == "power":
            cuts = int(os.environ.get("CUTS", "1000"))
            print_head("cuts")
            points, lives, broken = power(expected, work, cuts)
            print_row("power cut", points, lives, broken)
            everything += broken
        else:
            sys.exit("usage: sweep.py faults|power")
    except Broken as e:
        everything.append(e)
    finally:
        if not os.environ.get("KEEP_WORK"):
            shutil.rmtree(work, ignore_errors=True)
    for e in everything[:20]:
        print(f"{COLUMNS[e.column]}: {e}")
    sys.exit(bool(everything))


if __name__ == "__main__":
    main()
