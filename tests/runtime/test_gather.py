"""Gathering: many decisions in one commit, and each refused for itself alone (protocol rules 3 and 4)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from kafka.errors import KafkaTimeoutError
from lianxin_schemas import codec
from lianxin_schemas.events.visits import VisitLogged

from services.runtime import gather, log
from services.runtime.database import conninfo
from services.runtime.gather import Contradicted, Gatherer, Overloaded, Torn, Unavailable, same
from services.runtime.log import Author, Decision, First, Overtaken, Receipt, TooLarge
from services.runtime.readback import Ahead
from services.runtime.settings import Settings
from tests.runtime.audit import audit
from tests.runtime.making import CADRE, corrected, decision, logged, petition

pytestmark = pytest.mark.anyio
Rows = Callable[..., list[tuple[Any, ...]]]
WITHIN = 20.0


async def nothing(_: Any) -> None:
    """A new connection is used as it is."""


@asynccontextmanager
async def writer(info: str, opened: Callable[[Any], Awaitable[None]] = nothing) -> AsyncIterator[Gatherer]:
    async with Gatherer(info, lambda _: [], opened) as gatherer:
        yield gatherer


async def submit(gatherer: Gatherer, *decisions: Decision) -> list[Receipt | BaseException]:
    """Submits all at once; answers with receipt or refusal of each. Nobody waits for ever."""
    async with asyncio.timeout(WITHIN):
        return await asyncio.gather(*(gatherer.submit(d) for d in decisions), return_exceptions=True)


def kept(info: str) -> int:
    with psycopg.connect(info) as connection:
        return audit(connection)


async def test_rule_3_a7_culprits_among_a_hundred_fail_alone(info: str) -> None:
    visit = uuid4()
    good = [decision(logged()) for _ in range(97)]
    nul = decision(logged(), author=Author("user", "a\0b"))
    old = decision(corrected(visit))
    async with writer(info) as gatherer:
        await submit(gatherer, decision(logged(visit)))
        outcomes = await submit(gatherer, *good[:30], nul, *good[30:60], old, *good[60:])
    culprits = {nth: type(outcome) for nth, outcome in enumerate(outcomes) if not isinstance(outcome, Receipt)}
    assert culprits == {30: psycopg.DataError, 61: Overtaken}
    assert kept(info) == 98


async def test_rule_3_many_that_wait_share_one_commit(info: str, rows: Rows) -> None:
    async with writer(info) as gatherer:
        await submit(gatherer, decision(logged()))
        await submit(gatherer, *(decision(logged()) for _ in range(400)))
    assert len(rows("SELECT DISTINCT recordedtime FROM events")) <= 3
    assert kept(info) == 401


async def test_rule_3_a_batch_holds_no_more_than_it_may(info: str, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "BATCH", 2)
    async with writer(info) as gatherer:
        await submit(gatherer, *(decision(logged()) for _ in range(5)))
    assert rows("SELECT count(*) FROM events GROUP BY recordedtime ORDER BY recordedtime") == [(2,), (2,), (1,)]


async def test_rule_13_a_repeat_of_what_was_torn_by_a_restore_gets_no_receipt() -> None:
    one = decision(logged())
    with pytest.raises(Torn):
        same(one, First(Receipt((), {}), one.author, one.hash, torn=True))


async def test_rule_4_one_id_twice_in_one_batch_counts_once_with_one_receipt(info: str) -> None:
    twice = decision(petition(), logged())
    async with writer(info) as gatherer:
        first, second, third, other = await submit(gatherer, twice, twice, twice, decision(logged()))
        again = await gatherer.submit(twice)
    assert isinstance(first, Receipt)
    assert first == second == third == again
    assert isinstance(other, Receipt)
    assert kept(info) == 3


@pytest.mark.parametrize(
    "other",
    [{"hash": b"other"}, {"hash": None}, {"author": Author("user", "c-0002")}, {"author": Author("system", CADRE.id)}],
)
@pytest.mark.parametrize("together", [True, False])
async def test_rule_4_one_id_for_another_content_or_principal_is_contradicted(
    info: str, other: dict[str, Any], together: bool
) -> None:
    one = decision(logged())
    another = decision(logged(), cause=one.cause, **other)
    async with writer(info) as gatherer:
        if together:
            first, second = await submit(gatherer, one, another)
        else:
            [first], [second] = await submit(gatherer, one), await submit(gatherer, another)
    assert isinstance(first, Receipt)
    assert isinstance(second, Contradicted)
    assert str(second) == "", "it says nothing of what was kept"
    assert kept(info) == 1


async def test_rule_3_one_stream_twice_in_one_batch_refuses_the_second_alone(info: str) -> None:
    visit = uuid4()
    async with writer(info) as gatherer:
        outcomes = await submit(gatherer, decision(logged(visit)), decision(logged(visit)), decision(logged()))
    assert [type(outcome) for outcome in outcomes] == [Receipt, Overtaken, Receipt]
    assert kept(info) == 2


async def test_rule_4_a_repeat_of_what_another_process_kept_gets_its_receipt_and_holds_up_nobody(info: str) -> None:
    one = decision(logged(), petition())
    async with await psycopg.AsyncConnection.connect(info, autocommit=True) as other:
        firsts = await log.write(other, [one])
    async with writer(info) as gatherer:
        outcomes = await submit(gatherer, decision(logged()), one, decision(logged()))
    assert outcomes[1] == firsts[one.cause]
    assert all(isinstance(outcome, Receipt) for outcome in outcomes)
    assert kept(info) == 4


async def test_rule_3_what_a_message_cannot_hold_is_refused_before_the_queue(info: str) -> None:
    room = (codec.LARGEST - log.SPARE) // len('"h-1",')
    small, large = (
        VisitLogged.model_construct(**(logged().model_dump() | {"households": ("h-1",) * many}))
        for many in (room - 100, room)
    )
    async with writer(info) as gatherer:
        with pytest.raises(TooLarge):
            await gatherer.submit(decision(logged(), large))
        await gatherer.submit(decision(small))
    assert kept(info) == 1


async def test_rule_3_a_full_queue_refuses_and_keeps_nothing_of_it(info: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "QUEUE", 3)
    released = asyncio.Event()

    async def held(_: Any) -> None:
        await released.wait()

    async with writer(info, held) as gatherer:
        under_way = gatherer.submit(decision(logged()))
        await asyncio.sleep(0)  # lets the writer take it out of the queue
        await asyncio.sleep(0)
        waiting = [gatherer.submit(decision(logged())) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Overloaded):
            await gatherer.submit(decision(logged()))
        released.set()
        async with asyncio.timeout(WITHIN):
            await asyncio.gather(under_way, *waiting)
        await gatherer.submit(decision(logged()))
    assert kept(info) == 5


async def test_rule_12_the_database_goes_away_and_comes_back(settings: Settings, info: str) -> None:
    server = conninfo(settings.postgres, "postgres")
    name = f"{settings.space}_intake"
    async with (
        writer(info) as gatherer,
        await psycopg.AsyncConnection.connect(server, autocommit=True) as admin,
    ):
        await gatherer.submit(decision(logged()))
        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        await admin.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s", [name])
        one = decision(logged())
        for _ in range(2):
            [outcome] = await submit(gatherer, one)
            assert isinstance(outcome, Unavailable)
            assert gatherer.trouble()
        await admin.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
        assert [type(outcome) for outcome in await submit(gatherer, one, one)] == [Receipt, Receipt]
        assert gatherer.trouble() is None
    assert kept(info) == 2


async def test_rule_2_a_writer_stopped_over_the_head_lets_others_go_on_and_their_repeat_is_kept_once(
    info: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, looked_at = decision(logged()), []

    async def opened(connection: Any) -> None:
        looked_at.append(connection)

    async with writer(info, opened) as gatherer, await psycopg.AsyncConnection.connect(info) as stopped:
        await stopped.execute("SET lock_timeout = 0; SELECT FROM head FOR UPDATE")
        [outcome] = await submit(gatherer, one)
        assert isinstance(outcome, Unavailable), "lock_timeout ended the wait"
        assert "lock timeout" in (gatherer.trouble() or "")
        monkeypatch.setattr(gather, "UNREADY", 0.0)
        assert gatherer.trouble() is None, "whoever gets no writes is ready again after a while"
        await stopped.rollback()
        assert [type(found) for found in await submit(gatherer, one)] == [Receipt]
    assert len(looked_at) == 2, "after a trouble the connection is a new one, looked at anew (rule 13)"
    assert kept(info) == 1


@pytest.mark.parametrize("trouble", [Ahead("Kafka is ahead"), KafkaTimeoutError("no answer"), OSError("no route")])
async def test_rule_13_a_connection_that_is_not_to_be_used_writes_nothing_and_is_looked_at_again(
    info: str, trouble: Exception
) -> None:
    troubles = [trouble, trouble]

    async def opened(_: Any) -> None:
        if troubles:
            raise troubles.pop()

    one = decision(logged())
    async with writer(info, opened) as gatherer:
        outcomes = [(await submit(gatherer, one))[0] for _ in range(3)]
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable, Receipt]
    assert kept(info) == 1


async def test_a_bug_in_one_batch_is_told_to_those_who_wait_and_the_writer_lives_on(info: str) -> None:
    bugs = [KeyError("a bug")]

    def rows(_: Any) -> list[Any]:
        if bugs:
            raise bugs.pop()
        return []

    async with Gatherer(info, rows, nothing) as gatherer:
        [broken], [after] = await submit(gatherer, decision(logged())), await submit(gatherer, decision(logged()))
    assert isinstance(broken, KeyError)
    assert isinstance(after, Receipt)
    assert kept(info) == 1


async def test_rule_3_own_rows_stand_in_the_commit_of_their_events(info: str, rows: Rows) -> None:
    rows("CREATE TABLE own (stream text PRIMARY KEY)")

    def own(entries: list[log.Entry]) -> list[Any]:
        return [("INSERT INTO own VALUES (%s)", [entry.stream]) for entry in entries]

    good, bad = decision(logged()), decision(corrected(uuid4()))
    rows("INSERT INTO own VALUES (%s)", [bad.facts[0].event.stream])
    async with Gatherer(info, own, nothing) as gatherer:
        outcomes = await submit(gatherer, good, bad)
    assert [type(outcome) for outcome in outcomes] == [Receipt, psycopg.errors.UniqueViolation]
    assert rows("SELECT stream FROM events") == [(good.facts[0].event.stream,)]
    assert len(rows("SELECT stream FROM own")) == 2
