"""A notice on one channel at every point of its life, for the table in the README (`services/states.py`)."""

from collections.abc import Callable, Sequence
from uuid import UUID

from lianxin_schemas.events.notices import (
    NoticeChannel,
    NoticeEvent,
    NoticeFailed,
    NoticeGivenUp,
    NoticeRaised,
    NoticeReason,
    NoticeSent,
    Problem,
)

from services.notify.domain.notices import EndTry, Notice, end_try, fold
from services.states import Table

ID = UUID(int=1)
MAIL = NoticeChannel.MAIL
RAISED = NoticeRaised(notice=ID, reason=NoticeReason.PETITION_REPLIED, petition=ID, cause=ID, resident="p-1")
FAILED = NoticeFailed(notice=ID, channel=MAIL, attempt=1, problem=Problem.SERVER_AWAY)
GIVEN_UP = NoticeGivenUp(notice=ID, channel=MAIL, attempts=1, problem=Problem.NO_ADDRESS)
RETRIES = (60.0,)
"""One further try: enough to see both ends."""


def _ends(problem: Problem | None) -> Callable[[Notice], Sequence[NoticeEvent]]:
    """The next try ends like this."""
    return lambda notice: [end_try(notice, EndTry(ID, MAIL, notice.on(MAIL).tries + 1, problem), RETRIES)[0]]


TABLES = (
    Table(
        name="a notice by mail",
        acts={
            "a try went well": _ends(None),
            "server or vault away, or not now": _ends(Problem.SERVER_AWAY),
            "refused": _ends(Problem.REFUSED),
            "no address": _ends(Problem.NO_ADDRESS),
        },
        states={
            "waiting": fold([RAISED]),
            "failed, one try left": fold([RAISED, FAILED]),
            "sent": fold([RAISED, NoticeSent(notice=ID, channel=MAIL)]),
            "given up": fold([RAISED, GIVEN_UP]),
        },
    ),
)
