"""The vault: sealed texts, and with which petition a person came."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from lianxin_schemas.events.vault import Datum, PersonKind
from psycopg_pool import AsyncConnectionPool

from services.intake.domain.sealing import NONCE, Person, Place, seal

Pool = AsyncConnectionPool[Any]
Texts = Mapping[Place, str]

BY_PERSON = "SELECT person, ref, sealed FROM text WHERE kind = %s AND datum = %s AND person = %s AND ref = ''"
BY_REF = "SELECT person, ref, sealed FROM text WHERE kind = %s AND datum = %s AND ref = %s AND ref <> ''"
"""Only what is not '' lies in the index by `ref`."""


@dataclass(frozen=True)
class Kept:
    """A text as it lies there."""

    place: Place
    sealed: bytes


async def keep(pool: Pool, key: bytes, person: Person, texts: Texts, petition: UUID | None = None) -> None:
    """Seals texts of one person and keeps them, in the place of older ones. All or nothing."""
    await keep_all(pool, [(person, petition)], {place: (key, text) for place, text in texts.items()})


async def keep_all(
    pool: Pool, persons: Sequence[tuple[Person, UUID | None]], texts: Mapping[Place, tuple[bytes, str]]
) -> None:
    """The same for many persons, each text with the key it is sealed under."""
    rows = [
        (place.person.kind, place.person.id, place.datum, place.ref, seal(key, os.urandom(NONCE), place, text))
        for place, (key, text) in texts.items()
    ]
    async with pool.connection() as connection, connection.transaction():
        await connection.execute(
            "INSERT INTO person SELECT * FROM unnest(%s::text[], %s::text[], %s::uuid[]) ON CONFLICT DO NOTHING",
            [[p.kind for p, _ in persons], [p.id for p, _ in persons], [petition for _, petition in persons]],
        )
        await connection.execute(
            "INSERT INTO text SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::bytea[])"
            " ON CONFLICT (kind, person, datum, ref) DO UPDATE SET sealed = excluded.sealed",
            [[row[n] for row in rows] for n in range(5)],
        )


async def drop(pool: Pool, places: Sequence[Place]) -> None:
    """Takes texts away, such as a telephone number that somebody has given up."""
    async with pool.connection() as connection:
        await connection.execute(
            "DELETE FROM text t USING unnest(%s::text[], %s::text[], %s::text[], %s::text[])"
            " AS n (kind, person, datum, ref)"
            " WHERE (t.kind, t.person, t.datum, t.ref) = (n.kind, n.person, n.datum, n.ref)",
            [
                [place.person.kind for place in places],
                [place.person.id for place in places],
                [place.datum for place in places],
                [place.ref for place in places],
            ],
        )


async def find(pool: Pool, kind: PersonKind, person: str | None, datum: Datum, ref: str | None) -> Kept | None:
    """A text by its reference, whoever said it, or by person and datum; None where there is none."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            BY_PERSON if ref is None else BY_REF, [kind, datum, person if ref is None else ref]
        )
        row = await cursor.fetchone()
    return row and Kept(Place(Person(kind, row[0]), datum, row[1]), bytes(row[2]))


async def of(pool: Pool, kind: PersonKind, persons: Sequence[str]) -> list[Kept]:
    """All texts of these persons."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT person, datum, ref, sealed FROM text WHERE kind = %s AND person = ANY(%s)", [kind, list(persons)]
        )
        return [
            Kept(Place(Person(kind, person), Datum(datum), ref), bytes(sealed))
            for person, datum, ref, sealed in await cursor.fetchall()
        ]


async def petition_of(pool: Pool, person: Person) -> UUID | None:
    """The petition that a resident came with; None for one who is not here, and for a cadre."""
    async with pool.connection() as connection:
        cursor = await connection.execute(
            "SELECT petition FROM person WHERE kind = %s AND person = %s", [person.kind, person.id]
        )
        row = await cursor.fetchone()
    return UUID(str(row[0])) if row and row[0] else None
