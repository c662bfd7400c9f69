"""The county at a glance as a page (A10, C9): all of it for the organisation department, places without
what residents said for offices, and for everybody the whole county in numbers from five up (U1).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request, Response

from services.appraisal.domain.entitled import FEWEST
from services.appraisal.pages.choosing import Asked, Choice, asked, choose
from services.appraisal.pages.figures import NOTHING, Drawn, drawn
from services.appraisal.pages.sheets import sheet
from services.appraisal.queries import county
from services.appraisal.queries.county import CountyView, Row, Share, Sight
from services.refused import Refused
from services.web import pages
from services.web.dates import percent
from services.web.language import _, noted, spoken
from services.web.pages import page, sign_in_path
from services.web.principals import Principal, Role, anyone, whoever

router = pages.router(prefix="/score/county", dependencies=[Depends(anyone)])

Reader = Annotated[Principal | None, Depends(whoever)]
AskedFor = Annotated[Asked, Depends(asked)]
MEASURES = {
    "in_time": noted("Replied to in time"),
    "solved": noted("Solved, say the petitioners"),
    "satisfied": noted("Satisfied, say the petitioners"),
    "coverage": noted("Households visited"),
}


@dataclass(frozen=True)
class Figure:
    """A share in words and as it is drawn. Without `share` it is not for the one who asks."""

    name: str
    share: Share | None

    @property
    def counted(self) -> str:
        """So many of so many."""
        return f"{self.share.numerator}/{self.share.denominator}" if self.share else ""

    @property
    def value(self) -> str:
        """The figure, or why there is none."""
        if self.share is None:
            return _("Not shown")
        return percent(float(self.share.value), 1) if self.share.value is not None else _("None in this period")

    @property
    def drawn(self) -> Drawn:
        """The figure with its intervals."""
        return drawn(self.share.numerator, self.share.denominator) if self.share else NOTHING


@dataclass(frozen=True)
class Place:
    """A township or an office with its figures, in the order of `MEASURES`."""

    name: str
    figures: Sequence[Figure]


@router.get("")
async def glance(reader: Reader, request: Request, given: AskedFor) -> Response:
    """The county, as far as the one who asks may see it."""
    sight = _sight(reader)
    view, choice = await _view(request, sight, given)
    request.state.principal = reader
    return page(
        request,
        "county.html",
        personal=reader is not None,
        view=view,
        choice=choice,
        sight=sight,
        sign_in=sign_in_path(request, f"/score/county{choice.query}") if reader is None else "",
        whole=_figures(view.whole),
        tiles={measure: _tiles(view, measure) for measure in ("in_time", "coverage")},
        measures=MEASURES,
        townships=[Place(_name(row), _figures(row)) for row in view.townships],
        offices=[Place(_name(row), _figures(row)) for row in view.offices],
    )


@router.get(".csv")
async def whole(reader: Reader, request: Request, given: AskedFor) -> Response:
    """The numbers of the whole county."""
    view, choice = await _view(request, _sight(reader), given)
    return _sheet(f"county-{choice.period.name}", [view.whole])


@router.get("/townships.csv")
async def townships(reader: Reader, request: Request, given: AskedFor) -> Response:
    """Each township, in order of the codes."""
    view, choice = await _view(request, _sight(reader), given)
    return _sheet(f"townships-{choice.period.name}", view.townships)


@router.get("/offices.csv")
async def offices(reader: Reader, request: Request, given: AskedFor) -> Response:
    """Each office, in order of the codes."""
    view, choice = await _view(request, _sight(reader), given)
    return _sheet(f"offices-{choice.period.name}", view.offices)


def _sight(reader: Principal | None) -> Sight:
    if reader and reader.has(Role.ORGANISATION):
        return Sight.EVERYTHING
    return Sight.PLACES if reader and reader.has(Role.OFFICE) else Sight.WHOLE


async def _view(request: Request, sight: Sight, given: Asked) -> tuple[CountyView, Choice]:
    state = request.app.state
    async with state.pool.connection() as connection:
        choice = await choose(connection, request, given)
    return await county.glance(state.pool, choice.period, choice.policy, state.county.get, sight), choice


def _name(row: Row) -> str:
    if not row.subject:
        return _("Township not known")
    return spoken().of(row.zh or row.subject, row.en or row.zh or row.subject)


def _figures(row: Row) -> list[Figure]:
    return [Figure(_(name), getattr(row, measure)) for measure, name in MEASURES.items()]


def _tiles(view: CountyView, measure: str) -> list[tuple[str, str, str, None]]:
    """Name, value and a word for each township: in the order of codes, which says nothing of who is better."""
    whole: Share | None = getattr(view.whole, measure)
    return [(_name(row), *_judged(getattr(row, measure), whole), None) for row in view.townships]


def _judged(share: Share | None, whole: Share | None) -> tuple[str, str]:
    """A share, and whether it differs from the whole county's by more than chance would make it (Wilson, 95 %)."""
    if share is None or share.value is None or share.interval is None:
        return "–", _("None in this period")
    if share.denominator < FEWEST or whole is None or whole.value is None:
        return "–", _("not enough to judge")
    if whole.value < share.interval.low:
        word = _("above the county")
    else:
        word = _("below the county") if whole.value > share.interval.high else _("like the county")
    return percent(float(share.value), 1), word


def _sheet(name: str, rows: Sequence[Row]) -> Response:
    """Those who see the whole county alone find no township and no office in the sheets of them."""
    if not rows:
        raise Refused("http.not-found")
    measures = [(measure, _(called)) for measure, called in MEASURES.items()]
    heads = [_("Code"), _("Name")]
    heads += [
        f"{called}: {column}"
        for _measure, called in measures
        for column in (_("Numerator"), _("Denominator"), _("Value"), _("95%% from"), _("95%% to"))
    ]
    return sheet(name, heads, [[row.subject, _called(row), *_cells(row)] for row in rows])


def _called(row: Row) -> str:
    return spoken().of(row.zh or "", row.en or row.zh or "")


def _cells(row: Row) -> list[object]:
    cells: list[object] = []
    for measure in MEASURES:
        share: Share | None = getattr(row, measure)
        between = share.interval if share else None
        cells += [share.numerator, share.denominator, share.value] if share else [None] * 3
        cells += [between.low, between.high] if between else [None] * 2
    return cells
