"""What an accepted command answers."""

from uuid import UUID

from pydantic import BaseModel

from services.runtime import log
from services.web.after import to_text


class Receipt(BaseModel):
    """The events it became, and what to hand to later requests as `after` to see them."""

    events: tuple[UUID, ...]
    after: str

    @classmethod
    def of(cls, receipt: log.Receipt) -> "Receipt":
        """The log's receipt as the client gets it."""
        return cls(events=receipt.events, after=to_text(receipt.after))
