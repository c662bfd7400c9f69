"""The shell's own routes: static files, and signing in at the installation's OIDC issuer (code flow with PKCE).

The claims are those of a bearer token: `sub`, `roles` and, for an office's staff, `office`, in the ID token. Roles that
Lianxin does not know are passed over. What a sign-in under way needs lies in a cookie of the browser that began it.
"""

import base64
import json
import logging
import warnings
from typing import TYPE_CHECKING, Annotated, Any
from urllib.parse import urlsplit

import httpx
from authlib.integrations.base_client import OAuthError
from fastapi import APIRouter, Depends, Query, Request, Response
from joserfc.errors import JoseError
from pydantic import ValidationError

from services.refused import Refused
from services.runtime.settings import Settings
from services.web import static
from services.web.pages import page, router, see_other
from services.web.principals import Principal, Role, anyone
from services.web.sessions import Sessions

if TYPE_CHECKING:
    from authlib.integrations.starlette_client import StarletteOAuth2App

MINUTES = 10
Next = Annotated[str, Query(alias="next", max_length=2_000)]

log = logging.getLogger(__name__)


def routes(settings: Settings, service: str, prefix: str) -> APIRouter:
    """The routes, below a service's prefix."""
    shell = router(prefix=prefix, dependencies=[Depends(anyone)])
    under_way = f"lx-{service}-sign-in"
    issuer = _client(settings)

    shell.add_api_route("/static/{name}", static.serve)

    @shell.get("/sign-in")
    async def sign_in(request: Request, next_: Next = "", again: bool = False) -> Response:
        """Off to the issuer; `again` has it ask anew, whoever it knows already."""
        if issuer is None:
            raise Refused("auth.no-issuer")
        request.scope["session"] = {}
        base = getattr(settings, f"pages_{service}", "") or str(request.base_url)
        try:
            response: Response = await issuer.authorize_redirect(
                request, f"{base.rstrip('/')}{prefix}/sign-in/back", **({"prompt": "login"} if again else {})
            )
        except (httpx.HTTPError, OAuthError, ValueError, KeyError, RuntimeError) as error:
            log.warning("the issuer cannot be asked: %r", error)
            raise Refused("auth.issuer-away") from error
        sessions: Sessions = request.app.state.sessions
        held = _to_cookie({"session": request.scope["session"], "next": local(next_ or prefix)})
        sessions.set_cookie(response, sessions.name_of(under_way), held, MINUTES * 60)
        return response

    @shell.get("/sign-in/back")
    async def back(request: Request) -> Response:
        """Back from the issuer with a code: a session begins."""
        sessions: Sessions = request.app.state.sessions
        held = _from_cookie(request.cookies.get(sessions.name_of(under_way), ""))
        if issuer is None or held is None:
            raise Refused("auth.not-finished")
        request.scope["session"] = held["session"]
        principal = _principal(await _claims(issuer, request))
        if before := sessions.held(request):
            await sessions.end(request.app.state.pool, before)
        id_ = await sessions.begin(request.app.state.pool, principal)
        response = see_other(local(held["next"]))
        sessions.drop_cookie(response, sessions.name_of(under_way))
        sessions.set_cookie(response, sessions.cookie, id_)
        return response

    @shell.get("/signed-in")
    async def signed_in(request: Request) -> Response:
        """Where a sign-in beside a page that waits ends."""
        return page(request, "signed-in.html")

    @shell.post("/sign-out")
    async def sign_out(request: Request) -> Response:
        """Ends the session at once."""
        sessions: Sessions = request.app.state.sessions
        if id_ := sessions.held(request):
            await sessions.end(request.app.state.pool, id_)
        response = see_other(f"{prefix}/signed-out")
        sessions.drop_cookie(response, sessions.cookie)
        return response

    @shell.get("/signed-out")
    async def signed_out(request: Request) -> Response:
        """Says so, and how to leave the issuer as well: the next one at this machine would be let in otherwise."""
        return page(request, "signed-out.html", everywhere=await _end_of(issuer))

    return shell


def local(path: object) -> str:
    """A path of this host; anything that could lead elsewhere becomes `/`."""
    if not isinstance(path, str) or not path.startswith("/") or path[1:2] in {"/", "\\"}:
        return "/"
    if any(ord(sign) <= 32 or ord(sign) == 127 or sign == "\\" for sign in path):
        return "/"
    try:
        parts = urlsplit(path)
    except ValueError:
        return "/"
    return "/" if parts.scheme or parts.netloc else path


def _client(settings: Settings) -> "StarletteOAuth2App | None":
    if not settings.oidc_discovery:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Authlib asks for httpx2, and works with httpx as well
        from authlib.integrations.starlette_client import OAuth

    secret = settings.oidc_secret.get_secret_value() if settings.oidc_secret else None
    method = {} if secret else {"token_endpoint_auth_method": "none"}
    client: StarletteOAuth2App = OAuth().register(
        "issuer",
        client_id=settings.oidc_client,
        client_secret=secret,
        server_metadata_url=settings.oidc_discovery,
        client_kwargs={"scope": "openid", "code_challenge_method": "S256", "timeout": 10, **method},
    )
    return client


async def _claims(issuer: "StarletteOAuth2App", request: Request) -> dict[str, Any]:
    """The claims of the ID token. Raises Refused `auth.not-finished` or `auth.issuer-away`."""
    try:
        token = await issuer.authorize_access_token(request)
    except httpx.HTTPError as error:
        log.warning("the issuer does not answer: %r", error)
        raise Refused("auth.issuer-away") from error
    except (OAuthError, JoseError, ValueError, TypeError, KeyError, RuntimeError) as error:
        # Denied, begun in another tab, an answer that is not the issuer's: the libraries say it in these ways.
        log.warning("a sign-in was not finished: %r", error)
        raise Refused("auth.not-finished") from error
    return dict(token.get("userinfo") or {})


def _principal(claims: dict[str, Any]) -> Principal:
    given = claims.get("roles")
    known = {role.value for role in Role} - {Role.SERVICE}
    roles = [role for role in given if role in known] if isinstance(given, list) else []
    if not roles:
        raise Refused("auth.no-role")
    try:
        return Principal(id=claims.get("sub", ""), roles=frozenset(roles), office=claims.get("office"))
    except ValidationError as error:
        log.warning("the issuer's claims are not those of a principal: %s", error)
        raise Refused("auth.not-finished") from error


async def _end_of(issuer: "StarletteOAuth2App | None") -> str | None:
    """Where one leaves the issuer, if it has such a place and answers."""
    try:
        return issuer and (await issuer.load_server_metadata()).get("end_session_endpoint")
    except (httpx.HTTPError, ValueError):
        return None


def _to_cookie(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def _from_cookie(text: str) -> dict[str, Any] | None:
    try:
        value = json.loads(base64.urlsafe_b64decode(text))
    except ValueError:
        return None
    good = isinstance(value, dict) and isinstance(value.get("session"), dict)
    return value if good else None
