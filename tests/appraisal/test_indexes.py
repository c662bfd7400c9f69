"""What pages ask is found by an index, however many months there were, and cadres."""

import asyncio
from datetime import date

from services.appraisal.store import county, peers
from tests.appraisal.given import Store
from tests.plans import plans

MONTHS = """
INSERT INTO case_fact (petition, month)
SELECT gen_random_uuid(), date '2021-01-01' + n % 70 * interval '1 month' FROM generate_series(1, 7000) n
"""


def test_A10_what_waits_in_the_county_is_found_by_its_month(store: Store) -> None:
    month = {"first": date(2026, 3, 1), "last": date(2026, 3, 1)}
    plan = asyncio.run(plans(store.info, MONTHS, lambda connection: county.waiting(connection, month, None)))
    assert "case_of_month" in plan


CADRES = """
INSERT INTO cadre (cadre, rank) SELECT 'c-' || n, 'village' FROM generate_series(1, 7000) n;
INSERT INTO responsibility (kind, subject, cadre, since)
SELECT 'term', 'c-' || n, 'c-' || n, '2020-01-01' FROM generate_series(1, 7000) n
"""


def test_A3_the_lot_of_peers_is_read_in_its_order(store: Store) -> None:
    about = {"subject": "c-1", "last": date(2026, 3, 31)}
    plan = asyncio.run(plans(store.info, CADRES, lambda connection: peers.peers(connection, about)))
    assert "cadre_by_lot" in plan
