"""A visit that is on record, and its needs: each becomes a petition in one step, once (V4)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar
from uuid import UUID

from fastapi import Depends, Path, Request, Response
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

T = TypeVar("T")
Cadre = Annotated[Principal, Depends(Allow(Role.CADRE))]
Nth = Annotated[int, Path(ge=1)]
WORDS: Mapping[str, Pair] = answers.WORDS | {
    "name": ("姓名最多60个字", "Write at most 60 characters"),
}


@dataclass(frozen=True)
class Heard:
    """A need of a visit, and the number of the petition that it has become, if it has."""

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


@router.get("/visits/{visit}/needs/{nth}")
async def ask(visit: UUID, nth: Nth, principal: Cadre, request: Request) -> Response:
    """What a petition of the need would say; once it is one, its number."""
    own = [view.zone for view in await listing.zones(request.app.state.desk, today()) if _leads(principal, view)]
    form = blank(Raising, zone=own[0] if len(own) == 1 else "")
    return await _show(request, visit, nth, principal, form)


@router.post("/visits/{visit}/needs/{nth}")
async def make(visit: UUID, nth: Nth, principal: Cadre, request: Request) -> Response:
    """Makes the petition. The browser holds number and code for a while, so that they can be handed on."""
    form = await read(request, Raising, WORDS)
    with form:
        desk: Desk = request.app.state.desk
        state = await _state(request, visit, principal)
        needs = _entry(state).needs
        told = form.value.model_dump(include=receiving.PERSONAL)
        need = Need(category=_nth(needs, nth), **told)
        command = RaiseNeeds(command=form.value.command, needs=(need,), zone=form.value.zone)
        now = datetime.now(UTC)
        _receipt, [made] = await receiving.raise_needs(desk, visit, command, state, principal.author, now)
        place = petitions.candidates(visit, needs).index(made.petition) + 1
        return code.hold(request, see_other(f"/visits/{visit}/needs/{place}"), made.number, made.secret)
    return await _show(request, visit, nth, principal, form)


async def _show(request: Request, visit: UUID, nth: int, principal: Principal, form: Form[Raising]) -> Response:
    desk: Desk = request.app.state.desk
    need = _nth(await _needs(desk, visit, _entry(await _state(request, visit, principal))), nth)
    if need.number:
        held = code.held(request)
        secret = held.secret if held and receipts.written(held.number) == need.number else None
        values: dict[str, Any] = {"visit": visit, "need": need, "secret": secret, "late": bool(form.faults)}
        return page(request, "visit-petition.html", form.status, **values)
    if need.about_officials:
        raise Refused("need.about-officials")
    views = sorted(await listing.zones(desk, today()), key=lambda view: not _leads(principal, view))
    pattern = spoken().of("{}（{}）", "{} ({})")
    zones = [(view.zone, pattern.format(zone_called(view), led_by(view))) for view in views]
    return page(request, "visit-need.html", visit=visit, nth=nth, need=need, zones=zones, form=form)


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
        found.append(Heard(category, number))
    return found


def _nth(needs: Sequence[T], nth: int) -> T:
    if nth > len(needs):
        raise Refused("http.not-found")
    return needs[nth - 1]


def _leads(principal: Principal, view: ZoneView) -> bool:
    return view.leader is not None and view.leader.id == principal.id
