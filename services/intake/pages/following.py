"""Follow a petition by number and code, and answer to it: pages over services/intake/following.py (U2, C3, C4, C8, P1).

Number and code are typed once; then they lie in a cookie (`code.py`), so that a reload, another language or larger type
shows the same petition. What the resident does is in intake's own log when it is answered, and so in the next page.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID, uuid4

from fastapi import Depends, Query, Request, Response
from lianxin_schemas.events.petitions import Satisfaction, Solved
from pydantic import BaseModel

from services.intake import following
from services.intake.desk import Desk
from services.intake.domain import receipts
from services.intake.domain.cases import Phase
from services.intake.domain.following import AskErasure, AskWithdrawal, Code, GiveVerdict
from services.intake.domain.vault import Words, complete
from services.intake.following import Followed
from services.intake.pages import code, telling
from services.intake.pages.home import called
from services.refused import Refused
from services.web import pages
from services.web.forms import Form, Pair, blank, read
from services.web.language import _
from services.web.pages import page, see_other
from services.web.principals import anyone
from services.web.seals import proof, soon

router = pages.router(prefix="/follow", dependencies=[Depends(anyone)])

AT = "/follow/petition"
A = TypeVar("A", AskWithdrawal, AskErasure)
Done = Annotated[Literal["verdict", "withdrawal", "erasure"] | None, Query()]
CODE: dict[str, Pair] = {
    "number": ("写上12位编号，收据上有", "Write the number of 12 digits; it is on your receipt"),
    "secret": ("写上8位查询码，收据上有", "Write the code of 8 characters; it is on your receipt"),
}
VERDICT: dict[str, Pair] = {
    "words:string_too_long": ("最多写5000字，挑要紧的写", "Write at most 5,000 characters; keep what matters"),
}


class Verdict(BaseModel):
    """What the resident says of the reply."""

    command: UUID
    solved: Solved
    satisfied: Satisfaction | None = None
    words: Words | None = None


class Act(BaseModel):
    """Nothing but that it is meant."""

    command: UUID


@router.get("")
async def ask(request: Request) -> Response:
    """Which petition."""
    return page(request, "follow.html", form=blank(Code))


@router.post("/petition")
async def open_(request: Request) -> Response:
    """Opens the petition of a number for whoever has its code."""
    form = await read(request, Code, CODE)
    with form:
        await following.find(_desk(request), form.value, datetime.now(UTC))
        return code.hold(request, see_other(AT), form.value.number, form.value.secret)
    return page(request, "follow.html", form=form)


@router.get("/petition")
async def show(request: Request, done: Done = None) -> Response:
    """The petition as its resident sees it."""
    return await _show(request, blank(Verdict), done)


@router.post("/petition/verdict")
async def judge(request: Request) -> Response:
    """Says what became of it."""
    held = _held(request)
    form = await read(request, Verdict, VERDICT)
    with form:
        command = GiveVerdict(**dict(held), **dict(form.value))
        await following.judge(_desk(request), command, datetime.now(UTC))
        return see_other(f"{AT}?done=verdict")
    return await _show(request, form)


@router.get("/petition/proof")
async def prove(request: Request) -> Response:
    """The proof that the petition is on record, as a file to keep (P3)."""
    held = code.held(request)
    if held is None:
        return see_other("/follow")
    event = await following.registration(_desk(request), held, datetime.now(UTC))
    made = await proof(request, "intake", event, whole=True)
    name = f"lianxin-proof-{receipts.read_number(held.number)}.json"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(made.model_dump_json(indent=1), 200, headers, "application/json")


@router.get("/petition/withdrawal")
async def ask_withdrawal(request: Request) -> Response:
    """What withdrawing means."""
    return await _sure(request, "withdrawal", blank(Act))


@router.post("/petition/withdrawal")
async def withdraw(request: Request) -> Response:
    """Asks for nothing any more."""
    return await _act(request, "withdrawal", AskWithdrawal, following.withdraw)


@router.get("/petition/erasure")
async def ask_erasure(request: Request) -> Response:
    """What erasing means, and when it is complete."""
    return await _sure(request, "erasure", blank(Act))


@router.post("/petition/erasure")
async def erase(request: Request) -> Response:
    """Has everything destroyed that is kept of the resident with this petition."""
    return await _act(request, "erasure", AskErasure, following.erase)


@router.post("/leave")
async def leave(request: Request) -> Response:
    """Has the browser forget the number and code."""
    return code.let_go(request, see_other("/follow"))


async def _show(request: Request, form: Form[Verdict], done: str | None = None) -> Response:
    seen = await _seen(request)
    if isinstance(seen, Response):
        return seen
    named = called(seen.office)
    values: dict[str, Any] = {
        "seen": seen,
        "done": done if _is_done(seen, done) else None,
        "heading": _(telling.STATES[seen.phase]),
        "office": _("Handled by %(office)s", office=named) if named else _("No office has been named yet"),
        "running": seen.limit is not None and seen.phase is not Phase.WITHDRAWN,
        "ended": telling.answered(seen),
        "sum": telling.sum_lines(seen.limit.because) if seen.limit else [],
        "story": telling.story(seen),
        "outcome": _(telling.OUTCOMES[seen.reply.outcome]) if seen.reply and seen.reply.outcome else None,
        "verdict": telling.verdict(seen),
        "reopened": any(step.phase is Phase.REOPENED for step in seen.steps),
        "solved": [(each, _(text)) for each, text in telling.SOLVED.items()],
        "satisfied": [(each, _(text)) for each, text in telling.SATISFIED.items()],
        "sealed": await following.sealed(_desk(request), seen.petition),
        "seconds": soon(_desk(request).settings),
    }
    return _kept(request, page(request, "petition.html", form=form, **values))


async def _act(
    request: Request, act: str, kind: type[A], do: Callable[[Desk, A, datetime], Awaitable[object]]
) -> Response:
    """Carries out an act that is meant."""
    held = _held(request)
    form = await read(request, Act)
    with form:
        await do(_desk(request), kind(**dict(held), **dict(form.value)), datetime.now(UTC))
        return see_other(f"{AT}?done={act}")
    return await _sure(request, act, form)


async def _sure(request: Request, act: str, form: Form[Act]) -> Response:
    """The page that asks whether an act is meant."""
    seen = await _seen(request)
    if isinstance(seen, Response):
        return seen
    settings = _desk(request).settings
    day = complete(datetime.now(UTC), settings.keys_backup_days)
    return _kept(request, page(request, f"petition-{act}.html", form=form, seen=seen, complete=day))


async def _seen(request: Request) -> Followed | Response:
    """The petition; where to type the code where the browser holds none that is right."""
    held = code.held(request)
    if held is None:
        return see_other("/follow")
    try:
        return await following.follow(_desk(request), held, uuid4(), datetime.now(UTC))
    except Refused as refused:
        if refused.code not in {"code.wrong", "code.mistyped"}:
            raise
        return code.let_go(request, see_other("/follow"))


def _held(request: Request) -> Code:
    """Number and code for an act. Raises Refused `code.let-go` where the browser holds none any more."""
    held = code.held(request)
    if held is None:
        raise Refused("code.let-go")
    return held


def _kept(request: Request, response: Response) -> Response:
    """The page, with the number and code held for as long again."""
    held = code.held(request)
    return code.hold(request, response, held.number, held.secret) if held else response


def _is_done(seen: Followed, done: str | None) -> bool:
    """Whether what an address says was done is so."""
    return {"verdict": seen.verdict, "withdrawal": seen.withdrawal_asked, "erasure": seen.erased}.get(
        done or ""
    ) not in (
        None,
        False,
    )


def _desk(request: Request) -> Desk:
    desk: Desk = request.app.state.desk
    return desk
