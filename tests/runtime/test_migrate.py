"""Migrations: each file once, in order, never changed afterwards; all of a run or nothing."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.runtime.migrate import INBOX, LOG, Changed, migrate, service_files

Rows = Callable[..., list[tuple[Any, ...]]]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    folder = tmp_path / "migrations"
    folder.mkdir()
    for name, text in [
        ("0002_b.sql", "ALTER TABLE a ADD m int"),
        ("0001_a.sql", "CREATE TABLE a (n int); INSERT INTO a VALUES (1)"),
        ("notes.sql", "no SQL"),
    ]:
        (folder / name).write_text(text)
    return service_files(tmp_path)


def test_files_are_applied_in_order_and_each_once(info: str, files: list[Path], rows: Rows) -> None:
    assert migrate(info, [LOG, INBOX, *files]) == ["0001_a.sql", "0002_b.sql"]
    assert migrate(info, [LOG, INBOX, *files]) == []
    assert rows("SELECT n, m FROM a") == [(1, None)]


def test_a_file_that_was_changed_afterwards_is_refused_and_nothing_is_applied(
    info: str, files: list[Path], rows: Rows
) -> None:
    migrate(info, files[:1])
    files[0].write_text("CREATE TABLE a (n int, m int)")
    with pytest.raises(Changed, match=r"0001_a\.sql was applied with other content"):
        migrate(info, [files[1], files[0]])
    assert rows("SELECT name FROM migration WHERE name LIKE '000%%'") == [("0001_a.sql",)]
    assert rows("SELECT * FROM a") == [(1,)]


def test_a_file_that_fails_takes_the_whole_run_back(info: str, files: list[Path], rows: Rows) -> None:
    files[1].write_text("CREATE TABLE b (n int); SELECT 1 / 0")
    with pytest.raises(psycopg.errors.DivisionByZero):
        migrate(info, files)
    assert rows("SELECT to_regclass('a'), to_regclass('b')") == [(None, None)]


def test_several_that_migrate_at_once_apply_each_file_once(info: str, files: list[Path], rows: Rows) -> None:
    with ThreadPoolExecutor(4) as pool:
        applied = [found.result() for found in [pool.submit(migrate, info, files) for _ in range(4)]]
    assert sorted(map(len, applied)) == [0, 0, 0, 2]
    assert rows("SELECT n FROM a") == [(1,)]
