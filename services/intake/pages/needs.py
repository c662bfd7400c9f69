"""A visit that is on record, and its needs: each becomes a petition in one step, once (V4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request, Response
from lianxin_schemas.events.visits import Visit
from lianxin_schemas.ids import Uuid, ZoneId
from pydantic import BaseModel

from services import categories
from services.intake import receiving, visiting
from services.intake.desk import Desk
from services.intake.domain import petitions, receipts, visits
from services.intake.domain.petitions import Need, RaiseNeeds
from services.intake.domain.vault import Name
from services.intake.pages import answers, code
from services.intake.pages.answers import ByMail, ByTelephone, Said
from services.intake.pages.home import led_by, today, zone_called
from services.intake.pages.raising import category_called
from services.intake.queries import listing
from services.intake.queries.listing import ZoneView
from services.intake.refusals import TEXTS
from services.refused import Refused
from services.web import pages
from services.web.forms import Form, Pair, blank, read
from services.web.language import spoken
from services.web.pages import page, see_other
from services.web.principals import Allow, Principal, Role

router = pages.router()

Cadre = Annotated[Principal, Depends(Allow(Role.CADRE))]
WORDS: Mapping[str, Pair] = answers.WORDS | {
    "name": ("姓名最多60个字", "Write at most 60 characters"),
}


@dataclass(frozen=True)
class Heard:
    """A need of a visit: the petition that it becomes, and its number once it has."""

    petition: UUID
    category: str
    number: str | None

    @property
    def matter(self) -> str:
        """What it is about, as pages show it."""
        return category_called(self.category, whole=True) or self.category

    @property
    def about_officials(self) -> bool:
        """Heard before such needs were refused: the resident raises it, not the cadre."""
        return categories.about_officials(self.category)


class Raising(BaseModel):
    """What the resident told of a need, as far as they wanted to, and where it is."""

    command: Uuid
    zone: ZoneId | None = None
    words: Said = None
    name: Name | None = None
    telephone: ByTelephone = None
    mail: ByMail = None


@router.get("/visits/{visit}/needs")
async def show(visit: UUID, principal: Cadre, request: Request) -> Response:
    """The visit is on record; what was heard, and what became of it."""
    needs = await _needs(request.app.state.desk, visit, _entry(await _state(request, visit, principal)))
    words = TEXTS["need.about-officials"]
    return page(
        request, "visit-entered.html", visit=visit, needs=needs, about_officials=spoken().of(words.zh, words.en)
    )


@router.get("/visits/{visit}/needs/{petition}")
async def ask(visit: UUID, petition: UUID, principal: Cadre, request: Request) -> Response:
    """What a petition of the need would say; once it is one, its number."""
    entry = _entry(await _state(request, visit, principal))
    zone = await request.app.state.desk.zone_of(entry.households)
    return await _show(request, visit, petition, principal, blank(Raising, zone=zone or ""))


@router.post("/visits/{visit}/needs/{petition}")
async def make(visit: UUID, petition: UUID, principal: Cadre, request: Request) -> Response:
    """Makes the petition. The browser holds number and code for a while, so that they can be handed on.

    The address names the need, so that what was told gets to no other one, whatever the entry says by now.
    """
    form = await read(request, Raising, WORDS)
    with form:
        desk: Desk = request.app.state.desk
        state = await _state(request, visit, principal)
        heard = await _find(desk, visit, petition, _entry(state))
        if heard is None:
            raise Refused("need.not-heard")
        told = form.value.model_dump(include=receiving.PERSONAL)
        need = Need(category=heard.category, petition=petition, **told)
        command = RaiseNeeds(command=form.value.command, needs=(need,), zone=form.value.zone)
        now = datetime.now(UTC)
        _receipt, [made] = await receiving.raise_needs(desk, visit, command, state, principal.author, now)
        there = see_other(f"/visits/{visit}/needs/{petition}")
        return code.hold(request, there, made.number, made.secret, code.HANDED)
    return await _show(request, visit, petition, principal, form)


async def _show(request: Request, visit: UUID, petition: UUID, principal: Principal, form: Form[Raising]) -> Response:
    desk: Desk = request.app.state.desk
    need = await _find(desk, visit, petition, _entry(await _state(request, visit, principal)))
    if need is None and not form.faults:
        raise Refused("http.not-found")
    if need and need.number:
        held = code.held(request, code.HANDED)
        secret = held.secret if held and receipts.written(held.number) == need.number else None
        values: dict[str, Any] = {"visit": visit, "need": need, "secret": secret, "late": bool(form.faults)}
        return page(request, "visit-petition.html", form.status, **values)
    if need and need.about_officials:
        raise Refused("need.about-officials")
    views = sorted(await listing.zones(desk, today()), key=lambda view: not _leads(principal, view))
    pattern = spoken().of("{}（{}）", "{} ({})")
    zones = [(view.zone, pattern.format(zone_called(view), led_by(view))) for view in views]
    at = f"/visits/{visit}/needs/{petition}"
    return page(request, "visit-need.html", visit=visit, at=at, need=need, zones=zones, form=form)


async def _state(request: Request, visit: UUID, principal: Principal) -> visits.State:
    return visiting.state(await visiting.entries(request.app.state.desk, visit), principal)


def _entry(state: visits.State) -> Visit:
    if state.visit is None:
        raise Refused("visit.not-found")
    if state.phase is visits.Phase.WITHDRAWN:
        raise Refused("visit.withdrawn")
    return state.visit


async def _needs(desk: Desk, visit: UUID, entry: Visit) -> list[Heard]:
    """The needs in the order of the entry."""
    raised = await receiving.raised(desk, visit, entry)
    found = []
    for category, petition in zip(entry.needs, petitions.candidates(visit, entry.needs), strict=True):
        number = receipts.written((await receiving.give(desk, petition)).number) if petition in raised else None
        found.append(Heard(petition, category, number))
    return found


async def _find(desk: Desk, visit: UUID, petition: UUID, entry: Visit) -> Heard | None:
    """A need that the entry has, or had before it became a petition; None where there is neither."""
    made = await receiving.heard(desk, visit, petition)
    if made is not None:
        return Heard(petition, made.category, receipts.written((await receiving.give(desk, petition)).number))
    pairs = zip(entry.needs, petitions.candidates(visit, entry.needs), strict=True)
    return next((Heard(petition, category, None) for category, each in pairs if each == petition), None)


def _leads(principal: Principal, view: ZoneView) -> bool:
    return view.leader is not None and view.leader.id == principal.id
