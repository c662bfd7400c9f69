"""One-time codes: found by their keyed hash, and spent."""

import os
from typing import Any
from uuid import UUID

from lianxin_schemas.events.ratings import RatingKind, RoundOpened

from services.intake.domain import codes
from services.intake.domain.ballots import Found
from services.runtime.database import Connection, Statement


async def secret(keys: Connection) -> bytes:
    """What codes follow from and are hashed with; made when first asked for."""
    await keys.execute(
        "INSERT INTO own_key (name, key) VALUES ('rating-codes', %s) ON CONFLICT DO NOTHING", [os.urandom(32)]
    )
    cursor = await keys.execute("SELECT key FROM own_key WHERE name = 'rating-codes'")
    [key] = await cursor.fetchone() or [b""]
    return bytes(key)


def row(key: bytes, event: RoundOpened) -> Statement:
    """The codes of a round, in the order of their hashes, which tells nothing of the order they are handed out in."""
    hashes = sorted(codes.hashed(key, code) or b"" for code in codes.of_round(key, event.round, event.invited))
    return "INSERT INTO rating_code (hash, round) SELECT unnest(%s::bytea[]), %s", [hashes, event.round]


async def find(connection: Connection, hash_: bytes) -> Found | None:
    """The code with this hash, if its round is under way."""
    cursor = await connection.execute(
        "SELECT round, r.kind, r.cadre, r.zone, r.first, r.last, r.closes, r.phase = 'open', c.spent"
        " FROM rating_code c JOIN rating_round r USING (round) WHERE c.hash = %s",
        [hash_],
    )
    found: Any = await cursor.fetchone()
    if found is None:
        return None
    round_, kind, *rest = found
    return Found(round_, RatingKind(kind), *rest)


async def spend(connection: Connection, hash_: bytes) -> UUID | None:
    """Spends a code, and answers with its round; None if somebody was quicker."""
    cursor = await connection.execute(
        "UPDATE rating_code SET spent = true WHERE hash = %s AND NOT spent RETURNING round", [hash_]
    )
    found = await cursor.fetchone()
    return found[0] if found else None
