"""What residents ask for (C1), published by intake. How it is handled is told by assignment's case events."""

from enum import StrEnum

from lianxin_schemas.events.base import Event
from lianxin_schemas.ids import CategoryCode, Uuid, ZoneId


class Channel(StrEnum):
    """The way a petition came in (C1)."""

    RECEPTION = "reception"
    VISIT = "visit"
    WEB = "web"
    TELEPHONE = "telephone"
    LETTER = "letter"
    HOTLINE = "hotline"
    IMPORT = "import"


class PetitionRegistered(Event):
    """A petition is on record; the envelope's `time` is when it was registered."""

    name = "petition.registered"
    petition: Uuid
    channel: Channel
    category: CategoryCode
    zone: ZoneId | None = None
    """Where it belongs, as far as known. Unknown or absent, its case goes to the county's office."""

    @property
    def stream(self) -> str:
        return f"petition-{self.petition}"
