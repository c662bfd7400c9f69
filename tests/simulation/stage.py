"""The real code set upon databases and a broker in memory.

What is replaced is the ground the code stands on: connections, clients of Kafka, the clock, waiting. `installed` puts
it there for a while; one world at a time is on stage.
"""

import logging
from collections.abc import Callable, Coroutine, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import replace
from functools import cache
from types import SimpleNamespace
from typing import Any, Generic, TypeVar, cast
from unittest.mock import Mock
from uuid import UUID

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.petitions import PetitionEvent
from lianxin_schemas.partition import murmur2, partition_of
from lianxin_schemas.topics import BY_NAME, TOPIC_OF, Topic

from services.runtime import (
    database,
    gather,
    inbox,
    log,
    parked,
    project,
    publish,
    readback,
    rebuild,
    receiver,
    recover,
    relay,
    takeback,
    topics,
)
from services.runtime.settings import Settings
from tests.simulation import kafka, postgres
from tests.simulation.world import Failed, World

T = TypeVar("T")
SPACE = "sim"
AHEAD = 0.5
"""How often a task is done before anybody waits for it."""
BALANCED = 0.3
"""How often the group may hand out anew while a batch is waited for."""
SETTINGS = Settings(space=SPACE, seal_every=2.0)
SERVICES = ("intake", "assignment", "appraisal")
LOGS = ("intake", "assignment")


class PetitionMerged(PetitionEvent):
    """A kind that a newer release of intake knows alone."""

    name = "petition.merged"


class PetitionQuoted(PetitionEvent):
    """Its type is an older one's, its data are not."""

    name = "petition.withdrawal_asked"
    quoted: int = 1


def _few(topic: Topic) -> Topic:
    return replace(topic, partitions=2 if topic.name in ("petitions", "cases") else 1)


CONTRACT = {name: _few(topic) for name, topic in BY_NAME.items() if name in ("petitions", "leads", "cases", "seals")}
CONTRACT["responsibility"] = _few(BY_NAME["responsibility"])
OF_EVENT: dict[type[Event], Topic] = {kind: CONTRACT[t.name] for kind, t in TOPIC_OF.items() if t.name in CONTRACT}
OF_EVENT |= {PetitionMerged: CONTRACT["petitions"], PetitionQuoted: CONTRACT["petitions"]}


def produced_by(service: str) -> tuple[Topic, ...]:
    """As the contract's, of the topics that are on stage."""
    return tuple(topic for topic in CONTRACT.values() if service in topic.producers)


def consumed_by(service: str) -> tuple[Topic, ...]:
    """As the contract's, of the topics that are on stage."""
    return tuple(topic for topic in CONTRACT.values() if service in topic.consumers)


class Stage:
    """What the real code finds: a database for each service, and the broker."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.databases = {service: postgres.Database(world, service) for service in SERVICES}
        self._named = {f"{SPACE}_{service}": found for service, found in self.databases.items()}
        self.broker = kafka.Broker(world)
        for topic in CONTRACT.values():
            self.broker.make(SETTINGS.topic(topic.name), topic.partitions)
        self.failing = 0.0
        """How often a batch of a producer fails."""
        self._unwrapped: dict[bytes, Any] = {}
        self._read: dict[int, Any] = {}

    def connect(self, service: str) -> postgres.Connection:
        """A connection of a process that the simulation has written itself."""
        return postgres.connect(self._named, f"dbname={SPACE}_{service}")

    async def connected(self, info: str, **_: Any) -> postgres.Connection:
        """psycopg's AsyncConnection.connect."""
        return postgres.connect(self._named, info)

    def unwrap(self, message: bytes | None) -> Any:
        """codec.unwrap, which forgets nothing."""
        message = message or b""
        found = self._unwrapped.get(message)
        if found is None:
            try:
                found = UNWRAP(message)
            except codec.Unreadable as error:
                found = error.reason
            self._unwrapped[message] = found
        if isinstance(found, str):
            raise codec.Unreadable(found)
        return found

    def read(self, envelope: Any) -> Any:
        """codec.read, which forgets nothing."""
        found = self._read.get(id(envelope))
        if found is None:
            try:
                found = (envelope, READ(envelope))
            except codec.Unreadable as error:
                found = (envelope, error.reason)
            self._read[id(envelope)] = found
        if isinstance(found[1], str):
            raise codec.Unreadable(found[1])
        return found[1]


UNWRAP, READ = codec.unwrap, codec.read
_on: list[Stage] = []


def stage() -> Stage:
    """What is on stage now."""
    return _on[-1]


def run(work: Coroutine[Any, Any, T]) -> T:
    """Runs real code to its end: it stops nowhere but at the world's own steps."""
    try:
        work.send(None)
    except StopIteration as end:
        return end.value
    raise AssertionError("something real was awaited")


async def _to_thread(work: Callable[..., T], *given: Any) -> T:
    return work(*given)


async def _sleep(seconds: float) -> None:
    if seconds > relay.PACE:  # which is less than a step lasts
        stage().world.sleep(seconds)


class Task(Generic[T]):
    """asyncio's, of one thread: it goes at once to its end, as one that was ahead, or only when it is waited for."""

    def __init__(self, work: Callable[[], Coroutine[Any, Any, T]]) -> None:
        self._work = work
        self._done, self._result, self._error = False, cast(T, None), cast(Exception | None, None)
        world = stage().world
        if world.running is not None and world.chance.random() < AHEAD:
            world.tell("ahead of its batch")
            self.finish()

    def finish(self) -> None:
        """Goes to its end."""
        if self._done:
            return
        self._done = True
        try:
            self._result = run(self._work())
        except Failed:
            raise
        except Exception as error:
            self._error = error

    def cancel(self) -> None:
        """Ends it where it has not begun."""
        self._done = True
        self._work().close()

    def result(self) -> T:
        """What came of it."""
        if self._error:
            raise self._error
        return self._result

    def __await__(self) -> Generator[Any, Any, T]:
        self.finish()
        return self.result()
        yield


async def _wait_for(tasks: Iterable[Any], timeout: float | None = None) -> None:  # noqa: ASYNC109 - as asyncio's
    world = stage().world
    if world.running is not None and world.chance.random() < BALANCED:
        await stage().broker.balance(world.running)
    for task in tasks:
        task.finish()


async def _gather(*tasks: Task[T]) -> list[T]:
    return [await task for task in tasks]


LOOP = SimpleNamespace(run_in_executor=lambda _, work, *given: Task(lambda: _to_thread(work, *given)))
"""A rebuild's other processes: in this one, now before and now after its own share."""


class _Alone:
    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, *_: object) -> None:
        pass


def _elsewhere(work: Coroutine[Any, Any, T], _: Any) -> Any:
    done = run(work)
    return SimpleNamespace(result=lambda: done)


ASYNCIO = SimpleNamespace(
    to_thread=_to_thread,
    sleep=_sleep,
    Lock=_Alone,
    Event=SimpleNamespace,
    Task=Task,
    create_task=lambda work: Task(lambda: work),
    wait=_wait_for,
    gather=_gather,
    run=run,
    get_running_loop=lambda: LOOP,
    run_coroutine_threadsafe=_elsewhere,
)
TIME = SimpleNamespace(monotonic=lambda: stage().world.now)


def _producer(**_: Any) -> kafka.Producer:
    stage().world.look("producer")
    return kafka.Producer(stage().broker, stage().failing)


def _consumer(**_: Any) -> kafka.Consumer:
    return kafka.Consumer(stage().broker)


def _follower(group_id: str, **_: Any) -> kafka.Follower:
    return kafka.Follower(stage().broker, group_id)


def _reader(**_: Any) -> kafka.Reader:
    return kafka.Reader(stage().broker)


def _wait(*_: Any) -> None:
    stage().broker.wait()


def _check(*_: Any) -> None:
    stage().broker.present()


async def _connected(info: str, **given: Any) -> postgres.Connection:
    return await stage().connected(info, **given)


_murmur2 = cache(murmur2)
Patch = tuple[Any, str, Any]
PATCHES: list[Patch] = [
    (psycopg.AsyncConnection, "connect", staticmethod(_connected)),
    (publish, "AIOKafkaProducer", _producer),
    (relay, "uuid4", lambda: UUID(int=stage().world.chance.getrandbits(128))),
    (readback, "KafkaConsumer", _consumer),
    (parked, "KafkaConsumer", _consumer),
    (rebuild, "AIOKafkaConsumer", _reader),
    (rebuild, "ProcessPoolExecutor", lambda *_: nullcontext()),
    (rebuild, "gc", Mock()),
    (project, "AIOKafkaConsumer", _follower),
    (topics, "wait", _wait),
    (topics, "check", _check),
    *(
        (module, "asyncio", ASYNCIO)
        for module in (database, gather, inbox, project, publish, readback, rebuild, receiver, recover, relay, takeback)
    ),
    *((module, "time", TIME) for module in (gather, project, receiver, relay)),
    (inbox, "BY_NAME", CONTRACT),
    (log, "TOPIC_OF", OF_EVENT),
    (readback, "produced_by", produced_by),
    (project, "consumed_by", consumed_by),
    (rebuild, "consumed_by", consumed_by),
    (recover, "produced_by", produced_by),
    (takeback, "produced_by", produced_by),
    (inbox, "murmur2_all", lambda keys: [_murmur2(key) for key in keys]),
    (log, "partition_of", cache(partition_of)),
    (codec, "unwrap", lambda message: stage().unwrap(message)),
    (codec, "read", lambda envelope: stage().read(envelope)),
]


@contextmanager
def patched(patches: Sequence[Patch]) -> Iterator[None]:
    """Names replaced for a while."""
    kept = [(place, name, place.__dict__[name]) for place, name, _ in patches]
    try:
        for place, name, value in patches:
            setattr(place, name, value)
        yield
    finally:
        for place, name, value in reversed(kept):
            setattr(place, name, value)


@contextmanager
def installed() -> Iterator[None]:
    """The ground is in memory until the end of the block."""
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    try:
        with patched(PATCHES):
            yield
    finally:
        logging.disable(level)


@contextmanager
def performing(world: World) -> Iterator[Stage]:
    """One world on stage. Its processes are ended afterwards."""
    _on.append(Stage(world))
    try:
        yield _on[-1]
    finally:
        world.close()
        _on.pop()
