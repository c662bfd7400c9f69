"""One's own notices in the pages (N2)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from lianxin_schemas.events.notices import NoticeReason
from pydantic import BaseModel

from services.notify.store import notices
from services.notify.store.notices import Reader, Shown
from services.refused import Refused
from services.web.after import After
from services.web.documented import leads_to
from services.web.principals import Allow, Principal, Role

router = APIRouter(tags=["notices"])

Told = Annotated[Principal, Depends(Allow(Role.CADRE, Role.OFFICE))]


ON = leads_to("put /notices/{notice}/read", notice="$response.body#/notices/0/notice")


class NoticeView(BaseModel):
    """A notice: why, about which petition, when that happened, and when it was marked as read."""

    notice: UUID
    reason: NoticeReason
    petition: UUID
    happened: datetime
    read: datetime | None


class NoticesView(BaseModel):
    """One's notices, newest first. `next` goes into `before` for those further down; None at the end."""

    total: int
    unread: int
    notices: tuple[NoticeView, ...]
    next: int | None


@router.get("/notices.json", responses={200: ON})
async def mine(
    principal: Told,
    request: Request,
    unread: bool = False,
    before: Annotated[int | None, Query(ge=1, le=2**53)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    after: After = None,
) -> NoticesView:
    """The notices of the cadre who asks, and of the office whose staff asks. There are no others to see."""
    await request.app.state.arrivals.wait(after)
    own = reader(principal)
    async with request.app.state.pool.connection() as connection:
        total, unread_ones = await notices.counts(connection, own)
        found = await notices.shown(connection, own, unread=unread, before=before, limit=limit + 1)
    page = found[:limit]
    return NoticesView(
        total=total,
        unread=unread_ones,
        notices=tuple(_view(one) for one in page),
        next=page[-1].position if len(found) > limit else None,
    )


@router.put("/notices/{notice}/read")
async def read(notice: UUID, principal: Told, request: Request) -> NoticeView:
    """Marks a notice of one's own as read; again changes nothing. An office's notice is read for all of its staff."""
    async with request.app.state.pool.connection() as connection:
        found = await notices.mark_read(connection, notice, reader(principal))
    if found is None:
        raise Refused("notice.not-found")
    return _view(found)


def reader(principal: Principal) -> Reader:
    """As whom a principal sees notices."""
    return Reader(
        cadre=principal.id if principal.has(Role.CADRE) else None,
        office=principal.office if principal.has(Role.OFFICE) else None,
    )


def _view(shown: Shown) -> NoticeView:
    return NoticeView.model_validate(vars(shown))
