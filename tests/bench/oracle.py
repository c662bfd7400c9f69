"""What the tables must hold: a plain count of what was made, grouped by the database itself.

It shares nothing with a projection, and nothing with a peer. Whoever differs has no speed.
"""

from collections.abc import Iterable

import psycopg

from tests.bench.visits import Visit

TABLES = """
CREATE TABLE IF NOT EXISTS visit (visit uuid PRIMARY KEY, cadre text NOT NULL, day date NOT NULL, households text[]);
CREATE TABLE IF NOT EXISTS visit_tally (
    household text, day date, cadre text, visits int NOT NULL, PRIMARY KEY (household, day, cadre)
);
TRUNCATE visit, visit_tally
"""
"""The tables of a peer: of appraisal's what a visit fills."""

DIFFERENT = """
WITH counted AS (SELECT household, day, cadre, count(*)::int AS visits FROM expected GROUP BY household, day, cadre)
SELECT count(*), min(concat_ws(' ', household, day, cadre, 'table', t.visits, 'counted', c.visits))
FROM counted c FULL JOIN visit_tally t USING (household, day, cadre) WHERE c.visits IS DISTINCT FROM t.visits
"""


class Wrong(Exception):
    """The tables are not those of what was made: what was measured is no speed."""


def check(info: str, made: Iterable[Visit]) -> None:
    """Compares the facts and the tallies of a database with the visits that were made. Raises Wrong."""
    with psycopg.connect(info, autocommit=True) as connection:
        connection.execute("CREATE TEMP TABLE expected (household text, day date, cadre text)")
        count = 0
        with connection.cursor().copy("COPY expected FROM STDIN") as target:
            for visit in made:
                count += 1
                target.write("".join(f"{name}\t{visit.day}\t{visit.cadre}\n" for name in visit.households))
        [(facts,)] = connection.execute("SELECT count(*) FROM visit").fetchall()
        if facts != count:
            raise Wrong(f"{count} visits were made, {facts} are in the table")
        [(different, example)] = connection.execute(DIFFERENT).fetchall()
        if different:
            raise Wrong(f"{different} tallies differ from a plain count, such as {example}")
