"""What somebody who raises a petition has answered so far. It travels in the forms alone: nothing is kept of what is
not sent, and browser and page go back and forth as they like.
"""

import unicodedata
from collections.abc import Iterator
from typing import Annotated, Any, Literal
from uuid import UUID

from lianxin_schemas.events.petitions import Channel
from lianxin_schemas.ids import CadreId, CategoryCode, RegionCode, ZoneId
from pydantic import BaseModel, BeforeValidator, Field

from services import categories
from services.intake.domain.petitions import ReceivePetition, Told
from services.intake.domain.vault import Mail, Telephone, Words
from services.web.forms import Pair

Step = Literal["category", "words", "place", "about", "reach", "check"]
STEPS: tuple[Step, ...] = ("category", "words", "place", "about", "reach", "check")
NUMBERS = {"category": 1, "words": 2, "place": 3, "about": 3, "reach": 4}
"""Which of four questions a page is."""
ASKED: dict[str, tuple[str, ...]] = {
    "category": ("category",),
    "words": ("words", "official"),
    "place": ("zone",),
    "about": ("about",),
    "reach": ("telephone", "mail"),
    "check": (),
}
"""The fields that stand open on a page; all others travel along unseen."""
NEITHER = "-"
"""The answer that none of those offered is it: no zone is known, no official is listed."""


def _plain(text: Any) -> Any:
    """What a Chinese keyboard writes wide, as digits and signs."""
    return unicodedata.normalize("NFKC", text) if isinstance(text, str) else text


def _lines(text: Any) -> Any:
    """Lines as they were typed: forms end them in two signs."""
    return text.replace("\r\n", "\n") if isinstance(text, str) else text


Said = Annotated[Words | None, BeforeValidator(_lines)]
"""What somebody typed of what happened, if anything."""
ByTelephone = Annotated[Telephone | None, BeforeValidator(_plain)]
"""The number they typed, if any."""
ByMail = Annotated[Mail | None, BeforeValidator(_plain)]
"""The address they typed, if any."""


class Answers(BaseModel):
    """All fields of all pages; what has not been asked yet is absent."""

    command: UUID
    at: Step = "category"
    """The page that was answered."""
    to: str | None = None
    """The page to show instead, with `:` and where in it; nothing is checked then."""
    checked: Literal["yes"] | None = None
    """All was answered once: what is changed leads straight back to the check."""
    category: CategoryCode | None = None
    words: Said = None
    official: Literal["yes"] | None = None
    """Ticked. `complains` says whether it counts as that."""
    place: RegionCode | None = None
    zone: ZoneId | Literal["-"] | None = None
    about: Annotated[tuple[CadreId | Literal["-"], ...], Field(max_length=20)] = ()
    telephone: ByTelephone = None
    mail: ByMail = None

    @property
    def complains(self) -> bool:
        """Whether it is about an official: because that was ticked, or by its category."""
        return complains(self.official, self.category)

    def open(self) -> Iterator[Step]:
        """The pages that still need an answer, in their order."""
        if self.category is None:
            yield "category"
        if self.words is None:
            yield "words"
        if self.zone is None:
            yield "place"
        if self.complains and not self.about:
            yield "about"

    def next(self) -> Step:
        """The page after the one that was answered."""
        if self.checked:
            return next(self.open(), "check")
        rest = STEPS[STEPS.index(self.at) + 1 :]
        return next(step for step in (*rest, "check") if step != "about" or self.complains)

    def officials(self) -> tuple[str, ...]:
        """Whom it is about, as far as they were found."""
        return tuple(cadre for cadre in self.about if cadre != NEITHER) if self.complains else ()

    def command_of(self) -> ReceivePetition:
        """The petition. One about an official who was not found names no zone, so that its case goes to the county's
        office: whoever leads the zone may be the one it is about.
        """
        unfound = self.complains and not self.officials()
        return ReceivePetition(
            command=self.command,
            channel=Channel.WEB,
            category=self.category or "",
            zone=None if unfound or self.zone == NEITHER else self.zone,
            about=self.officials(),
            told=Told(words=self.words, telephone=self.telephone, mail=self.mail),
        )


def complains(official: str | None, category: str | None) -> bool:
    """Whether these two answers say that it is about an official."""
    return bool(official) or categories.about_officials(category or "")


def before(step: str, *, about: bool) -> Step:
    """The page before one; `about` is asked or not."""
    earlier = STEPS[: STEPS.index(step)] if step in STEPS else ()
    return next((one for one in reversed(earlier) if one != "about" or about), "category")


def page_of(field: str, at: str) -> Step:
    """The page where a field can be changed; that which was answered where it is no one field's."""
    found = next((step for step in STEPS if field in ASKED[step]), at)
    return next((step for step in STEPS if step == found), "category")


WORDS: dict[str, Pair] = {
    "words:string_too_long": ("最多写5000字，挑要紧的写", "Write at most 5,000 characters; keep what matters"),
    "telephone": (
        "电话写成 139 0000 0000 或 0717-0000000 这样",
        "Write the number like 139 0000 0000 or 0717-0000000",
    ),
    "mail": ("邮箱写成 name@example.com 这样", "Write the address like name@example.com"),
}
