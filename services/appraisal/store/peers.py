"""Who is compared with whom, without a name or a place: those of one rank who are in office (A3, R3)."""

from typing import Any

from services.appraisal.store.coverage import term
from services.appraisal.store.reading import Connection

MOST = 200
"""Of more a lot is drawn, the same for everybody: every view counts all that they did. The median of 200 lies within
0.18 standard deviations of the median of all, 19 times out of 20 (1.96 * 1.25 / sqrt(200)).
"""
_PEERS = f"""
SELECT c.cadre FROM cadre c
WHERE c.rank = (SELECT rank FROM cadre WHERE cadre = %(subject)s) AND c.cadre <> %(subject)s
  AND {term("c.cadre", "%(last)s::date")}
ORDER BY md5(c.cadre) LIMIT %(most)s"""


async def peers(connection: Connection, parameters: dict[str, Any]) -> tuple[list[str], bool]:
    """The other cadres of the same rank with a term on the last day, and whether these were drawn by lot from more.

    Parameters: subject, last.
    """
    cursor = await connection.execute(_PEERS, parameters | {"most": MOST + 1})
    found = [row[0] for row in await cursor.fetchall()]
    return found[:MOST], len(found) > MOST
