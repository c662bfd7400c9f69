"""What must not reach those it is about (C4): published by intake, restricted readers."""

from typing import Annotated

from pydantic import Field

from lianxin_schemas.events.base import Event
from lianxin_schemas.ids import CadreId, Uuid


class ComplaintReceived(Event):
    """A petition is about these officials: none of them may handle it, or learn from the system who complained."""

    name = "complaint.received"
    petition: Uuid
    about: Annotated[tuple[CadreId, ...], Field(min_length=1, max_length=20)]

    @property
    def stream(self) -> str:
        return f"complaint-{self.petition}"
