"""The periods that scores are about (A5): a month, a quarter, a year, named as people name them."""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from services.refused import Refused

_FORM = re.compile(r"(19[5-9]\d|20\d\d|21\d\d)(?:-(0[1-9]|1[0-2])|-Q([1-4]))?", re.ASCII)


class Length(StrEnum):
    """How long a period is."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@dataclass(frozen=True)
class Period:
    """Local days from `first` to `last`, both included; `name` is its one spelling."""

    name: str
    length: Length
    first: date
    last: date


def parse(text: str) -> Period:
    """The period of a name: `2026-03`, `2026-Q1` or `2026`. Raises Refused `period.malformed`."""
    match = _FORM.fullmatch(text)
    if not match:
        raise Refused("period.malformed", "period", given=text[:20])
    year, month, quarter = int(match[1]), match[2], match[3]
    if month:
        return _span(text, Length.MONTH, year, int(month), int(month))
    if quarter:
        return _span(text, Length.QUARTER, year, int(quarter) * 3 - 2, int(quarter) * 3)
    return _span(text, Length.YEAR, year, 1, 12)


def names_around(day: date) -> tuple[str, str, str]:
    """The month, the quarter and the year that a day lies in."""
    return f"{day:%Y-%m}", f"{day.year}-Q{(day.month + 2) // 3}", f"{day.year}"


def _span(name: str, length: Length, year: int, first_month: int, last_month: int) -> Period:
    last = date(year, last_month, monthrange(year, last_month)[1])
    return Period(name, length, date(year, first_month, 1), last)
