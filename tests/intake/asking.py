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


def receive(command: str | None = None, **fields: Any) -> dict[str, Any]:
    """The command to take a petition in at the counter."""
    return {"command": command or str(uuid4()), "category": "01.02.11"} | fields


def told(**fields: str) -> dict[str, str]:
    """What a made-up resident tells."""
    given = {"words": "路灯坏了两个月", "name": "测试甲", "telephone": "13900000001", "mail": "jia@example.test"}
    return given | fields


def code(received: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """Number and secret of what was received, with more fields of a command."""
    return {"number": received["number"], "secret": received["secret"]} | fields


def by_code(received: dict[str, Any], **fields: Any) -> dict[str, Any]:
    """A resident's command by number and secret."""
    return code(received, command=str(uuid4())) | fields
