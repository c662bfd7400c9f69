"""What has to hold before a register is loaded, over its files and what the log holds already (R6, Z2)."""

from collections.abc import Iterable, Iterator
from datetime import date, timedelta
from itertools import groupby

from services.assignment.domain.regions import level_of, parent_of
from services.assignment.domain.register import Kind, Period, Register, Rows, merged, period_in
from services.assignment.domain.rows import Fault, GroupRow, LeaderRow, PairingRow, RegionRow, Row, TermRow, ZoneRow

MOST_GROUPS = 1_000
"""Groups of a zone, as the contract has it."""

HOLDER = {
    "region": "regions.csv",
    "office": "offices.csv",
    "cadre": "cadres.csv",
    "zone": "zones.csv",
    "group": "groups.csv",
    "household": "households.csv",
}
"""The file in which an id of a column is registered."""
FILE = {Kind.TERM: "terms.csv", Kind.LEADER: "leaders.csv", Kind.PAIRING: "pairings.csv"}


def check(register: Register, rows: Rows, broken: dict[str, set[str]]) -> list[Fault]:
    """Every fault between rows that are well-formed by themselves.

    `broken` are the ids that malformed rows register, by file: a reference to one of them is no second fault.
    """
    after = merged(register, rows)
    return [
        *_doubled(rows),
        *_dangling(after, rows, broken),
        *_regions(after, rows, broken),
        *_backwards(register, rows),
        *_crossing(after, rows),
        *_blank_zones(after, rows, broken),
        *_too_many_groups(after, rows),
    ]


def _key(row: Row) -> tuple[object, ...]:
    if isinstance(row, TermRow | LeaderRow | PairingRow):
        return period_in(row)
    return (next(iter(vars(row).values())),)


def _doubled(rows: Rows) -> Iterator[Fault]:
    for file, items in rows.items():
        first: dict[tuple[object, ...], int] = {}
        for line, row in items:
            if (known := first.setdefault(_key(row), line)) != line:
                column = next(iter(type(row).model_fields))
                yield Fault(file, line, column, f"和第{known}行重复。", f"The same as in line {known}.")


def _dangling(after: Register, rows: Rows, broken: dict[str, set[str]]) -> Iterator[Fault]:
    known = {
        "region": after.regions.keys() | broken.get("regions.csv", set()),
        "office": after.offices.keys() | broken.get("offices.csv", set()),
        "cadre": after.cadres.keys() | broken.get("cadres.csv", set()),
        "zone": after.zones.keys() | broken.get("zones.csv", set()),
        "group": after.groups.keys() | broken.get("groups.csv", set()),
        "household": after.households.keys() | broken.get("households.csv", set()),
    }
    for file, items in rows.items():
        columns = [column for column, holder in HOLDER.items() if holder != file]
        for line, row in items:
            for column in columns:
                id_ = getattr(row, column, None)
                if id_ is not None and id_ not in known[column]:
                    yield _unknown(file, line, column, id_, HOLDER[column])


def _unknown(file: str, line: int, column: str, id_: str, holder: str) -> Fault:
    return Fault(
        file,
        line,
        column,
        f"{holder} 和已有的登记里都没有 {id_}。",
        f"{id_} is neither in {holder} nor in the register.",
    )


def _regions(after: Register, rows: Rows, broken: dict[str, set[str]]) -> Iterator[Fault]:
    """R1: one tree, each code under that of its parent, and no level left out."""
    file = "regions.csv"
    known = after.regions.keys() | broken.get(file, set())
    in_file = [row.region for _, row in rows.get(file, []) if isinstance(row, RegionRow)]
    # Whoever was the top first stays it; a new one above it needs the old one's row to name it.
    top = next(
        (code for code in [*after.regions.keys() - {*in_file}, *in_file] if after.regions[code][1] is None), None
    )
    for line, row in rows.get(file, []):
        if not isinstance(row, RegionRow):
            continue
        if level_of(row.region) is not row.level:
            yield Fault(
                file,
                line,
                "level",
                f"代码 {row.region} 不是这一级的写法。",
                f"The code {row.region} is not of this level.",
            )
        elif row.parent is None and row.region != top:
            yield Fault(file, line, "parent", f"只有 {top} 可以没有上级。", f"Only {top} may be without a parent.")
        elif row.parent is not None and row.parent != parent_of(row.region):
            yield Fault(
                file,
                line,
                "parent",
                f"上级应是 {parent_of(row.region) or '空'}。",
                f"The parent must be {parent_of(row.region) or 'empty'}.",
            )
        elif row.parent is not None and row.parent not in known:
            yield _unknown(file, line, "parent", row.parent, file)


def _backwards(register: Register, rows: Rows) -> Iterator[Fault]:
    for file, items in rows.items():
        for line, row in items:
            if not isinstance(row, TermRow | LeaderRow | PairingRow):
                continue
            ended = register.periods.get(period_in(row))
            if row.until is not None and row.until < row.since:
                yield Fault(file, line, "until", "结束早于开始。", "It ends before it begins.")
            if row.until is None and ended is not None:
                yield Fault(
                    file,
                    line,
                    "until",
                    f"登记里已于{ended}结束，填上结束日期。",
                    f"The register has it ended on {ended}; give its last day.",
                )


def _lines(rows: Rows) -> dict[Period, int]:
    return {
        period_in(row): line
        for items in rows.values()
        for line, row in items
        if isinstance(row, TermRow | LeaderRow | PairingRow)
    }


def _crossing(after: Register, rows: Rows) -> Iterator[Fault]:
    """Periods that overlap: terms of one cadre, leaders of one zone, pairings of one household and cadre."""
    lines = _lines(rows)

    def one(period: Period) -> tuple[str, str, str]:
        return (period.kind, period.subject, "" if period.kind is Kind.LEADER else period.cadre)

    ordered = sorted(after.periods, key=lambda period: (*one(period), period.since, period.cadre))
    for _, group in groupby(ordered, key=one):
        for longest, later in _neighbours(after, group):
            until = after.periods[longest]
            if until is None or later.since <= until:
                at, other = (longest, later) if longest in lines and later not in lines else (later, longest)
                yield Fault(
                    FILE[at.kind],
                    lines.get(at, 1),
                    "since",
                    f"{at.subject} 自{at.since}起的时段和 {other.cadre} 自{other.since}起的重叠。",
                    f"{at.subject} since {at.since} overlaps the period of {other.cadre} since {other.since}.",
                )


def _neighbours(after: Register, periods: Iterable[Period]) -> Iterator[tuple[Period, Period]]:
    """Each period but the first, in order of `since`, with that one before it that lasts longest."""
    longest: Period | None = None
    for period in periods:
        if longest is not None:
            yield longest, period
        if longest is None or _last(after, period) > _last(after, longest):
            longest = period


def _last(after: Register, period: Period) -> date:
    return after.periods[period] or date.max


def _blank_zones(after: Register, rows: Rows, broken: dict[str, set[str]]) -> Iterator[Fault]:
    """Z2: zones that have no leader in force, or had none for a while."""
    lines = _lines(rows)
    drawn = {row.zone: line for line, row in rows.get("zones.csv", []) if isinstance(row, ZoneRow)}
    led: dict[str, list[Period]] = {}
    for period in sorted(after.periods, key=lambda period: period.since):
        if period.kind is Kind.LEADER:
            led.setdefault(period.subject, []).append(period)
    for zone in sorted(after.zones.keys() - broken.get("leaders.csv", set())):
        if zone not in led:
            file = "zones.csv" if zone in drawn else "leaders.csv"
            yield Fault(file, drawn.get(zone, 1), "zone", f"责任区 {zone} 没有负责人。", f"Zone {zone} has no leader.")
            continue
        for longest, later in _neighbours(after, led[zone]):
            until = _last(after, longest)
            if until != date.max and later.since > until + timedelta(days=1):
                yield Fault(
                    "leaders.csv",
                    lines.get(later, 1),
                    "since",
                    f"责任区 {zone} 在{until}之后、{later.since}之前没有负责人。",
                    f"Zone {zone} has no leader between {until} and {later.since}.",
                )
        last = max(led[zone], key=lambda period: _last(after, period))
        if (until := _last(after, last)) != date.max:
            yield Fault(
                "leaders.csv",
                lines.get(last, 1),
                "until",
                f"责任区 {zone} 在{until}之后没有负责人。",
                f"Zone {zone} has no leader after {until}.",
            )


def _too_many_groups(after: Register, rows: Rows) -> Iterator[Fault]:
    counts: dict[str, int] = {}
    for zone in after.groups.values():
        counts[zone] = counts.get(zone, 0) + 1
    for line, row in rows.get("groups.csv", []):
        if isinstance(row, GroupRow) and counts.get(row.zone, 0) > MOST_GROUPS:
            counts[row.zone] = 0  # once a zone
            yield Fault(
                "groups.csv",
                line,
                "zone",
                f"责任区 {row.zone} 超过{MOST_GROUPS}个组。",
                f"Zone {row.zone} has more than {MOST_GROUPS} groups.",
            )
