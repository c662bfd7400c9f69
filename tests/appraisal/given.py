"""What tests are given: events as their logs would publish them, and a database that takes them in."""

import uuid
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar

import psycopg
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import (
    CaseAssigned,
    CaseLimitSet,
    CaseOpened,
    CaseReopened,
    CaseReplied,
    CaseWithdrawn,
    Credit,
    Step,
    SumRule,
    SumStep,
)
from lianxin_schemas.events.petitions import Channel, PetitionRegistered, PetitionVerdictGiven, Satisfaction, Solved
from lianxin_schemas.events.ratings import MarkGiven, MarkLevel, RatingKind, RatingsReleased
from lianxin_schemas.events.responsibility import (
    HouseholdRegistered,
    PairingStarted,
    RegionLevel,
    RegionRegistered,
    TermStarted,
    ZoneDrawn,
    ZoneLeaderSet,
    ZoneLevel,
)
from lianxin_schemas.events.scores import IndicatorKind
from lianxin_schemas.events.visits import Purpose, Visit, VisitLogged

from services.appraisal.adopting import shipped
from services.appraisal.domain import periods
from services.appraisal.domain.policy import adopt, in_force, needed
from services.appraisal.domain.score import Score, score
from services.appraisal.projections import PROJECTION
from services.appraisal.settings import Settings
from services.appraisal.store import reading
from services.appraisal.store.counts import asked, counts
from services.appraisal.store.tables import TABLES
from services.runtime.inbox import Message
from tests import projected

SPACE = "t"
T = TypeVar("T")
POLICIES = [adopt([], text) for text in shipped()]
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)


def uid(number: int) -> uuid.UUID:
    return uuid.UUID(int=number, version=4)


def at(text: str) -> datetime:
    """A local moment, `2026-03-02 09:30`."""
    return datetime.fromisoformat(f"{text}+08:00")


def visit(number: int, cadre: str, day: str, *households: str, kind: type[Visit] = VisitLogged) -> Visit:
    """A visit of an hour, at nine unless `day` says when."""
    started = at(day if " " in day else f"{day} 09:00")
    return kind(
        visit=uid(number),
        cadre=cadre,
        households=households,
        started=started,
        ended=started + timedelta(hours=1),
        purpose=Purpose.ROUTINE,
    )


def term(cadre: str, since: str = "2025-01-01") -> TermStarted:
    return TermStarted(cadre=cadre, since=date.fromisoformat(since))


def paired(household: str, cadre: str, since: str = "2025-01-01") -> list[Event]:
    """A known household of group g-1 with a cadre."""
    pairing = PairingStarted(household=household, cadre=cadre, since=date.fromisoformat(since))
    return [HouseholdRegistered(household=household, group="g-1"), pairing]


def zone(name: str, leader: str, *groups: str, level: ZoneLevel = ZoneLevel.GROUP) -> list[Event]:
    return [
        ZoneDrawn(zone=name, level=level, groups=groups),
        ZoneLeaderSet(zone=name, cadre=leader, since=date(2025, 1, 1)),
    ]


def opened(number: int, day: str, zone_: str | None = "z-1") -> CaseOpened:
    return CaseOpened(
        petition=uid(number), channel=Channel.WEB, category="03", zone=zone_, registered=at(f"{day} 10:00")
    )


def assigned(number: int, cadre: str | None) -> CaseAssigned:
    return CaseAssigned(petition=uid(number), credit=Credit(office="o-1", cadre=cadre))


def limit(number: int, due: str) -> CaseLimitSet:
    because = (SumStep(rule=SumRule.DAYS_ADDED, days=15, reached=at(due).date()),)
    return CaseLimitSet(petition=uid(number), step=Step.REPLY, due=at(due), because=because)


def replied(number: int, cadre: str | None) -> CaseReplied:
    return CaseReplied(petition=uid(number), credit=Credit(office="o-1", cadre=cadre))


def reopened(number: int, cadre: str | None) -> CaseReopened:
    return CaseReopened(petition=uid(number), credit=Credit(office="o-1", cadre=cadre))


def withdrawn(number: int, time: str) -> tuple[Event, datetime]:
    return CaseWithdrawn(petition=uid(number)), at(time)


def registered(number: int, *, complaint: bool = False, category: str = "03") -> PetitionRegistered:
    return PetitionRegistered(
        petition=uid(number), channel=Channel.WEB, category=category, complaint=True if complaint else None
    )


def verdict(number: int, solved: Solved, satisfied: Satisfaction | None = None) -> PetitionVerdictGiven:
    return PetitionVerdictGiven(petition=uid(number), solved=solved, satisfied=satisfied)


def released(
    number: int,
    cadre: str | None,
    *counts: int,
    kind: RatingKind = RatingKind.ZONE,
    zone_: str | None = None,
    days: str = "2026-01-01 2026-03-31",
) -> RatingsReleased:
    first, last = map(date.fromisoformat, days.split())
    return RatingsReleased(
        release=uid(number),
        kind=kind,
        cadre=cadre,
        zone=zone_,
        first=first,
        last=last,
        answers=sum(counts),
        counts=counts,
    )


def marked(
    number: int, cadre: str, points: int, level: MarkLevel = MarkLevel.COUNTY, days: str = "2026-01-01 2026-03-31"
) -> MarkGiven:
    first, last = map(date.fromisoformat, days.split())
    return MarkGiven(mark=uid(number), level=level, cadre=cadre, first=first, last=last, points=points)


def region(code: str, level: RegionLevel, parent: str | None = None) -> RegionRegistered:
    return RegionRegistered(region=code, level=level, parent=parent)


class Published(projected.Published):
    """A visit and a case happen when they say; everything else when the year began."""

    def __init__(self, space: str = SPACE) -> None:
        super().__init__(space, BEGAN, timedelta(seconds=1))

    def one(self, event: Event, time: datetime | None = None) -> Message:
        """The next message."""
        own = getattr(event, "started", None) or getattr(event, "registered", None)
        return super().one(event, time or own or BEGAN)


class Store(projected.Projected[Settings]):
    """The service's database with its projection, as one process would write it."""

    def __init__(self, settings: Settings) -> None:
        super().__init__(settings, "appraisal", PROJECTION)

    def empty(self) -> None:
        """Back to a database that has heard nothing."""
        with psycopg.connect(self.info) as connection:
            # Few rows: deleting them is quicker than giving every table new files.
            for table in (*TABLES, "mark", "bookmark", "parked", "expected"):
                connection.execute(f"DELETE FROM {table}")
        self.runner.run(self.receiver.start())

    def score(self, subject: str, period: str, kind: str = "cadre", policy: str = "first") -> Score:
        async def ask(connection: reading.Connection) -> Score:
            span = periods.parse(period)
            held = in_force(POLICIES, policy, span)
            return score(held, await counts(connection, asked(kind, subject, span, needed(held, span))))

        return self.ask(ask)

    def ask(self, question: Callable[[reading.Connection], Awaitable[T]]) -> T:
        """Asks inside one snapshot."""

        async def run() -> T:
            async with (
                await psycopg.AsyncConnection.connect(self.info, autocommit=True) as connection,
                reading.snapshot(connection),
            ):
                return await question(connection)

        return self.runner.run(run())

    def counted(
        self, subject: str, period: str, kind: str = "cadre", of: IndicatorKind = IndicatorKind.COVERAGE
    ) -> tuple[int, int]:
        """Numerator and denominator of one indicator."""

        async def ask(connection: reading.Connection) -> tuple[int, int]:
            span = periods.parse(period)
            required = needed(in_force(POLICIES, "first", span), span)
            found = (await counts(connection, asked(kind, subject, span, required)))[of]
            return found.numerator, found.denominator

        return self.ask(ask)


def case(number: int, day: str, cadre: str = "c-1", zone_: str | None = "z-1") -> list[Event]:
    return [registered(number), opened(number, day, zone_), assigned(number, cadre), limit(number, "2026-12-31 00:00")]


def said(number: int, *, content: bool = True) -> list[Event | tuple[Event, Any]]:
    return [
        (replied(number, "c-1"), at("2026-04-01 09:00")),
        verdict(
            number,
            Solved.SOLVED if content else Solved.NOT_SOLVED,
            Satisfaction.SATISFIED if content else Satisfaction.DISSATISFIED,
        ),
    ]


def take(store: Store, log: Published, *events: Any) -> None:
    flat: list[Any] = []
    for event in events:
        flat += event if isinstance(event, list) else [event]
    store.settles(log.all(*flat))


def quarter(store: Store, log: Published, answers: dict[int, int], cases: int = 6) -> None:
    """Some cases a month of c-1, and verdicts on so many of them, all content."""
    for month in (1, 2, 3):
        numbers = [month * 100 + n for n in range(cases)]
        take(store, log, *(case(number, f"2026-0{month}-05") for number in numbers))
        take(store, log, *(said(number) for number in numbers[: answers.get(month, 0)]))
