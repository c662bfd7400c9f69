"""Adopts policies from files: those an installation begins with, and one that somebody hands in (A1)."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from lianxin_schemas.events.scores import PolicyAdopted
from pydantic import ValidationError

from services.appraisal.domain.policy import PolicyText, adopt
from services.appraisal.settings import SHIPPED
from services.appraisal.store import policies
from services.runtime import log
from services.runtime.database import Connection
from services.runtime.log import Author, Decision, Fact, Overtaken, Repeated

AUTHOR = Author("system", "policies")
TRIES = 5


class NoPolicy(Exception):
    """A file that holds no policy; the text says why in a sentence."""


def read(file: Path) -> PolicyText:
    """The policy in a file. Raises NoPolicy, OSError."""
    try:
        return PolicyText.model_validate_json(file.read_text(encoding="utf-8"))
    except ValidationError as error:
        places = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in error.errors())
        raise NoPolicy(f"{file.name}: {places}") from error


def shipped() -> list[PolicyText]:
    """The policies that come with the service."""
    return [read(file) for file in sorted(SHIPPED.glob("*.json"))]


async def begin(connection: Connection, now: datetime) -> list[PolicyAdopted]:
    """Adopts the shipped policies of which no edition was ever adopted; answers with those it adopted.

    What an organisation has adopted under the same name stands: a newer release does not replace it.
    """
    known = {edition.policy for edition, _, _ in await policies.editions(connection)}
    return await adopt_all(connection, [text for text in shipped() if text.policy not in known], now)


async def adopt_all(connection: Connection, texts: Sequence[PolicyText], now: datetime) -> list[PolicyAdopted]:
    """Adopts each as its policy's next edition; one adopted before with this very content is left alone.

    Answers with those adopted now. Raises Refused where one is no policy; those before it stay.
    """
    return [edition for text in texts if (edition := await _adopt(connection, text, now))]


async def _adopt(connection: Connection, text: PolicyText, now: datetime) -> PolicyAdopted | None:
    cause = uuid5(NAMESPACE_URL, f"lianxin:policy:{text.model_dump_json()}")
    stream = f"policy-{text.policy}"
    for attempt in range(1, TRIES + 1):
        if await log.receipts(connection, [cause]):
            return None
        entries = (await log.load(connection, [stream]))[stream]
        edition = adopt([entry.event for entry in entries if isinstance(entry.event, PolicyAdopted)], text)
        decision = Decision(
            cause,
            AUTHOR,
            [Fact(edition, now)],
            {stream: entries[-1].version} if entries else {},
            log.content_hash(text),
        )
        try:
            await log.write(connection, [decision], then=policies.rows(decision.entries))
        except (Overtaken, Repeated):  # another process does the same
            if attempt == TRIES:
                raise
        else:
            return edition
    raise AssertionError("unreachable")
