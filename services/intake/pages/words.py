"""What a resident said, for whoever handles the case: shown once a reason was given; and the reply's words (P1, P2)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from lianxin_schemas.events.vault import RevealReason
from lianxin_schemas.ids import Uuid, VaultRef
from pydantic import BaseModel, Field

from services.intake import handling, revealing
from services.intake.api.vault import asker
from services.intake.desk import Desk
from services.intake.domain import vault
from services.intake.domain.vault import KeepText
from services.intake.domain.vault import Words as Text
from services.intake.handling import Sort
from services.web import pages
from services.web.after import After
from services.web.forms import Form, Pair, blank, read
from services.web.language import _, noted
from services.web.pages import page, see_other
from services.web.principals import Allow, Principal, Role

router = pages.router()

Reader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE, Role.ORGANISATION))]
Handler = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE))]
SORTS: Mapping[Sort, str] = {
    Sort.WORDS: noted("What the resident said"),
    Sort.NAME: noted("The resident's name"),
    Sort.TELEPHONE: noted("The resident's telephone"),
    Sort.MAIL: noted("The resident's mail address"),
    Sort.REPLY: noted("What the office replied"),
    Sort.VERDICT: noted("What the resident said of the reply"),
}
PERSONAL = (Sort.NAME, Sort.TELEPHONE, Sort.MAIL)
"""Not shown unless somebody asks for it."""
REASONS: Mapping[RevealReason, str] = {
    RevealReason.HANDLING: noted("I handle this petition"),
    RevealReason.INSPECTION: noted("I inspect how it was handled"),
}
WORDS: Mapping[str, Pair] = {
    "reason": ("选一个理由", "Choose a reason"),
    "sorts": ("选要看的内容", "Choose what to read"),
}
REPLY: Mapping[str, Pair] = {
    "text": ("写一写怎么答复，最多5000字", "Write the reply, at most 5000 characters"),
}


class Asking(BaseModel):
    """What to read, and why."""

    command: Uuid
    reason: RevealReason
    sorts: Annotated[tuple[Sort, ...], Field(min_length=1)]


class Replying(BaseModel):
    """The words of a reply."""

    command: Uuid
    text: Text


@router.get("/words/{petition}")
async def ask(petition: UUID, principal: Reader, request: Request, after: After = None) -> Response:
    """What there is to read, and the question why."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.wait(after)
    return await _show(request, petition, principal)


@router.post("/words/{petition}")
async def show(petition: UUID, principal: Reader, request: Request) -> Response:
    """Shows what was asked for; each text that is shown is an event first."""
    desk: Desk = request.app.state.desk
    form = await read(request, Asking, WORDS)
    with form:
        wanted, by = form.value, asker(principal)
        there = await handling.texts(desk, petition)
        now = datetime.now(UTC)
        shown = {
            sort: await handling.read(desk, text, wanted.command, by, wanted.reason, now)
            for sort, text in there.items()
            if sort in wanted.sorts
        }
        return await _show(request, petition, principal, shown=shown)
    return await _show(request, petition, principal, form=form)


@router.get("/words/{petition}/reply")
async def write(petition: UUID, principal: Handler, request: Request, after: After = None) -> Response:
    """Where the reply is written."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.wait(after)
    vault.may_write(asker(principal), await desk.matter(petition))
    return page(request, "reply.html", petition=petition, form=blank(Replying))


@router.post("/words/{petition}/reply")
async def keep(petition: UUID, principal: Handler, request: Request) -> Response:
    """Keeps the reply's words; that they are the reply is for the case to say."""
    form = await read(request, Replying, REPLY)
    with form:
        command = KeepText(command=form.value.command, petition=petition, text=form.value.text)
        ref = await revealing.keep(request.app.state.desk, command, asker(principal))
        return see_other(f"/words/{petition}/kept?{urlencode({'said': ref})}")
    return page(request, "reply.html", petition=petition, form=form)


@router.get("/words/{petition}/kept")
async def kept(petition: UUID, _principal: Handler, request: Request, said: VaultRef) -> Response:
    """The way back to the case: browsers follow no form from one origin to another, but a link."""
    return page(request, "kept.html", petition=petition, said=said)


async def _show(
    request: Request,
    petition: UUID,
    principal: Principal,
    *,
    shown: Mapping[Sort, str] | None = None,
    form: Form[Asking] | None = None,
) -> Response:
    desk: Desk = request.app.state.desk
    reasons = await handling.reasons(desk, petition, asker(principal))
    there = await handling.texts(desk, petition)
    usual = [] if shown else [sort for sort in there if sort not in PERSONAL]
    if form is None:
        form = blank(Asking, reason=reasons[0] if len(reasons) == 1 else "", sorts=usual)
    return page(
        request,
        "words.html",
        form=form,
        petition=petition,
        reasons=[(reason, _(REASONS[reason])) for reason in reasons],
        sorts=[(sort, _(SORTS[sort])) for sort in there],
        shown=[(_(SORTS[sort]), text, sort in PERSONAL) for sort, text in (shown or {}).items()],
        hidden=[_(SORTS[sort]) for sort in there if shown and sort not in shown],
    )
