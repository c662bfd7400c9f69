"""What anybody may choose from, over HTTP (C1, U1)."""

from datetime import UTC, datetime

from fastapi import APIRouter, Depends, Request
from lianxin_schemas.ids import CategoryCode, ZoneId

from services import categories
from services.intake.domain.vault import HERE
from services.intake.queries import listing
from services.intake.queries.listing import Category, ZoneView
from services.refused import Refused
from services.web.principals import anyone

router = APIRouter(tags=["listing"])


@router.get("/zones", dependencies=[Depends(anyone)])
async def zones(request: Request, zone: ZoneId | None = None) -> list[ZoneView]:
    """All zones, or the one named, with who leads it today."""
    return await listing.zones(request.app.state.desk, datetime.now(UTC).astimezone(HERE).date(), zone)


@router.get("/categories", dependencies=[Depends(anyone)])
async def below(under: CategoryCode | None = None) -> list[Category]:
    """The fields of the tree, or what is offered under one place of it."""
    if under is not None and not categories.ours(under):
        raise Refused("category.unknown", "under")
    return listing.below(under or "")
