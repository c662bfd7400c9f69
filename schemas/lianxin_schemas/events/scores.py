"""What scores are made of (A1), published by appraisal."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from lianxin_schemas.events.base import Event, Part
from lianxin_schemas.ids import Day, OpaqueId, PolicyId

Weight = Annotated[str, StringConstraints(pattern=r"^(?:100|[1-9]?[0-9])(?:\.[0-9]{1,2})?$")]
"""Per cent of the node above, a decimal as text."""


class IndicatorKind(StrEnum):
    """What can be counted, and so stand in a policy (A2)."""

    COVERAGE = "coverage"
    PETITIONS_IN_TIME = "petitions_in_time"
    PETITIONS_SOLVED = "petitions_solved"
    PETITIONS_SATISFIED = "petitions_satisfied"
    ZONE_RATING = "zone_rating"
    EVALUATION = "evaluation"
    COUNTY_MARK = "county_mark"
    PROVINCE_MARK = "province_mark"


class Band(StrEnum):
    """Where a score places a person: never a rank (A3)."""

    EXCELLENT = "excellent"
    GOOD = "good"
    FAIR = "fair"
    IMPROVE = "improve"


class Needed(Part):
    """Visits that a household needs in a month, a quarter and a year to count as covered."""

    month: Annotated[int, Field(ge=1, le=100)]
    quarter: Annotated[int, Field(ge=1, le=100)]
    year: Annotated[int, Field(ge=1, le=100)]


class Node(Part):
    """A branch or a leaf of a policy. A leaf has an indicator, and the least denominator that proves anything."""

    node: OpaqueId
    parent: OpaqueId | None = None
    weight: Weight
    indicator: IndicatorKind | None = None
    minimum: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    needed: Needed | None = None


class BandFrom(Part):
    """The least score of a band."""

    band: Band
    points: Annotated[int, Field(ge=0, le=100)]


class PolicyAdopted(Event):
    """A policy as a whole (A1): children of one node, and the nodes without a parent, weigh 100 together.

    It is for periods that begin on `valid_from` or later, until a later edition.
    """

    name = "policy.adopted"
    policy: PolicyId
    edition: Annotated[int, Field(ge=1, le=10_000)]
    valid_from: Day
    nodes: Annotated[tuple[Node, ...], Field(min_length=1, max_length=100)]
    bands: Annotated[tuple[BandFrom, ...], Field(max_length=4)] = ()

    @property
    def stream(self) -> str:
        return f"policy-{self.policy}"
