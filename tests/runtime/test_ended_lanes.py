"""Lanes that a recovered log has ended: what lies beyond is parked, and what was applied of it is told (rule 13)."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from kafka import KafkaConsumer, TopicPartition
from lianxin_schemas import codec
from lianxin_schemas.events.seals import LaneEnd, LogRecovered
from lianxin_schemas.topics import BY_NAME

from services.runtime import ahead, topics
from services.runtime.inbox import Lane, Message, Outcome
from services.runtime.receiver import Moved
from services.runtime.settings import Settings
from tests.runtime.consuming import NAME, PLACE, Make, publish, visits
from tests.runtime.making import message, sealed

pytestmark = pytest.mark.anyio
Rows = Callable[..., list[tuple[Any, ...]]]


def ended(settings: Settings, number: int, at: int = 1) -> Message:
    """intake's word that its first lane of visits ended at a number; the seal lane's message `at`."""
    event = LogRecovered(
        service="intake",
        old_source=f"/{settings.space}/intake/1",
        lanes=(LaneEnd(topic="visits", partition=PLACE, number=number),),
    )
    return message(event, at, space=settings.space, incarnation=2)


async def test_rule_13_a_lane_ends_and_what_came_early_is_parked_when_it_is_read_again(
    consumer: Make, settings: Settings, rows: Rows, seen: Callable[[], list[int]]
) -> None:
    one = consumer()
    await one.take(visits(settings, 1, 2, 4))
    beside = message(sealed("intake"), 2, space=settings.space, incarnation=2)
    with pytest.raises(Moved):
        await one.take([ended(settings, 3), beside])
    assert (await one.start())["visits", PLACE] == 3, "before the one that came early"
    await one.take(visits(settings, 4, 3, 4))
    await one.take([ended(settings, 3)])
    assert seen() == [1, 2, 3]
    assert rows("SELECT reason, at_offset, source FROM parked") == [("after-the-end", 3, None)]
    assert (await one.start())["visits", PLACE] == 4, "nothing waits any more"


async def test_rule_13_what_a_recovered_log_kept_of_a_lane_is_expected_here(
    consumer: Make, settings: Settings, rows: Rows, seen: Callable[[], list[int]]
) -> None:
    """Rule 8: a tail that Kafka lost shows, in a lane that no seal will speak of any more."""
    one = consumer()
    await one.take(visits(settings, 1))
    with pytest.raises(Moved):
        await one.take([ended(settings, 3)])
    assert (seen(), rows("SELECT topic, partition, number FROM expected")) == ([1], [("visits", PLACE, 3)])


async def test_rule_13_another_process_that_has_not_heard_of_the_end_does_not_go_beyond_it(
    consumer: Make, settings: Settings, rows: Rows, seen: Callable[[], list[int]]
) -> None:
    one, other = consumer(), consumer()
    await one.take(visits(settings, 1, 2))
    with pytest.raises(Moved):
        await other.take([ended(settings, 2)])
    with pytest.raises(Moved):
        await one.take(visits(settings, 3))
    await one.start()
    await one.take(visits(settings, 3))
    assert (seen(), rows("SELECT number FROM mark WHERE topic = 'visits'")) == ([1, 2], [(2,)])


async def test_rule_13_what_was_applied_beyond_the_end_is_ahead_of_its_log(
    consumer: Make, settings: Settings, seen: Callable[[], list[int]]
) -> None:
    one = consumer()
    await one.take(visits(settings, 1, 2, 3))
    with pytest.raises(Moved):
        await one.take([ended(settings, 1)])
    with psycopg.connect(settings.database("intake")) as connection:
        assert ahead.count(connection, NAME) == 2
        assert ahead.count(connection, "other") == 0
    await one.start()
    assert (await one.take(visits(settings, 2, 3, 4))).counts == {Outcome.DUPLICATE: 2, Outcome.PARKED: 1}
    assert seen() == [1, 2, 3]


async def test_rule_13_what_is_ahead_is_listed_by_one_reading_of_each_partition(
    consumer: Make, settings: Settings, info: str, seen: Callable[[], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given four events beyond the end of their lane, one of them not in Kafka any more."""
    one, sent = consumer(), visits(settings, 1, 2, 3, 4)
    await one.take(visits(settings, 1, 2, 3, 4, 5))
    with pytest.raises(Moved):
        await one.take([ended(settings, 1)])
    monkeypatch.setattr(topics, "EVERY", [BY_NAME["visits"]])
    topics.apply(settings)
    publish(settings, sent)
    read: list[int] = []
    seek = KafkaConsumer.seek

    def seeking(self: KafkaConsumer, part: TopicPartition, offset: int) -> None:
        read.append(offset)
        seek(self, part, offset)

    monkeypatch.setattr(KafkaConsumer, "seek", seeking)
    async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
        found = await ahead.events(connection, settings, NAME)
    lane = Lane(f"/{settings.space}/intake/1", "visits", PLACE)
    ids = [codec.unwrap(each.value).id for each in sent[1:]]
    assert found == [ahead.Ahead(lane, at, id_, ()) for at, id_ in zip((2, 3, 4, 5), [*ids, None], strict=True)]
    assert (read, seen()) == ([1], [1, 2, 3, 4, 5]), "from the place before which it cannot stand"


async def test_rule_13_a_log_ends_lanes_of_its_own_service_only_and_the_first_word_holds(
    consumer: Make, settings: Settings, rows: Rows
) -> None:
    one = consumer()
    with pytest.raises(Moved):
        await one.take([ended(settings, 5)])
    await one.take([ended(settings, 2, at=2)])
    foreign = LogRecovered(
        service="assignment",
        old_source=f"/{settings.space}/intake/2",
        lanes=(LaneEnd(topic="visits", partition=PLACE, number=0),),
    )
    await one.take([message(foreign, 1, space=settings.space, service="assignment")])
    assert rows("SELECT source, number FROM closed") == [(f"/{settings.space}/intake/1", 5)]


async def test_rule_13_a_seal_of_an_ended_lane_expects_no_more_than_its_end(
    consumer: Make, settings: Settings, rows: Rows
) -> None:
    one = consumer()
    await one.take([message(sealed("intake", ("visits", PLACE, 9)), 1, space=settings.space)])
    with pytest.raises(Moved):
        await one.take([ended(settings, 5)])
    assert rows("SELECT number FROM expected") == [(5,)]
