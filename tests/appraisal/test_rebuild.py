"""rebuild on a real broker: beside a running receiver, by several processes, in whatever batches (A12, rules 9-13)."""

import random
from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from typing import Any

import psycopg
import pytest
from lianxin_schemas.events.seals import LaneEnd, LogRecovered
from lianxin_schemas.events.visits import VisitCorrected

from services.appraisal.projections import PROJECTION
from services.appraisal.settings import Settings
from services.appraisal.store import reading
from services.appraisal.verify import verify
from services.runtime import rebuild
from services.runtime.database import Connection
from services.runtime.inbox import Message, Received
from services.runtime.receiver import Moved, Work
from tests.appraisal.county import Broker, story
from tests.appraisal.given import (
    Published,
    Store,
    visit,
)


@pytest.fixture
def store(installation: Settings) -> Iterator[Store]:
    made = Store(installation)
    yield made
    made.close()


def test_A12_rebuild_under_a_running_receiver(store: Store, broker: Broker) -> None:
    log = Published(store.settings.space)
    first = log.all(*story(random.Random(2)))
    broker.send(first)
    store.take(first)
    before = store.tables()
    store.query("UPDATE visit_tally SET visits = 77")
    assert verify(store.settings)

    late = log.all(visit(950, "c-1", "2026-03-02", "h-5"), visit(950, "c-2", "2026-03-03", "h-6", kind=VisitCorrected))
    store.take(late[:1])  # the live process is ahead of the topics that the rebuild reads
    work = rebuild.rebuild(store.settings, "appraisal", PROJECTION, lambda _done, _of: None)
    assert store.runner.run(work) == len(first)
    assert store.tables() == before

    broker.send(late)
    with pytest.raises(Moved):
        store.take(late[1:])
    bookmarks = store.runner.run(store.receiver.start())
    assert bookmarks["visits", late[0].partition] == late[0].offset
    store.settles(late)
    assert verify(store.settings) == []
    store.runner.run(rebuild.rebuild(store.settings, "appraisal", PROJECTION, lambda _done, _of: None))
    assert verify(store.settings) == []


def test_A12_a_swap_that_waits_for_a_reader_lets_others_read(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = Published(store.settings.space).all(*story(random.Random(3)))
    broker.send(messages)
    store.take(messages)
    waited: list[int] = []

    async def rebuilt() -> None:
        async with await psycopg.AsyncConnection.connect(store.info) as reader:
            await reader.execute(reading.LOCK)

            async def paused(tries: int) -> None:
                waited.append(tries)
                async with await psycopg.AsyncConnection.connect(store.info) as other:
                    await other.execute("SET LOCAL lock_timeout = '1ms'")
                    await other.execute(reading.LOCK)
                await reader.rollback()

            monkeypatch.setattr(rebuild, "pause", paused)
            await rebuild.rebuild(store.settings, "appraisal", PROJECTION, lambda _done, _of: None)

    store.runner.run(rebuilt())
    assert waited == [0]
    store.runner.run(store.receiver.start())
    assert verify(store.settings) == []


def test_A12_a_rebuild_by_two_processes_comes_to_the_same(store: Store, broker: Broker) -> None:
    log = Published(store.settings.space)
    messages = log.all(*story(random.Random(3)))
    broker.send(messages)
    store.take(messages)
    before = store.tables()
    store.query("UPDATE visit_tally SET visits = 77")

    work = rebuild.rebuild(store.settings, "appraisal", PROJECTION, lambda _done, _of: None, processes=2)
    assert store.runner.run(work) == len(messages)

    assert store.tables() == before
    assert verify(store.settings) == []


def indexes(store: Store) -> list[tuple[Any, ...]]:
    return store.query("SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 1")


async def twice(connection: Connection, received: list[Received]) -> Work:
    """Fills as if the connection had been lost between rows and marks, and the batch came once more."""
    assert PROJECTION.filling
    await PROJECTION.filling.handler(connection, received)
    return await PROJECTION.filling.handler(connection, received)


def test_A12_what_a_rebuild_hears_of_a_key_in_many_batches_and_twice_comes_to_the_same(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    messages = Published(store.settings.space).all(*story(random.Random(5)))
    broker.send(messages)
    store.take(messages)
    before, indexed = store.tables(), indexes(store)
    store.query("UPDATE visit_tally SET visits = 77")

    assert PROJECTION.filling
    projection = replace(PROJECTION, filling=replace(PROJECTION.filling, handler=twice))
    monkeypatch.setattr(rebuild, "BATCH", 5)
    store.runner.run(rebuild.rebuild(store.settings, "appraisal", projection, lambda _done, _of: None))

    assert store.tables() == before
    assert verify(store.settings) == []
    assert indexes(store) == indexed


def test_rule_13_a_lane_that_ends_under_a_rebuild_leaves_nothing_of_what_lies_beyond(
    store: Store, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Given a log that was recovered: of the visits of a lane only the first is still true
    log = Published(store.settings.space)
    visits = log.all(*(visit(n, "c-1", "2026-03-02", "h-1") for n in range(60)))
    place = visits[0].partition
    end = LaneEnd(topic="visits", partition=place, number=1)
    ended = log.one(LogRecovered(service="intake", old_source=f"/{store.settings.space}/intake/1", lanes=(end,)))
    assert ended.value
    ended.value = ended.value.replace(b"/intake/1", b"/intake/2", 1)
    broker.send([*visits, ended])

    # When a rebuild hears so after it has taken the visits in
    history = rebuild.history

    async def seals_last(*given: Any) -> AsyncGenerator[list[Message], None]:
        read = [message async for batch in history(*given) for message in batch]
        for seals in (False, True):
            yield [message for message in read if (message.topic == "seals") is seals]

    monkeypatch.setattr(rebuild, "history", seals_last)
    store.runner.run(rebuild.rebuild(store.settings, "appraisal", PROJECTION, lambda _done, _of: None))

    # Then the tables are those of the first, and of the other lanes
    beyond = [message for message in visits if message.partition == place][1:]
    assert beyond
    assert store.query("SELECT count(*) FROM visit") == [(len(visits) - len(beyond),)]
    assert store.query("SELECT sum(visits) FROM visit_tally") == [(len(visits) - len(beyond),)]
    assert store.query("SELECT count(*) FROM parked WHERE reason = 'after-the-end'") == [(len(beyond),)]
    assert verify(store.settings) == []
