"""A policy is data: weighted indicators with a version and a day from which it holds (A1)."""

from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.appraisal.domain.periods import Length, Period
from services.refused import Refused


class WrongPolicy(Exception):
    """A policy that must not be used; the text says why in a sentence."""


class Kind(StrEnum):
    """What can be counted, and so stand in a policy (A2)."""

    COVERAGE = "coverage"
    PETITIONS_IN_TIME = "petitions_in_time"


class _Data(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Indicator(_Data):
    """One leaf: `minimum` is the least denominator that proves anything; `visits` those a household needs."""

    indicator: Kind
    weight: Decimal
    minimum: int
    visits: Annotated[Mapping[Length, int], Field(default_factory=dict)]
    zh: str
    en: str


class Policy(_Data):
    """What a score is made of. `valid_from` is the first day of the first period it is for."""

    name: str
    version: int
    valid_from: date
    zh: str
    en: str
    indicators: tuple[Indicator, ...]


def parse(text: str) -> Policy:
    """The policy in a JSON text. Raises WrongPolicy for anything that cannot be one (A1)."""
    try:
        policy = Policy.model_validate_json(text)
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise WrongPolicy(f"the file is not a policy: {places}") from error
    for indicator in policy.indicators:
        _check(indicator)
    kinds = [indicator.indicator for indicator in policy.indicators]
    if len(set(kinds)) < len(kinds):
        raise WrongPolicy("an indicator is named twice")
    total = sum(indicator.weight for indicator in policy.indicators)
    if total != 100:
        raise WrongPolicy(f"the weights must add up to 100 and add up to {total}")
    return policy


def _check(indicator: Indicator) -> None:
    if not indicator.weight > 0:
        raise WrongPolicy(f"the weight of {indicator.indicator} must be more than 0 and is {indicator.weight}")
    if indicator.minimum < 1:
        raise WrongPolicy(f"the minimum of {indicator.indicator} must be at least 1 and is {indicator.minimum}")
    needed = set(Length) if indicator.indicator is Kind.COVERAGE else set()
    if set(indicator.visits) != needed or any(count < 1 for count in indicator.visits.values()):
        expected = "at least 1 visit for each of month, quarter and year" if needed else "no number of visits"
        raise WrongPolicy(f"{indicator.indicator} must state {expected}")


def in_force(policies: Sequence[Policy], period: Period) -> Policy:
    """The policy that held when the period began. Raises Refused `period.no-policy`."""
    held = [policy for policy in policies if policy.valid_from <= period.first]
    if not held:
        raise Refused("period.no-policy", "period", period=period.name)
    return max(held, key=lambda policy: (policy.valid_from, policy.version))
