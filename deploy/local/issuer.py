"""The issuer of a machine's own log-ins: OIDC as the services' pages expect it, without a password.

    python -m deploy.local.issuer        # LIANXIN_JWKS and LIANXIN_PORT as every process of the stack has them

Whoever sits at the machine picks a person from .local/people.json, a list of {"id", "name", "roles", "office"}; without
that file, one of the roles. It listens on loopback only and sends people back to loopback only: never for production.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode, urlsplit

import uvicorn
from fastapi import FastAPI, Form, Query, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from pydantic import BaseModel, TypeAdapter

import services.web
from deploy.local import keys
from services.web.static import Files, serve

CLIENT = "lianxin"
COOKIE = "lianxin-issuer"
LOOPBACK = {"127.0.0.1", "localhost"}
SECONDS = 60
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src data:; frame-ancestors 'none'",
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
}


class Person(BaseModel):
    """Somebody to sign in as."""

    id: str
    name: str = ""
    roles: list[str]
    office: str | None = None


class Asked(BaseModel):
    """What a service's page asks of the authorization endpoint; what else it says is not needed here."""

    client_id: str
    redirect_uri: str
    response_type: str
    state: str
    nonce: str
    code_challenge: str
    code_challenge_method: str
    prompt: str = ""
    """`login` asks again, whoever was here before."""


@dataclass(frozen=True)
class Grant:
    """What a code is good for, once, until a moment of the monotonic clock."""

    asked: Asked
    person: Person
    until: float


PEOPLE = TypeAdapter(list[Person])
ANYBODY = [
    Person(id="c-0001", name="干部 / cadre", roles=["cadre"]),
    Person(id="staff-0001", name="县级部门 / office", roles=["office"], office="county-office"),
    Person(id="organiser-0001", name="组织部门 / organisation", roles=["organisation"]),
    Person(id="importer-0001", name="数据导入 / import", roles=["import"]),
    Person(id="operator-0001", name="运维 / operations", roles=["operations"]),
]


class Issuer:
    """The people of a state folder, and the codes given out; both are looked up afresh each time."""

    def __init__(self, state: Path, address: str) -> None:
        self.keys, self.people_file, self.address = state / "keys", state / "people.json", address
        self._grants: dict[str, Grant] = {}

    def people(self) -> tuple[list[Person], bool]:
        """Who can be picked, and whether the file named them. Raises ValueError for a file that is not as it should."""
        if not self.people_file.exists():
            return ANYBODY, False
        return PEOPLE.validate_json(self.people_file.read_bytes()), True

    def discovery(self) -> dict[str, object]:
        """The issuer's metadata."""
        return {
            "issuer": self.address,
            "authorization_endpoint": f"{self.address}/authorize",
            "token_endpoint": f"{self.address}/token",
            "jwks_uri": f"{self.address}/jwks",
            "end_session_endpoint": f"{self.address}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [keys.ID_ALGORITHM],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["none"],
        }

    def grant(self, asked: Asked, person: Person) -> str:
        """A code for somebody."""
        now = time.monotonic()
        self._grants = {code: grant for code, grant in self._grants.items() if grant.until > now}
        code = secrets.token_urlsafe(24)
        self._grants[code] = Grant(asked, person, now + SECONDS)
        return code

    def redeem(self, code: str, verifier: str, client: str, redirect: str) -> dict[str, object] | None:
        """The token answer for a code: once, in time, by who asked for it (PKCE); None otherwise."""
        grant = self._grants.pop(code, None)
        if grant is None or grant.until < time.monotonic():
            return None
        asked = grant.asked
        hashed = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        if (hashed, client, redirect) != (asked.code_challenge, asked.client_id, asked.redirect_uri):
            return None
        now = int(time.time())
        claims: dict[str, object] = {"iss": self.address, "aud": client, "iat": now, "exp": now + 5 * SECONDS}
        claims |= {"nonce": asked.nonce, "sub": grant.person.id, "roles": grant.person.roles}
        if grant.person.office:
            claims["office"] = grant.person.office
        token = keys.sign_id(self.keys, claims)
        return {"id_token": token, "access_token": secrets.token_urlsafe(24), "token_type": "Bearer", "expires_in": 300}


def application(state: Path, address: str) -> FastAPI:
    """The issuer of a state folder, at the address under which browsers and services find it."""
    issuer = Issuer(state, address)
    here, web = Path(__file__).parent, Path(services.web.__file__).parent
    page = Environment(loader=FileSystemLoader(here), autoescape=True, undefined=StrictUndefined).get_template(
        "issuer.html"
    )
    app = FastAPI(title="Lianxin local issuer", openapi_url=None)
    app.state.files = files = Files(web / "static")

    @app.get("/readyz")
    async def readyz() -> dict[str, bool]:
        return {"ready": True}

    @app.get(keys.DISCOVERY)
    async def discovery() -> dict[str, object]:
        return issuer.discovery()

    @app.get("/jwks")
    async def jwks() -> dict[str, object]:
        return keys.id_keys(issuer.keys)

    @app.get("/authorize")
    async def authorize(asked: Annotated[Asked, Query()], request: Request, person: str = "") -> Response:
        if wrong := _wrong(asked):
            return HTMLResponse(wrong, 400, HEADERS)
        people, known = issuer.people()
        wanted = person or ("" if asked.prompt else request.cookies.get(COOKIE))
        if (found := next((one for one in people if one.id == wanted), None)) is None:
            text = page.render(
                people=people,
                known=known,
                file=issuer.people_file,
                query=urlencode(asked.model_dump()),
                css=files.hashed("lianxin.css"),
            )
            return HTMLResponse(text, 200, HEADERS)
        back = urlencode({"code": issuer.grant(asked, found), "state": asked.state})
        response = RedirectResponse(f"{asked.redirect_uri}?{back}", 303, HEADERS)
        response.set_cookie(COOKIE, found.id, httponly=True, samesite="lax")
        return response

    @app.post("/token")
    async def token(
        code: Annotated[str, Form()],
        code_verifier: Annotated[str, Form()],
        client_id: Annotated[str, Form()],
        redirect_uri: Annotated[str, Form()],
    ) -> Response:
        answer = issuer.redeem(code, code_verifier, client_id, redirect_uri)
        return JSONResponse(answer or {"error": "invalid_grant"}, 200 if answer else 400, {"Cache-Control": "no-store"})

    @app.get("/end")
    async def end() -> Response:
        response = HTMLResponse(
            "<!doctype html><title>已退出</title><p>已退出统一登录。 / You have left.", 200, HEADERS
        )
        response.delete_cookie(COOKIE, httponly=True, samesite="lax")
        return response

    app.get("/static/{name}")(serve)
    return app


def _wrong(asked: Asked) -> str:
    """What is wrong with a request, which is then not sent back anywhere."""
    if urlsplit(asked.redirect_uri).hostname not in LOOPBACK:
        return "This issuer sends people back to this machine only."
    if asked.client_id != CLIENT or asked.response_type != "code" or asked.code_challenge_method != "S256":
        return "Only the client lianxin, by code and with S256."
    return ""


def main() -> None:
    """Serves until it is told to stop."""
    port = int(os.environ["LIANXIN_PORT"])
    state = Path(os.environ["LIANXIN_JWKS"]).parents[1]
    uvicorn.run(application(state, f"http://127.0.0.1:{port}"), host="127.0.0.1", port=port, log_level="warning")


if __name__ == "__main__":
    main()
