"""Policies over HTTP and at the command line: one log, one table, one receipt (A1, rules 1 and 4)."""

import asyncio
import json
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest

from services.appraisal import adopting, operating
from services.appraisal.projections import PROJECTION
from services.appraisal.settings import Settings
from services.appraisal.store import policies
from services.appraisal.verify import verify
from services.runtime import lag, migrate, rebuild, topics
from services.runtime.database import conninfo
from services.runtime.rebuild import KindsGrew, check_kinds
from tests.appraisal.asking import Client, serving
from tests.appraisal.conftest import ROOM, SHARED, begin, make
from tests.appraisal.given import Published, Store, visit
from tests.appraisal.test_verify import Broker
from tests.servers import Addresses

NOW = datetime(2026, 2, 1, tzinfo=UTC)
SHIPPED = ["first", "satisfaction", "three-dimensions", "three-levels"]


@pytest.fixture(scope="module")
def written(servers: Addresses) -> Settings:
    """A database and topics of these tests' own: its log is written to."""
    settings = make(servers, f"t{uuid.uuid4().hex[:12]}")
    topics.apply(settings)
    return settings


@pytest.fixture
def store(written: Settings) -> Iterator[Store]:
    made = Store(written)
    made.empty()
    for table in ("policy", "events", "lane"):
        made.query(f"DELETE FROM {table}")
    made.query("UPDATE head SET position = 0")
    made.runner.run(begin(written))
    yield made
    made.close()


def body(**changes: Any) -> dict[str, Any]:
    node = {"node": "mark", "weight": "100", "indicator": "county_mark", "minimum": 1}
    return {"command": str(uuid.uuid4()), "policy": "own", "valid_from": "2026-01-01", "nodes": [node]} | changes


def editions(store: Store) -> list[tuple[str, int]]:
    return [(row[0], row[1]) for row in store.query("SELECT policy, edition FROM policy ORDER BY 1, 2")]


def text_of(file: Path, **changes: Any) -> Path:
    found = body(**changes)
    del found["command"]
    file.write_text(json.dumps(found))
    return file


def test_A1_an_edition_is_adopted_once_and_counts_at_once(client: Client, store: Store) -> None:
    command = body()
    first = client.post("/policies", command)
    assert first.status_code == 201
    assert client.post("/policies", command).json() == first.json()
    assert editions(store) == [*((name, 1) for name in SHIPPED[:1]), ("own", 1), *((name, 1) for name in SHIPPED[1:])]
    score = client.get("/scores/cadres/c-1", period="2026-03", policy="own", after=first.json()["after"])
    assert (score.status_code, score.json()["policy"]["version"]) == (200, 1)
    assert score.json()["zh"] == "数据不足"


def test_A1_the_same_command_with_another_tree_or_by_another_is_contradicted(client: Client) -> None:
    command = body()
    client.post("/policies", command)
    assert client.post("/policies", command, who="o-2").json()["code"] == "command.contradicted"
    assert client.post("/policies", command | {"policy": "else"}).json()["code"] == "command.contradicted"


def test_A1_editions_rise_and_the_newest_holds(client: Client, store: Store) -> None:
    assert client.post("/policies", body()).status_code == 201
    assert client.post("/policies", body(valid_from="2026-07-01")).status_code == 201
    early = client.post("/policies", body(valid_from="2026-06-30"))
    assert (early.status_code, early.json()["code"], early.json()["field"]) == (
        422,
        "policy.valid-from",
        "valid_from",
    )
    assert "2026-07-01" in early.json()["zh"]
    assert [one for one in editions(store) if one[0] == "own"] == [("own", 1), ("own", 2)]
    for period, version in (("2026-Q2", 1), ("2026-Q3", 2)):
        found = client.get("/scores/cadres/c-1", period=period, policy="own").json()
        assert found["policy"]["version"] == version


def test_A1_a_refusal_names_the_node_in_both_languages(client: Client, store: Store) -> None:
    before = editions(store)
    found = client.post("/policies", body(nodes=[body()["nodes"][0] | {"weight": "99.5"}]))
    assert (found.status_code, found.json()["code"]) == (422, "policy.weights")
    assert "99.5" in found.json()["zh"]
    assert "99.5" in found.json()["en"]
    assert editions(store) == before


@pytest.mark.parametrize("role", ["cadre", "office", "operations", "import"])
def test_A1_only_the_organisation_department_adopts(client: Client, role: str) -> None:
    assert client.post("/policies", body(), role=role).json()["code"] == "auth.role"


def test_U1_everybody_reads_the_policies(client: Client) -> None:
    found = client.raw("/policies").json()
    assert [one["edition"]["policy"] for one in found] == SHIPPED
    assert found[2]["zh"].startswith("三维考核")
    assert [node["weight"] for node in found[2]["edition"]["nodes"] if not node.get("parent")] == ["60", "10", "30"]


def test_A1_an_unknown_policy_is_not_found(client: Client) -> None:
    found = client.get("/scores/cadres/c-1", period="2026", policy="no-such")
    assert (found.status_code, found.json()["code"]) == (404, "policy.unknown")


def test_A1_what_is_shipped_is_adopted_once_however_many_begin(store: Store) -> None:
    store.query("DELETE FROM policy")
    store.query("DELETE FROM events")

    async def one() -> list[str]:
        async with await psycopg.AsyncConnection.connect(store.info, autocommit=True) as connection:
            return [edition.policy for edition in await adopting.begin(connection, NOW)]

    async def together() -> list[list[str]]:
        return await asyncio.gather(*(one() for _ in range(4)))

    adopted = store.runner.run(together())
    assert sorted(name for one in adopted for name in one) == SHIPPED
    assert store.runner.run(one()) == []
    assert editions(store) == [(name, 1) for name in SHIPPED]


def test_A1_an_own_edition_of_a_shipped_policy_is_not_replaced(store: Store, tmp_path: Path) -> None:
    store.query("DELETE FROM policy")
    store.query("DELETE FROM events")
    assert operating.adopt(store.settings, text_of(tmp_path / "own.json", policy="satisfaction")) == 0
    assert operating.adopt(store.settings, None) == 0
    assert editions(store) == [(name, 1) for name in SHIPPED]
    [(data,)] = store.query("SELECT data FROM policy WHERE policy = 'satisfaction'")
    assert [node["node"] for node in data["nodes"]] == ["mark"]


def test_A1_a_file_is_adopted_once_and_refused_in_words(
    store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = text_of(tmp_path / "own.json")
    assert operating.adopt(store.settings, file) == 0
    assert operating.adopt(store.settings, file) == 0
    assert [one for one in editions(store) if one[0] == "own"] == [("own", 1)]
    assert (
        operating.adopt(store.settings, text_of(tmp_path / "wrong.json", nodes=[{"node": "a", "weight": "100"}])) == 3
    )
    assert operating.adopt(store.settings, text_of(tmp_path / "no.json", weight=3)) == 3
    said = capsys.readouterr().err
    assert "policy.leaf-without-indicator: 节点a没有指标" in said
    assert "no.json: weight" in said
    assert [one for one in editions(store) if one[0] == "own"] == [("own", 1)]


def test_A1_A12_the_table_is_refilled_from_the_log_and_verified(store: Store, tmp_path: Path) -> None:
    with serving(store, tmp_path) as client:
        client.post("/policies", body())
    before = store.query("SELECT * FROM policy ORDER BY policy, edition")
    assert verify(store.settings) == []
    store.query("UPDATE policy SET data = replace(data::text, '\"100\"', '\"99\"')::json WHERE policy = 'own'")
    store.query("DELETE FROM policy WHERE policy = 'first'")
    assert verify(store.settings) == [f"policy {name} edition 1: table and log differ" for name in ("first", "own")]
    assert operating.rebuild(store.settings) == 0
    assert store.query("SELECT * FROM policy ORDER BY policy, edition") == before
    assert verify(store.settings) == []
    assert operating.rebuild(store.settings) == 0
    assert store.query("SELECT * FROM policy ORDER BY policy, edition") == before


def test_rule4_the_log_counts_as_behind_until_it_is_relayed(store: Store) -> None:
    found = lag.measure(store.settings, "appraisal", has_log=True, consumer="project")
    assert (found.log, found.topics["petitions"]) == (len(SHIPPED), 0)


@pytest.fixture
def yesterday(servers: Addresses) -> Settings:
    """An installation of the release before: no log, the first tables, the kinds of then."""
    settings = Settings(space=f"t{uuid.uuid4().hex[:12]}", kafka=servers.kafka, postgres=servers.postgres)
    with psycopg.connect(conninfo(servers.postgres, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{settings.space}_appraisal"')
    files = [migrate.INBOX, *(file for file in migrate.service_files(ROOM) if file.name.startswith("0001"))]
    migrate.migrate(settings.database("appraisal"), files)
    with psycopg.connect(settings.database("appraisal"), autocommit=True) as connection:
        connection.execute("INSERT INTO kind VALUES ('project', 'lianxin.visit.logged.v1')")
    return settings


def test_rule10_an_installation_of_yesterday_migrates_and_asks_for_a_rebuild(
    yesterday: Settings, servers: Addresses
) -> None:
    files = [*SHARED, *migrate.service_files(ROOM)]
    applied = migrate.migrate(yesterday.database("appraisal"), files)
    new = [file.name for file in files if file != migrate.INBOX and not file.name.startswith("0001")]
    assert applied == new
    assert migrate.LOG.name in applied
    assert migrate.migrate(yesterday.database("appraisal"), files) == []
    fresh = make(servers, f"t{uuid.uuid4().hex[:12]}")
    assert columns(yesterday) == columns(fresh)

    store, broker = Store(yesterday), Broker(yesterday)
    messages = Published(yesterday.space).all(visit(1, "c-1", "2026-03-02", "h-1"))
    broker.send(messages)

    async def look() -> None:
        async with await psycopg.AsyncConnection.connect(store.info, autocommit=True) as connection:
            await check_kinds(connection, PROJECTION)

    with pytest.raises(KindsGrew, match=r"petition\.verdict_given\.v1"):
        store.runner.run(look())
    work = rebuild.rebuild(yesterday, "appraisal", PROJECTION, lambda _done, _of: None)
    assert store.runner.run(work) == 1
    store.runner.run(look())
    assert store.query("SELECT count(*) FROM visit_tally") == [(1,)]
    assert operating.adopt(yesterday, None) == 0
    assert verify(yesterday) == []
    broker.producer.close()
    store.close()


def columns(settings: Settings) -> list[Any]:
    with psycopg.connect(settings.database("appraisal"), autocommit=True) as connection:
        return connection.execute(
            "SELECT table_name, ordinal_position, column_name, data_type, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
        ).fetchall()


def test_A1_the_store_reads_back_what_was_adopted(store: Store) -> None:
    async def read() -> list[policies.Edition]:
        async with await psycopg.AsyncConnection.connect(store.info, autocommit=True) as connection:
            return await policies.editions(connection)

    found = store.runner.run(read())
    assert [(edition.policy, edition.edition) for edition, _, _ in found] == [(name, 1) for name in SHIPPED]
    assert {type(event) for _, event, _ in found} == {uuid.UUID}
