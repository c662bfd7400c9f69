"""The log on a real PostgreSQL: one order, kept once (protocol rules 1, 2 and 4)."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from lianxin_schemas.events.visits import VisitCorrected, VisitLogged, VisitWithdrawn
from lianxin_schemas.partition import partition_of

from services.runtime import log
from services.runtime.log import Author, Decision, Overtaken, Repeated
from tests.runtime.audit import audit, wire_reads
from tests.runtime.making import CADRE, corrected, decision, logged, petition, sealed, visits_in, withdrawn

pytestmark = pytest.mark.anyio
Rows = Callable[..., list[tuple[Any, ...]]]


async def connect(info: str) -> psycopg.AsyncConnection[Any]:
    return await psycopg.AsyncConnection.connect(info, autocommit=True)


def several() -> Decision:
    """One command that becomes four events on three lanes."""
    one, other = visits_in(3, 2)
    return decision(logged(one), petition(), logged(other), sealed("intake"))


async def test_rule_1_numbers_are_dense_in_every_lane_and_positions_in_the_log(info: str) -> None:
    async with await connect(info) as connection:
        for _ in range(3):
            await log.write(connection, [decision(logged()), several_streams(), decision(petition(), petition())])
    with psycopg.connect(info) as connection:
        assert audit(connection) == 15
        wire_reads(connection, "t")


def several_streams() -> Decision:
    return decision(logged(), corrected(uuid4()))


async def test_rule_1_partition_is_that_of_the_key(info: str, rows: Rows) -> None:
    async with await connect(info) as connection:
        await log.write(connection, [decision(logged()) for _ in range(20)])
    found = rows("SELECT stream, topic, partition FROM events")
    assert all(partition == partition_of(stream, 24) and topic == "visits" for stream, topic, partition in found)
    assert len({partition for *_, partition in found}) > 3


async def test_rule_4_event_ids_follow_from_the_cause(info: str, rows: Rows) -> None:
    cause = UUID("6f1c6d4e-6f0e-4a5e-9a65-2f9a7a0b1c2d")
    async with await connect(info) as connection:
        receipts = await log.write(connection, [decision(logged(), logged(), cause=cause)])
    golden = (UUID("7ba79f9e-7e22-5672-a47a-0aceac9325bb"), UUID("064caf58-698f-522f-b342-1eab88ce9fb5"))
    assert receipts[cause].events == golden
    assert rows("SELECT id FROM events ORDER BY position") == [(golden[0],), (golden[1],)]


async def test_one_order_recorded_time_does_not_fall_when_the_clock_is_set_back(info: str, rows: Rows) -> None:
    ahead = datetime.now(UTC) + timedelta(hours=1)
    rows("UPDATE head SET recordedtime = %s", [ahead])
    async with await connect(info) as connection:
        await log.write(connection, [decision(logged())])
        await log.write(connection, [decision(logged())])
    assert rows("SELECT recordedtime FROM events") == [(ahead,), (ahead,)]


async def test_accepted_means_kept_once_a_repeat_breaks_and_keeps_nothing(info: str, rows: Rows) -> None:
    first = several()
    async with await connect(info) as connection:
        await log.write(connection, [first])
        with pytest.raises(Repeated):
            await log.write(connection, [decision(logged()), first], then=[("CREATE TABLE never (n int)", [])])
        await log.write(connection, [decision(logged())])
    with psycopg.connect(info) as connection:
        assert audit(connection) == 5
    assert rows("SELECT to_regclass('never')") == [(None,)]


async def test_a_stream_that_moved_on_breaks_the_decision_and_keeps_nothing(info: str) -> None:
    visit = uuid4()
    async with await connect(info) as connection:
        await log.write(connection, [decision(logged(visit))])
        with pytest.raises(Overtaken):
            await log.write(connection, [decision(petition()), decision(corrected(visit))])
        stream = f"visit-{visit}"
        await log.write(connection, [decision(corrected(visit), withdrawn(visit), expected={stream: 1})])
        entries = await log.load(connection, [stream, "visit-none"])
    assert entries["visit-none"] == []
    assert [(e.version, type(e.event)) for e in entries[stream]] == [
        (1, VisitLogged),
        (2, VisitCorrected),
        (3, VisitWithdrawn),
    ]
    with psycopg.connect(info) as connection:
        assert audit(connection) == 3


async def test_rule_4_a_stream_that_a_restore_took_back_breaks_the_decision_made_on_it(info: str) -> None:
    """Given that what a decision follows on is not there any more, then it is made again, on what there is."""
    visit = uuid4()
    async with await connect(info) as connection:
        late = decision(corrected(visit), withdrawn(visit), expected={f"visit-{visit}": 1})
        with pytest.raises(Overtaken):
            await log.write(connection, [decision(logged()), late])
        with pytest.raises(Overtaken):
            await log.write(connection, [decision(logged()), late], then=[("SELECT 1", [])])
        await log.write(connection, [decision(logged(visit)), late])
    with psycopg.connect(info) as connection:
        assert audit(connection) == 3


async def test_rows_and_events_are_kept_together_or_not_at_all(info: str, rows: Rows) -> None:
    rows("CREATE TABLE own (n int PRIMARY KEY)")
    row = ("INSERT INTO own VALUES (%s)", [1])
    async with await connect(info) as connection:
        await log.write(connection, [decision(logged())], first=[row])
        for where in ("first", "then"):
            with pytest.raises(psycopg.errors.UniqueViolation):
                await log.write(connection, [decision(logged())], **{where: [row]})
    assert rows("SELECT count(*) FROM own") == [(1,)]
    assert rows("SELECT position FROM head") == [(1,)]


async def test_rule_3_nul_is_refused_and_keeps_nothing(info: str) -> None:
    async with await connect(info) as connection:
        with pytest.raises(psycopg.DataError, match="NUL"):
            await log.write(connection, [decision(logged()), decision(logged(), author=Author("user", "a\0b"))])
        await log.write(connection, [decision(logged())])
    with psycopg.connect(info) as connection:
        assert audit(connection) == 1


async def test_rule_4_the_receipt_of_a_repeat_equals_the_first_over_several_lanes(info: str) -> None:
    kept = [several(), decision(logged()), decision(*(petition() for _ in range(7)))]
    async with await connect(info) as connection:
        firsts = await log.write(connection, kept[:2]) | await log.write(connection, kept[2:])
        repeats = await log.receipts(connection, [*(d.cause for d in kept), uuid4()])
    assert {cause: first.receipt for cause, first in repeats.items()} == firsts
    assert firsts[kept[0].cause].after["visits.3.1"] == 2, "the last number of each lane"
    assert len(firsts[kept[0].cause].after) == 3
    assert {(first.author, first.hash) for first in repeats.values()} == {(CADRE, b"content")}


async def test_a_reaction_s_repeat_is_known_by_its_cause_without_a_hash(info: str) -> None:
    of_an_event = decision(petition(), hash=None, author=Author("system", "intake"))
    async with await connect(info) as connection:
        await log.write(connection, [of_an_event])
        first = (await log.receipts(connection, [of_an_event.cause]))[of_an_event.cause]
    assert (first.hash, first.author.type) == (None, "system")


async def test_one_order_holds_for_writers_side_by_side(info: str) -> None:
    async def writer() -> None:
        async with await connect(info) as connection:
            for _ in range(25):
                await log.write(connection, [several_streams(), decision(petition())])

    await asyncio.gather(writer(), writer(), writer())
    with psycopg.connect(info) as connection:
        assert audit(connection) == 225


async def test_a_new_incarnation_numbers_its_lanes_from_one_and_goes_on_with_positions(info: str, rows: Rows) -> None:
    one, other = visits_in(3, 2)
    async with await connect(info) as connection:
        await log.write(connection, [decision(logged(one))])
        rows("UPDATE head SET incarnation = 2")
        receipts = await log.write(connection, [kept := decision(logged(other))])
    assert receipts[kept.cause].after == {"visits.3.2": 1}
    with psycopg.connect(info) as connection:
        assert audit(connection) == 2


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 5), st.integers(0, 3)), min_size=1, max_size=25))
@example([(0, 0, 0), (1, 0, 1), (2, 1, 1), (0, 1, 1)])
def test_rules_1_2_and_4_hold_for_any_interleaving_of_three_writers(
    info: str, steps: list[tuple[int, int, int]]
) -> None:
    """A step is (writer, which of six causes, which of four streams); each writer decides on what it last saw."""
    with psycopg.connect(info, autocommit=True) as connection:
        connection.execute("TRUNCATE events, lane; UPDATE head SET position = 0")
    causes = [UUID(int=n) for n in range(6)]
    visits = visits_in(7, 4)
    kept: dict[UUID, int] = {}
    versions: dict[int, int] = {}

    async def play() -> None:
        writers = [await connect(info) for _ in range(3)]
        seen: list[dict[int, int]] = [{}, {}, {}]
        for writer, cause, visit in steps:
            based_on = seen[writer].get(visit, 0)
            event = corrected(visits[visit]) if based_on else logged(visits[visit])
            own = decision(event, cause=causes[cause], expected={event.stream: based_on} if based_on else {})
            try:
                await log.write(writers[writer], [own])
            except Repeated:
                assert causes[cause] in kept
            except Overtaken:
                assert versions.get(visit, 0) > based_on
                assert causes[cause] not in kept
            else:
                assert versions.get(visit, 0) == based_on
                kept[causes[cause]] = versions[visit] = based_on + 1
            seen[writer][visit] = versions.get(visit, 0)
        for connection in writers:
            await connection.close()

    asyncio.run(play())
    with psycopg.connect(info) as connection:
        assert audit(connection) == len(kept)


def test_rule_4_the_hash_of_a_command_tells_content_and_what_it_is_about() -> None:
    one, other = (logged(visit) for visit in visits_in(3, 2))
    hashes = [log.content_hash(one), log.content_hash(one, "visit-1"), log.content_hash(other)]
    assert len(set(hashes)) == 3
    assert log.content_hash(one, "") == hashes[0]


async def test_a_history_is_the_events_of_topics_in_order_and_how_far_it_reaches(info: str) -> None:
    async with await connect(info) as connection:
        assert await log.history(connection, ["visits"], 7) == ([], 7)
        await log.write(connection, [decision(logged(), petition()), decision(logged())])
        entries, behind = await log.history(connection, ["visits"])
        assert ([entry.event.name for entry in entries], behind) == (["visit.logged"] * 2, 3)
        later, end = await log.history(connection, ["visits", "petitions"], 2)
        assert ([entry.id for entry in later], end) == ([entries[1].id], 3)
