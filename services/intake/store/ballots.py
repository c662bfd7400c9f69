"""Answers that wait, sealed, and the keys of their rounds."""

from collections.abc import Sequence
from uuid import UUID

from services.runtime.database import Connection, Statement


async def put(connection: Connection, round_: UUID, sealed: Sequence[bytes]) -> None:
    """Adds answers to those that wait, and writes all of the round anew, in one transaction and in an order that
    nobody knows: which came when can be seen neither in xmin nor in ctid (G2). The same again changes nothing.

    What comes after the round was stopped is let go.
    """
    async with connection.transaction():
        cursor = await connection.execute(
            "SELECT FROM rating_round WHERE round = %s AND phase = 'open' FOR UPDATE", [round_]
        )
        if cursor.rowcount == 0:
            return
        await connection.execute(
            "WITH old AS (DELETE FROM rating_ballot WHERE round = %(round)s RETURNING sealed),"
            " waiting AS (SELECT sealed FROM old UNION SELECT unnest(%(new)s::bytea[]))"
            " INSERT INTO rating_ballot (round, sealed)"
            " SELECT %(round)s, sealed FROM waiting ORDER BY gen_random_uuid()",
            {"round": round_, "new": list(sealed)},
        )


async def rounds_with(connection: Connection, answers: int) -> list[UUID]:
    """Rounds of which so many answers wait, or more."""
    cursor = await connection.execute(
        "SELECT round FROM rating_ballot GROUP BY round HAVING count(*) >= %s ORDER BY round", [answers]
    )
    return [round_ for (round_,) in await cursor.fetchall()]


async def waiting(connection: Connection, rounds: Sequence[UUID]) -> dict[UUID, list[bytes]]:
    """The sealed answers that wait, by round."""
    cursor = await connection.execute("SELECT round, sealed FROM rating_ballot WHERE round = ANY(%s)", [list(rounds)])
    found: dict[UUID, list[bytes]] = {round_: [] for round_ in rounds}
    for round_, sealed in await cursor.fetchall():
        found[round_].append(bytes(sealed))
    return found


def clear(rounds: Sequence[UUID]) -> Statement:
    """That no answer of the rounds waits any more."""
    return "DELETE FROM rating_ballot WHERE round = ANY(%s)", [list(rounds)]


async def public_key(keys: Connection, round_: UUID) -> bytes | None:
    """What the answers of a round are sealed with, once there is one."""
    cursor = await keys.execute("SELECT public FROM rating_key WHERE round = %s", [round_])
    found = await cursor.fetchone()
    return bytes(found[0]) if found else None


async def add_key(keys: Connection, round_: UUID, private: bytes, public: bytes) -> None:
    """Keeps the key pair of a round, unless somebody was quicker."""
    await keys.execute(
        "INSERT INTO rating_key (round, private, public) VALUES (%s, %s, %s) ON CONFLICT DO NOTHING",
        [round_, private, public],
    )


async def private_keys(keys: Connection, rounds: Sequence[UUID]) -> dict[UUID, bytes]:
    """What the answers of each round are opened with; a round without a key is left out."""
    cursor = await keys.execute("SELECT round, private FROM rating_key WHERE round = ANY(%s)", [list(rounds)])
    return {round_: bytes(private) for round_, private in await cursor.fetchall()}


async def rounds_with_keys(keys: Connection) -> list[UUID]:
    """Rounds whose key pair was not destroyed yet."""
    cursor = await keys.execute("SELECT round FROM rating_key")
    return [round_ for (round_,) in await cursor.fetchall()]


async def destroy_keys(keys: Connection, rounds: Sequence[UUID]) -> None:
    """Leaves nothing that could open an answer of the rounds, whatever copies of it there are."""
    await keys.execute("DELETE FROM rating_key WHERE round = ANY(%s)", [list(rounds)])
