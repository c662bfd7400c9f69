"""Where residents begin, and who answers for where they live (C1, Z1)."""

from datetime import UTC, date, datetime
from typing import Any

from fastapi import Depends, Request, Response
from lianxin_schemas.events.responsibility import ZoneLevel
from lianxin_schemas.ids import RegionCode, ZoneId

from services.intake.desk import Desk
from services.intake.domain.vault import HERE
from services.intake.queries import listing, places
from services.intake.queries.listing import Named, ZoneView
from services.refused import Refused
from services.web import pages
from services.web.language import _, spoken
from services.web.pages import page
from services.web.principals import anyone

router = pages.router(dependencies=[Depends(anyone)])


def called(named: Named | None) -> str:
    """What somebody or something is called; its id where it has no name yet."""
    return spoken().of(named.zh or named.id, named.en or named.zh or named.id) if named else ""


def zone_called(view: ZoneView) -> str:
    """A zone by where it lies, a village with its township, the larger place first in Chinese."""
    above = () if view.level == ZoneLevel.TOWNSHIP else view.above[:1]
    line = [called(each) for each in (view.region, *above) if each]
    return spoken().of(" ".join(reversed(line)), ", ".join(line)) or view.zone


def led_by(view: ZoneView) -> str:
    """Who leads a zone today."""
    return _("Led by %(name)s", name=called(view.leader)) if view.leader else _("Nobody leads it at present")


def reception(request: Request) -> dict[str, Any]:
    """Where and when residents are received, for templates/reception.html."""
    settings = request.app.state.desk.settings
    return {"reception": spoken().of(settings.reception, settings.reception_en or settings.reception)}


@router.get("/")
async def home(request: Request) -> Response:
    """Three ways, and whom to call."""
    return page(request, "home.html", personal=False, **reception(request))


@router.get("/responsible")
async def county(request: Request) -> Response:
    """Which township."""
    return await _choose(request, None)


@router.get("/responsible/{region}")
async def region(request: Request, region: RegionCode) -> Response:
    """Which village, or who answers there."""
    return await _choose(request, region)


@router.get("/responsible/zone/{zone}")
async def zone(request: Request, zone: ZoneId) -> Response:
    """Who answers for a zone, and how to reach them."""
    found = await listing.zones(request.app.state.desk, today(), zone)
    if not found:
        raise Refused("http.not-found")
    view = found[0]
    values: dict[str, Any] = {"view": view, "place": zone_called(view), "leader": called(view.leader)}
    offices = [called(office) for office in view.offices]
    back = await _back(request, view)
    return page(request, "zone.html", personal=False, offices=offices, back_to=back, **values, **reception(request))


async def _choose(request: Request, code: str | None) -> Response:
    desk: Desk = request.app.state.desk
    place = await places.place(desk, today(), code)
    if place is None:
        raise Refused("http.not-found")
    ways = [
        (called(each.region), f"/responsible/zone/{each.zone}" if each.zone else f"/responsible/{each.region.id}", "")
        for each in place.below
    ]
    ways += [(zone_called(view), f"/responsible/zone/{view.zone}", led_by(view)) for view in place.zones]
    back = f"/responsible/{place.above}" if place.above else "/responsible"
    values: dict[str, Any] = {"ways": ways, "name": called(place.region), "back_to": back if code else "/"}
    return page(request, "responsible.html", personal=False, **values, **reception(request))


async def _back(request: Request, view: ZoneView) -> str:
    """The page that the zone was chosen on: where it is all there is in its region, that is the region above."""
    place = view.region and await places.place(request.app.state.desk, today(), view.region.id)
    if not place or not place.region:
        return "/responsible"
    before = place.region.id if place.below or len(place.zones) > 1 else place.above
    return f"/responsible/{before}" if before else "/responsible"


def today() -> date:
    """The local day."""
    return datetime.now(UTC).astimezone(HERE).date()
