"""Loading the register into a real log (R6), and its tables: rebuilt and verified."""

import asyncio
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from lianxin_schemas.events.responsibility import HouseholdRegistered

from services.assignment import loading, operating
from services.assignment.loading import Faulty
from services.assignment.settings import Settings
from services.assignment.store import register as store
from services.assignment.store import tables as projections
from services.runtime import log, migrate
from services.runtime.log import Fact
from tests.assignment.given import NOW, changed, keep, logged, make_database, opened, write_files


def load(info, folder, progress=lambda _done, _of: None) -> int:
    async def work() -> int:
        async with await opened(info) as connection:
            return await loading.load(connection, folder, NOW, progress)

    return asyncio.run(work())


def tables(info):
    async def work():
        async with await opened(info) as connection:
            return (await projections.snapshot(connection))[0]

    return asyncio.run(work())


def test_R6_a_load_fills_log_and_tables_and_again_adds_nothing(settings, info, tmp_path):
    folder = write_files(tmp_path / "register")
    assert load(info, folder) > 0
    first = logged(info)
    assert operating.verify(settings) == []
    assert load(info, folder) == 0
    assert logged(info) == first


def test_R6_nothing_is_written_where_anything_is_wrong(info, tmp_path):
    with pytest.raises(Faulty) as faulty:
        load(info, write_files(tmp_path / "register", changed(pairings=["h1,c9,2022-01-01,"])))
    assert len(faulty.value.faults) == 1
    assert logged(info) == []


def test_R6_two_loads_at_once_are_one_too_many(info, tmp_path):
    folder = write_files(tmp_path / "register")

    async def work() -> None:
        async with await opened(info) as one, await opened(info) as two:
            assert await store.alone(one)
            with pytest.raises(loading.Busy):
                await loading.load(two, folder, NOW, lambda _done, _of: None)

    asyncio.run(work())


class Interrupted(Exception):
    """Ends a load between two batches."""


def interrupt_after(batches: int):
    left = [batches]

    def progress(_done: int, _of: int) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Interrupted

    return progress


def test_R6_a_load_interrupted_between_any_two_batches_ends_in_the_same_log(servers, template, tmp_path, monkeypatch):
    monkeypatch.setattr(loading, "BATCH", 4)
    folder = write_files(tmp_path / "register")
    whole = make_database(servers.postgres, f"t{uuid4().hex[:12]}", template)
    load(whole, folder)
    for batches in (1, 2, 3):
        info = make_database(servers.postgres, f"t{uuid4().hex[:12]}", template)
        with pytest.raises(Interrupted):
            load(info, folder, interrupt_after(batches))
        assert 0 < len(logged(info)) < len(logged(whole))
        load(info, folder)
        assert logged(info) == logged(whole)
        assert tables(info) == tables(whole)


def test_R6_a_county_is_loaded_whole(settings, info, tmp_path):
    cadres, zones, households = range(370), range(60), range(5_700)
    files = {
        "regions.csv": ["990101,county,,示范县,", *(f"990101{n:03}000,township,990101,{n}镇," for n in range(1, 31))],
        "offices.csv": [f"office-{n},other,990101,{n}办," for n in range(12)],
        "cadres.csv": [f"cadre-{n},office-{n % 12},village" for n in cadres],
        "terms.csv": [f"cadre-{n},2020-01-01," for n in cadres],
        "zones.csv": [f"zone-{n},village,990101001000" for n in zones],
        "groups.csv": [f"group-{n},zone-{n % 60}" for n in range(618)],
        "leaders.csv": [f"zone-{n},cadre-{n},2020-01-01," for n in zones],
        "households.csv": [f"household-{n},group-{n % 618}" for n in households],
        "pairings.csv": [f"household-{n},cadre-{n % 370},2022-01-01," for n in households],
    }
    folder = write_files(tmp_path / "register", files)
    assert load(info, folder) == 31 + 12 + 370 * 2 + 60 * 2 + 5_700 * 2
    assert operating.verify(settings) == []


def test_R6_the_tables_are_rebuilt_from_the_log_and_equal(settings, info, tmp_path):
    load(info, write_files(tmp_path / "register"))
    load(info, write_files(tmp_path / "register", changed(groups=["g2,z2"], households=["h1,g3"])))
    before = tables(info)
    assert len(before["zone"]) == 4
    with psycopg.connect(info) as connection:
        connection.execute("DELETE FROM office; UPDATE region SET parent = NULL WHERE level = 'village'")
        connection.execute("DELETE FROM cadre; UPDATE household SET of_group = 'g9' WHERE household = 'h2'")
        connection.execute("INSERT INTO responsibility VALUES ('term', 'c9', '2020-01-01', 'c9', NULL)")
    assert len(operating.verify(settings)) == 3 + 2 + 3 + 2 + 1
    assert operating.rebuild(settings) == 0
    assert operating.verify(settings) == []
    assert tables(info) == before


def test_R3_R4_strengths_and_care_are_in_the_tables_rebuilt_and_verified(settings, info, tmp_path):
    strong, needy = ["c2,office-a,township,water;law"], ["h1,g1,some", "h2,g2,"]
    load(info, write_files(tmp_path / "register"))
    assert load(info, write_files(tmp_path / "register", changed(cadres=strong, households=needy))) == 2
    assert load(info, write_files(tmp_path / "register", changed(cadres=strong, households=needy))) == 0
    before = tables(info)
    assert {row[0]: row[3] for row in before["cadre"]} == {"c1": (), "c2": ("law", "water"), "c3": ()}
    assert sorted((row[0], row[3]) for row in before["household"]) == [
        *(("h1", "none"), ("h1", "some")),
        *(("h2", "none"), ("h3", "none")),
    ]
    with psycopg.connect(info) as connection:
        connection.execute("UPDATE cadre SET strengths = '{health}' WHERE cadre = 'c2'")
        connection.execute("UPDATE household SET care = 'much' WHERE household = 'h3'")
    assert len(operating.verify(settings)) == 2 + 2
    assert operating.rebuild(settings) == 0
    assert operating.verify(settings) == []
    assert tables(info) == before


def test_R3_R4_a_log_and_tables_from_before_strengths_and_care_stand_and_verify(servers, tmp_path):
    """Given a database as an older release left it, when it is migrated, then nothing of it is amiss."""
    settings = Settings(space=f"t{uuid4().hex[:12]}", kafka=servers.kafka, postgres=servers.postgres)
    make_database(servers.postgres, f"{settings.space}_assignment")
    info = settings.database("assignment", guarded=False)
    files = migrate.service_files(Path(operating.__file__).parent)
    older = [file for file in files if file.name < "0005"]
    assert len(older) == 4
    migrate.migrate(info, [migrate.LOG, *older])
    kept = {
        "cadre-c1": ("lianxin.cadre.registered.v1", '{"cadre":"c1","office":"o1","rank":"village"}'),
        "household-h1": ("lianxin.household.registered.v1", '{"household":"h1","group":"g1"}'),
    }
    with psycopg.connect(info) as connection:
        for stream, (type_, data) in kept.items():
            connection.execute(
                "SELECT append(ARRAY[%s], ARRAY[1], ARRAY[%s], ARRAY[%s], ARRAY['responsibility'], ARRAY[0],"
                " ARRAY[%s], ARRAY['system'], ARRAY['register'], ARRAY[%s], ARRAY[NULL::bytea], ARRAY[%s])",
                [stream, uuid4(), type_, NOW, uuid4(), data],
            )
        connection.execute("INSERT INTO cadre VALUES ('c1', 'o1', 'village')")
        connection.execute("INSERT INTO household VALUES ('h1', '0001-01-01', 'g1')")
    migrate.migrate(info, files)
    assert operating.verify(settings) == []
    before = tables(info)
    assert operating.rebuild(settings) == 0
    assert tables(info) == before


def test_R6_a_rebuild_takes_in_what_is_appended_meanwhile(settings, info, tmp_path, monkeypatch):
    load(info, write_files(tmp_path / "register"))
    history, late = log.history, [Fact(HouseholdRegistered(household="h9", group="g3"), NOW)]

    async def slow(connection, topics, *more):
        found = await history(connection, topics, *more)
        while late:
            async with await opened(info) as other:
                await keep(other, [late.pop()])
        return found

    monkeypatch.setattr(log, "history", slow)
    assert operating.rebuild(settings) == 0
    assert operating.verify(settings) == []
    assert len(tables(info)["household"]) == 4


def test_R6_applying_the_same_entries_again_changes_nothing(info, tmp_path):
    load(info, write_files(tmp_path / "register"))
    before = tables(info)

    async def again() -> None:
        async with await opened(info) as connection:
            entries, _ = await log.history(connection, ["responsibility"])
            for sql, parameters in store.rows(entries):
                await connection.execute(sql, parameters)

    asyncio.run(again())
    assert tables(info) == before


def test_R1_names_go_to_the_directory_and_never_into_an_event(info, tmp_path):
    def named() -> dict[str, tuple[object, ...]]:
        with psycopg.connect(info) as connection:
            rows = connection.execute("SELECT kind || '-' || id, version, zh, en FROM directory_own").fetchall()
        return {row[0]: row[1:] for row in rows}

    load(info, write_files(tmp_path / "register"))
    before = logged(info)
    assert named()["region-990101001001"] == (1, "一村", "Village One")
    assert named()["office-office-b"] == (1, "甲镇政府", None)
    assert len(named()) == 6
    for word in ("一村", "Village One", "甲镇"):
        assert word not in str(before)
    files = changed(offices=["office-b,economic,990101001000,新名,Renamed"])
    assert load(info, write_files(tmp_path / "register", files)) == 0
    assert named()["office-office-b"] == (2, "新名", "Renamed")
    assert named()["office-office-a"] == (1, "一村村委会", None)
    assert logged(info) == before


def test_R6_where_anything_is_wrong_no_name_is_given(info, tmp_path):
    with pytest.raises(Faulty):
        load(info, write_files(tmp_path / "register", changed(pairings=["h1,c9,2022-01-01,"])))
    with psycopg.connect(info) as connection:
        assert connection.execute("SELECT FROM directory_own").fetchall() == []


def test_R6_the_command_names_every_fault_and_ends_with_1(settings, tmp_path, capsys):
    files = changed(terms=["c1,soon,"], pairings=["h9,c9,2022-01-01,"])
    assert operating.load(settings, write_files(tmp_path / "register", files)) == 1
    said = capsys.readouterr().err
    for place in ("terms.csv:2 since", "pairings.csv:2 household", "pairings.csv:2 cadre"):
        assert place in said
    assert "3 thing(s) to change" in said
    assert operating.load(settings, write_files(tmp_path / "register")) == 0
    assert "Wrote" in capsys.readouterr().out
