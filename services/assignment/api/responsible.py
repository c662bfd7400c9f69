"""Who answered for what on which day, over HTTP (Z2)."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from lianxin_schemas.events.cases import Credit
from lianxin_schemas.events.responsibility import Care
from lianxin_schemas.ids import HouseholdId, ZoneId
from pydantic import BaseModel

from services.assignment.desk import hand_of
from services.assignment.domain.days import day_of
from services.assignment.store import responsible
from services.assignment.store.responsible import Responsible
from services.refused import Refused
from services.runtime.database import Connection
from services.web.principals import Allow, Principal, Role

router = APIRouter(tags=["responsibility"])

Reader = Annotated[Principal, Depends(Allow(Role.ORGANISATION, Role.OFFICE, Role.CADRE))]


class ForHousehold(BaseModel):
    """Who answered for a household: its paired cadres, otherwise its zone's leader, otherwise the county's office."""

    household: HouseholdId
    day: date
    by: Literal["pairing", "leader", "county"]
    zone: ZoneId | None
    credits: tuple[Credit, ...]
    care: Care | None
    """How much care it needed; None for whoever neither answers for it today nor oversees those who do (R4)."""


class ForZone(BaseModel):
    """Who led a zone; without a leader in office the county's office answers, and `by` says so."""

    zone: ZoneId
    day: date
    by: Literal["leader", "county"]
    credit: Credit


@router.get("/households/{household}/responsible")
async def for_household(
    household: HouseholdId, principal: Reader, request: Request, day: date | None = None
) -> ForHousehold:
    """Who answered for the household on a local day, today if left out."""
    today = _today()
    day = day or today
    async with request.app.state.pool.connection() as connection:
        found = await responsible.for_household(connection, household, day)
        now = found if day == today else await responsible.for_household(connection, household, today)
        if found is None or now is None:
            raise Refused("household.not-found")
        entitled = principal.has(Role.ORGANISATION) or await _answers(connection, principal, now, today, request)
    by = found.by if found.credits else "county"
    return ForHousehold.model_validate(
        {
            "household": household,
            "day": day,
            "by": by,
            "zone": found.zone,
            "credits": found.credits or (_county(request),),
            "care": found.care if entitled else None,
        }
    )


@router.get("/zones/{zone}/leader")
async def for_zone(zone: ZoneId, _: Reader, request: Request, day: date | None = None) -> ForZone:
    """Who led the zone on a local day, today if left out."""
    day = day or _today()
    async with request.app.state.pool.connection() as connection:
        credit = (await responsible.leaders(connection, [(zone, day)])).get((zone, day))
        if credit is None and not await responsible.zone_exists(connection, zone):
            raise Refused("zone.not-found")
    return ForZone(zone=zone, day=day, by="leader" if credit else "county", credit=credit or _county(request))


async def _answers(
    connection: Connection, principal: Principal, found: Responsible, today: date, request: Request
) -> bool:
    """Whether somebody answers for a household: paired with it, leader of its zone, or staff of their offices."""
    led = await responsible.leaders(connection, [(found.zone, today)]) if found.zone else {}
    credits = [*found.credits, *led.values()] or [_county(request)]
    hand = replace(hand_of(principal), any=False)  # whoever enters what others did does not answer for it
    return any(hand.answers_for(credit) for credit in credits)


def _county(request: Request) -> Credit:
    return Credit(office=request.app.state.settings.county_office)


def _today() -> date:
    return day_of(datetime.now(UTC))
