"""Nobody can read who gave which mark: two attackers try, and succeed once ballots are kept otherwise (G2)."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from services.intake import ballots as sealing
from services.intake.domain import codes
from services.intake.settings import Settings
from services.intake.store import ballots as store
from services.intake.store import codes as spending
from services.runtime.database import Connection
from tests.intake import attack, finding, harvest
from tests.intake.attack import Seen
from tests.intake.finding import Told, Voter, links, opener
from tests.intake.given import make
from tests.intake.ratings import DAY, NOON, Driven, a_round, driven
from tests.servers import Addresses

MARKS = (1, 2, 3, 4, 5)
ROUNDS = 30
FRIENDS, OTHERS = 40, 60


@pytest.fixture(scope="module")
def own(servers: Addresses) -> Settings:
    return make(servers)


@pytest.fixture
def patch() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


def watched(own: Settings) -> int:
    """How many of the others the watcher gets right."""
    chance = random.Random(11)

    async def task() -> int:
        connect = psycopg.AsyncConnection.connect
        async with driven(own) as parts, await connect(own.database("vault"), autocommit=True) as vault:
            databases = (parts.intake, vault)
            rounds = [a_round(invited=25) for _ in range(5)]
            to_give = [code for of in (await parts.open(rounds)).values() for code in of]
            chance.shuffle(to_give)
            looks: list[tuple[Seen, int]] = []
            before = await harvest.tables(databases)
            for code in to_give[: FRIENDS + OTHERS]:
                mark = chance.choice(MARKS)
                await parts.answer(code, mark)
                after = await harvest.tables(databases)
                looks.append((attack.seen(before, after), mark))
                before = after
            others = looks[FRIENDS:]
            guesses = attack.watch(looks[:FRIENDS], [one for one, _ in others])
            return sum(guess == mark for guess, (_, mark) in zip(guesses, others, strict=True))

    return asyncio.run(task())


def found(own: Settings, patch: pytest.MonkeyPatch | None = None) -> dict[str, Told]:
    """What the finder makes of 150 answers. In each of 30 rounds five people give five marks."""
    chance = random.Random(13)

    async def task() -> dict[str, Told]:
        async with driven(own) as parts:
            rounds = [a_round(invited=5) for _ in range(ROUNDS)]
            to_give = [
                (round_, code, mark)
                for round_, of in (await parts.open(rounds)).items()
                for code, mark in zip(of, chance.sample(MARKS, 5), strict=True)
            ]
            chance.shuffle(to_give)
            voters = []
            for round_, code, mark in to_give:
                if patch:
                    together(patch, parts, round_, mark)
                await parts.answer(code, mark)
                voters.append(voter(parts, round_, code, mark))
            return await find(parts, voters)

    return asyncio.run(task())


def voter(parts: Driven, round_: UUID, code: str, mark: int) -> Voter:
    """Who has just answered."""
    return Voter(round_, mark, code, codes.hashed(parts.ballots.secret, code) or b"", time.time())


async def find(parts: Driven, voters: Sequence[Voter]) -> dict[str, Told]:
    opens = opener(await store.private_keys(parts.keys, [voter.round for voter in voters]))
    return finding.find(await harvest.tables([parts.intake]), voters, opens)


def test_g2_the_watcher_does_no_better_than_who_knows_nothing(own: Settings) -> None:
    hits = watched(own)
    assert attack.by_luck(hits, OTHERS, 1 / 5) > 1e-6, f"{hits} of {OTHERS} were told"


def plain(_: bytes, round_: UUID, mark: int) -> bytes:
    """A ballot with the mark in it, among noise."""
    return random.randbytes(20) + bytes([mark]) + random.randbytes(28)


def alike(_: bytes, round_: UUID, mark: int) -> bytes:
    """A sealed ballot that is the same for the same mark."""
    return AESGCM(bytes(32)).encrypt(bytes(12), bytes([mark]), None)


def longer(_: bytes, round_: UUID, mark: int) -> bytes:
    """A sealed ballot whose length follows from the mark."""
    return random.randbytes(48 + mark)


@pytest.mark.parametrize("seal", [plain, alike, longer])
def test_g2_the_watcher_bites_where_ballots_are_not_sealed_well(
    own: Settings, patch: pytest.MonkeyPatch, seal: Callable[..., bytes]
) -> None:
    patch.setattr(sealing, "seal", seal)
    if seal is alike:
        patch.setattr(store, "put", appended)  # ours keeps one of two that are the same
    assert watched(own) > OTHERS * 0.9


def test_g2_the_finder_does_no_better_than_who_guesses(own: Settings) -> None:
    told = found(own)
    for way in ("as they lie", "ctid up", "xmin down", "id up", "sealed up"):
        assert opened(own, told, f"by round, {way}").tries == 5 * ROUNDS
    assert links(told) == {}


def opened(own: Settings, told: dict[str, Told], way: str) -> Told:
    """What the ballots tell, opened and laid in this way."""
    return told[f"{own.space}_intake.public.rating_ballot, {way}: sealed, opened"]


async def appended(connection: Connection, round_: UUID, sealed: Sequence[bytes]) -> None:
    """Ballots as they come, in transactions of their own."""
    for one in sealed:
        await connection.execute("INSERT INTO rating_ballot (round, sealed) VALUES (%s, %s)", [round_, one])


async def unshuffled(connection: Connection, round_: UUID, sealed: Sequence[bytes]) -> None:
    """Ballots written anew in one transaction, in the order in which they came: cmin says which that is, each being
    written by a command of its own. Where they lie does not: when autovacuum frees places between two of the commands,
    the second takes a place before the first.
    """
    in_order = "SELECT sealed FROM rating_ballot WHERE round = %s ORDER BY cmin::text::bigint"
    async with connection.transaction():
        old = [row[0] for row in await (await connection.execute(in_order, [round_])).fetchall()]
        await connection.execute("DELETE FROM rating_ballot WHERE round = %s", [round_])
        await appended(connection, round_, [*old, *sealed])


async def dropped(connection: Connection, round_: UUID, sealed: Sequence[bytes]) -> None:
    """Nothing: the ballot was written elsewhere."""


@pytest.mark.parametrize("put", [appended, unshuffled])
def test_g2_the_finder_bites_where_ballots_lie_as_they_came(
    own: Settings, patch: pytest.MonkeyPatch, put: Callable[..., Awaitable[None]]
) -> None:
    patch.setattr(store, "put", put)
    assert max(told.hits for told in links(found(own)).values()) == 5 * ROUNDS


def together(patch: pytest.MonkeyPatch, parts: Driven, round_: UUID, mark: int) -> None:
    """The next code is spent in the transaction that writes its ballot: wherever it lies, xmin says whose it is."""

    async def spend(connection: Connection, hash_: bytes) -> UUID:
        public = await sealing.public_key(parts.keys, round_)
        async with connection.transaction():
            await connection.execute("UPDATE rating_code SET spent = true WHERE hash = %s", [hash_])
            await appended(connection, round_, [sealing.seal(public, round_, mark)])
        return round_

    patch.setattr(spending, "spend", spend)
    patch.setattr(store, "put", dropped)


def test_g2_the_finder_bites_where_code_and_ballot_share_a_transaction(
    own: Settings, patch: pytest.MonkeyPatch
) -> None:
    told = links(found(own, patch))
    ways = [way for way in told if "its xmin is xmin" in way and way.endswith(": sealed, opened")]
    assert [told[way].hits for way in ways] == [5 * ROUNDS]


def test_g2_a_round_with_one_answer_so_far_hides_it_from_nobody_with_its_key(own: Settings) -> None:
    async def task() -> None:
        async with driven(own) as parts:
            one = a_round(invited=5)
            code, *_ = (await parts.open([one]))[one.round]
            await parts.answer(code, 2)
            told = await find(parts, [voter(parts, one.round, code, 2)])
            assert opened(own, told, "by round, as they lie") == Told(1, 1, 1.0)

    asyncio.run(task())


def test_g2_once_a_round_has_ended_whatever_copies_there_are_say_nothing(own: Settings) -> None:
    """A copy of the ballots, as a backup or PostgreSQL's own log has it, opens with no key that is left."""

    async def task() -> None:
        async with driven(own) as parts:
            one = a_round(invited=5, region=None)
            for code in (await parts.open([one]))[one.round]:
                await parts.answer(code, 2)
            copy = await store.waiting(parts.intake, [one.round])
            await parts.close(NOON + 11 * DAY)
            await parts.release(NOON + 11 * DAY)
            assert len(copy[one.round]) == 5
            assert await store.private_keys(parts.keys, [one.round]) == {}
            left = await harvest.tables([parts.keys])
            assert str(one.round) not in repr(left)

    asyncio.run(task())


def test_g2_no_table_has_a_place_for_who_or_when(own: Settings) -> None:
    with psycopg.connect(own.database("intake")) as connection:
        found: dict[str, Any] = dict(
            connection.execute(
                "SELECT table_name, array_agg(column_name || ' ' || data_type ORDER BY ordinal_position)"
                " FROM information_schema.columns WHERE table_name IN ('rating_code', 'rating_ballot') GROUP BY 1"
            ).fetchall()
        )
    assert found == {
        "rating_code": ["hash bytea", "round uuid", "spent boolean"],
        "rating_ballot": ["id uuid", "round uuid", "sealed bytea"],
    }
