"""What stands around every application with pages: headers, requests from foreign pages, language and size of type."""

from typing import Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, Request
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.refused import Refused
from services.web.language import LANGUAGES, Language, speaking
from services.web.pages import Pages, answer

CSP = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin"}
"""What every answer has."""
POLICY = "; ".join(f"{name} {value}" for name, value in CSP.items())
FOREIGN = ("/docs",)
"""FastAPI's own pages, made of scripts from elsewhere: they tell of routes, not of people."""
SAFE = {"GET", "HEAD", "OPTIONS", "TRACE"}
FORMS = ("application/x-www-form-urlencoded", "multipart/form-data", "text/plain")
"""What a page of another site can have a browser send without asking us first."""
Size = Literal["normal", "large", "largest"]
SIZES: tuple[Size, ...] = ("normal", "large", "largest")
CHOICES = {"lang": LANGUAGES, "size": SIZES}
YEAR = 365 * 24 * 3600


def language_of(connection: HTTPConnection) -> Language:
    """The language asked for; Chinese unless English was chosen."""
    return "en" if connection.cookies.get("lx-lang") == "en" else "zh"


def from_here(headers: Headers) -> bool:
    """Whether an unsafe request may act: sent by one of our own pages, by hand, or by a client that is no browser.

    Browsers send Sec-Fetch-Site over https; over plain http, and old ones, only Origin. One that sends neither and
    carries a cookie or a form is refused. A bearer token is never sent by a browser of itself.
    """
    if headers.get("authorization", "").lower().startswith("bearer "):
        return True
    if "cookie" not in headers and not headers.get("content-type", "").lower().startswith(FORMS):
        return True
    if (site := headers.get("sec-fetch-site")) is not None:
        return site in {"same-origin", "none"}
    origin = urlsplit(headers.get("origin", ""))
    return bool(origin.netloc) and origin.netloc == headers.get("host")


class Guard:
    """Around a whole application, its error pages included."""

    def __init__(self, app: ASGIApp, pages: Pages) -> None:
        self._app, self._pages = app, pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope, receive)

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                _dress(MutableHeaders(scope=message), scope["path"])
            await send(message)

        with speaking(self._pages.words[language_of(request)]):
            if (chosen := _choice(request)) is not None:
                await chosen(scope, receive, dressed)
            elif scope["method"] not in SAFE and not from_here(request.headers):
                await answer(request, Refused("csrf.foreign"))(scope, receive, dressed)
            else:
                await self._app(scope, receive, dressed)


def _dress(headers: MutableHeaders, path: str) -> None:
    for name, value in ALWAYS.items():
        headers.setdefault(name, value)
    if headers.get("content-type", "").startswith("text/html") and not path.startswith(FOREIGN):
        headers.setdefault("Content-Security-Policy", POLICY)
        headers.setdefault("Cache-Control", "private, no-store")


def _choice(request: Request) -> RedirectResponse | None:
    """The answer to `?lang=` and `?size=` on a page: a cookie, and the same page without them. A form is sent once more
    with what is in it; whether it may act is looked at then.
    """
    if request.method not in {"GET", "POST"} or "text/html" not in request.headers.get("accept", ""):
        return None
    asked = parse_qsl(request.url.query, keep_blank_values=True)
    chosen = {name: value for name, value in asked if value in CHOICES.get(name, ())}
    if not chosen:
        return None
    rest = urlencode([(name, value) for name, value in asked if name not in CHOICES])
    path = "/" + request.url.path.lstrip("/")  # never `//host`, which a browser takes for another site
    status = 303 if request.method == "GET" else 307
    back = RedirectResponse(f"{path}?{rest}" if rest else path, status, {"Cache-Control": "no-store"})
    for name, value in chosen.items():
        back.set_cookie(f"lx-{name}", value, YEAR, path="/", samesite="lax")
    return back
