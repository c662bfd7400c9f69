"""The kinds that a projection's marks speak for (protocol rule 10)."""

from dataclasses import replace

import psycopg
import pytest
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.visits import VisitCorrected, VisitLogged, VisitWithdrawn

from services.runtime.rebuild import KindsGrew, Projection, check_kinds
from tests.runtime.consuming import Noting

pytestmark = pytest.mark.anyio
SMALL = Projection("test", frozenset({VisitLogged}), (), Noting())
LARGE = replace(SMALL, kinds=frozenset({VisitLogged, VisitCorrected}))
OTHER = replace(SMALL, kinds=frozenset({VisitLogged, VisitWithdrawn}))


async def begin(info: str, projection: Projection) -> None:
    """What a projection does before it takes anything in."""
    async with await psycopg.AsyncConnection.connect(info, autocommit=True) as connection:
        await check_kinds(connection, projection)


async def test_rule_10_a_projection_that_folds_more_refuses_and_names_what_it_has_passed_by(info: str) -> None:
    await begin(info, SMALL)
    await begin(info, SMALL)
    for _ in range(2):
        with pytest.raises(KindsGrew, match=r"visit\.corrected\.v1.*run `rebuild`"):
            await begin(info, LARGE)
    await begin(info, SMALL)


@pytest.mark.parametrize(("newer", "missed"), [(LARGE, VisitCorrected), (OTHER, VisitWithdrawn)])
async def test_rule_10_after_a_step_back_to_older_code_the_newer_refuses_though_it_ran_before(
    info: str, newer: Projection, missed: type[Event]
) -> None:
    await begin(info, newer)
    await begin(info, newer)
    await begin(info, SMALL)
    with pytest.raises(KindsGrew, match=missed.type()):
        await begin(info, newer)
