"""Who answers for whom (R3, R4, Z1, Z2), published by assignment.

A period runs from `since`, its first local day, to `until`, its last local day; without `until` it is in force.
An ended event names the `since` of the period that it ends.
"""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from lianxin_schemas.events.base import Event
from lianxin_schemas.ids import CadreId, Day, GroupId, HouseholdId, OfficeId, RegionCode, ZoneId


class Rank(StrEnum):
    """Rank of a cadre (R3)."""

    VILLAGE = "village"
    TOWNSHIP = "township"
    COUNTY_DIVISION = "county-division"
    COUNTY = "county"
    PREFECTURE = "prefecture"
    PROVINCE = "province"


class Strength(StrEnum):
    """What a cadre is good at (R3): for matching cadres with what zones lack (Z4), next to the sectors of offices."""

    ORGANISATION = "organisation"
    LAW = "law"
    MEDIATION = "mediation"
    FINANCE = "finance"
    INDUSTRY = "industry"
    CONSTRUCTION = "construction"
    EDUCATION = "education"
    CULTURE = "culture"
    AGRICULTURE = "agriculture"
    WATER = "water"
    TECHNOLOGY = "technology"
    HEALTH = "health"
    WELFARE = "welfare"


class Care(StrEnum):
    """How much care a household needs (R4). A weight and never the reason, which lies in the vault."""

    NONE = "none"
    SOME = "some"
    MUCH = "much"


class ZoneLevel(StrEnum):
    """Level of a responsibility zone (Z1)."""

    TOWNSHIP = "township"
    VILLAGE = "village"
    GROUP = "group"


class RegionLevel(StrEnum):
    """Level of a region (R1)."""

    PROVINCE = "province"
    PREFECTURE = "prefecture"
    COUNTY = "county"
    TOWNSHIP = "township"
    VILLAGE = "village"
    GROUP = "group"


class Sector(StrEnum):
    """What an office is concerned with (R2)."""

    PARTY_GOVERNMENT = "party-government"
    POLITICAL_LEGAL = "political-legal"
    ECONOMIC = "economic"
    EDUCATION_CULTURE = "education-culture"
    AGRICULTURE_SCIENCE = "agriculture-science"
    OTHER = "other"


class RegionRegistered(Event):
    """A region as the register has it now (R1). Its name is in `directory`."""

    name = "region.registered"
    region: RegionCode
    level: RegionLevel
    parent: RegionCode | None = None
    """None for the topmost one that this installation knows."""

    @property
    def stream(self) -> str:
        return f"region-{self.region}"


class OfficeRegistered(Event):
    """An office as the register has it now (R2). Its name is in `directory`."""

    name = "office.registered"
    office: OfficeId
    sector: Sector
    region: RegionCode

    @property
    def stream(self) -> str:
        return f"office-{self.office}"


class CadreEvent(Event):
    """An event of one cadre."""

    cadre: CadreId

    @property
    def stream(self) -> str:
        return f"cadre-{self.cadre}"


class CadreRegistered(CadreEvent):
    """A cadre as the register has it now (R3)."""

    name = "cadre.registered"
    office: OfficeId
    rank: Rank
    strengths: Annotated[tuple[Strength, ...], Field(max_length=len(Strength))] = ()


class TermStarted(CadreEvent):
    """A term of office begins (R3)."""

    name = "term.started"
    since: Day


class TermEnded(CadreEvent):
    """A term of office has its last day (R3)."""

    name = "term.ended"
    since: Day
    until: Day


class ZoneEvent(Event):
    """An event of one responsibility zone."""

    zone: ZoneId

    @property
    def stream(self) -> str:
        return f"zone-{self.zone}"


class ZoneDrawn(ZoneEvent):
    """A zone as it is drawn now, with all its groups (Z1)."""

    name = "zone.drawn"
    level: ZoneLevel
    groups: Annotated[tuple[GroupId, ...], Field(max_length=1000)] = ()
    region: RegionCode | None = None
    """The smallest region that holds the whole zone."""


class ZoneLeaderSet(ZoneEvent):
    """A cadre leads the zone from a day on (Z2)."""

    name = "zone.leader_set"
    cadre: CadreId
    since: Day


class ZoneLeaderEnded(ZoneEvent):
    """A leader has a last day (Z2)."""

    name = "zone.leader_ended"
    cadre: CadreId
    since: Day
    until: Day


class HouseholdEvent(Event):
    """An event of one household, known by its opaque id alone (R4)."""

    household: HouseholdId

    @property
    def stream(self) -> str:
        return f"household-{self.household}"


class HouseholdRegistered(HouseholdEvent):
    """A household as the register has it now: its group, and how much care it needs (R4)."""

    name = "household.registered"
    group: GroupId
    care: Care = Care.NONE


class PairingStarted(HouseholdEvent):
    """A cadre answers for the household from a day on (Z2)."""

    name = "pairing.started"
    cadre: CadreId
    since: Day


class PairingEnded(HouseholdEvent):
    """A cadre has a last day of answering for the household (Z2)."""

    name = "pairing.ended"
    cadre: CadreId
    since: Day
    until: Day
