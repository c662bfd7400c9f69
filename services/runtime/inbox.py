"""What becomes of a message: the rule of lanes (protocol rules 9-11), without any I/O.

A lane is one (source, topic, partition); its numbers are dense. The mark is the last number applied: at or below it a
message is a Duplicate, the next one is applied, a later one is Early and waits for what is missing.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from lianxin_schemas import codec
from lianxin_schemas.envelope import Envelope, Source
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.seals import SealEvent
from lianxin_schemas.partition import murmur2_all
from lianxin_schemas.topics import BY_NAME

STEP = 200
"""Messages that are looked into at a time: about 2 ms."""
REREAD_AFTER = 10.0
"""Seconds that an Early may wait without progress before its partition is read again from the start."""


class Outcome(StrEnum):
    """The five things that can become of a message; each is counted."""

    __hash__ = str.__hash__  # Enum's own is written in Python, and every message is counted
    APPLIED = "applied"
    DUPLICATE = "duplicate"
    NOT_APPLICABLE = "not-applicable"
    EARLY = "early"
    PARKED = "parked"


class Lane(NamedTuple):
    """One (source, topic, partition)."""

    source: str
    topic: str
    partition: int


class Opened(NamedTuple):
    """What a message is by itself, whatever came before it. Without a lane it stands alone."""

    reason: str = ""
    """Why it cannot be read."""
    lane: Lane | None = None
    envelope: Envelope | None = None
    event: Event | None = None
    """None for a kind that the consumer does not handle."""


@dataclass(slots=True)
class Message:
    """Bytes as Kafka hands them over; `topic` without the space in front."""

    topic: str
    partition: int
    offset: int
    value: bytes | None
    opened: Opened | None = field(default=None, init=False, compare=False, repr=False)
    """What the inbox of the consumer found inside, once it has looked."""


@dataclass(slots=True)
class Received:
    """A message that is next in its lane and of a kind that the consumer handles."""

    message: Message
    lane: Lane
    envelope: Envelope
    event: Event


@dataclass(frozen=True)
class Parked:
    """A message set aside. Without a lane it stands alone and blocks nothing."""

    message: Message
    reason: str
    lane: Lane | None = None
    number: int | None = None
    key: str | None = None


@dataclass
class State:
    """What a consumer knows when it looks at messages: its marks, and what it has set aside up to them.

    `keys` are (topic, key) that are parked; `aside` are the numbers that were parked or accepted, and whether they
    still block their key. A rebuild starts at 0 and meets them again, so that it leaves out exactly the same.
    `ends` are the last numbers of lanes that a recovered log has left behind (protocol rule 13).
    """

    marks: dict[Lane, int] = field(default_factory=dict)
    keys: set[tuple[str, str]] = field(default_factory=set)
    aside: dict[tuple[Lane, int], bool] = field(default_factory=dict)
    ends: dict[Lane, int] = field(default_factory=dict)


@dataclass
class Sorted:
    """What becomes of some messages, before anything is written."""

    applied: list[Received] = field(default_factory=list)
    seals: list[Received] = field(default_factory=list)
    """What logs say of themselves: taken in by every consumer, whatever it handles."""
    parked: list[Parked] = field(default_factory=list)
    behind: list[Parked] = field(default_factory=list)
    marks: dict[Lane, int] = field(default_factory=dict)
    early: dict[Lane, tuple[int, int]] = field(default_factory=dict)
    """Lowest offset and highest number of what came early."""
    ends: dict[tuple[str, int], int] = field(default_factory=dict)
    """The offset after the last message of each partition."""
    keys: set[tuple[str, str]] = field(default_factory=set)
    """Keys that are parked from here on."""
    trusted: dict[Lane, int] = field(default_factory=dict)
    """Marks on whose word a message was let go as a Duplicate: nothing is kept unless they still stand."""
    counts: Counter[Outcome] = field(default_factory=Counter)

    def then(self, later: "Sorted") -> "Sorted":
        """What became of two batches that were taken in one after the other."""
        return Sorted(
            applied=[*self.applied, *later.applied],
            seals=[*self.seals, *later.seals],
            parked=[*self.parked, *later.parked],
            behind=[*self.behind, *later.behind],
            marks=self.marks | later.marks,
            early=self.early | later.early,
            ends=self.ends | later.ends,
            keys=later.keys,
            trusted=later.trusted | self.trusted,
            counts=self.counts + later.counts,
        )


@dataclass(frozen=True)
class Inbox:
    """The rule of one consumer: `kinds` are the events it handles, `space` the installation it belongs to."""

    consumer: str
    space: str
    kinds: frozenset[type[Event]]

    def open(self, messages: Sequence[Message]) -> None:
        """Looks into messages, as far as that depends on them alone; so it can be done while others are taken in."""
        for _ in self._opening(messages):
            pass

    async def open_ahead(self, messages: Sequence[Message]) -> None:
        """The same in small steps, between which those who wait for the database go on."""
        for _ in self._opening(messages):
            await asyncio.sleep(0)

    def _opening(self, messages: Sequence[Message]) -> Iterator[None]:
        found: list[tuple[Message, Envelope]] = []
        for nth, message in enumerate(messages):
            if message.opened is None:
                try:
                    found.append((message, codec.unwrap(message.value)))
                except codec.Unreadable as error:
                    message.opened = Opened(error.reason)
            if nth % STEP == 0:
                yield
        hashes = murmur2_all([envelope.subject.encode() for _, envelope in found])
        for nth, (message, envelope) in enumerate(found):
            message.opened = self._look(message, envelope, hashes[nth])
            if nth % STEP == 0:
                yield

    def _look(self, message: Message, envelope: Envelope, hash_: int) -> Opened:
        lane = _lane(self.space, envelope.source, message.topic, message.partition)
        if lane is None:
            return Opened("wrong-source")
        if message.partition != (hash_ & 0x7FFFFFFF) % BY_NAME[message.topic].partitions:
            return Opened("wrong-partition")
        kind, reason, event = codec.kind_of(envelope), "", None
        if kind is None or kind in self.kinds or issubclass(kind, SealEvent):
            try:
                if kind is not None and kind not in BY_NAME[message.topic].events:
                    raise codec.Unreadable("wrong-topic")
                event = codec.read(envelope)
            except codec.Unreadable as error:
                reason = error.reason
        return Opened(reason, lane, envelope, event)

    def sort(self, messages: Sequence[Message], state: State, refused: Mapping[tuple[Lane, int], str]) -> Sorted:
        """Decides on messages in the order given. `refused` names numbers the handler could not accept, and why."""
        self.open(messages)
        result = Sorted(keys=set(state.keys))
        result.ends = {(message.topic, message.partition): message.offset + 1 for message in messages}
        result.counts = Counter([self._sort_one(message, state, refused, result) for message in messages])
        return result

    def _sort_one(  # noqa: PLR0911 - one return per outcome reads best
        self,
        message: Message,
        state: State,
        refused: Mapping[tuple[Lane, int], str],
        result: Sorted,
    ) -> Outcome:
        assert message.opened
        reason, lane, envelope, event = message.opened
        if lane is None or envelope is None:
            result.parked.append(Parked(message, reason))
            return Outcome.PARKED
        number, key = envelope.lanenumber, envelope.subject
        mark = result.marks.get(lane) or state.marks.get(lane, 0)
        if number <= mark:
            if known := state.marks.get(lane):
                result.trusted[lane] = known
            return Outcome.DUPLICATE
        if number > state.ends.get(lane, number):
            result.parked.append(Parked(message, "after-the-end"))
            return Outcome.PARKED
        if number > mark + 1:
            offset, highest = result.early.get(lane, (message.offset, number))
            result.early[lane] = (min(offset, message.offset), max(highest, number))
            return Outcome.EARLY
        result.marks[lane] = number
        if (blocks := state.aside.get((lane, number))) is not None:
            result.keys |= {(message.topic, key)} if blocks else set()
            return Outcome.PARKED
        if (message.topic, key) in result.keys:
            result.behind.append(Parked(message, "behind", lane, number, key))
            return Outcome.PARKED
        if reason := reason or refused.get((lane, number), ""):
            result.parked.append(Parked(message, reason, lane, number, key))
            result.keys.add((message.topic, key))
            return Outcome.PARKED
        if event is None:
            return Outcome.NOT_APPLICABLE
        received = Received(message, lane, envelope, event)
        if isinstance(event, SealEvent):
            result.seals.append(received)
        if type(event) in self.kinds:
            result.applied.append(received)
        return Outcome.APPLIED


@lru_cache(maxsize=4096)
def _lane(space: str, source: str, topic: str, partition: int) -> Lane | None:
    """The lane of a message; None when it lies outside any lane: it parks alone."""
    parsed = Source.parse(source)
    mine = parsed.space == space and parsed.service in BY_NAME[topic].producers
    return Lane(source, topic, partition) if mine else None


@dataclass
class _Wait:
    offset: int
    number: int
    since: float
    patience: float = REREAD_AFTER


class Earlies:
    """Remembers, per lane, what came early, so that bookmarks stay before it until the missing ones have come."""

    def __init__(self) -> None:
        self._waits: dict[Lane, _Wait] = {}

    def note(self, result: Sorted, marks: Mapping[Lane, int], now: float) -> None:
        """Takes in what a batch changed. `marks` are those after the batch, `now` is a steady clock in seconds."""
        for lane, (offset, number) in result.early.items():
            wait = self._waits.setdefault(lane, _Wait(offset, number, now))
            wait.offset, wait.number = min(wait.offset, offset), max(wait.number, number)
        for lane in result.marks:
            if wait_ := self._waits.get(lane):
                wait_.since, wait_.patience = now, REREAD_AFTER
        for lane in [lane for lane, wait in self._waits.items() if marks.get(lane, 0) >= wait.number]:
            del self._waits[lane]

    def bookmark(self, topic: str, partition: int, end: int) -> int:
        """The offset to read on from after a restart: before the first Early, otherwise `end`."""
        return min(
            [
                end,
                *(w.offset for lane, w in self._waits.items() if (lane.topic, lane.partition) == (topic, partition)),
            ]
        )

    def due(self, now: float) -> set[tuple[str, int]]:
        """Partitions to be read again from their start now; each further time after twice the wait."""
        found = set()
        for lane, wait in self._waits.items():
            if now - wait.since >= wait.patience:
                wait.since, wait.patience = now, wait.patience * 2
                found.add((lane.topic, lane.partition))
        return found

    def __len__(self) -> int:
        return len(self._waits)

    def forget(self) -> None:
        """Drops everything: the partitions are read anew from their bookmarks."""
        self._waits.clear()
