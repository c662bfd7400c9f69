"""An installation's ratings, driven without HTTP and at any day: rounds opened, answered, closed, released."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
from lianxin_schemas import codec
from lianxin_schemas.events.ratings import RatingKind, RoundOpened
from psycopg_pool import AsyncConnectionPool

from services.intake import ratings
from services.intake.ballots import Ballots
from services.intake.domain import codes
from services.intake.domain.ballots import Answer, Outcome
from services.intake.settings import Settings
from services.intake.store import rounds as store
from services.runtime import log
from services.runtime.database import Connection
from services.runtime.log import Author, Decision, Fact

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Noon in Shanghai of the day on which rounds are opened here."""
DAY = timedelta(days=1)
TODAY = date(2026, 3, 2)


def a_round(**fields: Any) -> RoundOpened:
    """A zone's round of a month that is answered for ten days from TODAY."""
    given = {
        "round": uuid4(),
        "kind": RatingKind.ZONE,
        "cadre": "c-0001",
        "zone": "z-01",
        "region": "530827",
        "first": date(2026, 2, 1),
        "last": date(2026, 2, 28),
        "invited": 14,
        "closes": TODAY + 10 * DAY,
    }
    return RoundOpened(**(given | fields))


@dataclass
class Driven:
    """The parts of an installation that ratings need."""

    intake: Connection
    keys: Connection
    ballots: Ballots

    async def open(self, rounds: Sequence[RoundOpened]) -> dict[UUID, list[str]]:
        """Opens rounds; answers with the codes of each."""
        decisions = [Decision(uuid4(), Author("user", "o-1"), [Fact(round_, NOON)]) for round_ in rounds]
        rows = store.rows(self.ballots.secret, [entry for decision in decisions for entry in decision.entries])
        await log.write(self.intake, decisions, then=rows)
        return {one.round: codes.of_round(self.ballots.secret, one.round, one.invited) for one in rounds}

    async def answer(self, code: str, mark: int, now: datetime = NOON) -> Outcome:
        """Answers, and waits until the answer is written."""
        outcome = await self.ballots.answer(Answer(code=code, mark=mark), now, "192.0.2.1")
        await self.ballots.written()
        return outcome

    async def close(self, now: datetime) -> int:
        """What `ratings close` does."""
        return await ratings.close_all(self.intake, self.ballots.secret, now)

    async def release(self, now: datetime) -> ratings.Done:
        """What `ratings release` does."""
        return await ratings.release_all(self.intake, self.keys, now)

    async def events(self, type_: str) -> list[dict[str, Any]]:
        """The fields of events of one type, in the order of the log."""
        found = await self.ask("SELECT data FROM events WHERE type = %s ORDER BY position", type_)
        return [codec.parse(type_, data).model_dump(mode="json") for (data,) in found]

    async def ask(self, sql: Any, *parameters: Any) -> list[tuple[Any, ...]]:
        """Asks intake's database."""
        return await (await self.intake.execute(sql, parameters)).fetchall()


RELEASED, CLOSED = "lianxin.ratings.released.v1", "lianxin.round.closed.v1"


@asynccontextmanager
async def driven(settings: Settings) -> AsyncIterator[Driven]:
    """Opens what ratings need, and closes it."""
    connect = psycopg.AsyncConnection.connect
    async with (
        AsyncConnectionPool(settings.database("intake"), min_size=1, kwargs={"autocommit": True}, open=False) as pool,
        await connect(settings.database("intake"), autocommit=True) as intake,
        await connect(settings.database("keys"), autocommit=True) as keys,
        Ballots(pool, settings.database("intake"), settings.database("keys")) as ballots,
    ):
        yield Driven(intake, keys, ballots)
