"""Who asks, and what they may do. Every route states its roles; a route that states none does not start."""

import json
import time
import warnings
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute, iter_route_contexts
from joserfc import jwt
from joserfc.errors import JoseError, SecurityWarning
from joserfc.jwk import KeySet
from lianxin_schemas.ids import OpaqueId
from pydantic import BaseModel, ConfigDict
from starlette.routing import BaseRoute

from services.refused import Refused
from services.runtime.log import Author

ALGORITHMS = ["Ed25519", "EdDSA", "ES256", "RS256"]
OPEN = {"/livez", "/readyz", "/openapi.json", "/docs", "/docs/oauth2-redirect"}
"""Paths that tell nothing about anybody and need no token."""
MOST_KNOWN = 10_000
"""Tokens that are remembered."""


class Role(StrEnum):
    """What a principal may be."""

    CADRE = "cadre"
    OFFICE = "office"
    IMPORT = "import"
    ORGANISATION = "organisation"
    OPERATIONS = "operations"
    SERVICE = "service"
    """Another service of the installation, such as the one that sends notices."""


class Principal(BaseModel):
    """Whoever a valid token speaks for. `office` is the scope of an office's staff."""

    model_config = ConfigDict(frozen=True)

    id: OpaqueId
    roles: frozenset[Role]
    office: OpaqueId | None = None
    ends: datetime | None = None
    """When the sign-in to the pages ends, once that is near (A-17)."""

    def has(self, role: Role) -> bool:
        """Whether the principal has a role."""
        return role in self.roles

    @property
    def author(self) -> Author:
        """The principal as the author of events."""
        return Author("user", self.id)


class Tokens:
    """Verifies bearer tokens (JWT) against the public keys of their issuer."""

    def __init__(self, keys: KeySet, issuer: str, audience: str) -> None:
        self._keys = keys
        self._claims = jwt.JWTClaimsRegistry(
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
        )
        self._known: dict[str, tuple[Principal, float]] = {}

    @classmethod
    def read(cls, jwks: Path, issuer: str, audience: str) -> "Tokens":
        """Reads a JSON Web Key Set. Raises OSError or ValueError when there is none to read."""
        return cls(KeySet.import_key_set(json.loads(jwks.read_text())), issuer, audience)

    def principal(self, token: str) -> Principal:
        """The principal of a token. Raises Refused `auth.invalid` or `auth.expired`.

        What is good stays good until it expires, which is looked at each time; nothing else is calculated twice.
        """
        principal, ends = self._known.get(token, (None, 0.0))
        if principal is None or time.time() >= ends:
            principal, ends = self._check(token)
            if len(self._known) >= MOST_KNOWN:
                self._known.clear()
            self._known[token] = (principal, ends)
        return principal

    def _check(self, token: str) -> tuple[Principal, float]:
        try:
            claims = self._verify(token)
            self._claims.validate(claims)
            principal = Principal(id=claims.get("sub", ""), roles=claims.get("roles", ()), office=claims.get("office"))
        except JoseError as error:
            raise Refused("auth.expired" if error.error == "expired_token" else "auth.invalid") from error
        except (ValueError, TypeError, AttributeError, LookupError) as error:
            # The library stumbles in these ways over headers and claims of kinds it does not expect.
            raise Refused("auth.invalid") from error
        return principal, claims["exp"]

    def _verify(self, token: str) -> dict[str, Any]:
        with warnings.catch_warnings():
            # joserfc prefers RFC 9864's name Ed25519; most issuers still write EdDSA for the same thing.
            warnings.simplefilter("ignore", SecurityWarning)
            return jwt.decode(token, self._keys, algorithms=ALGORITHMS).claims


class Allow:
    """A dependency: lets in whoever has one of the roles, and hands on who it is."""

    def __init__(self, *roles: Role) -> None:
        self.roles = frozenset(roles)

    async def __call__(self, request: Request) -> Principal:
        """The principal. Raises Refused `auth.missing`, `auth.invalid`, `auth.expired` (401) or `auth.role` (403)."""
        principal = await _who(request)
        request.state.principal = principal  # for the head of a page
        if not principal.roles & self.roles:
            raise Refused("auth.role", roles=", ".join(sorted(self.roles)))
        return principal


async def _who(request: Request) -> Principal:
    """Whom a bearer token speaks for, or else a session of the pages."""
    state = request.app.state
    if header := request.headers.get("authorization", ""):
        scheme, _, token = header.partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise Refused("auth.missing")
        tokens: Tokens = state.tokens
        return tokens.principal(token)
    if (id_ := state.sessions.held(request)) is None:
        raise Refused("auth.missing")
    found: Principal = await state.sessions.principal(state.pool, id_)
    return found


async def whoever(request: Request) -> Principal | None:
    """A dependency beside `anyone`: who is signed in, if somebody is. Raises Refused for a token that is not good; a
    session that has ended is nobody's.
    """
    try:
        return await _who(request)
    except Refused:
        if request.headers.get("authorization"):
            raise
        return None


async def anyone() -> None:
    """A dependency that says: this route is for everybody, signed in or not (U1, U2)."""


def asking(routes: Sequence[BaseRoute]) -> dict[str, frozenset[Role] | None]:
    """For each `method path` that looks at tokens: the roles it is for, None where it is for anyone."""
    found: dict[str, frozenset[Role] | None] = {}
    for route in iter_route_contexts(routes):
        if isinstance(route.original_route, APIRoute):
            calls = [dependency.call for dependency in route.dependant.dependencies]
            roles = next((call.roles for call in calls if isinstance(call, Allow)), None)
            if roles is not None or whoever in calls:
                found |= {f"{method.lower()} {route.path}": roles for method in route.methods or ()}
    return found


def unguarded(routes: Sequence[BaseRoute]) -> list[str]:
    """Paths of routes that state neither their roles nor that they are for anyone: there must be none."""
    return [
        str(route.path)
        for route in iter_route_contexts(routes)  # the routes of included routers too, which `routes` hides
        if route.path not in OPEN
        and not (
            isinstance(route.original_route, APIRoute)
            and any(
                isinstance(dependency.call, Allow) or dependency.call is anyone
                for dependency in route.dependant.dependencies
            )
        )
    ]
