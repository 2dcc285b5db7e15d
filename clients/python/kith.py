# SPDX-License-Identifier: Apache-2.0
"""kith: hand events to kithd and hear what becomes of its customers.

    from kith import Producer, Subscriber, Feed, call

    with Producer(source="till-7") as till:
        till.add({"id": "41", "customer": "anna", "time": 1767225600000,
                  "purchase": {"order": "581587", "amount": 1200}})
        till.drain()                        # durable now, or an exception
        print(till.accepted, till.duplicates, till.rejected)

    with Subscriber("crm", types=["customer."]) as crm:
        for item in crm:
            handle(item)                    # first the effect,
            crm.ack(item)                   # then the acknowledgement

    with Subscriber(start=ms, filter={"region": ["north"]}) as reading:  # looking back: no name
        while (item := reading.next(1.0)) or not reading.caught_up:
            ...

    with Subscriber("mirror") as mirror:
        for row in mirror.snapshot():       # where everybody stands,
            table[row["customer"]] = row
        for item in mirror:                 # and what changes after that, exactly
            ...

    print(call("show", customer="anna")["standing"])

Events and notifications are dicts with the names of proto/kith.proto; docs/PROTOCOL.md says what
they mean. Times are Unix milliseconds, amounts minor units, timeouts seconds (None: for ever).
An object belongs to one thread. Needs pyzmq, protobuf, and kith_pb2, which is generated:

    protoc -I proto --python_out=clients/python proto/kith.proto
"""
from __future__ import annotations

import collections
import json
import os
import random
import time
from dataclasses import dataclass
from typing import (Any, Deque, Dict, Iterator, List, Optional, Sequence, Tuple, TypeVar,
                    Union)

import zmq
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from zmq.utils.monitor import recv_monitor_message

import kith_pb2 as pb

Event = Dict[str, Any]

ANSWER_SECONDS = 5.0   # without an answer for so long, ask again on a fresh connection
QUIET_SECONDS = 30.0   # a subscriber that heard nothing for so long opens again
BACKOFF_MAX = 2.0


class KithError(Exception):
    """The daemon refused; `code` is its word for why."""

    def __init__(self, code: str, text: str = ""):
        super().__init__(code + (": " + text if text else ""))
        self.code = code


class Unreachable(KithError):
    """Nobody answers at the daemon's socket."""


class Timeout(KithError):
    """What was waited for did not come in time; nothing is lost, wait again."""


# --------------------------------------------------------------- messages and dicts


def fill(message: Message, values: Dict[str, Any]) -> Message:
    """Set the fields of MESSAGE from a dict: texts may be str, enums are names."""
    for name, value in values.items():
        field = message.DESCRIPTOR.fields_by_name.get(name)
        if field is None:
            raise ValueError("%s has no field %r" % (message.DESCRIPTOR.name, name))
        if value is None:
            continue
        if field.type == FieldDescriptor.TYPE_MESSAGE:
            sub = getattr(message, name)
            sub.SetInParent()
            fill(sub, value)
            continue
        if field.type == FieldDescriptor.TYPE_BYTES and isinstance(value, str):
            value = value.encode()
        if field.type == FieldDescriptor.TYPE_ENUM and isinstance(value, str):
            number = field.enum_type.values_by_name.get(value)
            if number is None:
                raise ValueError("%s.%s has no value %r" % (message.DESCRIPTOR.name, name, value))
            value = number.number
        setattr(message, name, value)
    return message


def to_dict(message: Message) -> Dict[str, Any]:
    """The fields that are set, as a dict: bytes as str, enums as names."""
    return {field.name: _value(field, value) for field, value in message.ListFields()}


def _value(field: FieldDescriptor, value: Any) -> Any:
    if field.label == FieldDescriptor.LABEL_REPEATED:
        return [_single(field, v) for v in value]
    return _single(field, value)


def _single(field: FieldDescriptor, value: Any) -> Any:
    if field.type == FieldDescriptor.TYPE_MESSAGE:
        return to_dict(value)
    if field.type == FieldDescriptor.TYPE_BYTES:
        return value.decode("utf-8", "replace")
    if field.type == FieldDescriptor.TYPE_ENUM:
        return field.enum_type.values_by_number[value].name
    return value


def notification_dict(message: Message) -> Dict[str, Any]:
    """A notification with the names of the JSON feed, and `shard` and `sequence`."""
    n = to_dict(message)
    source, id_ = n.pop("cause_source", None), n.pop("cause_id", None)
    if source is not None or id_ is not None:
        n["cause"] = {"source": source, "id": id_}
    return n


# ------------------------------------------------------------------------- sockets


def run_dir(run: Optional[str] = None) -> str:
    """The daemon's run directory: RUN, else $KITH_RUN, else /run/kith."""
    return run or os.environ.get("KITH_RUN") or "/run/kith"


class Link:
    """A socket that knows whether it is connected and how often it has lost its connection."""

    def __init__(self, run: Optional[str], name: str, kind: int, topics: Sequence[str] = ()):
        self.path = os.path.join(run_dir(run), name)
        if len(self.path.encode()) > 107:
            raise ValueError("the path of a socket has at most 107 bytes: " + self.path)
        self.kind, self.topics = kind, [t.encode() for t in topics]
        self.context = zmq.Context()
        self.connected, self.losses = False, 0
        self._open()

    def _open(self) -> None:
        s = self.socket = self.context.socket(self.kind)
        s.linger = 0
        s.reconnect_ivl, s.reconnect_ivl_max = 50, 1000
        s.heartbeat_ivl, s.heartbeat_timeout, s.heartbeat_ttl = 5000, 15000, 15000
        if self.kind == zmq.SUB:
            s.rcvhwm = 100000
            for topic in self.topics or [b""]:
                s.subscribe(topic)
        else:
            s.immediate = 1
        self.monitor = s.get_monitor_socket(
            zmq.EVENT_HANDSHAKE_SUCCEEDED | zmq.EVENT_DISCONNECTED)
        s.connect("ipc://" + self.path)

    def _close_socket(self, linger: int = 0) -> None:
        self.socket.disable_monitor()
        self.monitor.close(0)
        self.socket.close(linger)

    def reset(self) -> None:
        """Begin anew with a fresh socket: what the old one still held is dropped."""
        self._close_socket()
        self.connected = False
        self.losses += 1
        self._open()

    def close(self, linger: int = 0) -> None:
        self._close_socket(linger)
        self.context.term()

    def send(self, message: Message) -> bool:
        """Without waiting; False when it cannot leave now."""
        try:
            self.socket.send(message.SerializeToString(), zmq.DONTWAIT)
            return True
        except zmq.Again:
            return False

    def receive(self) -> Optional[bytes]:
        """The last frame of the next message, without waiting; None when there is none."""
        try:
            return self.socket.recv_multipart(zmq.DONTWAIT)[-1]
        except zmq.Again:
            return None

    def wait(self, seconds: float) -> None:
        """Until something can be received, or the connection came or went."""
        poller = zmq.Poller()
        poller.register(self.socket, zmq.POLLIN)
        poller.register(self.monitor, zmq.POLLIN)
        if self.monitor in dict(poller.poll(max(0, int(seconds * 1000)))):
            while self.monitor.poll(0):
                event = recv_monitor_message(self.monitor)["event"]
                self.losses += event == zmq.EVENT_DISCONNECTED and self.connected
                self.connected = event == zmq.EVENT_HANDSHAKE_SUCCEEDED

    def unreachable(self) -> Unreachable:
        why = "nobody answers there" if os.path.exists(self.path) else "there is no such socket"
        return Unreachable("unreachable", "%s: %s; is kithd running with this run directory?"
                           % (self.path, why))


_Self = TypeVar("_Self", bound="_Closes")


class _Closes:
    """Closes itself at the end of a with-statement."""

    def __enter__(self: _Self) -> _Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def close(self) -> None:
        raise NotImplementedError


class _Deadline:
    def __init__(self, seconds: Optional[float]):
        self.end = None if seconds is None else time.monotonic() + seconds

    def left(self, most: float = 0.5) -> float:
        """Seconds to wait now, at most MOST; 0 when the time is over."""
        if self.end is None:
            return most
        return max(0.0, min(most, self.end - time.monotonic()))

    def over(self) -> bool:
        return self.end is not None and time.monotonic() >= self.end


# ------------------------------------------------------------------------ producer


@dataclass
class Rejection:
    """An event that was not taken."""
    event: Event
    code: str
    text: str


@dataclass
class _Pending:
    message: Message
    events: List[Event]
    sent: bool = False
    sent_at: float = 0.0


class Producer(_Closes):
    """Sends events in batches and keeps each until its receipt; sends again, oldest first, after
    a refusal for now, a lost connection or too long a silence. What the daemon had taken already
    is answered as a duplicate."""

    def __init__(self, source: Optional[str] = None, run: Optional[str] = None,
                 backfill: bool = False, batch: int = 500):
        self.source, self.backfill, self.batch = source, backfill, batch
        self.accepted = self.duplicates = self.resent = 0
        self.rejected: List[Rejection] = []
        self.credit = 0            # the daemon's; 0 before its first receipt
        self.held_by = ""          # why it takes nothing now: "full", "stopping"
        self._building: List[Event] = []
        self._pending: Deque[_Pending] = collections.deque()
        self._number = 0
        self._not_before, self._backoff = 0.0, 0.02
        self._link = Link(run, "ingest", zmq.DEALER)
        self._losses = 0

    def close(self) -> None:
        """Forgets what has no receipt: drain() first."""
        self._link.close()

    @property
    def waiting(self) -> int:
        """Events without an answer yet."""
        return sum(len(p.events) for p in self._pending) + len(self._building)

    def add(self, event: Event, timeout: Optional[float] = None) -> None:
        """Take an event; waits while more than the credit is under way."""
        fill(pb.Event(), event)  # a slip is found here, and not in the middle of a batch
        deadline = _Deadline(timeout)
        while self.waiting >= self.credit + self.batch:
            if deadline.over():
                raise Timeout("timeout", "no room: the daemon has not answered")
            self.poll(deadline.left())
        self._building.append(event)
        if len(self._building) >= self.batch:
            self.flush()

    def send(self, events: Sequence[Event], timeout: Optional[float] = 30.0) -> None:
        """Add all and wait until they are durable."""
        for event in events:
            self.add(event, timeout)
        self.drain(timeout)

    def flush(self) -> None:
        """Close the batch under construction and send what may be sent."""
        if self._building:
            self._number += 1
            message = pb.Batch(number=self._number, backfill=self.backfill)
            if self.source is not None:
                message.source = self.source.encode()
            for event in self._building:
                fill(message.events.add(), event)
            self._pending.append(_Pending(message, self._building))
            self._building = []
        self._send()

    def drain(self, timeout: Optional[float] = 30.0) -> None:
        """Flush and wait until everything is answered. Unreachable, Timeout: nothing is lost."""
        deadline = _Deadline(timeout)
        self.flush()
        while self._pending:
            if deadline.over():
                if not self._link.connected:
                    raise self._link.unreachable()
                raise Timeout("timeout", "no receipt in time" +
                              (", the daemon is " + self.held_by if self.held_by else ""))
            self.poll(deadline.left(0.1))

    def poll(self, seconds: float = 0.0) -> None:
        """Receive, check the connection, send; waits for up to SECONDS."""
        self._link.wait(seconds)
        while (data := self._link.receive()) is not None:
            try:
                self._answered(pb.Receipt.FromString(data))
            except DecodeError:
                pass  # time will tell what became of the batch
        self._check_link()
        self._send()

    def _answered(self, r: Message) -> None:
        self.credit = r.credit or self.credit
        pending = next((p for p in self._pending if p.message.number == r.number), None)
        if pending is None:
            return  # answered before: it had been sent twice
        refused = r.refused.decode()
        if refused and refused not in ("malformed", "too_large"):
            if pending.sent:
                self._back_off(refused)
            return
        self._pending.remove(pending)
        self._backoff, self.held_by = 0.02, ""
        self.accepted += r.accepted
        self.duplicates += r.duplicates
        if refused:
            self.rejected += [Rejection(e, refused, r.text.decode()) for e in pending.events]
        for j in r.rejected:
            self.rejected.append(Rejection(pending.events[j.index], j.code.decode(),
                                           j.text.decode()))

    def _unsend(self) -> None:
        for p in self._pending:
            p.sent = False

    def _back_off(self, held_by: str) -> None:
        self._unsend()
        self.held_by = held_by
        self._not_before = time.monotonic() + self._backoff * random.uniform(0.5, 1)
        self._backoff = min(2 * self._backoff, BACKOFF_MAX)

    def _check_link(self) -> None:
        first = self._pending[0] if self._pending else None
        if first and first.sent and time.monotonic() - first.sent_at > ANSWER_SECONDS:
            self._link.reset()
        if self._link.losses != self._losses:
            self._losses = self._link.losses
            self._unsend()
            self._not_before = 0.0

    def _send(self) -> None:
        if not self._link.connected or time.monotonic() < self._not_before:
            return
        under_way = sum(len(p.events) for p in self._pending if p.sent)
        for p in self._pending:
            if p.sent:
                continue
            if under_way and under_way + len(p.events) > self.credit:
                return
            if not self._link.send(p.message):
                return
            self.resent += p.sent_at > 0
            p.sent, p.sent_at = True, time.monotonic()
            under_way += len(p.events)


# ---------------------------------------------------------------------- subscriber


@dataclass
class Gap:
    """Notifications FIRST to SEQUENCE of a shard were trimmed before they could be delivered:
    snapshot() says where everybody stands now."""
    shard: int
    first: int
    sequence: int
    in_snapshot: bool = False  # the last snapshot() tells what became of all customers


@dataclass
class _Passed:
    """A reading has come so far; nothing more of it was for us."""
    shard: int
    sequence: int


Item = Union[Dict[str, Any], Gap]


def position(item: Item) -> Tuple[int, int]:
    """(shard, sequence) of a notification or a gap."""
    if isinstance(item, Gap):
        return item.shard, item.sequence
    return item.get("shard", 0), item["sequence"]


def snapshot_dict(message: Message, shard: int, as_of: int) -> Dict[str, Any]:
    """Where a customer stands, as `kith snapshot --json` has it: {"customer", "standing": {"stage":
    …, "risk": […]}, …}, as of notification AS_OF of their shard."""
    row = to_dict(message)
    standing: Dict[str, Any] = {"risk": [k["name"] for k in row.get("risks", ())], "since": {}}
    for place in row.pop("places", ()):
        standing[place["ladder"]] = place["rung"]
        standing["since"][place["ladder"]] = place.get("since")
    for risk in row.pop("risks", ()):
        standing["since"]["risk." + risk["name"]] = risk.get("since")
    return dict(row, standing=standing, as_of="%d-%d" % (shard, as_of))


class Subscriber(_Closes):
    """A durable subscription. Each notification comes at least once, in order within a shard;
    from one object never twice, reconnections included.

    Without a name it is a reading: it begins where it is told to among the notifications that are
    kept, goes on with what comes, and leaves nothing behind; acknowledging is its credit.
    START: Unix ms from which on things came to light; POSITIONS: {shard: number} to begin behind;
    both also say where a name never seen begins. FILTER: {"owner": ["eva"], …}, the fields of
    kith.proto's Filter. CUSTOMER: of a reading, only this one."""

    def __init__(self, name: Optional[str] = None, run: Optional[str] = None,
                 types: Sequence[str] = (), newest: bool = False, credit: int = 256,
                 start: Optional[int] = None, positions: Optional[Dict[int, int]] = None,
                 filter: Optional[Dict[str, Sequence[str]]] = None,
                 customer: Optional[str] = None):
        self.name, self.types, self.newest, self.credit = name, list(types), newest, credit
        self.start, self.positions = start, dict(positions or {})
        self.filter, self.customer = dict(filter or {}), customer
        self.is_open = False
        self._ends: Dict[int, int] = {}    # by shard: the newest when it was first opened
        self._given: Dict[int, int] = {}   # the highest that the caller has seen
        self._told_of: Dict[int, List[Tuple[Optional[bytes], int]]] = {}  # by a snapshot
        self._holding = self._reopening = False
        self._page: Optional[Message] = None
        self._items: Deque[Union[Item, _Passed]] = collections.deque()
        self._handed: Dict[int, int] = {}  # by shard: the highest that came
        self._done: Dict[int, int] = {}    # acknowledged by the caller
        self._told: Dict[int, int] = {}    # acknowledged to the daemon on this connection
        self._asked = False
        self._asked_at = self._ask_at = self._heard_at = 0.0
        self._link = Link(run, "subscribe", zmq.DEALER)
        self._losses = 0

    def __iter__(self) -> Iterator[Item]:
        """For ever; ends by an exception, as when another process opens the name."""
        while True:
            item = self.next(1.0)
            if item is not None:
                yield item

    def next(self, timeout: Optional[float] = 0.0) -> Optional[Item]:
        """The next notification (a dict) or Gap; None when none came in time."""
        deadline = _Deadline(timeout)
        if self._holding:  # the caller has left the snapshot before its end: it tells nothing
            self._told_of.clear()
            self._reopen()
        while True:
            self._take()
            while self._items:
                item = self._items.popleft()
                if isinstance(item, _Passed):
                    self._handed[item.shard] = max(item.sequence, self._handed[item.shard])
                elif self._is_new(item):
                    return item
            self._check_link()
            self._tell()
            if deadline.over():
                return None
            self._link.wait(deadline.left())

    @property
    def caught_up(self) -> bool:
        """Whether everything has come that was there when it was first opened."""
        return bool(self._ends) and all(self._handed.get(s, 0) >= n
                                        for s, n in self._ends.items())

    def snapshot(self, timeout: float = 30.0) -> Iterator[Dict[str, Any]]:
        """Where everybody stands for whom the filter is, a dict each. What next() then gives is what
        changed after that, whatever reconnects meanwhile. TIMEOUT is for each page."""
        self._told_of.clear()
        self._items.clear()
        self._holding, self._reopening = True, False
        shard = 0
        while not self.is_open or shard < len(self._ends):
            after: Optional[bytes] = b""
            while after is not None:
                page = self._ask_page(shard, after, _Deadline(timeout))
                after = None if page.done else page.upto
                self._told_of.setdefault(shard, []).append((after, page.as_of))
                for row in page.rows:
                    yield snapshot_dict(row, shard, page.as_of)
            shard += 1
        self._reopen()

    def _ask_page(self, shard: int, after: bytes, deadline: _Deadline) -> Message:
        asked_on = None
        self._page = None
        while True:
            self._take()
            page = self._page
            if page is not None and (page.shard, page.after) == (shard, after):
                return page
            self._check_link()
            if not self.is_open:
                asked_on = None
            elif asked_on is None:
                message = pb.Subscriber()
                message.snapshot.shard = shard
                if after:
                    message.snapshot.after = after
                asked_on = self._link.send(message) or None
            if deadline.over():
                if not self._link.connected:
                    raise self._link.unreachable()
                raise Timeout("timeout", "no page of the snapshot in time")
            self._link.wait(deadline.left(0.1))

    def _reopen(self) -> None:
        """What was left alone during the snapshot comes again behind the next Opened."""
        self._holding, self._reopening = False, True
        self._asked = self.is_open = False

    def _is_told(self, item: Item) -> bool:
        """Whether the snapshot has told it."""
        shard, sequence = position(item)
        ranges = self._told_of.get(shard)
        if not ranges:
            return False
        if isinstance(item, Gap):
            item.in_snapshot = sequence <= min(as_of for _, as_of in ranges)
            return False
        if sequence > max(as_of for _, as_of in ranges):
            del self._told_of[shard]
            return False
        customer = item.get("customer", "").encode()
        if not customer:
            return False  # about a rule or a source: in no snapshot
        return sequence <= next(as_of for upto, as_of in ranges
                                if upto is None or customer <= upto)

    def ack(self, item: Item) -> None:
        """Everything of its shard up to ITEM is done with. Told to the daemon by next(), close()."""
        shard, sequence = position(item)
        if sequence >= self._given.get(shard, 0):
            sequence = self._handed.get(shard, sequence)  # and what a snapshot had told already
        self._done[shard] = max(sequence, self._done.get(shard, 0))

    def forget(self, timeout: float = 5.0) -> None:
        """Delete the name and its position. Only close() is left to do afterwards."""
        deadline = _Deadline(timeout)
        while not self.is_open:
            if deadline.over():
                raise self._link.unreachable()
            self.next(0.02)
        self._link.send(pb.Subscriber(forget=True))
        try:
            while not deadline.over():
                self.next(0.02)
        except KithError as e:
            if e.code == "forgotten":
                return
            raise
        raise Timeout("timeout", "the daemon has not forgotten %r in time" % self.name)

    def close(self) -> None:
        """The name and its position stay."""
        if self.is_open:
            self._tell()
            self._link.send(pb.Subscriber(close=True))
        self._link.close(500)

    def _take(self) -> None:
        while not self._items and (data := self._link.receive()) is not None:
            d = pb.Delivery.FromString(data)
            self._heard_at = time.monotonic()
            if d.opened:
                self._opened(d)
            if d.HasField("page"):
                self._page = d.page
            if d.refused:
                self._refused(d.refused.decode(), d.text.decode())
            if self._holding or self._reopening:
                if self._page is not None:
                    return
                continue
            self._items.extend(Gap(g.shard, g.first, g.last) for g in d.gaps)
            self._items.extend(notification_dict(n) for n in d.notifications)
            self._items.extend(_Passed(p.shard, p.sequence) for p in d.passed)

    def _opened(self, d: Message) -> None:
        self.is_open, self._reopening = True, False
        if not self._ends:
            self._ends = {p.shard: p.sequence for p in d.ends}
            self._handed.update({p.shard: p.sequence for p in d.positions})

    def _refused(self, code: str, text: str) -> None:
        self.is_open = False
        if code not in ("not_open", "full", "busy", "stopping"):
            raise KithError(code, text)
        self._lost()
        self._ask_at = time.monotonic() + 0.5

    def _lost(self) -> None:
        self._losses = self._link.losses
        self._asked = self.is_open = False
        self._told.clear()

    def _is_new(self, item: Item) -> bool:
        shard, sequence = position(item)
        if sequence > self._handed.get(shard, 0):
            self._handed[shard] = sequence
            if self._is_told(item):
                if self._done.get(shard, 0) >= self._given.get(shard, 0):
                    self._done[shard] = sequence
                return False
            self._given[shard] = sequence
            return True
        if sequence <= self._done.get(shard, 0):
            self._told.pop(shard, None)  # it lost our word for it: say it again
        return False

    def _check_link(self) -> None:
        now = time.monotonic()
        if self._asked and not self.is_open and now - self._asked_at > ANSWER_SECONDS:
            self._link.reset()
        if self._link.losses != self._losses or (
                self.is_open and now - self._heard_at > QUIET_SECONDS):
            self._lost()
        if self._link.connected and not self._asked and now >= self._ask_at:
            self._ask(now)

    def _ask(self, now: float) -> None:
        message = pb.Subscriber()
        positions = self.positions
        if self.name is None:
            message.open.reading = True
            if self._ends:  # nobody but us knows where we are
                positions = {s: self._handed.get(s, 0) for s in self._ends}
            if self.customer is not None:
                message.open.customer = self.customer.encode()
        else:
            message.open.name = self.name.encode()
        for shard, sequence in positions.items():
            message.open.positions.add(shard=shard, sequence=sequence)
        if self.start is not None:
            setattr(message.open, "from", self.start)
        for field, texts in self.filter.items():
            getattr(message.open.filter, field).extend(t.encode() for t in texts)
        message.open.types.extend(t.encode() for t in self.types)
        message.open.credit = self.credit
        if self.newest:
            message.open.start = pb.Subscriber.Open.newest
        self._asked, self._asked_at = self._link.send(message), now

    def _tell(self) -> None:
        due = {s: q for s, q in self._done.items() if self._told.get(s, 0) < q}
        if not due or not self.is_open:
            return
        message = pb.Subscriber()
        for shard, sequence in due.items():
            message.ack.positions.add(shard=shard, sequence=sequence)
        if self._link.send(message):
            self._told.update(due)


# ------------------------------------------------------------- live feed, control


class Feed(_Closes):
    """The live feed: what happens while nobody listens is missed."""

    def __init__(self, run: Optional[str] = None, topics: Sequence[str] = ()):
        self._link = Link(run, "feed", zmq.SUB, topics)

    def close(self) -> None:
        self._link.close()

    @property
    def connected(self) -> bool:
        self._link.wait(0)
        return self._link.connected

    def next(self, timeout: Optional[float] = 0.0) -> Optional[Dict[str, Any]]:
        """The next notification; None when none came in time."""
        deadline = _Deadline(timeout)
        while True:
            data = self._link.receive()
            if data is not None:
                return notification_dict(pb.Notification.FromString(data))
            if deadline.over():
                return None
            self._link.wait(deadline.left())

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        while True:
            n = self.next(None)
            if n is not None:
                yield n


def call(verb: str, customer: Optional[str] = None, lifecycle: Optional[str] = None,
         run: Optional[str] = None, timeout: float = 5.0) -> Any:
    """Ask the daemon ("stats", "show", "explain", "reload", "subscriptions", "ping"); returns its
    JSON, parsed. KithError with the daemon's code ("not_found"), Unreachable, Timeout."""
    request = pb.Request(number=1, verb=verb.encode())
    if customer is not None:
        request.customer = customer.encode()
    if lifecycle is not None:
        request.lifecycle = lifecycle.encode()
        request.json = b'{"alive": true}'  # so that a preview ends when we go
    link = Link(run, "control", zmq.DEALER)
    try:
        reply = _ask(link, request, _Deadline(timeout))
    finally:
        link.close()
    if reply.error:
        raise KithError(reply.error.decode(), reply.text.decode())
    return json.loads(reply.json)


def _ask(link: Link, request: Message, deadline: _Deadline) -> Message:
    asked_on = -1  # the connection on which it was asked, by the losses before it
    while True:
        data = link.receive()
        if data is not None:
            reply = pb.Reply.FromString(data)
            if reply.error or reply.json:  # else it is still being worked on
                return reply
            continue
        if link.connected and asked_on != link.losses and link.send(request):
            asked_on = link.losses
        if deadline.over():
            if not link.connected:
                raise link.unreachable()
            raise Timeout("timeout", "no answer from " + link.path)
        link.wait(deadline.left())
