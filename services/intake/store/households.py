"""Who answers for a household, as the projection has it."""

from collections.abc import Sequence
from datetime import date

from services.runtime.database import Connection


async def answering(connection: Connection, household: str, day: date) -> list[str]:
    """The cadres in office who are paired with the household on a local day, and who lead its zone."""
    cursor = await connection.execute(
        """
        WITH named AS (
            SELECT cadre, since, until FROM pairing WHERE household = %(household)s
            UNION ALL
            SELECT l.cadre, l.since, l.until
            FROM household h JOIN zone z ON z.groups ? h.of_group JOIN zone_leader l ON l.zone = z.zone
            WHERE h.household = %(household)s
        )
        SELECT DISTINCT n.cadre FROM named n JOIN term t ON t.cadre = n.cadre
        WHERE n.since <= %(day)s AND (n.until IS NULL OR n.until >= %(day)s)
          AND t.since <= %(day)s AND (t.until IS NULL OR t.until >= %(day)s)
        ORDER BY n.cadre
        """,
        {"household": household, "day": day},
    )
    return [cadre for (cadre,) in await cursor.fetchall()]


async def zone_of(connection: Connection, households: Sequence[str]) -> str | None:
    """The zone that all of these lie in; None where they lie in several, or one of them in none that is known."""
    cursor = await connection.execute(
        "SELECT DISTINCT z.zone FROM unnest(%s::text[]) AS asked (household)"
        " LEFT JOIN household h USING (household) LEFT JOIN zone z ON z.groups ? h.of_group LIMIT 2",
        [list(households)],
    )
    found = await cursor.fetchall()
    return found[0][0] if len(found) == 1 else None
