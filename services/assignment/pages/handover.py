"""A case is handed over: first the office, then whether one of its cadres answers (C4)."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from services.assignment import handling
from services.assignment.desk import Desk
from services.assignment.domain.cases import AssignCase
from services.assignment.domain.days import day_of
from services.assignment.queries import naming
from services.assignment.queries.cases import find
from services.assignment.store import responsible
from services.refused import Refused
from services.web import pages
from services.web.after import After
from services.web.forms import Form, Pair, blank, read
from services.web.pages import page, see_other
from services.web.principals import Allow, Principal, Role

router = pages.router()

Dispatcher = Annotated[Principal, Depends(Allow(Role.OFFICE, Role.ORGANISATION))]
WORDS: Mapping[str, Pair] = {
    "office": ("选一个单位", "Choose an office"),
    "cadre": ("选一名干部，或只交给单位", "Choose a cadre, or the office alone"),
}


@router.get("/desk/cases/{petition}/handover")
async def choose(
    petition: UUID,
    principal: Dispatcher,
    request: Request,
    office: Annotated[str, Query(max_length=48)] = "",
    after: After = None,
) -> Response:
    """Which office, and once that is chosen, which cadre."""
    desk: Desk = request.app.state.desk
    await desk.arrivals.wait(after)
    return await _show(request, petition, principal, blank(AssignCase, office=office))


@router.post("/desk/cases/{petition}/handover")
async def hand_over(petition: UUID, principal: Dispatcher, request: Request) -> Response:
    """Hands it over."""
    form = await read(request, AssignCase, WORDS)
    with form:
        await handling.one(request.app.state.desk, petition, form.value, principal, datetime.now(UTC))
        return see_other(f"/desk/cases/{petition}?done=assignment")
    return await _show(request, petition, principal, form)


async def _show(request: Request, petition: UUID, principal: Principal, form: Form[AssignCase]) -> Response:
    desk: Desk = request.app.state.desk
    if not desk.dispatches(principal):
        raise Refused("auth.scope")
    found, today = await find(desk, petition, principal), day_of(datetime.now(UTC))
    assert found.case.credit
    async with desk.pool.connection() as connection:
        offices = [*dict.fromkeys([desk.settings.county_office, *await responsible.offices(connection)])]
        cadres = await responsible.members(connection, form.given("office"), today)
    free = [cadre for cadre in cadres if cadre not in found.complaint.about]
    credit = found.case.credit
    names = await naming.called(desk, [*free, *([credit.cadre] if credit.cadre else [])], [*offices, credit.office])
    return page(
        request,
        "handover.html",
        form=form,
        me=await naming.me(desk, principal, today),
        petition=petition,
        who=names.credit(credit),
        office=form.given("office") in offices and names.office(form.given("office")),
        offices=sorted(((each, names.office(each)) for each in offices), key=lambda pair: pair[0] != credit.office),
        cadres=[(cadre, names.cadre(cadre)) for cadre in free],
    )
