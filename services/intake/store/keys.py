"""The database of keys: one for each person of the vault, and a few of the installation's own."""

import os
from collections.abc import Sequence
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from psycopg_pool import AsyncConnectionPool

from services.intake.domain.sealing import Person
from services.runtime.database import Connection

Pool = AsyncConnectionPool[Any]


class Destroyed(Exception):
    """The person's key was destroyed: nothing of theirs can be read or kept any more (P1)."""


async def of(pool: Pool, person: Person) -> bytes | None:
    """The person's key; None where there never was one. Raises Destroyed."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT key FROM person_key WHERE kind = %s AND person = %s", [person.kind, person.id]
        )
        row = await cursor.fetchone()
    if row is None:
        return None
    if row[0] is None:
        raise Destroyed
    return bytes(row[0])


async def make(pool: Pool, person: Person) -> bytes:
    """The person's key, made when there is none yet. Raises Destroyed."""
    [key] = await make_all(pool, [person])
    if key is None:
        raise Destroyed
    return key


async def make_all(pool: Pool, persons: list[Person]) -> list[bytes | None]:
    """The keys of many, in their order; None for one that was destroyed."""
    columns = [
        [person.kind for person in persons],
        [person.id for person in persons],
        [AESGCM.generate_key(256) for _ in persons],
    ]
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO person_key SELECT * FROM unnest(%s::text[], %s::text[], %s::bytea[]) ON CONFLICT DO NOTHING",
            columns,
        )
        cursor = await connection.execute(
            "SELECT k.key FROM unnest(%s::text[], %s::text[]) WITH ORDINALITY AS n (kind, person, nth)"
            " JOIN person_key k USING (kind, person) ORDER BY n.nth",
            columns[:2],
        )
        return [None if key is None else bytes(key) for (key,) in await cursor.fetchall()]


async def destroy(pool: Pool, person: Person) -> None:
    """Destroys the person's key for good; a second time changes nothing."""
    async with pool.connection() as connection:
        await connection.execute(
            "INSERT INTO person_key VALUES (%s, %s, NULL) ON CONFLICT (kind, person) DO UPDATE SET key = NULL",
            [person.kind, person.id],
        )


async def destroy_all(connection: Connection, persons: Sequence[tuple[str, str]]) -> int:
    """Destroys the keys of many, given by kind and id; answers with how many were not destroyed before."""
    columns = [[kind for kind, _ in persons], [id_ for _, id_ in persons]]
    cursor = await connection.execute(
        "INSERT INTO person_key SELECT kind, person, NULL FROM unnest(%s::text[], %s::text[]) AS n (kind, person)"
        " ON CONFLICT (kind, person) DO UPDATE SET key = NULL WHERE person_key.key IS NOT NULL",
        columns,
    )
    return cursor.rowcount


async def own(connection: Connection, name: str) -> bytes:
    """A key of the installation by what it is for, made when first asked for."""
    await connection.execute("INSERT INTO own_key VALUES (%s, %s) ON CONFLICT DO NOTHING", [name, os.urandom(32)])
    cursor = await connection.execute("SELECT key FROM own_key WHERE name = %s", [name])
    [(key,)] = await cursor.fetchall()
    return bytes(key)
