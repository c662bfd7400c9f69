"""What was set aside comes back in order, or is let go with grounds (protocol rule 11), with the bytes from Kafka."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from lianxin_schemas.topics import BY_NAME
from psycopg.conninfo import make_conninfo

from services.runtime import parked, topics
from services.runtime.inbox import Lane, Message, State
from services.runtime.marks import read_state
from services.runtime.receiver import Moved, Receiver
from services.runtime.settings import Settings
from tests.runtime.consuming import KINDS, NAME, TABLE, Make, Noting, publish
from tests.runtime.making import logged, message, raw, visits_in, wire, withdrawn

pytestmark = pytest.mark.anyio
Rows = Callable[..., list[tuple[Any, ...]]]
PLACE = 4
BAD, GOOD = visits_in(PLACE, 2)


@pytest.fixture
def space(settings: Settings, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A space whose topic of visits is on the broker."""
    monkeypatch.setattr(topics, "EVERY", (BY_NAME["visits"],))
    topics.apply(settings)
    rows(TABLE)
    return settings


def entry(space: Settings, visit: Any, number: int) -> Message:
    return message(logged(visit), number, space=space.space)


@pytest.fixture
def story(space: Settings) -> list[Message]:
    """Numbers 1 to 6: 2, 4 and 5 are of one key, 2 is what cannot be accepted, 5 is of a kind that is not handled."""
    withdrawal = message(withdrawn(BAD), 5, space=space.space)
    keys = [GOOD, BAD, GOOD, BAD, None, GOOD]
    return publish(space, [entry(space, key, n) if key else withdrawal for n, key in enumerate(keys, 1)])


async def replay(space: Settings, handler: Noting) -> tuple[int, list[dict[str, Any]]]:
    async with await psycopg.AsyncConnection.connect(space.database("intake"), autocommit=True) as connection:
        return await parked.replay(connection, space, NAME, KINDS, handler)


def seen(rows: Rows) -> list[int]:
    return [number for (number,) in rows("SELECT number FROM seen ORDER BY nth")]


async def take(one: Receiver, messages: list[Message]) -> None:
    """As a feed does: after Moved it starts again from the bookmarks."""
    try:
        await one.take(messages)
    except Moved:
        await one.start()
        await one.take(messages)


async def test_rule_11_replay_goes_in_order_and_the_key_is_free_afterwards(
    consumer: Make, space: Settings, story: list[Message], rows: Rows
) -> None:
    unfit, handler = Noting(unfit=[BAD]), Noting(unfit=[BAD])
    one = consumer(unfit)
    await one.take(story)
    applied, left = await replay(space, handler)
    assert (applied, left[0]["key"], left[0]["reason"]) == (0, f"visit-{BAD}", "unfit.for-test")
    handler.unfit.clear()
    assert await replay(space, handler) == (3, [])
    assert seen(rows) == [1, 3, 6, 2, 4]
    assert rows("SELECT number FROM parked") == []
    assert await replay(space, handler) == (0, []), "a second replay does nothing"
    unfit.unfit.clear()
    await take(one, [entry(space, BAD, 7)])
    assert seen(rows) == [1, 3, 6, 2, 4, 7]


async def test_rule_11_replay_keeps_the_order_of_a_log_that_was_recovered_nine_times(
    consumer: Make, space: Settings, rows: Rows
) -> None:
    """Given what the ninth and the tenth incarnation said of one key: as text, `10` stands before `9`."""

    def said(visit: Any, number: int, incarnation: int) -> Message:
        return message(logged(visit), number, space=space.space, incarnation=incarnation)

    story = [said(GOOD, 1, 9), said(BAD, 2, 9), said(BAD, 1, 10)]
    await consumer(Noting(unfit=[BAD])).take(publish(space, story))
    assert seen(rows) == [1]
    assert await replay(space, Noting()) == (2, [])
    assert seen(rows) == [1, 2, 1]


async def test_rule_11_a_consumer_that_still_holds_the_key_starts_again_and_queues_nothing(
    consumer: Make, space: Settings, story: list[Message], rows: Rows
) -> None:
    unfit = Noting(unfit=[BAD])
    one = consumer(unfit)
    await one.take(story)
    await replay(space, Noting())
    unfit.unfit.clear()
    with pytest.raises(Moved):
        await one.take([entry(space, BAD, 7)])
    assert rows("SELECT number FROM parked") == []
    await one.start()
    await one.take([entry(space, BAD, 7)])
    assert seen(rows) == [1, 3, 6, 2, 4, 7]


async def test_rule_11_while_a_replay_stops_half_way_later_ones_still_queue(
    consumer: Make, space: Settings, story: list[Message], rows: Rows
) -> None:
    one = consumer(Noting(unfit=[BAD]))
    await one.take(story)

    class Once(Noting):
        async def __call__(self, connection: Any, received: Any) -> Any:
            work = await super().__call__(connection, received)
            self.unfit.add(BAD)
            return work

    applied, left = await replay(space, Once())
    assert (applied, len(left)) == (1, 1)
    await take(one, publish(space, [entry(space, BAD, 7), entry(space, GOOD, 8)]))
    assert seen(rows) == [1, 3, 6, 2, 8]
    assert rows("SELECT number FROM parked ORDER BY number") == [(4,), (5,), (7,)]
    assert (await replay(space, Noting()))[0] == 3
    assert seen(rows) == [1, 3, 6, 2, 8, 4, 7]


async def test_rule_11_accept_is_the_only_way_past_and_keeps_who_and_why(
    consumer: Make, space: Settings, story: list[Message], info: str, rows: Rows
) -> None:
    one = consumer(Noting(unfit=[BAD]))
    await one.take(story)
    with psycopg.connect(info, autocommit=True) as connection:
        assert [row["number"] for row in parked.rows(connection, NAME)] == [2, 4, 5]
        place = ("visits", PLACE, story[1].offset)
        parked.accept(connection, NAME, place, "o-0001", "entered by mistake")
        with pytest.raises(parked.NotFound):
            parked.accept(connection, NAME, place, "o-0001", "twice")
        assert [row["number"] for row in parked.rows(connection, NAME)] == [4, 5]
    assert (await replay(space, Noting()))[1] == []
    assert seen(rows) == [1, 3, 6, 4]
    assert rows("SELECT number, accepted_by, grounds FROM parked") == [(2, "o-0001", "entered by mistake")]
    await take(one, [entry(space, GOOD, 7)])
    assert seen(rows) == [1, 3, 6, 4, 7], "what was accepted stays out"


async def test_rule_11_what_lies_outside_a_lane_can_be_accepted_only(
    consumer: Make, space: Settings, info: str, rows: Rows
) -> None:
    one = consumer()
    [spoilt, good] = publish(space, [raw(b"spoilt", 0, PLACE), entry(space, GOOD, 1)])
    await one.take([spoilt, good])
    assert await replay(space, Noting()) == (0, [])
    with psycopg.connect(info, autocommit=True) as connection:
        parked.accept(connection, NAME, ("visits", PLACE, spoilt.offset), "o-0001", "noise")
        assert parked.rows(connection, NAME) == []
    assert seen(rows) == [1]


async def test_rule_11_the_offset_is_a_hint_the_message_is_found_wherever_it_stands(
    consumer: Make, space: Settings, story: list[Message], rows: Rows
) -> None:
    one = consumer(Noting(unfit=[BAD]))
    await one.take(story)
    rows("UPDATE parked SET at_offset = CASE number WHEN 2 THEN 4 WHEN 4 THEN 900 ELSE 0 END")
    assert await replay(space, Noting()) == (3, [])
    assert seen(rows) == [1, 3, 6, 2, 4]


async def test_rule_11_a_key_whose_bytes_are_gone_stays_and_the_others_are_replayed(
    consumer: Make, space: Settings, story: list[Message], rows: Rows
) -> None:
    one = consumer(Noting(unfit=[BAD]))
    await one.take(story)
    rows("INSERT INTO parked VALUES (%s, 'visits', 4, 0, %s, 99, 'visit-0', 'x')", [NAME, f"/{space.space}/intake/1"])
    applied, left = await replay(space, Noting())
    assert (applied, left) == (3, [{"topic": "visits", "partition": 4, "key": "visit-0", "reason": "not-in-kafka"}])
    assert seen(rows) == [1, 3, 6, 2, 4]


async def test_rule_11_a_message_is_found_past_noise_and_is_not_that_of_another_lane(
    consumer: Make, space: Settings, rows: Rows
) -> None:
    other = message(logged(GOOD), 1, space=space.space, incarnation=2)
    sent = publish(space, [raw(b"noise", 0, PLACE), other, entry(space, BAD, 1)])
    await consumer(Noting(unfit=[BAD])).take(sent)
    rows("UPDATE parked SET at_offset = 900 WHERE number = 1")
    assert await replay(space, Noting()) == (1, [])
    assert rows("SELECT visit FROM seen ORDER BY nth") == [(GOOD,), (BAD,)]


async def test_rule_11_a_message_that_claims_a_number_of_a_lane_from_outside_is_not_replayed_in_its_name(
    consumer: Make, space: Settings, rows: Rows
) -> None:
    [elsewhere] = visits_in(PLACE + 1, 1)
    stranger = raw(wire(logged(elsewhere), 1, space=space.space), 0, PLACE)
    await consumer(Noting(unfit=[BAD])).take(publish(space, [stranger, entry(space, BAD, 1)]))
    rows("UPDATE parked SET at_offset = 900 WHERE number = 1")
    assert await replay(space, Noting()) == (1, [])
    assert rows("SELECT visit FROM seen") == [(BAD,)]


class Shrinking:
    """A consumer whose partition loses its tail once it has been asked for its end."""

    def __init__(self) -> None:
        self._ends = iter((3, 0))
        self.polled = 0

    def end_offsets(self, parts: list[Any]) -> dict[Any, int]:
        return dict.fromkeys(parts, next(self._ends, 0))

    def poll(self, **_: Any) -> dict[Any, Any]:
        self.polled += 1
        assert self.polled < 9, "it waits for what will not come"
        return {}

    def assign(self, parts: Any) -> None:
        """Nothing to note."""

    def seek(self, part: Any, offset: int) -> None:
        """As for `assign`."""

    def position(self, part: Any) -> int:
        """Never further."""
        return 0


def test_rule_14_an_end_that_moves_back_while_a_message_is_looked_for_is_not_waited_for() -> None:
    lane = Lane("/t/intake/1", "visits", PLACE)
    with pytest.raises(parked.NotFound):
        parked.fetch(Shrinking(), Settings(space="t"), lane, 2, 0)


async def test_rule_11_neither_replay_nor_accept_runs_beside_a_rebuild(
    consumer: Make, space: Settings, story: list[Message], info: str, rows: Rows
) -> None:
    await consumer(Noting(unfit=[BAD])).take(story)
    soon = make_conninfo(info, options="-c lock_timeout=50ms")
    with psycopg.connect(info, autocommit=True) as rebuild, psycopg.connect(soon, autocommit=True) as connection:
        rebuild.execute(parked.LOCK, [NAME])
        with pytest.raises(psycopg.errors.LockNotAvailable):
            parked.accept(connection, NAME, ("visits", PLACE, story[1].offset), "o-0001", "too early")
        async with await psycopg.AsyncConnection.connect(soon, autocommit=True) as other:
            with pytest.raises(psycopg.errors.LockNotAvailable):
                await parked.replay(other, space, NAME, KINDS, Noting())
    assert rows("SELECT number FROM parked WHERE accepted IS NULL ORDER BY number") == [(2,), (4,), (5,)]
    assert seen(rows) == [1, 3, 6]


async def test_rule_11_what_is_aside_blocks_its_key_up_to_the_mark_unless_it_was_accepted(
    consumer: Make, space: Settings, story: list[Message], info: str, rows: Rows
) -> None:
    """Behind the mark a rebuild meets the numbers again, and blocks the key then."""
    await consumer(Noting(unfit=[BAD])).take(story)
    source = f"/{space.space}/intake/1"

    async def state() -> State:
        async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
            return await read_state(connection, NAME)

    def numbers(found: State) -> dict[int, bool]:
        return {number: blocks for (lane, number), blocks in found.aside.items() if lane.source == source}

    key = {("visits", f"visit-{BAD}")}
    rows("UPDATE mark SET number = 2")
    found = await state()
    assert (numbers(found), found.keys) == ({2: True, 4: True, 5: True}, key)
    rows("UPDATE mark SET number = 1")
    assert (await state()).keys == set()
    rows("UPDATE mark SET number = 2")
    rows("UPDATE parked SET accepted = now(), accepted_by = 'o-0001', grounds = 'x' WHERE number = 2")
    found = await state()
    assert (numbers(found), found.keys) == ({2: False, 4: True, 5: True}, set())
