"""Which period and which policy a page is about: chosen in a GET form, so that every page has an address."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Query, Request
from pydantic import BaseModel

from services.appraisal.domain import periods, words
from services.appraisal.domain.periods import Length, Period
from services.appraisal.store import policies
from services.appraisal.store.reading import Connection
from services.web import dates
from services.web.forms import Form
from services.web.language import spoken

MONTHS, QUARTERS, YEARS = 13, 8, 3
"""How many periods back a page offers; any other stands in the address."""
Options = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Asked:
    """What the address says; empty where nothing was chosen."""

    period: str
    policy: str


def asked(
    period: Annotated[str, Query(max_length=20)] = "", policy: Annotated[str, Query(max_length=48)] = ""
) -> Asked:
    """A dependency: what was chosen."""
    return Asked(period, policy)


@dataclass(frozen=True)
class Choice:
    """What a page is about, and what else could be chosen."""

    period: Period
    policy: str
    form: Form[BaseModel]
    periods: Options
    policies: Options

    @property
    def query(self) -> str:
        """The choice as the query of a link."""
        return "?" + urlencode({"period": self.period.name, "policy": self.policy})

    @property
    def called(self) -> str:
        """The period as people say it."""
        return called(self.period)


async def choose(connection: Connection, request: Request, given: Asked) -> Choice:
    """The choice, or else the last whole quarter under the installation's own policy.

    Raises Refused `period.malformed`.
    """
    today = dates.today()
    period = periods.parse(given.period or last_whole_quarter(today))
    policy = given.policy or request.app.state.settings.policy
    names = {edition.policy for edition, _, _ in await policies.editions(connection)}
    typed: dict[str, Any] = {"period": period.name, "policy": policy}
    found = offered(today)
    found = found if period.name in found else [period.name, *found]
    return Choice(
        period,
        policy,
        Form(typed),
        [(name, called(periods.parse(name))) for name in found],
        [(name, _policy(name)) for name in sorted(names)],
    )


def called(period: Period) -> str:
    """`2026年第三季度`, `Q3 2026`; months and years likewise."""
    year, quarter = period.first.year, (period.first.month - 1) // 3
    match period.length:
        case Length.MONTH:
            return dates.month(period.first)
        case Length.QUARTER:
            return spoken().of(f"{year}年第{'一二三四'[quarter]}季度", f"Q{quarter + 1} {year}")
        case Length.YEAR:
            return spoken().of(f"{year}年", f"{year}")


def _policy(name: str) -> str:
    return spoken().of(words.of_policy(name).zh, words.of_policy(name).en)


def last_whole_quarter(today: date) -> str:
    """The quarter that was over last: what lies in it has mostly been decided."""
    first = date(today.year, (today.month - 1) // 3 * 3 + 1, 1)
    return periods.names_around(first - timedelta(days=1))[1]


def offered(today: date) -> list[str]:
    """Quarters, months and years up to this day, newest first."""
    around: list[tuple[str, str, str]] = []
    day = today
    while len(around) < max(MONTHS, QUARTERS * 3, YEARS * 12):
        around.append(periods.names_around(day))
        day = day.replace(day=1) - timedelta(days=1)
    months, quarters, years = (list(dict.fromkeys(names)) for names in zip(*around, strict=True))
    return [*quarters[:QUARTERS], *months[:MONTHS], *years[:YEARS]]
