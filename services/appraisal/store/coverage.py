"""Who answers for a household on a day, how many were visited, and the visits behind it (A4, A6).

A pairing is in force on a day when its period and its cadre's term cover the day. A household with none in force
belongs to the leader of its zone: of the narrowest zone that holds its group and has a leader in force.
"""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from services.appraisal.store.reading import Connection

_COVERS = "{period}.since <= {day} AND coalesce({period}.until, 'infinity') >= {day}"


def term(cadre: str, day: str) -> str:
    """Whether a cadre is in office on a day, as SQL."""
    return (
        f"EXISTS (SELECT FROM responsibility o WHERE o.kind = 'term' AND o.subject = {cadre}"
        f" AND {_COVERS.format(period='o', day=day)})"
    )


def _pairing(household: str, day: str, cadre: str = "p.cadre") -> str:
    return (
        "EXISTS (SELECT FROM responsibility p WHERE p.kind = 'pairing'"
        f" AND p.subject = {household} AND p.cadre = {cadre} AND {_COVERS.format(period='p', day=day)}"
        f" AND {term('p.cadre', day)})"
    )


def _leaders(grp: str, day: str) -> str:
    return (
        "SELECT l.cadre FROM zone z JOIN responsibility l ON l.kind = 'leader' AND l.subject = z.zone"
        f" WHERE z.groups @> ARRAY[{grp}] AND {_COVERS.format(period='l', day=day)} AND {term('l.cadre', day)}"
        " ORDER BY z.level FETCH FIRST ROW WITH TIES"
    )


def _leads(cadre: str, grp: str, day: str) -> str:
    return f"{cadre} IN ({_leaders(grp, day)})"


def _answers(household: str, grp: str, cadre: str, day: str) -> str:
    return f"({_pairing(household, day, cadre)} OR (NOT {_pairing(household, day)} AND {_leads(cadre, grp, day)}))"


_LAST = "%(last)s::date"
_CADRE = "%(subject)s::text"
_MINE = {
    "cadre": f"""
    SELECT h.household, h.grp FROM responsibility r JOIN household h ON h.household = r.subject
    WHERE r.kind = 'pairing' AND r.cadre = {_CADRE} AND {_COVERS.format(period="r", day=_LAST)}
      AND {term(_CADRE, _LAST)}
    UNION
    SELECT h.household, h.grp
    FROM responsibility r JOIN zone y ON y.zone = r.subject JOIN household h ON h.grp = ANY (y.groups)
    WHERE r.kind = 'leader' AND r.cadre = {_CADRE} AND {_COVERS.format(period="r", day=_LAST)}
      AND NOT {_pairing("h.household", _LAST)} AND {_leads(_CADRE, "h.grp", _LAST)}""",
    "zone": """
    SELECT h.household, h.grp FROM zone y JOIN household h ON h.grp = ANY (y.groups) WHERE y.zone = %(subject)s""",
}
_BOTH = (
    "greatest(r.since, o.since) AS since, least(coalesce(r.until, 'infinity'), coalesce(o.until, 'infinity')) AS until"
)
_MADE = f"""FROM mine m JOIN visit_tally t
    ON t.household = m.household AND t.day BETWEEN %(first)s AND {_LAST} AND t.visits > 0"""
_SEEN = f"""pair AS MATERIALIZED (
    SELECT m.household, r.cadre, {_BOTH}
    FROM mine m JOIN responsibility r ON r.kind = 'pairing' AND r.subject = m.household
    JOIN responsibility o ON o.kind = 'term' AND o.subject = r.cadre
), lead AS MATERIALIZED (
    SELECT n.grp, z.level, r.cadre, {_BOTH} FROM (SELECT DISTINCT grp FROM mine) n
    CROSS JOIN LATERAL (SELECT zone, level FROM zone WHERE groups @> ARRAY[n.grp] OFFSET 0) z
    JOIN responsibility r ON r.kind = 'leader' AND r.subject = z.zone
    JOIN responsibility o ON o.kind = 'term' AND o.subject = r.cadre
), seen AS MATERIALIZED (
    SELECT household, grp, sum(visits) >= %(required)s AS enough FROM (
        SELECT household, grp, 0 AS visits FROM mine
        UNION ALL
        SELECT m.household, m.grp, t.visits {_MADE}
        LEFT JOIN pair p ON p.household = m.household AND t.day BETWEEN p.since AND p.until
        LEFT JOIN lead l ON l.grp = m.grp AND t.day BETWEEN l.since AND l.until
        GROUP BY m.household, m.grp, t.day, t.cadre, t.visits
        HAVING CASE WHEN count(p.cadre) > 0 THEN bool_or(p.cadre = t.cadre)
            ELSE min(l.level) FILTER (WHERE l.cadre = t.cadre) = min(l.level) END
    ) AS counted GROUP BY household, grp
)"""
"""Whether each household of `mine` was visited often enough: the rule of `_COUNT`, for many at a time. `pair` says who
is paired with a household and in office, on which days; `lead` who leads a zone with a group. All is joined to the
left: where PostgreSQL expects that nothing remains, it would loop over the whole of either for every visit.
"""
_EVERYWHERE = f"mine AS MATERIALIZED (SELECT household, grp FROM household), {_SEEN}"
BY_GROUP = f"""{_EVERYWHERE}, by_group AS (
    SELECT grp, count(*) FILTER (WHERE enough) AS visited, count(*) AS households FROM seen GROUP BY grp
)"""
"""Of each group, households visited often enough, and all."""
_THEIRS = f"""mine AS MATERIALIZED (
    SELECT h.household, h.grp FROM responsibility r JOIN household h ON h.household = r.subject
    WHERE r.kind = 'pairing' AND r.cadre = ANY (%(cadres)s) AND {_COVERS.format(period="r", day=_LAST)}
    UNION
    SELECT h.household, h.grp FROM (
        SELECT g.grp FROM responsibility r JOIN zone y ON y.zone = r.subject, unnest(y.groups) AS g (grp)
        WHERE r.kind = 'leader' AND r.cadre = ANY (%(cadres)s) AND {_COVERS.format(period="r", day=_LAST)}
          AND {_leads("r.cadre", "g.grp", _LAST)} OFFSET 0
    ) AS led JOIN household h USING (grp)
), {_SEEN}"""
"""The same of all households that some cadres may answer for."""
_COUNT = {
    kind: f"""
WITH mine AS MATERIALIZED ({mine}), visited AS (
    SELECT m.household {_MADE} WHERE {_answers("m.household", "m.grp", "t.cadre", "t.day")}
    GROUP BY m.household HAVING sum(t.visits) >= %(required)s
)
SELECT (SELECT count(*) FROM visited), (SELECT count(*) FROM mine)"""
    for kind, mine in _MINE.items()
}
_ANSWERING = f"""narrowest AS (
    SELECT grp, cadre FROM (
        SELECT grp, cadre, level, min(level) OVER (PARTITION BY grp) AS least FROM lead
        WHERE {_LAST} BETWEEN since AND until
    ) AS led WHERE level = least
), answering AS (
    SELECT DISTINCT coalesce(p.cadre, l.cadre) AS cadre, m.household, m.enough
    FROM seen m LEFT JOIN pair p ON p.household = m.household AND {_LAST} BETWEEN p.since AND p.until
    LEFT JOIN narrowest l ON l.grp = m.grp
)
SELECT cadre, count(*) FILTER (WHERE enough), count(*) FROM answering"""
_OF_SOME = f"WITH {_THEIRS}, {_ANSWERING} WHERE cadre = ANY (%(cadres)s) GROUP BY cadre"
_ALL = {
    "cadre": f"WITH {_EVERYWHERE}, {_ANSWERING} WHERE cadre IS NOT NULL GROUP BY cadre",
    "zone": f"""
WITH {BY_GROUP}, held AS (SELECT DISTINCT zone, grp FROM zone, unnest(groups) AS g (grp))
SELECT zone, sum(visited)::bigint, sum(households)::bigint FROM held JOIN by_group USING (grp) GROUP BY zone""",
}
_OWN = {
    "cadre": f"""
    SELECT v.visit, unnest(v.households) AS household FROM visit v
    WHERE v.cadre = {_CADRE} AND v.day BETWEEN %(first)s AND {_LAST}
    UNION""",
    "zone": "",
}
_ITEMS = {
    kind: f"""
WITH mine AS MATERIALIZED ({mine}), items AS (SELECT * FROM ({_OWN[kind]}
    SELECT v.visit, t.household FROM mine m
    JOIN visit_tally t ON t.household = m.household AND t.day BETWEEN %(first)s AND {_LAST}
    JOIN visit v ON v.cadre = t.cadre AND v.day = t.day AND t.household = ANY (v.households)
) AS found WHERE %(only)s::uuid IS NULL OR visit = %(only)s)"""
    for kind, mine in _MINE.items()
}
_TOTAL = {kind: f"{items} SELECT count(*) FROM items" for kind, items in _ITEMS.items()}
STANDS = "v.entry_version > coalesce(v.withdrawal_version, 0)"
_STATUS = f"""v.visit, v.cadre, household, v.day, {STANDS}, h.household IS NOT NULL,
    coalesce({_answers("h.household", "h.grp", "v.cadre", "v.day")}, false),
    v.entry_event, v.entry_type, v.entry_time, v.withdrawal_event"""
_PAGE = {
    kind: f"""{items}, page AS (
    SELECT v.day AS at, i.visit, i.household FROM items i JOIN visit v USING (visit)
    ORDER BY v.day, i.visit, i.household LIMIT %(limit)s OFFSET %(offset)s
)
SELECT {_STATUS}, EXISTS (SELECT FROM mine m WHERE m.household = page.household)
FROM page JOIN visit v USING (visit) LEFT JOIN household h USING (household) ORDER BY at, visit, household"""
    for kind, items in _ITEMS.items()
}
# The first table of all is the first to be locked here, too, so that nothing need be locked beforehand: `reading.LOCK`.
_ONE = f"""
SELECT (SELECT max(recorded) FROM progress), {_STATUS}, true
FROM visit v, unnest(v.households) AS n (household) LEFT JOIN household h USING (household)
WHERE v.visit = %(visit)s ORDER BY household"""


@dataclass(frozen=True)
class Item:
    """One visit and one of its households, as the tables see them."""

    visit: UUID
    cadre: str
    household: str
    day: date
    stands: bool
    known: bool
    """The register knows the household."""
    answering: bool
    """The visiting cadre answered for the household on that day."""
    event: UUID
    type: str
    time: datetime
    withdrawal: UUID | None
    mine: bool
    """The household is one of those that the question is about."""


async def count(connection: Connection, parameters: dict[str, Any]) -> tuple[int, int]:
    """Households visited often enough, and all. Parameters: kind, subject, first, last, required."""
    cursor = await connection.execute(_COUNT[parameters["kind"]], parameters)
    row = await cursor.fetchone()
    assert row
    return row[0], row[1]


async def of_all(connection: Connection, parameters: dict[str, Any]) -> dict[str, tuple[int, int]]:
    """The same of every cadre who answers for a household on the last day, or of every zone that has one.

    Parameters: kind, first, last, required, cadres (or None).
    """
    sql = _ALL[parameters["kind"]] if parameters["cadres"] is None else _OF_SOME
    cursor = await connection.execute(sql, parameters)
    return {subject: (covered, all_) for subject, covered, all_ in await cursor.fetchall()}


async def items(connection: Connection, parameters: dict[str, Any]) -> tuple[int, list[Item]]:
    """How many visits of households lie behind, and a page of them. Parameters: as `count`, only, limit, offset."""
    cursor = await connection.execute(_TOTAL[parameters["kind"]], parameters)
    total = await cursor.fetchone()
    cursor = await connection.execute(_PAGE[parameters["kind"]], parameters)
    return total[0] if total else 0, [Item(*row) for row in await cursor.fetchall()]


async def visit(connection: Connection, visit_: UUID) -> tuple[datetime | None, list[Item]]:
    """The newest recordedtime applied, and a visit with each of its households; no household when nothing was entered.

    One statement, a snapshot by itself: it is asked right behind an entry, and four more would cost more than it does.
    """
    cursor = await connection.execute(_ONE, {"visit": visit_})
    rows = await cursor.fetchall()
    return rows[0][0] if rows else None, [Item(*row[1:]) for row in rows]
