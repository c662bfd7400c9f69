"""Sessions of the pages: an opaque random id in a cookie, and a row in the service's own database.

Signing out, or ending the row, counts at the next request. A session speaks for its principal like a bearer token.
"""

import hashlib
import secrets
from datetime import timedelta
from typing import Any

from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from starlette.requests import HTTPConnection
from starlette.responses import Response

from services.refused import Refused
from services.runtime.settings import Settings
from services.web.principals import Principal

FIND = """
WITH found AS (
    SELECT hash, principal AS id, roles, office, last_seen,
        CASE WHEN expires < now() + %(soon)s::interval THEN expires END AS ends
    FROM session
    WHERE hash = %(hash)s AND revoked IS NULL AND expires > now() AND last_seen > now() - %(idle)s::interval
), seen AS (
    UPDATE session SET last_seen = now() FROM found
    WHERE session.hash = found.hash AND found.last_seen < now() - interval '1 minute'
)
SELECT id, roles, office, ends FROM found
"""
BEGIN = """
WITH gone AS (DELETE FROM session WHERE expires < now() - interval '30 days')
INSERT INTO session (hash, principal, roles, office, expires)
VALUES (%(hash)s, %(id)s, %(roles)s, %(office)s, now() + %(lasts)s::interval)
"""
END = "UPDATE session SET revoked = now() WHERE hash = %(hash)s AND revoked IS NULL"

SOON = timedelta(minutes=30)
"""Pages say so long before that the sign-in ends: time enough for any form of ours."""


class Sessions:
    """The sessions of one service."""

    def __init__(self, settings: Settings, service: str) -> None:
        self._lasts = timedelta(hours=settings.session_hours)
        self._idle = timedelta(hours=settings.session_idle_hours)
        self._secure = not settings.plain_http
        self.cookie = self.name_of(f"lx-{service}")

    def name_of(self, cookie: str) -> str:
        """A cookie's name as it is sent: `__Host-` keeps other hosts and plain http from setting it."""
        return f"__Host-{cookie}" if self._secure else cookie

    def held(self, connection: HTTPConnection) -> str | None:
        """The id that the browser holds."""
        return connection.cookies.get(self.cookie) or None

    async def begin(self, pool: AsyncConnectionPool[Any], principal: Principal) -> str:
        """Keeps a new session; its id goes into the cookie. Raises psycopg.Error."""
        id_ = secrets.token_urlsafe(32)
        row = {"hash": _hash(id_), "id": principal.id, "roles": sorted(principal.roles), "office": principal.office}
        async with pool.connection() as connection:
            await connection.execute(BEGIN, row | {"lasts": self._lasts})
        return id_

    async def principal(self, pool: AsyncConnectionPool[Any], id_: str) -> Principal:
        """Whom a session speaks for. Raises Refused `auth.expired` when it has ended, or never was."""
        async with pool.connection() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(FIND, {"hash": _hash(id_), "idle": self._idle, "soon": SOON})
            found = await cursor.fetchone()
        if found is None:
            raise Refused("auth.expired")
        return Principal.model_validate(found)

    async def end(self, pool: AsyncConnectionPool[Any], id_: str) -> None:
        """Ends a session at once."""
        async with pool.connection() as connection:
            await connection.execute(END, {"hash": _hash(id_)})

    def set_cookie(self, response: Response, name: str, value: str, seconds: int | None = None) -> None:
        """Gives the browser a cookie that no script can read; without `seconds` it goes when the browser closes."""
        response.set_cookie(name, value, seconds, path="/", secure=self._secure, httponly=True, samesite="lax")

    def drop_cookie(self, response: Response, name: str) -> None:
        """Takes a cookie back."""
        response.delete_cookie(name, path="/", secure=self._secure, httponly=True, samesite="lax")


def _hash(id_: str) -> bytes:
    return hashlib.sha256(id_.encode()).digest()
