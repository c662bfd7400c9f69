"""A look at all tables: how long it may take, and how it is planned (A6, A10)."""

import psycopg
import pytest

from services.appraisal.domain.periods import parse
from services.appraisal.store import reading
from services.appraisal.store.counts import asked, counts
from tests.appraisal.given import (
    Store,
)


def test_A10_a_long_look_at_all_tables_has_a_time_of_its_own(store: Store) -> None:
    """However short the connection's is, which runs already when the look begins."""

    async def looks(within: str, seconds: float) -> None:
        info = psycopg.conninfo.make_conninfo(store.info, options="-c transaction_timeout=100ms")
        async with (
            await psycopg.AsyncConnection.connect(info, autocommit=True) as connection,
            reading.snapshot(connection, within),
        ):
            await connection.execute("SELECT pg_sleep(%s)", [seconds])

    store.runner.run(looks("30s", 0.3))
    for within in ("", "200ms"):
        with pytest.raises(psycopg.OperationalError):
            store.runner.run(looks(within, 10))


def test_A6_each_question_is_planned_for_whom_it_is_about(store: Store) -> None:
    """After ten times PostgreSQL may plan for nobody in particular: in a province that took ten times as long."""

    async def again_and_again() -> int:
        async with await psycopg.AsyncConnection.connect(store.info, autocommit=True) as connection:
            for _ in range(20):
                async with reading.snapshot(connection):
                    await counts(connection, asked("cadre", "c-1", parse("2026-Q1"), 1))
            cursor = await connection.execute(
                "SELECT sum(generic_plans), sum(custom_plans) FROM pg_prepared_statements WHERE statement ~ 'visited'"
            )
            [(generic, custom)] = await cursor.fetchall()
            assert custom
            return int(generic)

    assert store.runner.run(again_and_again()) == 0
