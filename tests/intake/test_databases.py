"""Vault and keys lie in databases of their own, on servers of their own where settings say so (P1)."""

import uuid

import psycopg
import pytest
from psycopg.conninfo import conninfo_to_dict

from deploy.local import databases
from services.intake.settings import BESIDE, Settings
from services.runtime import migrate
from services.runtime.database import conninfo
from tests.intake.given import SERVICE
from tests.servers import Addresses
from tests.world.world import World


def test_P1_vault_and_keys_may_have_servers_of_their_own() -> None:
    settings = Settings(space="s", postgres="postgresql://u@one", keys_postgres="postgresql://u@two:6000")
    found = {name: conninfo_to_dict(settings.database(name)) for name in ("intake", *BESIDE)}
    assert [(at["host"], at["dbname"]) for at in found.values()] == [
        ("one", "s_intake"),
        ("one", "s_vault"),
        ("two", "s_keys"),
    ]


def test_missing_databases_are_made_once_each_on_the_server_named(
    servers: Addresses, monkeypatch: pytest.MonkeyPatch
) -> None:
    server, space = servers.postgres, f"t{uuid.uuid4().hex[:12]}"
    monkeypatch.setenv("LIANXIN_KEYS_POSTGRES", server)
    monkeypatch.setenv("LIANXIN_VAULT_POSTGRES", "postgresql://nobody@127.0.0.1:1")
    databases.create(server, space, ("one", "keys"))
    databases.create(server, space, ("one", "keys"))
    with psycopg.connect(conninfo(server, "postgres")) as connection:
        made = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", [f"{space}%"]).fetchall()
    assert {name for (name,) in made} == {f"{space}_one", f"{space}_keys"}
    with pytest.raises(psycopg.OperationalError):
        databases.create(server, space, ("vault",))


def test_P1_migrate_brings_all_three_databases_to_their_schema(world: World) -> None:
    for database in BESIDE:
        files = [file.name for file in migrate.service_files(SERVICE, database)]
        assert files
        for file in files:
            world.query(database, "DELETE FROM migration WHERE name = %s", [file])
        tables = [
            name for (name,) in world.query(database, "SELECT tablename FROM pg_tables WHERE schemaname='public'")
        ]
        for table in set(tables) - {"migration"}:
            world.query(database, f'DROP TABLE "{table}"')
        assert all(f"applied {database}/{file}" in world.verb("intake", "migrate") for file in files[:1])
        applied = world.query(database, "SELECT name FROM migration ORDER BY name")
        assert [name for (name,) in applied] == files
        tables_now = world.query(database, "SELECT tablename FROM pg_tables WHERE schemaname='public'")
        assert {name for (name,) in tables_now} == set(tables)
