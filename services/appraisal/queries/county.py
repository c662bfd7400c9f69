"""The county at a glance (A10, C9): shares with intervals, by township and by office, and what they rest on."""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction
from typing import Any, NamedTuple

from lianxin_schemas.directory import Kind
from pydantic import BaseModel

from services.appraisal.domain import entitled
from services.appraisal.domain.entitled import FEWEST
from services.appraisal.domain.periods import Period
from services.appraisal.domain.policy import in_force, needed
from services.appraisal.domain.score import rounded
from services.appraisal.queries.views import IntervalView, PeriodView, PolicyView, interval, policy_view
from services.appraisal.store import county, policies, reading
from services.appraisal.store.petitions import Figures
from services.appraisal.store.reading import Connection, Pool
from services.runtime.directory import Names, names


class Sight(StrEnum):
    """How much of the county one may see."""

    EVERYTHING = "everything"
    PLACES = "places"
    """Of every place and office what officials did; what residents said only of the whole county, from five up."""
    WHOLE = "whole"
    """The whole county alone, each number from five up."""


class Share(BaseModel):
    """So many of so many; `value` and `interval` are None without a denominator."""

    numerator: int
    denominator: int
    value: Decimal | None
    interval: IntervalView | None


class Row(BaseModel):
    """The figures of the whole, of a township or an office. `coverage` is None for an office: no household is its own.

    `zh` and `en` are what it is called, where the directory says so. The four shares of petitions have one base: every
    petition registered in the period but those withdrawn in time. One that is None is not for the one who asks.
    """

    subject: str
    zh: str | None = None
    en: str | None = None
    in_time: Share | None
    solved: Share | None
    satisfied: Share | None
    answered: Share | None
    coverage: Share | None = None


Answers = Mapping[date, int]
"""By first day of month, how many said something."""


class CountyView(BaseModel):
    """Townships and offices in order of their codes: it ranks nobody. Subject '' is what no township is known of."""

    period: PeriodView
    whole: Row
    townships: Sequence[Row]
    offices: Sequence[Row]
    waiting: int | None
    """Petitions not replied to, or opened again since."""
    overdue: int | None
    """Those of them whose limit had passed at `as_of`."""
    policy: PolicyView
    """Whose number of visits coverage asks for."""
    as_of: datetime | None


class Key(NamedTuple):
    """What the county is counted for."""

    first: date
    last: date
    required: int
    """Visits that a household needs."""


@dataclass(frozen=True)
class Counted:
    """What is counted of the whole county."""

    townships: Mapping[str, tuple[Figures, tuple[int, int]]]
    by_office: Mapping[str, Figures]
    waiting: int
    overdue: int
    answers: tuple[Answers, Answers]
    """Of each month of the year."""
    as_of: datetime | None


Count = Callable[[Key], Awaitable[Counted]]


async def _count(connection: Connection, key: Key) -> Counted:
    """Counts the county. To be asked inside one snapshot."""
    parameters = key._asdict()
    townships, by_office = await sums(connection, parameters)
    as_of = await reading.as_of(connection)
    waiting, overdue = await county.waiting(connection, parameters, as_of)
    return Counted(townships, by_office, waiting, overdue, await county.answers(connection, parameters), as_of)


def counting(pool: Pool, within: str = "") -> Count:
    """Counts the county in one snapshot, which may take so long (PostgreSQL's spelling), or as long as any question."""

    async def counted(key: Key) -> Counted:
        async with pool.connection() as connection, reading.snapshot(connection, within):
            return await _count(connection, key)

    return counted


async def glance(pool: Pool, period: Period, name: str, counted: Count, sight: Sight = Sight.EVERYTHING) -> CountyView:
    """The county's figures for a period, as far as `sight` goes; no connection waits while they are counted.

    Raises Refused `policy.unknown`, `period.no-policy`: without a policy nobody can say what a covered household is.
    """
    async with pool.connection() as connection:
        policy = in_force([edition for edition, _, _ in await policies.editions(connection)], name, period)
    found = await counted(Key(period.first, period.last, needed(policy, period)))
    townships, by_office = found.townships, found.by_office
    async with pool.connection() as connection:
        places = await names(connection, Kind.REGION, townships)
        offices = await names(connection, Kind.OFFICE, by_office)
    made = CountyView(
        period=PeriodView(name=period.name, first=period.first, last=period.last),
        whole=_row("", None, _added(figures for figures, _ in townships.values()), _together(townships)),
        townships=[_row(code, places.get(code), *townships[code]) for code in sorted(townships)],
        offices=[_row(office, offices.get(office), by_office[office]) for office in sorted(by_office)],
        waiting=found.waiting,
        overdue=found.overdue,
        policy=policy_view(policy),
        as_of=found.as_of,
    )
    return made if sight is Sight.EVERYTHING else _seen(made, period, sight, found.answers)


def _seen(made: CountyView, period: Period, sight: Sight, answers: tuple[Answers, Answers]) -> CountyView:
    """What is left for those who may not see small numbers of what residents said."""
    answered, rated = (entitled.shown(period, by_month) for by_month in answers)
    whole = made.whole.model_copy(
        update=({} if answered else {"solved": None, "answered": None}) | ({} if rated else {"satisfied": None})
    )
    if sight is Sight.PLACES:
        rows = {"townships": _deeds(made.townships), "offices": _deeds(made.offices)}
        return made.model_copy(update={"whole": whole, **rows})
    few = {name: None for name, share in whole if isinstance(share, Share) and not _many(share)}
    return made.model_copy(
        update={
            "whole": whole.model_copy(update=few),
            "townships": (),
            "offices": (),
            "waiting": _from_five(made.waiting),
            "overdue": _from_five(made.overdue),
        }
    )


def _deeds(rows: Iterable[Row]) -> list[Row]:
    return [row.model_copy(update={"solved": None, "satisfied": None, "answered": None}) for row in rows]


def _many(share: Share) -> bool:
    return all(number == 0 or number >= FEWEST for number in (share.numerator, share.denominator))


def _from_five(number: int | None) -> int | None:
    return number if number == 0 or (number and number >= FEWEST) else None


async def sums(
    connection: Connection, parameters: dict[str, Any]
) -> tuple[dict[str, tuple[Figures, tuple[int, int]]], dict[str, Figures]]:
    """Petitions and coverage by township, every registered one included; and petitions by office."""
    handled = await county.petitions(connection, parameters)
    covered = await county.coverage(connection, parameters)
    codes = {*await county.townships(connection), *handled, *covered}
    townships = {code: (handled.get(code, Figures()), covered.get(code, (0, 0))) for code in codes}
    return townships, await county.by_office(connection, parameters)


def _added(figures: Iterable[Figures]) -> Figures:
    return Figures(*map(sum, zip(*map(astuple, [Figures(), *figures]), strict=True)))


def _together(townships: Mapping[str, tuple[Figures, tuple[int, int]]]) -> tuple[int, int]:
    return sum(c for _, (c, _) in townships.values()), sum(a for _, (_, a) in townships.values())


def _row(subject: str, called: Names | None, figures: Figures, covered: tuple[int, int] | None = None) -> Row:
    base = figures.registered
    return Row(
        subject=subject,
        zh=called.zh if called else None,
        en=called.en if called else None,
        in_time=_share(figures.in_time, base),
        solved=_share(figures.solved, base),
        satisfied=_share(figures.satisfied, base),
        answered=_share(figures.answered, base),
        coverage=_share(*covered) if covered else None,
    )


def _share(numerator: int, denominator: int) -> Share:
    return Share(
        numerator=numerator,
        denominator=denominator,
        value=rounded(Fraction(numerator, denominator), 4) if denominator else None,
        interval=interval(numerator, denominator),
    )
