"""A Kafka in memory: partitions that grow, shrink and have holes; a producer, two consumers, a group."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from aiokafka.errors import KafkaConnectionError as Unreached
from kafka import TopicPartition
from kafka.errors import KafkaConnectionError, KafkaTimeoutError

from tests.simulation.world import Process, World

SESSION = 10.0
"""Seconds after which the group takes a silent member's partitions away."""


@dataclass(frozen=True)
class Record:
    """A record as a consumer gets it."""

    offset: int
    value: bytes | None


@dataclass
class Group:
    """A consumer group: members, and what has been handed to each."""

    members: dict["Follower", Process] = field(default_factory=dict)
    generation: int = 0


class Broker:
    """All partitions. A record that was lost in the middle leaves its offset empty."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.partitions: dict[tuple[str, int], list[bytes | None]] = {}
        self.holes: set[tuple[str, int, int]] = set()
        self.tails: dict[tuple[str, int], list[tuple[int, list[bytes | None]]]] = defaultdict(list)
        """What was lost, and where it began."""
        self.counts: dict[str, int] = {}
        self.groups: dict[str, Group] = defaultdict(Group)
        self.away = 0.0
        self.seen: dict[tuple[str, int], int] = {}
        """How far a relay has read a partition back."""
        self.read_by: dict[str, set[tuple[str, int, bytes | None]]] = {}
        """What a process has read, where somebody wants to know."""
        self.shrunk = 0
        """The step at which something was lost last."""
        self.copies: list[dict[tuple[str, int], int]] = []

    def make(self, topic: str, partitions: int) -> None:
        """A topic with its partitions, once and for ever."""
        self.counts[topic] = partitions
        for partition in range(partitions):
            self.partitions.setdefault((topic, partition), [])

    def append(self, topic: str, partition: int, values: Iterable[bytes | None]) -> None:
        """Records at the end of a partition. Where one would stand just where it was lost, behind something else than
        it stood behind, an offset stays empty: that cannot be told apart by offsets (README).
        """
        place = (topic, partition)
        log = self.partitions[place]
        for value in values:
            if any(_stands_in(log, start, tail, value) for start, tail in self.tails.get(place, ())):
                self.world.tell("an offset stays empty", place)
                self.holes.add((*place, len(log)))
                log.append(None)
            log.append(value)

    def cut(self, place: tuple[str, int], end: int) -> None:
        """A tail is lost."""
        log = self.partitions[place]
        if end < len(log):
            self.shrunk = self.world.steps
            self.tails[place].append((end, log[end:]))
            del log[end:]
            self.seen[place] = min(end, self.seen.get(place, 0))
            self.holes = {hole for hole in self.holes if hole[:2] != place or hole[2] < end}

    def lose(self, place: tuple[str, int], offset: int) -> None:
        """One record in the middle is lost. Not one that stands where it stood before a tail was lost: it may have been
        read back then, and offsets do not tell (README).
        """
        log = self.partitions[place]
        if any(log[offset] in tail[offset - start :][:1] for start, tail in self.tails[place] if start <= offset):
            return
        log[offset] = None
        self.holes.add((*place, offset))
        self.shrunk = self.world.steps

    def present(self) -> None:
        """Raises while the broker is away."""
        if self.away > self.world.now:
            raise KafkaConnectionError("the broker is away")

    def wait(self) -> None:
        """Waits while the broker is away."""
        while self.away > self.world.now:
            self.world.sleep(0.5)

    def read(self, topic: str, partition: int, offset: int, most: int) -> tuple[list[Record], int]:
        """Records from an offset on, and where to read on."""
        log = self.partitions[topic, partition]
        end = min(len(log), offset + most)
        found = range(offset, end)
        if self.holes:
            found = [at for at in found if (topic, partition, at) not in self.holes]  # type: ignore[assignment]
        return [Record(at, log[at]) for at in found], end

    def ends(self, parts: Iterable[Any]) -> dict[Any, int]:
        """The ends of partitions."""
        return {part: len(self.partitions[part.topic, part.partition]) for part in parts}

    async def balance(self, process: Process) -> None:
        """A member's heartbeat, beside what its process does."""
        for group in self.groups.values():
            for member, of in list(group.members.items()):
                if of is process and member.process_life is process.let:
                    await member.balance()

    def silent(self) -> None:
        """Members that have been stopped for too long lose what they had; so do those that ended."""
        for group in self.groups.values():
            for member, process in list(group.members.items()):
                stopped = process.paused and self.world.now - process.since > SESSION
                if stopped or process.let is None or member.process_life is not process.let:
                    del group.members[member]
                    group.generation += 1


def _stands_in(log: list[bytes | None], start: int, tail: list[bytes | None], value: bytes | None) -> bool:
    nth = len(log) - start
    return 0 < nth < len(tail) and tail[nth] == value and log[start:] != tail[:nth]


class Future:
    """An acknowledgement that is waited for."""

    def __init__(self, producer: "Producer") -> None:
        self._producer = producer
        self.known = False

    def done(self) -> bool:
        """Whether the broker has answered."""
        return self.known

    def finish(self) -> None:
        """Waits for the broker. Raises KafkaError when the record was not acknowledged."""
        self._producer.deliver(self)

    def result(self) -> None:
        """What became of it."""


class Producer:
    """aiokafka's, idempotent: batches of one partition stay in order, and a failed one is the last."""

    goes_on = False
    """A seeded bug: a failed batch is dropped, later ones are sent."""

    def __init__(self, broker: Broker, failing: float = 0.0) -> None:
        self._broker, self._failing = broker, failing
        self._queues: dict[tuple[str, int], list[tuple[bytes, Future]]] = defaultdict(list)

    async def start(self) -> None:
        """Waits for the broker."""
        self._broker.wait()

    async def send(self, topic: str, value: bytes, key: bytes, partition: int) -> Future:
        """Takes a record in."""
        future = Future(self)
        self._queues[topic, partition].append((value, future))
        return future

    def deliver(self, wanted: Future) -> None:
        """Sends batches until one record is acknowledged."""
        world = self._broker.world
        while not wanted.known:
            waited = world.now
            self._broker.wait()
            if world.now - waited > 60:
                raise KafkaTimeoutError("not acknowledged in time")
            places = [place for place, queue in self._queues.items() if queue]
            place = places[int(world.chance.random() * len(places))]
            many = 1 + int(world.chance.random() * 4)
            batch, self._queues[place] = self._queues[place][:many], self._queues[place][many:]
            world.step("sends", (*place, len(batch)))
            if world.chance.random() < self._failing and not world.calm:
                self._fail(place, batch)
            else:
                self._broker.append(*place, [value for value, _ in batch])
            for _, future in batch:
                future.known = True

    def _fail(self, place: tuple[str, int], batch: list[tuple[bytes, Future]]) -> None:
        world = self._broker.world
        if world.chance.random() < 0.5:  # appended, but the acknowledgement was lost
            self._broker.append(*place, [value for value, _ in batch])
        world.tell("a batch failed", place)
        if not self.goes_on:
            self._queues.clear()
            raise KafkaTimeoutError("a batch was not acknowledged")


class Consumer:
    """kafka-python's, without a group."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._at: dict[Any, int] = {}

    def assign(self, parts: Iterable[Any]) -> None:
        self._at = {part: self._at.get(part, 0) for part in sorted(parts)}

    def seek(self, part: Any, offset: int) -> None:
        self._at[part] = offset

    def position(self, part: Any) -> int:
        return self._at[part]

    def end_offsets(self, parts: Iterable[Any]) -> dict[Any, int]:
        self._broker.world.look("ends")
        self._broker.wait()
        return self._broker.ends(parts)

    def poll(self, timeout_ms: int = 0, max_records: int = 500, only: Sequence[Any] = ()) -> dict[Any, list[Record]]:
        """Some of what there is; a place behind the end starts again at the beginning."""
        world = self._broker.world
        world.look("polls")
        if self._broker.away > world.now:
            world.sleep(1.0)
            return {}
        found = {}
        for part in only or self._at:
            place = self._at[part]
            at = place if place <= len(self._broker.partitions[part.topic, part.partition]) else 0  # earliest
            if world.chance.random() < 0.8:
                most = min(max_records, 1 + int(world.chance.random() * 40))
                records, self._at[part] = self._broker.read(part.topic, part.partition, at, most)
                name = world.running.name if world.running else ""
                if name in self._broker.read_by:
                    self._broker.read_by[name] |= {(part.topic, part.partition, record.value) for record in records}
                if "relay" in name:
                    here = (part.topic, part.partition)
                    self._broker.seen[here] = max(self._at[part], self._broker.seen.get(here, 0))
                if records:
                    found[part] = records
        return found

    def close(self) -> None:
        pass


class Reader:
    """aiokafka's, without a group."""

    def __init__(self, broker: Broker) -> None:
        self._broker, self._consumer = broker, Consumer(broker)
        self.assign, self.seek = self._consumer.assign, self._consumer.seek

    async def start(self) -> None:
        self._broker.present()

    async def stop(self) -> None:
        pass

    async def position(self, part: Any) -> int:
        return self._consumer.position(part)

    async def end_offsets(self, parts: Iterable[Any]) -> dict[Any, int]:
        return self._consumer.end_offsets(parts)

    async def getmany(self, *parts: Any, timeout_ms: int, max_records: int) -> dict[Any, list[Record]]:
        return self._consumer.poll(timeout_ms, max_records, parts)


class Follower:
    """aiokafka's, as a member of a group: what it reads is handed to it, and taken away again."""

    def __init__(self, broker: Broker, group_id: str) -> None:
        self._broker, self._group = broker, broker.groups[group_id]
        self._generation = -1
        self._topics: list[str] = []
        self._listener: Any = None
        self._at: dict[TopicPartition, int] = {}
        self.process_life: Any = None

    def subscribe(self, topics: list[str], listener: Any = None) -> None:
        self._topics, self._listener = topics, listener

    async def start(self) -> None:
        self._broker.present()
        self._join()

    def _join(self) -> None:
        process = self._broker.world.running
        assert process is not None
        self.process_life = process.let
        self._group.members[self] = process
        self._group.generation += 1

    async def stop(self) -> None:
        if self._group.members.pop(self, None):
            self._group.generation += 1

    def assignment(self) -> set[TopicPartition]:
        return set(self._at)

    async def end_offsets(self, parts: Iterable[Any]) -> dict[Any, int]:
        self._broker.world.look("ends")
        self._broker.present()
        return self._broker.ends(parts)

    def seek(self, part: Any, offset: int) -> None:
        self._at[part] = offset

    async def commit(self, offsets: Any) -> None:
        if self._broker.away > self._broker.world.now:
            raise Unreached

    async def balance(self) -> bool:
        """Takes part in the group: whether what it reads was handed out anew."""
        if self not in self._group.members:
            self._join()
        if self._generation == self._group.generation:
            return False
        self._generation = self._group.generation
        nth, many = list(self._group.members).index(self), len(self._group.members)
        parts = [TopicPartition(topic, p) for topic in self._topics for p in range(self._broker.counts[topic])]
        revoked = set(self._at)
        mine = [part for at, part in enumerate(parts) if at % many == nth]
        self._broker.world.tell("rebalanced")
        if self._listener:
            await self._listener.on_partitions_revoked(revoked)
        self._at = dict.fromkeys(mine, 0)
        if self._listener:
            await self._listener.on_partitions_assigned(set(mine))
        return True

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[TopicPartition, list[Record]]:
        """Some of what there is."""
        world = self._broker.world
        await self.balance()
        if self._broker.away > world.now:
            world.sleep(timeout_ms / 1000)
            return {}
        found = {}
        for part, place in self._at.items():
            at = place if place <= len(self._broker.partitions[part.topic, part.partition]) else 0  # earliest
            if world.chance.random() < 0.8:
                most = 1 + int(world.chance.random() * 12)
                records, self._at[part] = self._broker.read(part.topic, part.partition, at, most)
                if records:
                    found[part] = records
        if found:
            world.step("fetched", sorted(found))  # a rebalance may come before what was fetched is taken in
        else:
            world.sleep(timeout_ms / 1000)
        return found
