"""The few routes that are asked thousands of times a second, answered without all that FastAPI does for the others.

Only what is accepted is answered here. Whatever else comes, a token or a body that is not good, a refusal, an error,
goes on to the application with the same body, as if nobody had looked: the route of the same path says what is to be
said. So a quick route decides nothing of its own, and sending a command twice is harmless (protocol rule 4).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from fastapi import FastAPI
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.refused import Refused
from services.web.principals import Allow, Principal, Tokens


@dataclass(frozen=True)
class Quick:
    """A POST of JSON with a bearer token: who may send it, its largest body in bytes, the status where it is accepted,
    and what makes the answer of the body.
    """

    allow: Allow
    most: int
    status: int
    answer: Callable[[FastAPI, Principal, bytes], Awaitable[bytes]]
    """Whatever it raises is not the answer: the application is asked then."""


class Quicker:
    """Around a whole application. `headers` are those that its answers have in any case."""

    def __init__(self, within: ASGIApp, app: FastAPI, routes: Mapping[str, Quick], headers: Mapping[str, str]) -> None:
        self._within, self._app, self._routes = within, app, routes
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._headers.append((b"content-type", b"application/json"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves."""
        route = self._routes.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        principal = _principal(route, Headers(scope=scope), self._app.state.tokens) if route else None
        if route is None or principal is None:
            await self._within(scope, receive, send)
            return
        messages = [await receive()]
        while messages[-1].get("more_body"):
            messages.append(await receive())
        try:
            content = await route.answer(self._app, principal, b"".join(each.get("body", b"") for each in messages))
        except Exception:  # the same will be met there, and answered in words
            await self._within(scope, _again(messages, receive), send)
            return
        length = (b"content-length", str(len(content)).encode())
        await send({"type": "http.response.start", "status": route.status, "headers": [*self._headers, length]})
        await send({"type": "http.response.body", "body": content})


def _principal(route: Quick, headers: Headers, tokens: Tokens) -> Principal | None:
    """Who sends what a quick route takes; None for everything that the application has to look at."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    length = headers.get("content-length", "")
    if (
        scheme != "Bearer"
        or headers.get("content-type") != "application/json"
        or "text/html" in headers.get("accept", "")
        or not length.isdecimal()
        or int(length) > route.most
    ):
        return None
    try:
        principal = tokens.principal(token)
    except Refused:
        return None
    return principal if principal.roles & route.allow.roles else None


def _again(messages: list[Message], receive: Receive) -> Receive:
    """What was received once more, and then what comes."""
    left = iter(messages)

    async def again() -> Message:
        return next(left, None) or await receive()

    return again
