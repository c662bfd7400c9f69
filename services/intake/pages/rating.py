"""Rate by code: what the code is for, then one mark (G2). The code travels in bodies alone, beside the mark in the one
request that answers; nobody has to be signed in, and nothing is kept here.
"""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, Request, Response
from lianxin_schemas.directory import Kind
from lianxin_schemas.events.ratings import RatingKind
from pydantic import BaseModel

from services.intake.api.ratings import source, take, whole_steps
from services.intake.ballots import Ballots
from services.intake.desk import Desk
from services.intake.domain.ballots import Answer, Code, Found, Outcome
from services.intake.queries import listing
from services.intake.queries.listing import Named
from services.runtime import directory
from services.web import pages
from services.web.forms import CHOOSE, Form, blank, read
from services.web.language import _, noted, spoken
from services.web.pages import page, see_other
from services.web.principals import Principal, anyone, whoever

router = pages.router(dependencies=[Depends(anyone)])

Whoever = Annotated[Principal | None, Depends(whoever)]

WORDS = {
    "code": ("测评码是12位，照卡片上的填", "The code has 12 characters; copy it from the card"),
    "mark": CHOOSE,
}
QUESTIONS = {
    RatingKind.ZONE: noted("Were you satisfied with what this cadre did in this time?"),
    RatingKind.EVALUATION: noted("How well did this cadre work in this time?"),
    RatingKind.REVERSE: noted("How often did this cadre leave undone what was due, or act against the rules?"),
}
MARKS = {
    RatingKind.ZONE: (
        (5, noted("Very satisfied")),
        (4, noted("Satisfied")),
        (3, noted("Neither satisfied nor dissatisfied")),
        (2, noted("Dissatisfied")),
        (1, noted("Very dissatisfied")),
    ),
    RatingKind.EVALUATION: (
        (5, noted("Very well")),
        (4, noted("Well")),
        (3, noted("Fairly")),
        (2, noted("Poorly")),
        (1, noted("Very poorly")),
    ),
    RatingKind.REVERSE: (
        (1, noted("Never")),
        (2, noted("Rarely")),
        (3, noted("Sometimes")),
        (4, noted("Often")),
        (5, noted("Very often")),
    ),
}
"""The words of each mark, the best first; in a reverse round the highest mark is the worst."""


class Coded(BaseModel):
    """What is asked first."""

    code: Code


class Rated(BaseModel):
    """What a code is for, as the page shows it."""

    cadre: str
    place: str | None
    first: date
    last: date
    closes: date
    question: str
    marks: list[tuple[int, str]]


@router.get("/rate")
@router.get("/rate/answer")
async def start(request: Request) -> Response:
    """Asks for the code."""
    return page(request, "rate.html", form=blank(Coded))


@router.post("/rate")
async def look(request: Request, principal: Whoever) -> Response:
    """Shows what the code is for, and asks for the mark."""
    form = await read(request, Coded, WORDS)
    async with whole_steps():
        with form:
            rated = await _rated(request, form.value.code, principal)
            return page(request, "rate-mark.html", form=blank(Answer, code=form.value.code), rated=rated)
        return page(request, "rate.html", form=form)


@router.post("/rate/answer")
async def answer(request: Request, principal: Whoever) -> Response:
    """Counts the mark. What comes next is at an address that tells of no code and no mark."""
    form = await read(request, Answer, WORDS)
    with form:
        outcome = await take(form.value, request, principal)
        return see_other("/rate/thanks") if outcome is Outcome.COUNTED else page(request, "rate-counted.html")
    return await _once_more(request, form, principal)


@router.get("/rate/thanks")
async def thanks(request: Request) -> Response:
    """Says that it was counted; to everybody alike, for it knows nothing."""
    return page(request, "rate-thanks.html", personal=False)


async def _once_more(request: Request, form: Form[Answer], principal: Principal | None) -> Response:
    """The form with what has to change: the mark where it alone is missing, otherwise the code."""
    async with whole_steps():
        if form.status == 422 and not form.fault("code"):
            rated = await _rated(request, form.given("code"), principal)
            return page(request, "rate-mark.html", form=form, rated=rated)
        return page(request, "rate.html", form=form)


async def _rated(request: Request, code: str, principal: Principal | None) -> Rated:
    """Raises what `Ballots.about` does."""
    ballots: Ballots = request.app.state.ballots
    now = datetime.now(UTC)
    found = await ballots.about(code, now, source(request), principal.id if principal else None)
    desk: Desk = request.app.state.desk
    async with desk.pool.connection() as connection:
        cadres = await directory.names(connection, Kind.CADRE, [found.cadre])
    return Rated(
        cadre=_name(Named.of(found.cadre, cadres)) or _("the cadre with the number %(id)s", id=found.cadre),
        place=await _place(desk, found),
        first=found.first,
        last=found.last,
        closes=found.closes,
        question=_(QUESTIONS[found.kind]),
        marks=[(mark, _(word)) for mark, word in MARKS[found.kind]],
    )


async def _place(desk: Desk, found: Found) -> str | None:
    """What the round's zone is called: its region, behind the one above it. None where there is no zone or no name."""
    zones = await listing.zones(desk, found.last, found.zone) if found.zone else []
    if not zones or zones[0].region is None:
        return None
    own, above = _name(zones[0].region), [_name(region) for region in zones[0].above[:1]]
    names = [name for name in (*above, own) if name]
    return spoken().of("".join(names), ", ".join(names[::-1])) or None


def _name(named: Named) -> str:
    return spoken().of(named.zh or "", named.en or named.zh or "")
