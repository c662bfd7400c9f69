"""Whom the notices of a case go to, as the reaction keeps it."""

from collections.abc import Collection, Mapping
from typing import Any
from uuid import UUID

import psycopg

from services.notify.domain.causes import Contact
from services.runtime.database import Statement


async def of(connection: psycopg.AsyncConnection[Any], petitions: Collection[UUID]) -> dict[UUID, Contact]:
    """The contacts of those petitions whose case was opened."""
    if not petitions:
        return {}
    cursor = await connection.execute(
        "SELECT petition, resident, due FROM case_contact WHERE petition = ANY(%s)", [list(petitions)]
    )
    return {petition: Contact(resident, due) for petition, resident, due in await cursor.fetchall()}


def keep(contacts: Mapping[UUID, Contact]) -> list[Statement]:
    """The statement that keeps contacts as they are now."""
    if not contacts:
        return []
    known = sorted(contacts)
    return [
        (
            "INSERT INTO case_contact SELECT * FROM unnest(%s::uuid[], %s::text[], %s::timestamptz[])"
            " ON CONFLICT (petition) DO UPDATE SET resident = excluded.resident, due = excluded.due",
            [known, [contacts[id_].resident for id_ in known], [contacts[id_].due for id_ in known]],
        )
    ]
