"""Raise a petition: one question a page, no account, no script, nothing kept before it is sent (C1, U2)."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from fastapi import Depends, Request, Response
from markupsafe import Markup

from services import categories
from services.intake import following, receiving
from services.intake.desk import Desk
from services.intake.pages import code
from services.intake.pages.answers import ASKED, NEITHER, NUMBERS, WORDS, Answers, before, complains, page_of
from services.intake.pages.home import called, led_by, reception, today, zone_called
from services.intake.queries import listing, places
from services.refused import Refused
from services.runtime.gather import Contradicted
from services.web import pages
from services.web.forms import Form, blank, read
from services.web.language import _, noted, spoken
from services.web.pages import page, see_other
from services.web.principals import anyone

router = pages.router(dependencies=[Depends(anyone)])

FIELDS = {
    "10": noted("Water, land, farm subsidies, village affairs"),
    "01": noted("Housing, building, street lamps, rubbish"),
    "06": noted("Roads, buses, taxis, post"),
    "09": noted("Minimum living allowance, relief, care of the old"),
    "12": noted("Hospitals, medicine, food safety, births"),
    "15": noted("Wages, jobs, pensions, insurance"),
    "14": noted("Schools, fees, examinations, sport"),
    "03": noted("House plots, taking of land, mines"),
    "04": noted("Waste water, smoke, noise"),
    "13": noted("Public security, traffic, household registration"),
    "11": noted("Shops, quality of goods, tourism"),
    "07": noted("Taxes, banks, energy, safety at work"),
    "08": noted("Telephone, internet, science"),
    "05": noted("How officials behave and work"),
    "02": noted("Party and government, publicity, associations"),
}
"""The fields in the order they are offered in, with what people call it."""
FIRST = 9
"""How many are offered on the first page."""
UNANSWERED = {
    "category": "category.not-chosen",
    "words": "told.no-words",
    "place": "zone.not-chosen",
    "about": "about.not-chosen",
}
OTHER = "02.05.01"
"""Where goes what fits nowhere."""


@router.get("/raise")
async def begin(request: Request) -> Response:
    """The first question."""
    return await _show(request, blank(Answers), "category")


@router.post("/raise")
async def answer(request: Request) -> Response:
    """One answer: the next question, or the same with what has to change; at the end the petition is sent."""
    form = await read(request, Answers, WORDS)
    step, _colon, of = form.given("to").partition(":")
    if step:
        return await _show(request, Form(form.typed), step, of)
    with form if form.given("at") == "check" else _this_page(request, form) as form:
        answers = form.value
        if answers.at in answers.open():
            raise Refused(UNANSWERED[answers.at], ASKED[answers.at][0])
        if answers.at != "check":
            return await _show(request, Form(form.typed), answers.next())
        if (missing := next(answers.open(), None)) is not None:
            return await _show(request, Form(form.typed), missing)
        return await _send(request, answers)
    return await _show(request, form, page_of(form.faults[0].field, form.given("at")))


@router.get("/raise/emergency")
async def emergency(request: Request) -> Response:
    """Whom to call first."""
    return page(request, "raise-emergency.html", personal=False)


@router.get("/raise/elsewhere")
async def elsewhere(request: Request) -> Response:
    """What the county cannot take up, and who can."""
    return page(request, "raise-elsewhere.html", personal=False)


@router.get("/raise/done")
async def done(request: Request) -> Response:
    """Number and secret, and what comes next."""
    held = code.held(request)
    if held is None:
        return see_other("/follow")
    desk: Desk = request.app.state.desk
    seen = await following.follow(desk, held, uuid4(), datetime.now(UTC))
    values: dict[str, Any] = {"seen": seen, "secret": held.secret, "office": called(seen.office)}
    return page(request, "raise-done.html", **values, **reception(request))


def _this_page(request: Request, form: Form[Answers]) -> Form[Answers]:
    """The form as far as its page goes: what was left unfinished on another is looked at when that is answered."""
    asked = ASKED.get(form.given("at"), ())
    other = {fault.field for fault in form.faults if fault.field not in asked}
    if not other or len(other) < len(form.faults) or "command" in other:
        return form
    given = {name: value for name, value in form.typed.items() if value and name not in other}
    return Form(form.typed, Answers.model_validate(given), (), request.app.state.catalogue)


async def _send(request: Request, answers: Answers) -> Response:
    desk: Desk = request.app.state.desk
    try:
        _receipt, received = await receiving.receive(
            desk, answers.command_of(), receiving.RESIDENT, datetime.now(UTC), None
        )
    except Contradicted as error:
        raise Refused("petition.sent-already") from error
    return code.hold(request, see_other("/raise/done"), received.number, received.secret)


async def _show(request: Request, form: Form[Answers], step: str, of: str = "") -> Response:
    """A question with what was answered before; `of` is where in it. The browser keeps it, so that its own way back
    works, and nobody in between.
    """
    step = step if step in SHOWN else "category"
    form.typed |= {"at": step, "to": ""}
    more = await SHOWN[step](request, form, of)
    carried = [
        (name, each)
        for name, value in form.typed.items()
        if name not in ASKED[step]
        for each in ([value] if isinstance(value, str) else value)
        if each
    ]
    back = "check" if form.given("checked") and step != "check" else before(step, about=_complains(form))
    shown = {"step": NUMBERS.get(step), "carried": carried, "again": f"{step}:{of}"}
    values = shown | {"back_to": "" if step == "category" and back == "category" else back} | more
    response = page(request, f"raise-{step}.html", form=form, personal=False, **values)
    response.headers["Cache-Control"] = "private, no-cache"
    return response


async def _category(request: Request, form: Form[Answers], of: str) -> dict[str, Any]:
    """Fields, then groups of one, then categories of a group. Those have no English names."""
    if of not in categories.names() or not categories.ours(of):
        codes = list(FIELDS)[FIRST:] if of == "more" else list(FIELDS)[:FIRST]
        rows = [("to", f"category:{each}", category_called(each), _(FIELDS[each])) for each in codes]
        last = ("category", OTHER) if of == "more" else ("to", "category:more")
        return {"rows": [*rows, (*last, _("None of these"), "")], "under": ""} | (
            {"back_to": "category"} if of == "more" else {}
        )
    deeper = len(of) == 2
    rows = []
    for each in categories.children(of):
        leads_on = deeper and spoken().language == "zh" and len(categories.children(each)) > 1
        name, value = ("to", f"category:{each}") if leads_on else ("category", each)
        rows.append((name, value, category_called(each), ""))
    rows.append(("category", of, _("None of these"), ""))
    return {"rows": rows, "under": category_called(of), "back_to": f"category:{of[:-3]}"}


async def _words(request: Request, form: Form[Answers], of: str) -> dict[str, Any]:
    """Whether it is about an official is no question any more where the category says so."""
    return {"ask": not complains(None, form.given("category"))}


async def _place(request: Request, form: Form[Answers], of: str) -> dict[str, Any]:
    """Townships, then villages, then zones. `-` is a good answer everywhere (A-8)."""
    desk: Desk = request.app.state.desk
    place = await places.place(desk, today(), of or None) or await places.place(desk, today())
    assert place
    form.typed["place"] = place.region.id if place.region else ""
    rows = [
        ("zone", each.zone, called(each.region), "")
        if each.zone
        else ("to", f"place:{each.region.id}", called(each.region), "")
        for each in place.below
    ]
    if place.below and len(place.zones) == 1:
        rows.append(("zone", place.zones[0].zone, _("All of %(place)s", place=called(place.region)), ""))
    else:
        rows += [("zone", view.zone, zone_called(view), led_by(view)) for view in place.zones]
    values = {"rows": [*rows, ("zone", NEITHER, _("I do not know"), "")], "name": called(place.region)}
    return values | ({"back_to": f"place:{place.above or ''}"} if place.region else {})


async def _about(request: Request, form: Form[Answers], of: str) -> dict[str, Any]:
    """Those who lead where it happened, and above."""
    options = [
        (cadre, name, _("leads %(place)s", place=place)) for cadre, (name, place) in await _leaders(request, form)
    ]
    return {"options": [*options, (NEITHER, _("Somebody else, or I do not know the name"))]}


async def _reach(request: Request, form: Form[Answers], of: str) -> dict[str, Any]:
    return {}


async def _check(request: Request, form: Form[Answers], of: str) -> dict[str, Any]:
    form.typed["checked"] = "yes"
    rows = [
        (_("What it is about"), category_called(form.given("category"), whole=True), "category"),
        (_("What happened"), form.given("words"), "words"),
        (_("Where"), await _where(request, form), "place"),
    ]
    if _complains(form):
        names = dict(await _leaders(request, form))
        about = [names[cadre][0] if cadre in names else cadre for cadre in form.typed["about"] if cadre != NEITHER]
        rows.append((_("Which official"), spoken().of("、", ", ").join(about) or _("Not in the list"), "about"))
    ways = [way for way in (form.given("telephone"), form.given("mail")) if way]
    nothing = _("By number and code; I look it up myself")
    return {"rows": [*rows, (_("How to answer you"), "\n".join(ways) or nothing, "reach")]}


SHOWN = {"category": _category, "words": _words, "place": _place, "about": _about, "reach": _reach, "check": _check}


def _complains(form: Form[Answers]) -> bool:
    return complains(form.given("official"), form.given("category"))


async def _where(request: Request, form: Form[Answers]) -> str:
    zone = form.given("zone")
    found = await listing.zones(request.app.state.desk, today(), zone) if zone not in {"", NEITHER} else []
    return zone_called(found[0]) if found else _("Not known")


async def _leaders(request: Request, form: Form[Answers]) -> list[tuple[str, tuple[str, str]]]:
    """Who leads where it happened and above, by name and zone; without a place, as far as one was looked for."""
    desk: Desk = request.app.state.desk
    zone, place = form.given("zone"), form.given("place")
    near: list[str] = []
    if zone not in {"", NEITHER}:
        for view in await listing.zones(desk, today(), zone):
            near = [each.id for each in (view.region, *view.above) if each]
    elif place:
        near = [place]
    views = await listing.zones(desk, today(), regions=near)
    return [(view.leader.id, (called(view.leader), zone_called(view))) for view in reversed(views) if view.leader]


def category_called(code_: str, *, whole: bool = False) -> str:
    """A category, or with all those above it; nothing for what is not in the tree."""
    if code_ not in categories.names():
        return ""
    if spoken().language == "zh":
        return categories.name(code_) if whole else categories.names()[code_][-1]
    if whole and len(code_) < 8:
        return categories.name_en(code_)
    chinese = Markup('<span lang="zh-CN">{}</span>').format(categories.names()[code_][-1])
    if whole:
        return Markup("{} › {}").format(categories.name_en(code_), chinese)
    return categories.english().get(code_) or chinese
