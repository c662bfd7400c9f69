"""Who the cadres are, as a file has it: rows, and everything that is wrong with them (R6, P1)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from lianxin_schemas.events.vault import Datum, PersonKind
from lianxin_schemas.ids import CadreId
from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from services.intake.domain.sealing import Person, Place
from services.intake.domain.vault import Mail, Name, Telephone


def _or_none(text: object) -> object:
    return None if text == "" else text


class CadreRow(BaseModel):
    """One cadre; the fields are the columns, in their order. Telephone and mail may be empty."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cadre: CadreId
    name: Name
    telephone: Annotated[Telephone | None, BeforeValidator(_or_none)]
    mail: Annotated[Mail | None, BeforeValidator(_or_none)]

    @property
    def person(self) -> Person:
        """Whose row it is."""
        return Person(PersonKind.CADRE, self.cadre)

    @property
    def texts(self) -> dict[Place, str | None]:
        """What is kept at each place; None where nothing is to be there."""
        found = {Datum.NAME: self.name, Datum.TELEPHONE: self.telephone, Datum.MAIL: self.mail}
        return {Place(self.person, datum): text for datum, text in found.items()}


Line = tuple[int, CadreRow]
"""A row and the line it begins on."""
COLUMNS = list(CadreRow.model_fields)


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


WORDS: Mapping[str, tuple[str, str]] = {
    "cadre": (
        "编号只用小写字母、数字和连字符，不超过48个。",
        "An id is 1-48 lower-case letters, digits and inner hyphens.",
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


def parse(lines: Iterable[tuple[int, Sequence[str]]]) -> tuple[list[Line], list[Fault]]:
    """The rows, checked as a whole; where there are faults, nothing may be loaded."""
    rows: list[Line] = []
    faults: list[Fault] = []
    first: dict[str, int] = {}
    for line, cells in lines:
        if len(cells) != len(COLUMNS):
            faults.append(
                Fault(line, "", f"这一行应有{len(COLUMNS)}列。", f"The row must have {len(COLUMNS)} columns.")
            )
            continue
        before = first.setdefault(cells[0], line)
        if before != line:
            faults.append(Fault(line, "cadre", f"和第{before}行是同一个编号。", f"The id stands on line {before} too."))
        try:
            rows.append((line, CadreRow.model_validate(dict(zip(COLUMNS, cells, strict=True)))))
        except ValidationError as error:
            columns = dict.fromkeys(str(item["loc"][0]) for item in error.errors())
            faults += [Fault(line, column, *WORDS[column]) for column in columns]
    return rows, faults
