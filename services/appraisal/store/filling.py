"""Fills empty tables: facts are kept as they come, without looking for others of their key. When all are in, of each
slot the version that holds is kept, and tallies are counted.
"""

from functools import partial

from services.appraisal.store import merge
from services.appraisal.store.tables import FACTS, Table
from services.runtime.database import Connection
from services.runtime.filling import Steps, run

PARTS = 2
"""Parts that the tallies of visits are counted in, beside each other; a power of two."""


async def settle(name: str, connection: Connection) -> None:
    """Makes one row of all that have the same key."""
    table, key = FACTS[name], ", ".join(FACTS[name].key)
    cursor = await connection.execute(
        f"CREATE TEMP TABLE twice_{name} AS SELECT {key} FROM {name} GROUP BY {key} HAVING count(*) > 1"
    )
    if cursor.rowcount:
        await run(
            (
                f"CREATE TEMP TABLE said_{name} (LIKE {name})",
                f"WITH gone AS (DELETE FROM {name} USING twice_{name} AS k"
                f" WHERE ({', '.join(f'{name}.{column}' for column in table.key)})"
                f" = ({', '.join(f'k.{column}' for column in table.key)}) RETURNING {name}.*)"
                f" INSERT INTO said_{name} SELECT * FROM gone",
                f"VACUUM {name}",  # the rows that follow take the place of these
                _settled(name, table),
                f"DROP TABLE said_{name}",
            ),
            connection,
        )
    await connection.execute(f"DROP TABLE twice_{name}")


def _settled(name: str, table: Table) -> str:
    key = ", ".join(table.key)
    slots = [
        f"LEFT JOIN (SELECT DISTINCT ON ({key}) {key}, {', '.join(columns)} FROM said_{name}"
        f" WHERE {columns[0]} IS NOT NULL ORDER BY {key}, {columns[0]} {'ASC' if slot in table.lowest else 'DESC'})"
        f" AS of_{nth} USING ({key})"
        for nth, (slot, columns) in enumerate(table.slots.items())
    ]
    columns = ", ".join(table.columns)
    return (
        f"INSERT INTO {name} ({columns}) SELECT {columns} FROM (SELECT DISTINCT {key} FROM said_{name}) AS k"
        f" {' '.join(slots)}"
    )


TALLIES = (merge.CASES_COUNTED, *(merge.VISITS_COUNTED % (PARTS - 1, part) for part in range(PARTS)))
STEPS: Steps = ([partial(settle, name) for name in FACTS], [partial(run, [sql]) for sql in TALLIES])
