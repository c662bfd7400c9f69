"""Days off: weekends, but for what the State Council's notices say of single days (C3a)."""

from datetime import date, timedelta
from typing import Annotated, Self

from lianxin_schemas.events.base import Part
from pydantic import Field, model_validator

SATURDAY = 5


class Year(Part):
    """What the notices say of one year: days off, weekends among them included, and weekend days worked instead."""

    year: Annotated[int, Field(ge=1949, le=2199)]
    version: Annotated[str, Field(pattern=r"^[0-9a-z.-]{1,20}$")]
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    """The titles of the notices."""
    off: frozenset[date]
    working: frozenset[date]

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if any(day.year != self.year for day in self.off | self.working):
            raise ValueError(f"a day of another year stands under {self.year}")
        if self.off & self.working:
            raise ValueError(f"a day of {self.year} is off and worked")
        return self


class DaysOff(Part):
    """The notices of all years there are; a year without one has plain weekends."""

    years: tuple[Year, ...]

    @model_validator(mode="after")
    def _once(self) -> Self:
        if len({year.year for year in self.years}) < len(self.years):
            raise ValueError("a year stands twice")
        return self

    def holds(self, day: date) -> bool:
        """Whether a day is off."""
        said = next((year for year in self.years if year.year == day.year), None)
        if said and day in said.off | said.working:
            return day in said.off
        return day.weekday() >= SATURDAY

    def moved(self, day: date) -> date:
        """The day itself where it is worked, otherwise the next that is. Raises OverflowError at the end of time."""
        while self.holds(day):
            day += timedelta(days=1)
        return day
