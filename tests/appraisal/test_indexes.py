"""What the county's page asks is found by an index, however many months there were."""

import asyncio
from datetime import date

from services.appraisal.store import county
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
