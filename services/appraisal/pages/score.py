"""A cadre's score as pages: the score, each indicator's numerator, each event behind (A3, A6)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from urllib.parse import quote
from uuid import UUID

from fastapi import Depends, Query, Request, Response
from lianxin_schemas.directory import Kind
from lianxin_schemas.events.cases import CaseOpened, CaseReopened, CaseReplied, CaseWithdrawn
from lianxin_schemas.events.petitions import PetitionVerdictGiven
from lianxin_schemas.events.ratings import MarkGiven, RatingsReleased
from lianxin_schemas.events.scores import Band, IndicatorKind
from lianxin_schemas.events.visits import VisitCorrected, VisitLogged
from lianxin_schemas.ids import CadreId

from services.appraisal.api.scores import CadreReader
from services.appraisal.domain import words
from services.appraisal.pages.choosing import Asked, Choice, asked, choose
from services.appraisal.pages.figures import Line, lines, plain, steps
from services.appraisal.pages.sheets import sheet
from services.appraisal.queries import scores
from services.appraisal.queries.scores import SAID, Peers
from services.appraisal.queries.views import ScoreView
from services.appraisal.store import reading
from services.appraisal.store.reading import Connection
from services.refused import Refused
from services.runtime.directory import names
from services.web import pages
from services.web.language import _, noted, spoken
from services.web.pages import page, see_other
from services.web.principals import Principal, Role

router = pages.router(prefix="/score")

AskedFor = Annotated[Asked, Depends(asked)]
A_PAGE = 20
SWATCHES = {Band.EXCELLENT: "best", Band.GOOD: "good", Band.FAIR: "fair", Band.IMPROVE: "poor"}
EVENTS = {
    VisitLogged.type(): noted("Visit entered"),
    VisitCorrected.type(): noted("Visit entered, corrected since"),
    CaseOpened.type(): noted("Petition received"),
    CaseReplied.type(): noted("Petition replied to"),
    CaseReopened.type(): noted("Petition opened again"),
    CaseWithdrawn.type(): noted("Petition taken back"),
    PetitionVerdictGiven.type(): noted("Word of the petitioner"),
    RatingsReleased.type(): noted("Released ratings"),
    MarkGiven.type(): noted("Mark from above"),
}


@router.get("")
async def own(principal: CadreReader, request: Request, given: AskedFor, cadre: str = "") -> Response:
    """The own score; for the organisation department the way to anybody's."""
    if cadre.strip() and principal.has(Role.ORGANISATION):
        return see_other(f"/score/cadres/{quote(cadre.strip(), safe='')}")
    if not principal.has(Role.CADRE):
        return page(request, "find.html", personal=False)
    return await _score(request, principal, principal.id, given)


@router.get("/cadres/{cadre}.csv")
async def table(cadre: CadreId, principal: CadreReader, request: Request, given: AskedFor) -> Response:
    """The indicators as a table, as far as the page shows them."""
    async with _opened(request, principal, cadre, given) as (connection, choice):
        view = await _view(connection, principal, cadre, choice, limit=0)
        peers = await scores.beside(connection, cadre, choice.period, choice.policy)
    found = lines(view, peers)
    heads = [_("Indicator"), _("Numerator"), _("Denominator"), _("Value"), _("95%% from"), _("95%% to")]
    heads += [_("Middle of the peers"), _("Weight by the policy"), _("Weight applied"), _("Points"), _("Rule")]
    points = {node.node: node.adds for node in view.nodes}
    name = f"score-{cadre}-{choice.period.name}-{choice.policy}"
    return sheet(name, heads, [_cells(line, points[line.view.node]) for line in found])


def _cells(line: Line, points: object) -> list[object]:
    view, between = line.view, line.view.interval
    full = view.denominator * view.full
    return [
        *(line.name, view.numerator, full, view.value),
        *((between.low, between.high) if between and view.enough else (None, None)),
        *(line.peers, view.weight_of_whole, view.weight_applied, points, line.rule),
    ]


@router.get("/cadres/{cadre}")
async def of_cadre(cadre: CadreId, principal: CadreReader, request: Request, given: AskedFor) -> Response:
    """A cadre's score, for the cadre and the organisation department."""
    return await _score(request, principal, cadre, given)


async def _score(request: Request, principal: Principal, cadre: str, given: Asked) -> Response:
    async with _opened(request, principal, cadre, given) as (connection, choice):
        view = await _view(connection, principal, cadre, choice, limit=0)
        peers = await scores.beside(connection, cadre, choice.period, choice.policy)
        name = await _name(connection, cadre)
    found = lines(view, peers)
    shown = _shown(view, choice, cadre, name, peers) | {"lines": found, "steps": steps(view, found)}
    return page(
        request,
        "score.html",
        everything=principal.has(Role.ORGANISATION),
        verdict=_verdict(view),
        band=SWATCHES[view.band.code] if view.band else "",
        behind=sum(one.events.total for one in view.indicators if one.events and one.indicator not in SAID),
        withheld=spoken().of(words.WITHHELD.zh, words.WITHHELD.en),
        **shown,
    )


def _verdict(view: ScoreView) -> str:
    """The score in a word: the band, or the points where the policy has none."""
    if view.band:
        return spoken().of(view.band.zh, view.band.en)
    if view.withheld:
        return _("points not shown")
    return spoken().of(view.zh, view.en)


@router.get("/cadres/{cadre}/{indicator}")
async def numerator(
    cadre: CadreId,
    indicator: IndicatorKind,
    principal: CadreReader,
    request: Request,
    given: AskedFor,
    offset: Annotated[int, Query(ge=0, le=10_000_000)] = 0,
) -> Response:
    """One indicator: what was counted, by which rule, and the events behind, as far as they are for the reader."""
    async with _opened(request, principal, cadre, given) as (connection, choice):
        view = await _view(connection, principal, cadre, choice, limit=A_PAGE, offset=offset)
        peers = await scores.beside(connection, cadre, choice.period, choice.policy)
        name = await _name(connection, cadre)
    line = _line(view, indicator, peers)
    events = line.view.events
    if events and offset and not events.items:
        raise Refused("http.not-found")
    shown = _shown(view, choice, cadre, name, peers)
    node = next(node for node in view.nodes if node.node == line.view.node)
    return page(
        request,
        "indicator.html",
        plain=plain,
        line=line,
        node=node,
        events=events,
        kinds=EVENTS,
        said=indicator in SAID,
        **shown,
    )


@router.get("/cadres/{cadre}/{indicator}/{thing}")
async def event(
    cadre: CadreId, indicator: IndicatorKind, thing: UUID, principal: CadreReader, request: Request, given: AskedFor
) -> Response:
    """One visit, petition, release or mark behind an indicator: the event, whether it counts, and why."""
    async with _opened(request, principal, cadre, given) as (connection, choice):
        view = await _view(connection, principal, cadre, choice, limit=1_000, only=thing)
        name = await _name(connection, cadre)
    line = _line(view, indicator, None)
    events = line.view.events
    if not events or not events.items:
        raise Refused("http.not-found")
    shown = _shown(view, choice, cadre, name, None)
    return page(request, "event.html", line=line, items=events.items, what=EVENTS[events.items[0].type], **shown)


@asynccontextmanager
async def _opened(
    request: Request, principal: Principal, cadre: str, given: Asked
) -> AsyncIterator[tuple[Connection, Choice]]:
    """One look at the tables for whoever may look (A6). Raises Refused `auth.scope`, `period.malformed`."""
    if principal.id != cadre and not principal.has(Role.ORGANISATION):
        raise Refused("auth.scope")
    async with request.app.state.pool.connection() as connection, reading.snapshot(connection):
        yield connection, await choose(connection, request, given)


async def _view(connection: Connection, principal: Principal, cadre: str, choice: Choice, **which: Any) -> ScoreView:
    everything = principal.has(Role.ORGANISATION)
    which = {"offset": 0} | which
    return await scores.of_subject(
        connection, "cadre", cadre, choice.period, choice.policy, everything=everything, **which
    )


async def _name(connection: Connection, cadre: str) -> str:
    found = (await names(connection, Kind.CADRE, [cadre])).get(cadre)
    return spoken().of(found.zh, found.en or found.zh) if found else cadre


def _line(view: ScoreView, indicator: IndicatorKind, peers: Peers | None) -> Line:
    for line in lines(view, peers):
        if line.view.indicator is indicator:
            return line
    raise Refused("http.not-found")  # the policy does not count it


def _shown(view: ScoreView, choice: Choice, cadre: str, name: str, peers: Peers | None) -> dict[str, Any]:
    """What all pages of a cadre show."""
    return {"view": view, "choice": choice, "cadre": cadre, "name": name, "peers": peers}
