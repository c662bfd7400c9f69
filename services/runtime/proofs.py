"""Proves to whoever has one event that it is in the log: a path to the root of a seal, and the seal's signature (P3).

A proof is checked without us: services/intake/static/check-proof.html does it in a browser, off line.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from lianxin_schemas import codec
from lianxin_schemas.events.seals import LogSealed
from pydantic import BaseModel

from services.runtime import log, merkle, seals
from services.runtime.database import Connection
from services.runtime.settings import Settings
from services.runtime.unsealed import NOWHERE


class NotSealed(Exception):
    """The event does not lie under a seal yet."""


class NotSigned(Exception):
    """The event's seal is from before seals were signed: there is nothing to prove it by."""


class Proof(BaseModel):
    """What is needed to check that an event is in a log. Hashes, signature and key are in hexadecimal.

    The event's place is the difference between its `sequence` and the first position that the seal covers, of as many
    leaves as that covers: `merkle.root_by`.
    """

    form: str = "lianxin-proof-1"
    event: str | None
    """The message as it is in Kafka, byte for byte; None for whoever has it from there."""
    path: list[str]
    signed: str
    """What the signature is over: `seals.statement`."""
    signature: str
    key: str
    """The public key (Ed25519, 32 bytes). Whether it is the service's own, `GET /seals/keys` says, or paper."""


@dataclass(frozen=True)
class _Seal:
    source: str
    time: datetime
    seal: LogSealed


async def prove(connection: Connection, settings: Settings, service: str, event: UUID, *, whole: bool) -> Proof | None:
    """The proof of an event, with its message if `whole`; None where the log has no such event.

    Raises NotSealed, NotSigned, seals.NoKey.
    """
    cursor = await connection.execute("SELECT e.position, r.sealed FROM events e, relay r WHERE e.id = %s", [event])
    if (found := await cursor.fetchone()) is None:
        return None
    position, sealed = found
    over = await _over(connection, settings, service, position) if position <= sealed else None
    if over is None:
        raise NotSealed
    seal = over.seal
    if seal.signature is None or seal.root is None:
        raise NotSigned
    if (key := seals.listed(settings.seal_keys).get(seal.key or "")) is None:
        raise seals.NoKey(f"The key {seal.key} is not in {settings.seal_keys}, where every key stays that ever signed.")
    first, last = seal.covers.first, seal.covers.last
    cursor = await connection.execute(
        f"SELECT {log.ROW_COLUMNS} FROM events WHERE position BETWEEN %s AND %s", [first, last]
    )
    rows = [log.row_of(settings.space, service, row) for row in await cursor.fetchall()]

    def built() -> tuple[str, list[bytes]]:
        messages = {row.position: codec.encode(row) for row in rows}
        leaves = [merkle.leaf(messages[at]) if at in messages else NOWHERE for at in range(first, last + 1)]
        return messages[position].decode(), merkle.path(leaves, position - first)

    text, path = await asyncio.to_thread(built)  # thousands of hashes: others are answered meanwhile
    return Proof(
        event=text if whole else None,
        path=[each.hex() for each in path],
        signed=seals.statement(over.source, over.time, seal).decode(),
        signature=seal.signature,
        key=key.raw.hex(),
    )


async def _over(connection: Connection, settings: Settings, service: str, position: int) -> _Seal | None:
    """The seal over a position. Along their stream seals lie ever later, so it is halved until the first one behind
    the position stands; the seal over it is that or one soon after.
    """
    stream = f"log-{service}"
    cursor = await connection.execute("SELECT coalesce(max(version), 0) FROM events WHERE stream = %s", [stream])
    [(last,)] = await cursor.fetchall()
    low, high = 1, last
    while low < high:
        middle = (low + high) // 2
        cursor = await connection.execute(
            "SELECT position FROM events WHERE stream = %s AND version = %s", [stream, middle]
        )
        [(at,)] = await cursor.fetchall()
        low, high = (low, middle) if at > position else (middle + 1, high)
    for version in range(low, last + 1):
        cursor = await connection.execute(
            f"SELECT data, {log.ROW_COLUMNS} FROM events WHERE stream = %s AND version = %s", [stream, version]
        )
        [(data, *values)] = await cursor.fetchall()
        row = log.row_of(settings.space, service, tuple(values))
        if row.type != LogSealed.type():
            continue
        seal = cast(LogSealed, codec.parse(row.type, data))
        if seal.covers.first <= position <= seal.covers.last:
            return _Seal(str(row.source), row.time, seal)
    return None
