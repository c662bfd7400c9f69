"""A service's database on any PostgreSQL: `python -m deploy.local.databases` creates those that are missing."""

from __future__ import annotations

import os

import psycopg
from psycopg import sql

from deploy.local.processes import SERVICES


def answers(url: str) -> bool:
    """Whether the server at this address takes connections."""
    try:
        psycopg.connect(url, dbname="postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def create(url: str, space: str, services: tuple[str, ...]) -> None:
    """Creates the databases <space>_<service> that are missing. Raises psycopg.Error when the server refuses."""
    with psycopg.connect(url, dbname="postgres", autocommit=True) as connection:
        known = {name for (name,) in connection.execute("SELECT datname FROM pg_database")}
        for name in (f"{space}_{service}" for service in services):
            if name not in known:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


if __name__ == "__main__":
    create(os.environ["LIANXIN_POSTGRES"], os.environ.get("LIANXIN_SPACE", "lianxin"), SERVICES)
