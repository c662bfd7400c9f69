"""Number and secret while a petition is looked at: in a cookie that no script can read, never in an address (U2)."""

import re
from datetime import timedelta

from fastapi import Request
from starlette.responses import Response

from services.intake.domain import receipts
from services.intake.domain.following import Code
from services.web.sessions import Sessions

KEPT = timedelta(hours=1)
"""After the last look; somebody else may use the same computer."""
FOLLOW, HANDED = "lx-follow", "lx-handed"
"""Whose they are: the resident's at their own browser, or what a cadre has to hand on. `/follow` reads the first alone:
a cadre's browser never acts for a resident.
"""
_HELD = re.compile(r"([0-9]{12})\.([0-9A-Z]{8})")


def held(request: Request, cookie: str = FOLLOW) -> Code | None:
    """What the browser holds."""
    found = _HELD.fullmatch(request.cookies.get(_name(request, cookie), ""))
    return Code(number=found[1], secret=found[2]) if found else None


def hold(request: Request, response: Response, number: str, secret: str, cookie: str = FOLLOW) -> Response:
    """Has the browser hold a number and secret that were right, as they were typed."""
    value = f"{receipts.read_number(number)}.{receipts.read_secret(secret)}"
    sessions: Sessions = request.app.state.sessions
    sessions.set_cookie(response, _name(request, cookie), value, int(KEPT.total_seconds()))
    return response


def let_go(request: Request, response: Response) -> Response:
    """Has the browser forget them."""
    sessions: Sessions = request.app.state.sessions
    sessions.drop_cookie(response, _name(request, FOLLOW))
    return response


def _name(request: Request, cookie: str) -> str:
    sessions: Sessions = request.app.state.sessions
    return sessions.name_of(cookie)
