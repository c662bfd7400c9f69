"""What the demo sends: each command with what must come of it."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import uuid5

from deploy.demo.real import NAMES

ACCEPTED = "accepted"
KINDS = {
    "assignment": "assign",
    "acceptance": "accept",
    "decision": "decide",
    "reply": "reply",
    "closing": "closing",
    "verdict": "verdict",
    "withdrawal": "withdrawal",
}
"""What a batch calls that which an address ends with."""


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

    @property
    def item(self) -> dict[str, Any]:
        """The same as it stands in a batch: what the address says beside the body is in it."""
        match self.path.split("/")[2:]:
            case [petition, act]:
                return {"petition": petition, "kind": KINDS[act], **self.body}
            case _:
                return self.body


def command_id(*parts: object) -> str:
    """The id of a command that follows from what it is about."""
    return str(uuid5(NAMES, "-".join(map(str, parts))))


def text(moment: datetime) -> str:
    """A moment as it goes over the wire."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
