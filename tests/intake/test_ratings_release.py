"""From code to sum on a real database: spent once, sealed, released once, withheld for ever (G2)."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from cryptography.exceptions import InvalidTag
from lianxin_schemas.events.ratings import RatingKind

from services.intake import ballots as sealing
from services.intake import ratings
from services.intake.domain.ballots import Answer, Outcome
from services.intake.settings import Settings
from services.intake.store import ballots as store
from services.intake.store import rounds as rounds_store
from services.refused import Refused
from tests.intake.given import make
from tests.intake.ratings import CLOSED, DAY, NOON, RELEASED, TODAY, Driven, a_round, driven
from tests.servers import Addresses

AFTER = NOON + 11 * DAY
Play = Callable[[Callable[[Driven], Awaitable[None]]], None]


@pytest.fixture(scope="module")
def own(servers: Addresses) -> Settings:
    return make(servers)


@pytest.fixture
def play(own: Settings) -> Play:
    def run(work: Callable[[Driven], Awaitable[None]]) -> None:
        async def task() -> None:
            async with driven(own) as parts:
                try:
                    await work(parts)
                finally:
                    await parts.close(NOON + 400 * DAY)
                    await parts.release(NOON + 400 * DAY)
                assert await parts.ask("SELECT FROM rating_ballot") == []
                assert await parts.ask("SELECT FROM rating_code") == []
                assert await parts.ask("SELECT FROM rating_round WHERE phase <> 'ended'") == []
                assert await store.rounds_with_keys(parts.keys) == [], "a key outlives its round"

        asyncio.run(task())

    return run


async def of(parts: Driven, *rounds: Any) -> list[dict[str, Any]]:
    ids = {str(one.round) for one in rounds}
    return [data for data in await parts.events(RELEASED) if data["round"] in ids]


def test_g2_only_the_round_s_key_opens_an_answer_and_none_looks_like_another() -> None:
    round_ = uuid4()
    private, public = sealing.key_pair()
    sealed = [sealing.seal(public, round_, mark) for mark in (1, 2, 3, 4, 5, 5)]
    assert [sealing.unseal(private, round_, one) for one in sealed] == [1, 2, 3, 4, 5, 5]
    assert len(set(sealed)) == 6
    assert {len(one) for one in sealed} == {49}
    other, _ = sealing.key_pair()
    for key, id_, one in (
        (other, round_, sealed[0]),
        (private, uuid4(), sealed[0]),
        (private, round_, sealed[0][:-1] + bytes([sealed[0][-1] ^ 1])),
    ):
        with pytest.raises(InvalidTag):
            sealing.unseal(key, id_, one)


def test_g2_a_code_is_spent_once_however_many_send_it_at_a_time(play: Play) -> None:
    async def work(parts: Driven) -> None:
        one = a_round()
        code, *_ = (await parts.open([one]))[one.round]
        outcomes = await asyncio.gather(*(parts.answer(code.lower(), mark) for mark in (1, 2, 3, 4, 5) * 4))
        assert Counter(outcomes) == {Outcome.COUNTED: 1, Outcome.ALREADY: 19}
        assert len(await parts.ask("SELECT FROM rating_ballot")) == 1
        assert await parts.answer(code, 3) is Outcome.ALREADY

    play(work)


def test_g2_what_is_no_code_is_refused_and_guessing_ends(play: Play) -> None:
    async def work(parts: Driven) -> None:
        one = a_round()
        code, *_ = (await parts.open([one]))[one.round]
        codes: list[str] = []
        for guess in ["", "ZZZZ-ZZZZ-ZZZZ", *["0000-0000-0000"] * 19]:
            with pytest.raises(Refused) as refused:
                await parts.answer(guess, 1)
            codes.append(refused.value.code)
        assert codes == ["rating.unknown"] * 20 + ["rating.wait"]
        with pytest.raises(Refused):
            await parts.answer(code, 1)
        answer = Answer(code=code, mark=1)
        assert await parts.ballots.answer(answer, NOON, "192.0.2.2") is Outcome.COUNTED, "another place waits for none"
        await parts.ballots.written()

    play(work)


def test_g2_whoever_is_rated_cannot_answer_and_leaves_the_code_good(play: Play) -> None:
    async def work(parts: Driven) -> None:
        one = a_round()
        code, *_ = (await parts.open([one]))[one.round]
        with pytest.raises(Refused, match=r"rating\.own"):
            await parts.ballots.answer(Answer(code=code, mark=5), NOON, "", "c-0001")
        assert await parts.answer(code, 5) is Outcome.COUNTED

    play(work)


def test_g2_an_answer_after_the_last_day_or_after_the_end_is_refused(play: Play) -> None:
    async def work(parts: Driven) -> None:
        one = a_round()
        first, second, *_ = (await parts.open([one]))[one.round]
        assert await parts.answer(first, 5, NOON + 10 * DAY) is Outcome.COUNTED
        for now, close in ((AFTER, False), (NOON, True)):
            if close:
                assert await parts.close(AFTER) == 1
            with pytest.raises(Refused, match=r"rating\.unknown"):
                await parts.answer(second, 5, now)

    play(work)


def test_g2_the_calendar_and_not_the_fifth_answer_decides_when_a_sum_leaves(play: Play) -> None:
    async def work(parts: Driven) -> None:
        one = a_round()
        codes = (await parts.open([one]))[one.round]
        for code in codes[:4]:
            await parts.answer(code, 4)
        await parts.release(NOON)
        assert await of(parts, one) == []
        for code in codes[4:7]:
            await parts.answer(code, 5)
        assert await of(parts, one) == [], "an answer releases nothing"
        await parts.release(NOON)
        for code in codes[7:13]:
            await parts.answer(code, 1)
        await parts.release(NOON)
        assert [data["counts"] for data in await of(parts, one)] == [[0, 0, 0, 4, 3]], "one step a day"
        await parts.release(NOON + DAY)
        await parts.release(NOON + DAY)
        assert [data["counts"] for data in await of(parts, one)] == [[0, 0, 0, 4, 3], [6, 0, 0, 0, 0]]
        await parts.answer(codes[13], 2)
        assert await parts.close(AFTER - DAY) == 0
        assert await parts.close(AFTER) == 1
        assert await parts.close(AFTER) == 0
        [end] = [data for data in await parts.events(CLOSED) if data["round"] == str(one.round)]
        assert (end["invited"], end["answered"]) == (14, 13)
        done = await parts.release(AFTER)
        assert (done.releases, done.withheld) == (0, 1)
        assert len(await of(parts, one)) == 2

    play(work)


def test_g2_rests_of_a_region_leave_together_once_all_its_rounds_are_closed(play: Play) -> None:
    async def work(parts: Driven) -> None:
        period = {"first": TODAY - 9 * DAY, "region": "530828"}
        one, two = a_round(**period), a_round(**period, zone="z-02", cadre="c-0002")
        late = a_round(**period, closes=TODAY + 20 * DAY)
        apart = a_round(**period | {"region": "530829"})
        reverse = a_round(**period, kind=RatingKind.REVERSE)
        rounds = (one, two, late, apart, reverse)
        codes = await parts.open(rounds)
        for one_of, marks in ((one, [1, 2]), (two, [3, 3]), (late, [5]), (apart, [4] * 3), (reverse, [4] * 3)):
            for code, mark in zip(codes[one_of.round], marks, strict=False):
                await parts.answer(code, mark)
        assert await parts.close(AFTER) == 4
        before = len(await parts.events(RELEASED))
        done = await parts.release(AFTER)
        assert (done.releases, done.withheld) == (0, 6), "apart and reverse have nobody to go with"
        assert len(await parts.ask("SELECT FROM rating_ballot")) == 5, "one and two wait for the late one"
        assert await parts.close(NOON + 21 * DAY) == 1
        await parts.release(NOON + 21 * DAY)
        [merged] = (await parts.events(RELEASED))[before:]
        assert (merged["round"], merged["cadre"], merged["zone"]) == (None, None, None)
        assert (merged["region"], merged["answers"], merged["counts"]) == ("530828", 5, [1, 1, 2, 0, 1])
        ids = {str(round_.round) for round_ in rounds}
        assert {data["answered"] for data in await parts.events(CLOSED) if data["round"] in ids} == {None}

    play(work)


def test_g2_whatever_the_order_every_answer_leaves_once_or_is_withheld(play: Play) -> None:
    chance = random.Random(7)

    async def work(parts: Driven) -> None:
        rounds = [a_round(region=f"5308{40 + n // 4}", first=TODAY - 3 * DAY) for n in range(12)]
        codes = await parts.open(rounds)
        todo = [(round_.round, code) for round_ in rounds for code in codes[round_.round]]
        chance.shuffle(todo)
        given: dict[UUID, Counter[int]] = {round_.round: Counter() for round_ in rounds}
        before = len(await parts.events(RELEASED))
        withheld = 0
        for nth, (round_, code) in enumerate(todo[:130]):
            mark = chance.randint(1, 5)
            given[round_][mark] += 1
            await parts.answer(code, mark)
            if nth % 25 == 0:
                withheld += (await parts.release(NOON + nth // 25 * DAY)).withheld
        await parts.close(AFTER)
        withheld += (await parts.release(AFTER)).withheld
        sums = (await parts.events(RELEASED))[before:]
        assert sum(data["answers"] for data in sums) + withheld == 130
        for round_, counts in given.items():
            own = [sum(of) for of in zip(*(d["counts"] for d in sums if d["round"] == str(round_)), strict=True)]
            assert all(counts[mark] - own[mark - 1] >= 0 for mark in range(1, 6) if own)
            assert counts.total() - sum(own) < 5

    play(work)


def test_g2_two_jobs_at_a_time_release_each_answer_once(play: Play, own: Settings) -> None:
    async def work(parts: Driven) -> None:
        rounds = [a_round(region=None) for _ in range(6)]
        for codes in (await parts.open(rounds)).values():
            await asyncio.gather(*(parts.answer(code, 3) for code in codes))
        async with driven(own) as others:
            await asyncio.gather(parts.release(NOON), others.release(NOON))
        sums = await of(parts, *rounds)
        assert sorted(data["round"] for data in sums) == sorted(str(one.round) for one in rounds)
        assert {data["answers"] for data in sums} == {14}

    play(work)


@pytest.mark.parametrize("statement", ["clear", "left"])
def test_g2_a_release_that_breaks_anywhere_leaves_all_as_it_was(
    play: Play, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    async def work(parts: Driven) -> None:
        one = a_round()
        for code in (await parts.open([one]))[one.round]:
            await parts.answer(code, 2)
        where = store if statement == "clear" else rounds_store
        with monkeypatch.context() as patch:
            patch.setattr(where, statement, lambda *_: ("SELECT 1 / 0", []))
            with pytest.raises(psycopg.errors.DivisionByZero):
                await parts.release(NOON)
        assert await of(parts, one) == []
        assert len(await parts.ask("SELECT FROM rating_ballot")) == 14
        await parts.release(NOON)
        assert [data["answers"] for data in await of(parts, one)] == [14]

    play(work)


def test_g2_a_round_with_an_answer_that_cannot_be_read_is_left_and_said(play: Play) -> None:
    async def work(parts: Driven) -> None:
        one, two = a_round(region=None), a_round(region=None)
        codes = await parts.open([one, two])
        for code in (*codes[one.round][:6], *codes[two.round][:6]):
            await parts.answer(code, 2)
        await parts.intake.execute("INSERT INTO rating_ballot (round, sealed) VALUES (%s, %s)", [one.round, bytes(49)])
        done = await parts.release(NOON)
        assert (done.releases, done.unreadable) == (1, 1)
        assert len(await of(parts, two)) == 1
        await parts.intake.execute("DELETE FROM rating_ballot WHERE sealed = %s", [bytes(49)])
        assert (await parts.release(NOON)).unreadable == 0
        assert len(await of(parts, one)) == 1

    play(work)


def test_g2_an_answer_written_again_after_a_lost_connection_counts_once(play: Play) -> None:
    async def work(parts: Driven) -> None:
        one = a_round()
        await parts.open([one])
        sealed = [sealing.seal(await sealing.public_key(parts.keys, one.round), one.round, 3) for _ in range(3)]
        await store.put(parts.intake, one.round, sealed[:2])
        await store.put(parts.intake, one.round, sealed)
        assert len(await parts.ask("SELECT FROM rating_ballot")) == 3

    play(work)


def test_g2_answers_wait_for_a_connection_that_broke(play: Play) -> None:
    async def work(parts: Driven) -> None:
        one = a_round()
        first, second, *_ = (await parts.open([one]))[one.round]
        await parts.answer(first, 1)
        mine = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
        await parts.ask(mine + " AND pid <> pg_backend_pid() AND query ~ 'rating_ballot|rating_round|COMMIT'")
        assert await parts.answer(second, 1) is Outcome.COUNTED
        assert len(await parts.ask("SELECT FROM rating_ballot")) == 2

    play(work)


def test_g2_a_process_killed_between_code_and_answer_loses_the_answer_and_says_so_to_nobody(
    play: Play, own: Settings
) -> None:
    async def work(parts: Driven) -> None:
        one = a_round()
        code, *_ = (await parts.open([one]))[one.round]
        program = (
            "import asyncio, sys\nfrom services.intake.settings import Settings\n"
            "from tests.intake.ratings import driven\n"
            "async def work():\n async with driven(Settings()) as parts: await parts.answer(sys.argv[1], 1)\n"
            "asyncio.run(work())"
        )
        environment = {"LIANXIN_SPACE": own.space, "LIANXIN_POSTGRES": own.postgres}
        killed = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", program, code),
            cwd=Path(__file__).parents[2],
            env=environment | {"LIANXIN_FAILPOINT": "rating.spent=kill"},
        )
        assert await killed.wait() == -signal.SIGKILL
        assert await parts.ask("SELECT count(*) FROM rating_code WHERE spent") == [(1,)]
        assert await parts.ask("SELECT FROM rating_ballot") == []
        assert await parts.answer(code, 1) is Outcome.ALREADY
        assert await parts.ask("SELECT FROM rating_ballot") == []

    play(work)


def test_g2_an_answer_under_way_when_the_round_ends_is_let_go_and_not_counted(play: Play) -> None:
    async def work(parts: Driven) -> None:
        one = a_round()
        await parts.open([one])
        assert await rounds_store.stop(parts.intake, one.round, TODAY + 11 * DAY) == (0, 0)
        await store.put(parts.intake, one.round, [bytes(49)])
        assert await parts.ask("SELECT FROM rating_ballot") == []

    play(work)


def test_g1_a_round_that_somebody_closes_meanwhile_is_left_to_them(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(parts: Driven) -> None:
        one = a_round()
        await parts.open([one])
        stop = rounds_store.stop

        async def quicker(*args: Any) -> tuple[int, int]:
            monkeypatch.undo()
            assert await ratings.close_all(parts.intake, parts.ballots.secret, AFTER) == 1
            return await stop(*args)

        monkeypatch.setattr(rounds_store, "stop", quicker)
        assert await parts.close(AFTER) == 0
        assert len([d for d in await parts.events(CLOSED) if d["round"] == str(one.round)]) == 1

    play(work)


def test_rule_13_what_left_before_a_restore_does_not_leave_again(play: Play, own: Settings) -> None:
    """Given tables as a backup had them and a log that got back what was published since, a sum and a round opened."""

    async def work(parts: Driven) -> None:
        one, two, other = a_round(), a_round(region="530831"), a_round(region="530831", zone="z-02", cadre="c-0002")
        codes = await parts.open([one, two, other])
        for code in codes[one.round][:6]:
            await parts.answer(code, 4)
        for code in (*codes[two.round][:3], *codes[other.round][:2]):
            await parts.answer(code, 2)
        tables = ("rating_round", "rating_code", "rating_ballot")
        for table in tables:
            await parts.intake.execute(f"CREATE TEMP TABLE backup_{table} AS SELECT * FROM {table}")
        [(behind,)] = await parts.ask("SELECT position FROM head")
        late = a_round()
        await parts.open([late])
        await parts.release(NOON)
        await parts.close(AFTER)
        await parts.release(AFTER)
        before = len(await parts.events(RELEASED))
        for table in tables:
            await parts.intake.execute(f"DELETE FROM {table}")
            await parts.intake.execute(f"INSERT INTO {table} SELECT * FROM backup_{table}")
        await ratings.refill(own, parts.intake, behind)
        assert await parts.ask("SELECT phase, released FROM rating_round WHERE round = %s", one.round) == [
            ("closed", 6)
        ]
        assert await parts.ask("SELECT phase FROM rating_round WHERE round = %s", late.round) == [("closed",)]
        await parts.close(AFTER)
        await parts.release(AFTER + DAY)
        assert len(await parts.events(RELEASED)) == before
        assert await parts.ask("SELECT FROM rating_ballot") == []

    play(work)
