"""Petitions about officials, and about whom."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import psycopg
from lianxin_schemas.events.leads import ComplaintReceived
from lianxin_schemas.events.petitions import PetitionRegistered

from services.assignment.domain.complaints import Complaint
from services.assignment.store.cases import stream_of
from services.runtime.database import Statement


def rows(petitions: Sequence[PetitionRegistered], complaints: Sequence[ComplaintReceived]) -> list[Statement]:
    """Statements that keep which petitions are about officials, and about whom; the same again changes nothing."""
    flagged = [petition.petition for petition in petitions if petition.complaint]
    pairs = [(one.petition, cadre) for one in complaints for cadre in one.about]
    statements: list[Statement] = []
    if flagged:
        statements.append(("INSERT INTO complained SELECT unnest(%s::uuid[]) ON CONFLICT DO NOTHING", [flagged]))
    if pairs:
        columns = [list(column) for column in zip(*pairs, strict=True)]
        statements.append(
            ("INSERT INTO complaint SELECT * FROM unnest(%s::uuid[], %s::text[]) ON CONFLICT DO NOTHING", columns)
        )
    return statements


async def of(connection: psycopg.AsyncConnection[Any], petitions: Sequence[UUID]) -> dict[UUID, Complaint]:
    """Whom each petition is about; one without a case is left out. One statement, so that a case is never seen without
    it.
    """
    cursor = await connection.execute(
        "SELECT petition, EXISTS (SELECT FROM complained c WHERE c.petition = asked.petition),"
        " ARRAY(SELECT cadre FROM complaint c WHERE c.petition = asked.petition)"
        " FROM unnest(%s::uuid[], %s::text[]) AS asked (petition, stream)"
        " WHERE EXISTS (SELECT FROM events e WHERE e.stream = asked.stream AND e.version = 1)",
        [list(petitions), [stream_of(petition) for petition in petitions]],
    )
    return {
        petition: Complaint(frozenset(about), awaited=flagged and not about)
        for petition, flagged, about in await cursor.fetchall()
    }
