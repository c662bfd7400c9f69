"""One case: how it stands, what is owed and until when, and the steps that are open now (C3, C4)."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Literal, cast
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Depends, Request, Response
from lianxin_schemas.events.cases import CaseOpened, Outcome, SumStep
from lianxin_schemas.ids import VaultRef

from services import categories
from services.assignment import handling
from services.assignment.desk import Desk, hand_of
from services.assignment.domain.cases import AcceptCase, Case, CloseCase, Command, DecideCase, Phase, ReplyCase
from services.assignment.domain.days import day_of
from services.assignment.pages import timeline
from services.assignment.pages.words import DONE, OUTCOMES, SUM, tag
from services.assignment.queries import naming
from services.assignment.queries.cases import Found, find
from services.refused import Refused
from services.web import pages
from services.web.after import After, to_text
from services.web.dates import day
from services.web.forms import Form, Pair, blank, read
from services.web.language import _
from services.web.pages import page, see_other
from services.web.principals import Allow, Principal, Role

router = pages.router()

Reader = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE, Role.ORGANISATION))]
Handler = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE))]
STEPS: Mapping[str, type[Command]] = {
    "acceptance": AcceptCase,
    "decision": DecideCase,
    "reply": ReplyCase,
    "closing": CloseCase,
}
WORDS: Mapping[str, Pair] = {
    "outcome": ("选一项决定", "Choose what was decided"),
    "said": (
        "答复的编号不对，回到答复页再点一次",
        "This names no reply; go back to the page of the reply and follow its link",
    ),
}
Done = Literal["acceptance", "decision", "reply", "assignment", "closing"]


@router.get("/desk/cases/{petition}")
async def show(
    petition: UUID,
    principal: Reader,
    request: Request,
    said: VaultRef | None = None,
    done: Done | None = None,
    after: After = None,
) -> Response:
    """The case; `said` names the words of a reply that are to be sent with it, `done` the step that was just taken."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.wait(after)
    return await _show(request, petition, principal, done=done, said=said)


@router.post("/desk/cases/{petition}")
async def act(petition: UUID, principal: Handler, request: Request) -> Response:
    """Takes the step that the form's button names."""
    step = str((await request.form()).get("act", ""))
    if step not in STEPS:
        raise Refused("http.other")
    form = await read(request, STEPS[step], WORDS)
    with form:
        await handling.one(request.app.state.desk, petition, form.value, principal, datetime.now(UTC))
        return see_other(f"/desk/cases/{petition}?{urlencode({'done': step})}")
    return await _show(request, petition, principal, refused=(step, form))


async def _show(
    request: Request,
    petition: UUID,
    principal: Principal,
    *,
    refused: tuple[str, Form[Any]] | None = None,
    done: Done | None = None,
    said: str | None = None,
) -> Response:
    desk: Desk = request.app.state.desk
    now = datetime.now(UTC)
    found = await find(desk, petition, principal)
    case, opened = found.case, cast(CaseOpened, found.events[0].event)
    assert case.credit
    assert case.limit
    credits = [kept.event.credit for kept in found.events if hasattr(kept.event, "credit")]
    names = await naming.called(
        desk,
        {credit.cadre for credit in credits if credit.cadre},
        {credit.office for credit in credits},
        [opened.zone] if opened.zone else [],
    )
    handles = hand_of(principal).answers_for(case.credit)
    forms = {step: blank(kind) for step, kind in STEPS.items()} | {"reply": blank(ReplyCase, said=said or "")}
    faulty: dict[str, Any] = {}
    if refused:
        forms[refused[0]] = faulty["form"] = refused[1]
    return page(
        request,
        "case.html",
        **faulty,
        me=await naming.me(desk, principal, day_of(now)),
        petition=petition,
        matter=naming.matter(opened.category),
        place=names.place(opened.zone),
        registered=opened.registered,
        who=names.credit(case.credit),
        case=case,
        complaint=bool(found.complaint.about) or categories.about_officials(opened.category),
        tag=tag(case.phase, case.limit.due, now, desk.settings.near_days),
        ended=_ended(case, now),
        sum=_sum(opened.registered, case.limit.because),
        words=(handles or principal.has(Role.ORGANISATION)) and _something_said(found),
        acts=handling.possible(desk, found, petition, principal, now),
        forms=forms,
        outcomes=[(outcome, _(OUTCOMES[outcome])) for outcome in Outcome],
        timeline=timeline.items(found, names),
        done=_(DONE[done]) if done else None,
        after=to_text(found.events[-1].after),
    )


def _ended(case: Case, now: datetime) -> str | None:
    """What stands where the days left would, once the limit runs no more."""
    if case.open:
        return None
    if case.phase is Phase.WITHDRAWN:
        return _("Taken back")
    return _("Answered after the limit") if case.overdue(now) else _("Answered in time")


def _sum(registered: datetime, because: Sequence[SumStep]) -> list[tuple[str, Any]]:
    return [(_(SUM[line.rule], days=line.days), day(line.reached)) for line in because]


def _something_said(found: Found) -> bool:
    """Whether the vault may have something to read."""
    return any(getattr(kept.event, name, None) for kept in found.events for name in ("resident", "said"))
