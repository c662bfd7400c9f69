"""Taking messages in on a real PostgreSQL: rows, marks and parked rows in one commit (protocol rules 9-12)."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from services.runtime import log
from services.runtime.inbox import Inbox, Outcome, Received
from services.runtime.log import Overtaken
from services.runtime.marks import read_bookmarks
from services.runtime.receiver import OVERTAKEN_MOST, InTwo, Moved, Receiver, Work
from services.runtime.settings import Settings
from tests.runtime.consuming import KINDS, NAME, PLACE, VISITS, Make, Noting, visits
from tests.runtime.making import corrected, decision, logged, message, raw, sealed

pytestmark = pytest.mark.anyio
Rows = Callable[..., list[tuple[Any, ...]]]


async def test_rule_9_effect_exactly_once_whatever_is_repeated(
    consumer: Make, settings: Settings, seen: Callable[[], list[int]]
) -> None:
    one = consumer()
    counts = (await one.take(visits(settings, 1, 2, 2, 1))).counts
    counts += (await one.take(visits(settings, 1, 2, 3))).counts
    await one.start()
    counts += (await one.take(visits(settings, 1, 2, 3, 4))).counts
    assert seen() == [1, 2, 3, 4]
    assert counts == {Outcome.APPLIED: 4, Outcome.DUPLICATE: 7}


async def test_rule_9_a_process_whose_marks_another_moved_keeps_nothing_and_reads_on(
    consumer: Make, settings: Settings, seen: Callable[[], list[int]]
) -> None:
    zombie, heir = consumer(), consumer()
    await zombie.take(visits(settings, 1))
    await heir.take(visits(settings, 1, 2, 3))
    with pytest.raises(Moved):
        await zombie.take(visits(settings, 2, 3, 4))
    assert seen() == [1, 2, 3]
    assert await zombie.start() == {("visits", PLACE): 3}
    await zombie.take(visits(settings, 2, 3, 4))
    with pytest.raises(Moved):
        await heir.take(visits(settings, 4, 5))
    assert seen() == [1, 2, 3, 4]


async def test_rule_13_marks_that_fell_back_under_an_idle_process_are_noticed_where_they_are_its_own(
    consumer: Make, settings: Settings, info: str, seen: Callable[[], list[int]]
) -> None:
    one = consumer()
    assert await one.still_mine({("visits", PLACE)}), "nothing read, nothing lost"
    await one.take(visits(settings, 1, 2, 3))
    assert seen() == [1, 2, 3]
    assert await one.still_mine({("visits", PLACE)})
    with psycopg.connect(info, autocommit=True) as connection:
        connection.execute("UPDATE mark SET number = 1")
    assert not await one.still_mine({("visits", PLACE)})
    assert await one.still_mine({("visits", PLACE + 1)}), "another process moves the marks of its own partitions"


async def test_rule_9_duplicates_alone_do_not_move_a_bookmark_past_marks_that_fell_back(
    consumer: Make, settings: Settings, rows: Rows, seen: Callable[[], list[int]]
) -> None:
    """A database restored, or a rebuild swapped in, under a process that still knows the later marks."""
    one = consumer()
    await one.take(visits(settings, 1, 2, 3))
    await one.take(visits(settings, 2, 3))
    rows("UPDATE mark SET number = 1")
    rows("UPDATE bookmark SET next_offset = 1")
    rows("DELETE FROM seen WHERE number > 1")
    with pytest.raises(Moved):
        await one.take(visits(settings, 2, 3))
    assert await one.start() == {("visits", PLACE): 1}
    await one.take(visits(settings, 2, 3))
    assert seen() == [1, 2, 3]


async def test_rule_9_a_batch_is_prepared_while_the_one_before_is_kept_and_once_only(
    settings: Settings, seen: Callable[[], list[int]]
) -> None:
    noting, prepared, coming = Noting(), list[list[int]](), visits(settings, 3, 4)

    def prepare(received: list[Received]) -> list[Received]:
        prepared.append([item.envelope.lanenumber for item in received])
        return received

    async def keep(connection: psycopg.AsyncConnection[Any], received: list[Received]) -> Work:
        if len(prepared) == 1:
            one.foresee(coming)
        return await noting(connection, received)

    one = Receiver(settings.database("intake"), Inbox(NAME, settings.space, KINDS), InTwo(prepare, keep))
    await one.take(visits(settings, 1, 2))
    await one.take(coming)
    await one.close()
    assert seen() == [1, 2, 3, 4]
    assert prepared == [[1, 2], [3, 4]]


async def test_rule_9_a_batch_that_was_prepared_is_decided_on_anew_when_marks_are_not_as_foreseen(
    settings: Settings, rows: Rows, seen: Callable[[], list[int]]
) -> None:
    one = Receiver(settings.database("intake"), Inbox(NAME, settings.space, KINDS), InTwo(list, Noting()))
    await one.take(visits(settings, 1, 2))
    coming = visits(settings, 3, 4)
    one.foresee(coming)
    rows("UPDATE mark SET number = 1")
    rows("DELETE FROM seen WHERE number > 1")
    await one.start()
    await one.take(coming)
    assert seen() == [1], "2 is missing now, so these are early"
    await one.take(visits(settings, 2, 3, 4))
    await one.close()
    assert seen() == [1, 2, 3, 4]


async def test_rule_2_a_batch_that_takes_longer_than_a_transaction_may_last_is_halved_until_it_goes_through(
    settings: Settings, rows: Rows, seen: Callable[[], list[int]]
) -> None:
    noting, sizes = Noting(), []

    async def slow(connection: psycopg.AsyncConnection[Any], received: list[Received]) -> Work:
        sizes.append(len(received))
        work = await noting(connection, received)
        return Work(statements=[*work.statements, ("SELECT pg_sleep(60) WHERE %s > 2", [len(received)])])

    info = make_conninfo(settings.database("intake"), options="-c transaction_timeout=2s")
    one = Receiver(info, Inbox(NAME, settings.space, KINDS), slow)
    result = await one.take([*visits(settings, 1, 2, 3, 4, 5, 6, 6), raw(b"spoilt", 8, PLACE)])
    await one.take(visits(settings, 5, 6))
    await one.close()
    assert seen() == [1, 2, 3, 4, 5, 6]
    assert (result.ends, result.counts) == (
        {("visits", PLACE): 9},
        {Outcome.APPLIED: 6, Outcome.DUPLICATE: 1, Outcome.PARKED: 1},
    )
    assert sizes[:2] == [6, 4]
    assert max(sizes[2:]) == 2, "what follows begins with the size that went through"


@pytest.mark.parametrize(("many", "went"), [(1, [1, 1]), (2, [2, 1, 1]), (6, [6, 3, 3])])
async def test_rule_2_a_batch_that_went_through_halved_is_followed_by_one_twice_as_large(
    settings: Settings, seen: Callable[[], list[int]], many: int, went: list[int]
) -> None:
    """Given a connection that ends under some messages: half of them at a time go through, one alone is tried again."""
    noting, sizes = Noting(), []

    async def breaking(connection: psycopg.AsyncConnection[Any], received: list[Received]) -> Work:
        sizes.append(len(received))
        if len(sizes) == 1:
            await connection.close()
        return await noting(connection, received)

    one = Receiver(settings.database("intake"), Inbox(NAME, settings.space, KINDS), breaking)
    await one.take(visits(settings, *range(1, many + 1)))
    assert sizes == went
    await one.take(visits(settings, *range(many + 1, 2 * many + 1)))
    await one.close()
    assert sizes == [*went, many]
    assert seen() == [*range(1, 2 * many + 1)]


async def test_rule_12_while_the_database_is_away_it_is_tried_again_and_marks_may_have_fallen_back(
    consumer: Make, settings: Settings, seen: Callable[[], list[int]]
) -> None:
    noting, connections = Noting(), list[psycopg.AsyncConnection[Any]]()

    async def away(connection: psycopg.AsyncConnection[Any], received: list[Received]) -> Work:
        connections.append(connection)
        if len(connections) < 4:
            raise psycopg.OperationalError("away")
        return await noting(connection, received)

    one = Receiver(settings.database("intake"), Inbox(NAME, settings.space, KINDS), away)
    await one.take(visits(settings, 1))
    assert len(set(connections)) == 4, "each try has a connection of its own"
    assert not await one.still_mine({("visits", PLACE)}), "it cannot be known"
    await one.start()
    await one.take(visits(settings, 1, 2))
    assert await one.still_mine({("visits", PLACE)})
    await one.close()
    assert seen() == [1, 2]


async def test_a_handler_that_decides_without_loading_ends_its_process_instead_of_trying_for_ever(
    settings: Settings, info: str, rows: Rows
) -> None:
    async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
        await log.write(connection, [decision(logged(VISITS[0]))])
    one_visit, calls = decision(corrected(VISITS[0])), []

    async def blind(_: psycopg.AsyncConnection[Any], received: list[Received]) -> Work:
        calls.append(received)
        return Work(decisions=[one_visit])

    one = Receiver(settings.database("intake"), Inbox(NAME, settings.space, KINDS), blind)
    with pytest.raises(Overtaken):
        await one.take(visits(settings, 1))
    await one.close()
    assert len(calls) == OVERTAKEN_MOST
    assert rows("SELECT count(*) FROM mark") == [(0,)]


async def test_rule_9_two_that_begin_together_apply_each_number_once(
    consumer: Make, settings: Settings, seen: Callable[[], list[int]]
) -> None:
    one, other = consumer(), consumer()
    await one.take([])
    await other.take([])
    await one.take(visits(settings, 1))
    with pytest.raises(Moved):
        await other.take(visits(settings, 1, 2))
    assert seen() == [1]


async def test_a_handler_that_fails_keeps_neither_rows_nor_marks(
    consumer: Make, settings: Settings, rows: Rows, seen: Callable[[], list[int]]
) -> None:
    handler = Noting()
    one = consumer(handler)
    handler.broken = ZeroDivisionError()
    with pytest.raises(ZeroDivisionError):
        await one.take([*visits(settings, 1), raw(b"spoilt", 9, PLACE)])
    assert rows("SELECT count(*) FROM mark") == rows("SELECT count(*) FROM parked") == [(0,)]
    await one.take(visits(settings, 1))
    assert seen() == [1]


async def test_rule_11_what_is_unfit_parks_with_its_key_and_later_ones_queue_behind(
    consumer: Make, settings: Settings, rows: Rows, seen: Callable[[], list[int]]
) -> None:
    bad = VISITS[1]
    again = [message(logged(bad), n, space=settings.space) for n in (4, 7)]
    one = consumer(Noting(unfit=[bad]))
    await one.take([*visits(settings, 1, 2, 3), again[0], raw(b"\0", 90, PLACE)])
    fresh = consumer(Noting(unfit=[bad]))
    result = await fresh.take([*visits(settings, 5, 6), again[1], raw(b"\0", 90, PLACE)])
    assert seen() == [1, 3, 5, 6]
    assert rows("SELECT number, key, reason, at_offset FROM parked ORDER BY number") == [
        (2, f"visit-{bad}", "unfit.for-test", 1),
        (4, f"visit-{bad}", "behind", 3),
        (7, f"visit-{bad}", "behind", 6),
        (None, None, "no-envelope", 90),
    ]
    assert rows("SELECT number FROM mark") == [(7,)]
    assert result.counts == {Outcome.APPLIED: 2, Outcome.PARKED: 2}


async def test_rule_11_several_unfit_in_one_batch_park_each(
    consumer: Make, settings: Settings, rows: Rows, seen: Callable[[], list[int]]
) -> None:
    one = consumer(Noting(unfit=VISITS[:3]))
    await one.take(visits(settings, 1, 2, 3, 4))
    assert seen() == [4]
    assert rows("SELECT count(*) FROM parked WHERE reason = 'unfit.for-test'") == [(3,)]


async def test_rule_9_the_bookmark_stays_before_the_first_early(
    consumer: Make, settings: Settings, info: str, seen: Callable[[], list[int]]
) -> None:
    one = consumer()

    async def bookmark() -> int:
        async with await psycopg.AsyncConnection.connect(info) as connection:
            return (await read_bookmarks(connection, NAME))["visits", PLACE]

    await one.take(visits(settings, 1, 3, 5, 4))  # their offsets are one below their numbers
    assert (seen(), await bookmark()) == ([1], 2)
    await one.take(visits(settings, 2))
    assert (seen(), await bookmark()) == ([1, 2], 2)
    await one.take(visits(settings, 3, 4, 5, 6))
    assert (seen(), await bookmark()) == ([1, 2, 3, 4, 5, 6], 6)


async def test_rule_8_a_seal_s_numbers_are_expected_and_an_older_seal_does_not_set_them_back(
    consumer: Make, settings: Settings, rows: Rows, seen: Callable[[], list[int]]
) -> None:
    ends = [(5, 9), (7, 12), (6, 10)]
    seals = [
        message(sealed("intake", ("visits", 4, visits_), ("petitions", 1, petitions)), n, space=settings.space)
        for n, (visits_, petitions) in enumerate(ends, 1)
    ]
    one = consumer()
    await one.take(seals[:2])
    await one.take(seals[2:])
    assert rows("SELECT topic, partition, number FROM expected ORDER BY topic") == [
        ("petitions", 1, 12),
        ("visits", 4, 7),
    ]
    assert seen() == []


async def test_rule_10_marks_belong_to_a_named_consumer(
    consumer: Make, settings: Settings, rows: Rows, seen: Any
) -> None:
    one = consumer()
    await one.take(visits(settings, 1, 2))
    other = consumer()
    object.__setattr__(other.inbox, "consumer", "other")
    await other.take(visits(settings, 1))
    assert seen() == [1, 2, 1]
    assert rows("SELECT consumer, number FROM mark ORDER BY consumer") == [("other", 1), (NAME, 2)]
