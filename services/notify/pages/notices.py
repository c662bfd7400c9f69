"""One's own notices as a page: newest first, each a sentence that leads to the case (N2)."""

from typing import Annotated
from uuid import UUID

from fastapi import Query, Request, Response
from lianxin_schemas.events.notices import NoticeReason

from services.notify.api.notices import Told, reader
from services.notify.store import notices
from services.refused import Refused
from services.web import pages
from services.web.language import noted
from services.web.pages import page, see_other

router = pages.router(prefix="/notices")

MANY = 20
"""Notices on a page."""
From = Annotated[int, Query(alias="from", ge=1, le=10**9)]
"""Which notice a page begins with, the newest being 1."""

TO_CADRE = {NoticeReason.CASE_ASSIGNED: noted("A petition was given to you at %(moment)s")}
TO_OFFICE = {NoticeReason.CASE_ASSIGNED: noted("A petition was given to your office at %(moment)s")}


@router.get("")
async def mine(principal: Told, request: Request, first: From = 1) -> Response:
    """The notices of the cadre who looks, and of the office whose staff looks."""
    mine = reader(principal)
    async with request.app.state.pool.connection() as connection:
        total, unread = await notices.counts(connection, mine)
        found = await notices.shown(connection, mine, limit=MANY, skip=first - 1)
    if not found and first > 1:
        return see_other("/notices")
    sentences = [(TO_OFFICE if one.office else TO_CADRE)[one.reason] for one in found]
    return page(
        request,
        "notices.html",
        notices=list(zip(found, sentences, strict=True)),
        total=total,
        unread=unread,
        first=first,
        before=_at(max(1, first - MANY)) if first > 1 else "",
        after=_at(first + MANY) if first + MANY <= total else "",
    )


@router.post("/{notice}/read")
async def read(notice: UUID, principal: Told, request: Request, first: From = 1) -> Response:
    """Marks a notice of one's own as read, and shows the same part of the list."""
    async with request.app.state.pool.connection() as connection:
        found = await notices.mark_read(connection, notice, reader(principal))
    if found is None:
        raise Refused("notice.not-found")
    return see_other(_at(first))


def _at(first: int) -> str:
    return f"/notices?from={first}" if first > 1 else "/notices"
