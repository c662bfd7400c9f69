"""The installation's databases on any PostgreSQL: `python -m deploy.local.databases` creates those that are missing."""

from __future__ import annotations

import os

import psycopg
from psycopg import sql

from deploy.local.processes import DATABASES


def answers(url: str) -> bool:
    """Whether the server at this address takes connections."""
    try:
        psycopg.connect(url, dbname="postgres", connect_timeout=2).close()
    except psycopg.OperationalError:
        return False
    return True


def create(url: str, space: str, databases: tuple[str, ...]) -> None:
    """Creates the databases <space>_<name> that are missing. Raises psycopg.Error when a server refuses.

    LIANXIN_<NAME>_POSTGRES names a server of its own for one of them, such as LIANXIN_KEYS_POSTGRES.
    """
    for database in databases:
        server = os.environ.get(f"LIANXIN_{database.upper()}_POSTGRES", url)
        with psycopg.connect(server, dbname="postgres", autocommit=True) as connection:
            name = f"{space}_{database}"
            if not connection.execute("SELECT FROM pg_database WHERE datname = %s", [name]).rowcount:
                connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))


if __name__ == "__main__":
    create(os.environ["LIANXIN_POSTGRES"], os.environ.get("LIANXIN_SPACE", "lianxin"), DATABASES)
