"""Commands as a client writes them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4


def ago(**much: float) -> str:
    """A moment before now."""
    return (datetime.now(UTC) - timedelta(**much)).isoformat()


def visit(**fields: Any) -> dict[str, Any]:
    """The entry of a visit of this morning."""
    given = {
        "visit": str(uuid4()),
        "cadre": "c-0001",
        "households": ["h-000123"],
        "started": ago(hours=2),
        "ended": ago(hours=1),
        "purpose": "care",
    }
    return given | fields


def log_visit(command: str | None = None, **fields: Any) -> dict[str, Any]:
    """The command to enter a visit."""
    return {"command": command or str(uuid4()), "visit": visit(**fields)}


def register(command: str | None = None, **fields: Any) -> dict[str, Any]:
    """The command to put a petition on record."""
    more = {"time": fields.pop("time")} if "time" in fields else {}
    petition = {"petition": str(uuid4()), "channel": "web", "category": "03.11"} | fields
    return {"command": command or str(uuid4()), "petition": petition} | more
