"""Who the cadres are and what households need, as a file has it: rows, and all that is wrong with them (R4, R6, P1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, ClassVar

from lianxin_schemas.events.vault import Datum, PersonKind
from lianxin_schemas.ids import CadreId, HouseholdId
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from services.intake.domain.sealing import Person, Place
from services.intake.domain.vault import Mail, Name, Telephone


def _or_none(text: object) -> object:
    return None if text == "" else text


class Need(StrEnum):
    """Why a household needs care (R4). The vault alone has it: no event, topic or other table has a place for it."""

    HARDSHIP = "hardship"
    EMPTY_NEST_ELDER = "empty-nest-elder"
    LEFT_BEHIND_CHILD = "left-behind-child"
    DISABLED = "disabled"
    HARDSHIP_PARTY_MEMBER = "hardship-party-member"


WIDTH = len(";".join(Need))
"""Signs that all needs take: each household's take as many, for the length of a sealed text shows."""


def _needs(text: object) -> tuple[Need, ...]:
    """Several, divided by semicolons; in one order and each once, so that another order in the file is no change."""
    named = {Need(part) for part in str(text).split(";")} if text else set()
    return tuple(need for need in Need if need in named)


class Row(BaseModel):
    """A row about one person or one household. The fields are the columns, in their order; the first is the id."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    gone: ClassVar[tuple[str, str]]
    """What is said of a row whose data were erased."""

    @property
    def person(self) -> Person:
        """Whose row it is."""
        raise NotImplementedError

    @property
    def texts(self) -> dict[Place, str | None]:
        """What is kept at each place; None where nothing is to be there."""
        raise NotImplementedError


class CadreRow(Row):
    """One cadre. Telephone and mail may be empty."""

    cadre: CadreId
    name: Name
    telephone: Annotated[Telephone | None, BeforeValidator(_or_none)]
    mail: Annotated[Mail | None, BeforeValidator(_or_none)]

    gone = ("这位干部的资料已经删除，去掉这一行。", "This cadre's data were erased; leave out the row.")

    @property
    def person(self) -> Person:
        """The cadre."""
        return Person(PersonKind.CADRE, self.cadre)

    @property
    def texts(self) -> dict[Place, str | None]:
        """Name and addresses."""
        found = {Datum.NAME: self.name, Datum.TELEPHONE: self.telephone, Datum.MAIL: self.mail}
        return {Place(self.person, datum): text for datum, text in found.items()}


class HouseholdRow(Row):
    """One household, and why it needs care; it may need none any more."""

    household: HouseholdId
    needs: Annotated[tuple[Need, ...], BeforeValidator(_needs)]

    gone = ("这户的资料已经删除，去掉这一行。", "This household's data were erased; leave out the row.")

    @property
    def person(self) -> Person:
        """The household, which has a key like a person's."""
        return Person(PersonKind.HOUSEHOLD, self.household)

    @property
    def texts(self) -> dict[Place, str | None]:
        """Its needs, all households' of one length."""
        return {Place(self.person, Datum.CARE): ";".join(self.needs).ljust(WIDTH) if self.needs else None}


Line = tuple[int, Row]
"""A row and the line it begins on."""
FILES: Mapping[tuple[str, ...], type[Row]] = {tuple(kind.model_fields): kind for kind in (CadreRow, HouseholdRow)}
"""What a file is about, by its first line."""


@dataclass(frozen=True, order=True)
class Fault:
    """Something to change before the file can be loaded. It never repeats what stands in the cell."""

    line: int
    column: str
    zh: str
    en: str

    def __str__(self) -> str:
        place = f"{self.line}" + (f" {self.column}" if self.column else "")
        return f"{place}: {self.zh} {self.en}"


ID = ("编号只用小写字母、数字和连字符，不超过48个。", "An id is 1-48 lower-case letters, digits and inner hyphens.")
WORDS: Mapping[str, tuple[str, str]] = {
    "cadre": ID,
    "household": ID,
    "needs": (
        f"可以不填，或写几项，用分号隔开：{', '.join(Need)}。",
        f"Empty, or some of these with semicolons between: {', '.join(Need)}.",
    ),
    "name": ("姓名要写，不超过60个字。", "A name has 1-60 characters."),
    "telephone": (
        "电话写成 13800000000 的样子，没有就不填。",
        "A telephone number is digits; empty where there is none.",
    ),
    "mail": (
        "邮箱写成 a@b.cn 的样子，没有就不填。",
        "A mail address is written like a@b.cn; empty where there is none.",
    ),
}


def parse(kind: type[Row], lines: Iterable[tuple[int, Sequence[str]]]) -> tuple[list[Line], list[Fault]]:
    """The rows, checked as a whole; where there are faults, nothing may be loaded."""
    columns = list(kind.model_fields)
    rows: list[Line] = []
    faults: list[Fault] = []
    first: dict[str, int] = {}
    for line, cells in lines:
        if len(cells) != len(columns):
            faults.append(
                Fault(line, "", f"这一行应有{len(columns)}列。", f"The row must have {len(columns)} columns.")
            )
            continue
        before = first.setdefault(cells[0], line)
        if before != line:
            faults.append(
                Fault(line, columns[0], f"和第{before}行是同一个编号。", f"The id stands on line {before} too.")
            )
        try:
            rows.append((line, kind.model_validate(dict(zip(columns, cells, strict=True)))))
        except ValidationError as error:
            named = dict.fromkeys(str(item["loc"][0]) for item in error.errors())
            faults += [Fault(line, column, *WORDS[column]) for column in named]
    return rows, faults
