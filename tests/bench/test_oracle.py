"""Tables that are not those of what was made have no speed."""

import uuid
from collections.abc import Iterator

import psycopg
import pytest

from services.runtime.database import conninfo
from tests.bench import oracle
from tests.bench.peers.tables import FACT, ONE_MORE
from tests.bench.visits import visits
from tests.servers import Addresses

COUNT = 50


@pytest.fixture
def info(servers: Addresses) -> Iterator[str]:
    """A database of one's own, filled as a peer should fill it."""
    name = f"bench-{uuid.uuid4().hex[:12]}"
    with psycopg.connect(conninfo(servers.postgres, "postgres", guarded=False), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"')
        own = conninfo(servers.postgres, name)
        with psycopg.connect(own) as filling:
            filling.execute(oracle.TABLES)
            for visit in visits(COUNT, 1):
                filling.execute(FACT, (visit.visit, visit.cadre, visit.day, list(visit.households)))
                for household in visit.households:
                    filling.execute(ONE_MORE, (household, visit.day, visit.cadre))
        yield own
        connection.execute(f'DROP DATABASE "{name}"')


def test_tables_of_what_was_made_pass(info: str) -> None:
    oracle.check(info, visits(COUNT, 1))


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM visit WHERE visit = (SELECT min(visit::text)::uuid FROM visit)",
        "UPDATE visit_tally SET visits = visits + 1 WHERE household = (SELECT min(household) FROM visit_tally)",
        "DELETE FROM visit_tally WHERE household = (SELECT min(household) FROM visit_tally)",
        "INSERT INTO visit_tally VALUES ('h-999999', '2026-01-01', 'c-0001', 1)",
    ],
)
def test_one_row_that_differs_is_wrong(info: str, change: str) -> None:
    with psycopg.connect(info) as connection:
        assert connection.execute(change).rowcount == 1
    with pytest.raises(oracle.Wrong):
        oracle.check(info, visits(COUNT, 1))


def test_other_visits_are_wrong(info: str) -> None:
    with pytest.raises(oracle.Wrong, match="tallies differ"):
        oracle.check(info, visits(COUNT, 2))
