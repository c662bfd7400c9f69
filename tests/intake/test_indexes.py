"""What a page asks of vault and register is found by an index, however much lies there."""

import asyncio
from collections.abc import Awaitable
from datetime import date
from typing import Any

from lianxin_schemas.events.vault import Datum, PersonKind

from services.intake.settings import Settings
from services.intake.store import cases, vault
from tests.plans import plans

TEXTS = r"""
INSERT INTO text SELECT 'resident', 'p-' || n, 'said', 'w-' || n, '\x00' FROM generate_series(1, 5000) n
"""
OFFICES = """
INSERT INTO zone SELECT 'many-' || n, 1, 'village', 'r-' || n FROM generate_series(1, 10) n;
INSERT INTO office SELECT 'many-' || n, 1, 'other', 'r-' || n FROM generate_series(1, 5000) n
"""


def test_P2_words_are_found_by_their_reference_without_reading_the_vault(settings: Settings) -> None:
    def ask(pool: Any) -> Awaitable[object]:
        return vault.find(pool, PersonKind.RESIDENT, None, Datum.SAID, "w-1")

    plan = asyncio.run(plans(settings.database("vault"), TEXTS, ask))
    assert "text_of_ref" in plan


def test_Z2_the_offices_of_each_zone_are_found_by_an_index(settings: Settings) -> None:
    day = date(2026, 3, 2)
    plan = asyncio.run(plans(settings.database("intake"), OFFICES, lambda connection: cases.zones(connection, day)))
    assert "office_of_region" in plan
