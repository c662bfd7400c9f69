"""The register's files, row by row: columns, and what may stand in them (R6)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Annotated

from lianxin_schemas.directory import Name
from lianxin_schemas.events.responsibility import Care, Rank, RegionLevel, Sector, Strength, ZoneLevel
from lianxin_schemas.ids import CadreId, GroupId, HouseholdId, OfficeId, RegionCode, ZoneId
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

FIRST, LAST = 1950, 2198
"""Years a day may lie in, so that its start and end are moments that an event may have."""


def _day(text: object) -> date:
    if not isinstance(text, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII):
        raise ValueError("not a day")
    day = date.fromisoformat(text)
    if not FIRST <= day.year <= LAST:
        raise ValueError("out of range")
    return day


def _day_or_none(text: object) -> date | None:
    return None if text == "" else _day(text)


def _strengths(text: object) -> tuple[Strength, ...]:
    """Several, divided by semicolons; in one order and each once, so that another order in the file is no change."""
    named = {Strength(part) for part in str(text).split(";")} if text else set()
    return tuple(strength for strength in Strength if strength in named)


Day = Annotated[date, BeforeValidator(_day)]
OpenDay = Annotated[date | None, BeforeValidator(_day_or_none)]
_blank = BeforeValidator(lambda text: None if text == "" else text)
OpenRegion = Annotated[RegionCode | None, _blank]
OpenName = Annotated[Name | None, _blank]
Strengths = Annotated[tuple[Strength, ...], BeforeValidator(_strengths)]
OpenCare = Annotated[Care, BeforeValidator(lambda text: text or Care.NONE)]


class Row(BaseModel):
    """One row; its fields are the columns, in their order. One with a default may be left out of the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class RegionRow(Row):
    """A region (R1) and its name."""

    region: RegionCode
    level: RegionLevel
    parent: OpenRegion
    zh: Name
    en: OpenName


class OfficeRow(Row):
    """An office, what it is concerned with (R2), and its name."""

    office: OfficeId
    sector: Sector
    region: RegionCode
    zh: Name
    en: OpenName


class CadreRow(Row):
    """A cadre as the register has it now (R3). Without the column, strengths stay as they are."""

    cadre: CadreId
    office: OfficeId
    rank: Rank
    strengths: Strengths | None = None


class TermRow(Row):
    """A term of office."""

    cadre: CadreId
    since: Day
    until: OpenDay


class ZoneRow(Row):
    """A responsibility zone."""

    zone: ZoneId
    level: ZoneLevel
    region: OpenRegion


class GroupRow(Row):
    """The one zone that a group belongs to."""

    group: GroupId
    zone: ZoneId


class LeaderRow(Row):
    """A cadre leads a zone."""

    zone: ZoneId
    cadre: CadreId
    since: Day
    until: OpenDay


class HouseholdRow(Row):
    """The group that a household belongs to, and how much care it needs (R4). Without the column, that stays."""

    household: HouseholdId
    group: GroupId
    care: OpenCare | None = None


class PairingRow(Row):
    """A cadre answers for a household."""

    household: HouseholdId
    cadre: CadreId
    since: Day
    until: OpenDay


FILES: Mapping[str, type[Row]] = {
    "regions.csv": RegionRow,
    "offices.csv": OfficeRow,
    "cadres.csv": CadreRow,
    "terms.csv": TermRow,
    "zones.csv": ZoneRow,
    "groups.csv": GroupRow,
    "leaders.csv": LeaderRow,
    "households.csv": HouseholdRow,
    "pairings.csv": PairingRow,
}
"""In the order they are written: what a row refers to stands before it."""


@dataclass(frozen=True, order=True)
class Fault:
    """Something to change before the register can be loaded. `column` is empty where the whole row is meant."""

    file: str
    line: int
    column: str
    zh: str
    en: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" + (f" {self.column}" if self.column else "")
        return f"{place}: {self.zh} {self.en}"


ID = ("编号只用小写字母、数字和连字符，不超过48个。", "An id is 1-48 lower-case letters, digits and inner hyphens.")
DAY = (
    f"日期写成 2024-01-31 的样子，年份在{FIRST}到{LAST}之间。",
    f"A day is written like 2024-01-31, its year {FIRST}-{LAST}.",
)
REGION = ("区划代码是6位、12位或15位数字。", "A region's code has 6, 12 or 15 digits.")
NAME = ("名称1到60个字。", "A name has 1-60 characters.")
WORDS = {"since": DAY, "until": DAY, "region": REGION, "parent": REGION, "zh": NAME, "en": NAME}
"""What a column wants; ids, where it is not named."""
ENUMS: Mapping[tuple[str, str], type[StrEnum]] = {
    ("regions.csv", "level"): RegionLevel,
    ("offices.csv", "sector"): Sector,
    ("cadres.csv", "rank"): Rank,
    ("zones.csv", "level"): ZoneLevel,
    ("cadres.csv", "strengths"): Strength,
    ("households.csv", "care"): Care,
}
SEVERAL = {"strengths"}
"""Columns that may name more than one, or none."""


def headers(file: str) -> list[list[str]]:
    """What the first line of a file may say: all columns, or those alone that must be there."""
    fields = FILES[file].model_fields
    needed = [column for column, field in fields.items() if field.is_required()]
    return [list(fields), needed]


def parse(file: str, line: int, columns: Sequence[str], cells: Sequence[str]) -> Row | list[Fault]:
    """The row in the cells of these columns, or everything that is wrong with them."""
    if len(cells) != len(columns):
        return [
            Fault(
                file,
                line,
                "",
                f"这一行有{len(cells)}列，应有{len(columns)}列。",
                f"The row has {len(cells)} columns instead of {len(columns)}.",
            )
        ]
    try:
        return FILES[file].model_validate(dict(zip(columns, cells, strict=True)))
    except ValidationError as error:
        return [_fault(file, line, str(item["loc"][0])) for item in error.errors()]


def _fault(file: str, line: int, column: str) -> Fault:
    options = ENUMS.get((file, column))
    if options is not None:
        listed = ", ".join(options)
        if column in SEVERAL:
            zh = f"可以不填，或写几项，用分号隔开：{listed}。"
            return Fault(file, line, column, zh, f"Empty, or some of these with semicolons between: {listed}.")
        return Fault(file, line, column, f"只能是：{listed}。", f"Must be one of: {listed}.")
    return Fault(file, line, column, *WORDS.get(column, ID))
