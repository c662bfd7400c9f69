"""Who was told what, once (N1, N3), published by notify. Neither words nor addresses."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from lianxin_schemas.events.base import Event
from lianxin_schemas.ids import CadreId, OfficeId, PersonId, Uuid


class NoticeReason(StrEnum):
    """Why somebody is told (N1)."""

    PETITION_REGISTERED = "petition-registered"
    PETITION_ACCEPTED = "petition-accepted"
    PETITION_REPLIED = "petition-replied"
    CASE_ASSIGNED = "case-assigned"


class NoticeChannel(StrEnum):
    """How somebody is told (N2)."""

    PAGE = "page"
    MAIL = "mail"


class Problem(StrEnum):
    """Why a notice could not be sent this time."""

    SERVER_AWAY = "server-away"
    REFUSED_FOR_NOW = "refused-for-now"
    REFUSED = "refused"
    NO_ADDRESS = "no-address"
    VAULT_AWAY = "vault-away"


class NoticeEvent(Event):
    """An event of one notice."""

    notice: Uuid

    @property
    def stream(self) -> str:
        return f"notice-{self.notice}"


class NoticeRaised(NoticeEvent):
    """Somebody has to be told: a resident, a cadre, or an office where no cadre answers."""

    name = "notice.raised"
    reason: NoticeReason
    petition: Uuid
    cause: Uuid
    """The event that it is about."""
    resident: PersonId | None = None
    cadre: CadreId | None = None
    office: OfficeId | None = None


class NoticeSent(NoticeEvent):
    """It has left by a channel."""

    name = "notice.sent"
    channel: NoticeChannel


class NoticeFailed(NoticeEvent):
    """A channel did not take it this time; it is tried again."""

    name = "notice.failed"
    channel: NoticeChannel
    attempt: Annotated[int, Field(ge=1, le=100)]
    problem: Problem


class NoticeGivenUp(NoticeEvent):
    """A channel is not tried any more (N3)."""

    name = "notice.given_up"
    channel: NoticeChannel
    attempts: Annotated[int, Field(ge=1, le=100)]
    problem: Problem
