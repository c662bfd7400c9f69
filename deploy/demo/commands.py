"""What the demo sends: each command with what must come of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid5

from deploy.demo.real import NAMES

ACCEPTED = "accepted"


@dataclass(frozen=True)
class Command:
    """One thing to send: to whom, the path below the address, the JSON, by which role, and what must come of it.

    `expect` is ACCEPTED or the code of the refusal. The same command may be sent again and must count once.
    """

    path: str
    body: dict[str, Any]
    expect: str = ACCEPTED
    service: str = "intake"
    role: str = "import"

    @property
    def id(self) -> str:
        """The command's own id."""
        return str(self.body["command"])


def command_id(*parts: object) -> str:
    """The id of a command that follows from what it is about."""
    return str(uuid5(NAMES, "-".join(map(str, parts))))


def text(moment: datetime) -> str:
    """A moment as it goes over the wire."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
