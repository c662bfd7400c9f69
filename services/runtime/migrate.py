"""Brings a database to the schema that the code needs: SQL files in order, each once, never changed afterwards."""

import hashlib
from pathlib import Path

import psycopg

HERE = Path(__file__).parent
LOG = HERE / "log.sql"
INBOX = HERE / "inbox.sql"
ARRIVE = HERE / "arrive.sql"
RECOVER = HERE / "recover.sql"
DENSE = HERE / "dense.sql"
PLUMBING = (LOG, INBOX, ARRIVE, RECOVER, DENSE)
"""What every service needs, for its log and for what it hears."""
SESSION = HERE.parent / "web" / "session.sql"
DIRECTORY = HERE / "directory.sql"


class Changed(Exception):
    """A migration that was applied has other content now: write a new one instead."""


def migrate(conninfo: str, files: list[Path]) -> list[str]:
    """Applies the files that were not applied yet, all in one transaction; answers with their names.

    Raises Changed, or psycopg.Error when the database is away or a file fails; nothing is applied then.
    """
    applied = []
    with psycopg.connect(conninfo) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(hashtext('lianxin.migrate'))")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration (name text PRIMARY KEY, sha256 text NOT NULL,"
            " applied timestamptz NOT NULL DEFAULT now())"
        )
        known: dict[str, str] = dict(connection.execute("SELECT name, sha256 FROM migration").fetchall())
        for file in files:
            text = file.read_bytes()
            digest = hashlib.sha256(text).hexdigest()
            if known.get(file.name, digest) != digest:
                raise Changed(f"{file.name} was applied with other content: leave it as it was and add a new file")
            if file.name not in known:
                connection.execute(text)
                connection.execute("INSERT INTO migration (name, sha256) VALUES (%s, %s)", [file.name, digest])
                applied.append(file.name)
    return applied


def service_files(folder: Path, beside: str = "") -> list[Path]:
    """The migrations of a service, or of its database `beside` its own, in order of their names."""
    return sorted((folder / "migrations" / beside).glob("[0-9]*.sql"))
