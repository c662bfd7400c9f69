"""Who is compared with whom, without a name or a place: those of one rank who are in office (A3, R3)."""

from typing import Any

from services.appraisal.store.coverage import term
from services.appraisal.store.reading import Connection

_PEERS = f"""
SELECT c.cadre FROM cadre me JOIN cadre c ON c.rank = me.rank AND c.cadre <> me.cadre
WHERE me.cadre = %(subject)s AND {term("c.cadre", "%(last)s::date")}"""


async def peers(connection: Connection, parameters: dict[str, Any]) -> list[str]:
    """The other cadres of the same rank with a term on the last day. Parameters: subject, last."""
    cursor = await connection.execute(_PEERS, parameters)
    return [row[0] for row in await cursor.fetchall()]
