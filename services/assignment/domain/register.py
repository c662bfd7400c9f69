"""The register: who answers for whom, and since when (R1-R4, R6, Z1, Z2). What it holds, and what a load changes."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import NamedTuple

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.responsibility import (
    CadreRegistered,
    Care,
    HouseholdRegistered,
    OfficeRegistered,
    PairingEnded,
    PairingStarted,
    Rank,
    RegionLevel,
    RegionRegistered,
    Sector,
    Strength,
    TermEnded,
    TermStarted,
    ZoneDrawn,
    ZoneLeaderEnded,
    ZoneLeaderSet,
    ZoneLevel,
)

from services.assignment.domain.days import end_of, start_of
from services.assignment.domain.rows import (
    CadreRow,
    GroupRow,
    HouseholdRow,
    LeaderRow,
    OfficeRow,
    PairingRow,
    RegionRow,
    Row,
    TermRow,
    ZoneRow,
)


class Kind(StrEnum):
    """What a period is about."""

    TERM = "term"
    LEADER = "leader"
    PAIRING = "pairing"


class Period(NamedTuple):
    """What names a period: a term of office (subject: the cadre), a zone's leader, a household's cadre."""

    kind: Kind
    subject: str
    cadre: str
    since: date


class Cadre(NamedTuple):
    """A cadre as the register has it."""

    office: str
    rank: Rank
    strengths: tuple[Strength, ...] = ()


class Household(NamedTuple):
    """A household as the register has it."""

    group: str
    care: Care = Care.NONE


class Zone(NamedTuple):
    """A zone as it is drawn."""

    level: ZoneLevel
    groups: tuple[str, ...]
    region: str | None


@dataclass
class Register:
    """What the log holds. Each period has its last day, or None while it is in force."""

    regions: dict[str, tuple[RegionLevel, str | None]] = field(default_factory=dict)
    offices: dict[str, tuple[Sector, str]] = field(default_factory=dict)
    cadres: dict[str, Cadre] = field(default_factory=dict)
    zones: dict[str, Zone] = field(default_factory=dict)
    groups: dict[str, str] = field(default_factory=dict)
    households: dict[str, Household] = field(default_factory=dict)
    periods: dict[Period, date | None] = field(default_factory=dict)


def fold(events: Iterable[Event]) -> Register:
    """The register after events in the order of the log."""
    register = Register()
    for event in events:
        evolve(register, event)
    return register


def evolve(register: Register, event: Event) -> None:
    """Takes one more event into the register."""
    match event:
        case RegionRegistered():
            register.regions[event.region] = (event.level, event.parent)
        case OfficeRegistered():
            register.offices[event.office] = (event.sector, event.region)
        case CadreRegistered():
            register.cadres[event.cadre] = Cadre(event.office, event.rank, event.strengths)
        case ZoneDrawn():
            was = register.zones.get(event.zone)
            for group in was.groups if was else ():
                if register.groups.get(group) == event.zone:
                    del register.groups[group]
            register.zones[event.zone] = Zone(event.level, event.groups, event.region)
            register.groups.update(dict.fromkeys(event.groups, event.zone))
        case HouseholdRegistered():
            register.households[event.household] = Household(event.group, event.care)
        case _:
            period = period_of(event)
            register.periods[period] = getattr(event, "until", None)


def period_of(event: Event) -> Period:
    """The period that an event starts or ends."""
    match event:
        case TermStarted() | TermEnded():
            return Period(Kind.TERM, event.cadre, event.cadre, event.since)
        case ZoneLeaderSet() | ZoneLeaderEnded():
            return Period(Kind.LEADER, event.zone, event.cadre, event.since)
        case PairingStarted() | PairingEnded():
            return Period(Kind.PAIRING, event.household, event.cadre, event.since)
        case _:
            raise AssertionError(f"{event.type()} is no event of the register")


def period_in(row: TermRow | LeaderRow | PairingRow) -> Period:
    """The period that a row is about."""
    match row:
        case TermRow():
            return Period(Kind.TERM, row.cadre, row.cadre, row.since)
        case LeaderRow():
            return Period(Kind.LEADER, row.zone, row.cadre, row.since)
        case PairingRow():
            return Period(Kind.PAIRING, row.household, row.cadre, row.since)


Rows = Mapping[str, list[tuple[int, Row]]]
"""The rows of each file with the lines they begin on."""


@dataclass(frozen=True)
class Change:
    """What one row adds to one stream. `events` stand with the time they happened; None means when it is loaded."""

    file: str
    line: int
    events: tuple[tuple[Event, datetime | None], ...]

    @property
    def stream(self) -> str:
        """The one stream it belongs to."""
        return self.events[0][0].stream


def merged(register: Register, rows: Rows) -> Register:
    """The register as it will be: what the rows say, and what they leave out as it was."""
    result = Register(*(dict(part) for part in vars(register).values()))
    for _, row in (item for file in rows.values() for item in file):
        match row:
            case RegionRow():
                result.regions[row.region] = (row.level, row.parent)
            case OfficeRow():
                result.offices[row.office] = (row.sector, row.region)
            case CadreRow():
                result.cadres[row.cadre] = _cadre(register, row)
            case ZoneRow():
                was = result.zones.get(row.zone)
                result.zones[row.zone] = Zone(row.level, was.groups if was else (), row.region)
            case GroupRow():
                result.groups[row.group] = row.zone
            case HouseholdRow():
                result.households[row.household] = _household(register, row)
            case TermRow() | LeaderRow() | PairingRow():
                result.periods[period_in(row)] = row.until
    return result


def _cadre(register: Register, row: CadreRow) -> Cadre:
    """The cadre by its row; strengths of which the file does not speak stay."""
    was = register.cadres.get(row.cadre)
    held = was.strengths if was else ()
    return Cadre(row.office, row.rank, held if row.strengths is None else row.strengths)


def _household(register: Register, row: HouseholdRow) -> Household:
    """The household by its row; care of which the file does not speak stays."""
    was = register.households.get(row.household)
    held = was.care if was else Care.NONE
    return Household(row.group, held if row.care is None else row.care)


def changes(register: Register, rows: Rows) -> Iterator[Change]:
    """What the log has to take in so that it holds what checked rows say; nothing where it does already.

    Names are no part of it. Cadres, zones and households come before the periods about them.
    """
    drawn = _redrawn(register, merged(register, rows))
    for name, file in rows.items():
        for line, row in file:
            match row:
                case RegionRow() if register.regions.get(row.region) != (row.level, row.parent):
                    region = RegionRegistered(region=row.region, level=row.level, parent=row.parent)
                    yield Change(name, line, ((region, None),))
                case OfficeRow() if register.offices.get(row.office) != (row.sector, row.region):
                    office = OfficeRegistered(office=row.office, sector=row.sector, region=row.region)
                    yield Change(name, line, ((office, None),))
                case CadreRow() if register.cadres.get(row.cadre) != (cadre := _cadre(register, row)):
                    registered = CadreRegistered(cadre=row.cadre, **cadre._asdict())
                    yield Change(name, line, ((registered, None),))
                case HouseholdRow() if register.households.get(row.household) != (home := _household(register, row)):
                    household = HouseholdRegistered(household=row.household, **home._asdict())
                    yield Change(name, line, ((household, None),))
                case ZoneRow() | GroupRow():
                    named = [row.zone] if isinstance(row, ZoneRow) else [register.groups.get(row.group, ""), row.zone]
                    for zone in named:
                        if event := drawn.pop(zone, None):
                            yield Change(name, line, ((event, None),))
                case TermRow() | LeaderRow() | PairingRow():
                    if events := _periods(register, row):
                        yield Change(name, line, events)
    # Zones that lost a group in a load that was interrupted before it came to them.
    for event in drawn.values():
        yield Change("groups.csv", 1, ((event, None),))


def _redrawn(register: Register, after: Register) -> dict[str, ZoneDrawn]:
    """Zones that have to be drawn anew, with all their groups."""
    groups: dict[str, list[str]] = {}
    for group, zone in after.groups.items():
        groups.setdefault(zone, []).append(group)
    found = {}
    for zone, (level, _, region) in after.zones.items():
        drawn = Zone(level, tuple(sorted(groups.get(zone, []))), region)
        if register.zones.get(zone) != drawn:
            found[zone] = ZoneDrawn(zone=zone, **drawn._asdict())
    return found


def _periods(register: Register, row: TermRow | LeaderRow | PairingRow) -> tuple[tuple[Event, datetime | None], ...]:
    """The start of a period that is new, and its end where that is new or another."""
    started: Event
    match row:
        case TermRow():
            started = TermStarted(cadre=row.cadre, since=row.since)
        case LeaderRow():
            started = ZoneLeaderSet(zone=row.zone, cadre=row.cadre, since=row.since)
        case PairingRow():
            started = PairingStarted(household=row.household, cadre=row.cadre, since=row.since)
    period = period_in(row)
    found: list[tuple[Event, datetime | None]] = []
    if period not in register.periods:
        found.append((started, start_of(row.since)))
    if row.until is not None and register.periods.get(period) != row.until:
        ended = ENDED[period.kind](**started.model_dump(), until=row.until)
        found.append((ended, end_of(row.until)))
    return tuple(found)


ENDED: Mapping[Kind, type[TermEnded | ZoneLeaderEnded | PairingEnded]] = {
    Kind.TERM: TermEnded,
    Kind.LEADER: ZoneLeaderEnded,
    Kind.PAIRING: PairingEnded,
}
