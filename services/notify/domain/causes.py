"""Who is told when something has happened (N1): a cause in, at most one notice out."""

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID, uuid5

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import CaseAccepted, CaseAssigned, CaseEvent, CaseLimitSet, CaseOpened, CaseReplied
from lianxin_schemas.events.notices import NoticeChannel, NoticeEvent, NoticeRaised, NoticeReason, NoticeSent
from lianxin_schemas.events.petitions import PetitionRegistered
from lianxin_schemas.ids import PersonId

KINDS: tuple[type[Event], ...] = (
    PetitionRegistered,
    CaseOpened,
    CaseLimitSet,
    CaseAssigned,
    CaseAccepted,
    CaseReplied,
)
"""What is listened to; anything else is nobody's notice."""


@dataclass(frozen=True)
class Contact:
    """What a case has told so far: whom to tell, nobody where the resident left no way; and the limit in force."""

    resident: PersonId | None = None
    due: datetime | None = None


def learn(contact: Contact | None, event: CaseEvent) -> Contact | None:
    """The contact after one more event of the case; None while the case was not opened."""
    match event:
        case CaseOpened():
            return replace(contact or Contact(), resident=event.resident)
        case CaseLimitSet() if contact:
            return replace(contact, due=event.due)
        case _:
            return contact


def notices(event: Event, cause: UUID, contact: Contact | None) -> list[NoticeEvent]:
    """What follows from an event whose id is `cause`: a notice, and that it is in the pages where it has been shown so.

    The same cause gives the same notice, whatever else has happened.
    """
    match event:
        case PetitionRegistered(resident=str(resident)):
            raised = _to_resident(NoticeReason.PETITION_REGISTERED, event.petition, cause, resident)
        case CaseAccepted() if contact and contact.resident:
            raised = _to_resident(NoticeReason.PETITION_ACCEPTED, event.petition, cause, contact.resident)
        case CaseReplied() if contact and contact.resident:
            raised = _to_resident(NoticeReason.PETITION_REPLIED, event.petition, cause, contact.resident)
        case CaseAssigned():
            raised = _assigned(event, cause)
        case _:
            return []
    if NoticeChannel.PAGE in channels(raised):
        return [raised, NoticeSent(notice=raised.notice, channel=NoticeChannel.PAGE)]
    return [raised]


def channels(raised: NoticeRaised) -> tuple[NoticeChannel, ...]:
    """How the recipient is told (N2): residents have no account, and an office no mail address of its own."""
    if raised.resident:
        return (NoticeChannel.MAIL,)
    if raised.cadre:
        return (NoticeChannel.PAGE, NoticeChannel.MAIL)
    return (NoticeChannel.PAGE,)


def _to_resident(reason: NoticeReason, petition: UUID, cause: UUID, resident: PersonId) -> NoticeRaised:
    id_ = _id(cause, reason, f"resident-{resident}")
    return NoticeRaised(notice=id_, reason=reason, petition=petition, cause=cause, resident=resident)


def _assigned(event: CaseAssigned, cause: UUID) -> NoticeRaised:
    """To the cadre, or to the office where no cadre answers."""
    reason, cadre = NoticeReason.CASE_ASSIGNED, event.credit.cadre
    if cadre:
        id_ = _id(cause, reason, f"cadre-{cadre}")
        return NoticeRaised(notice=id_, reason=reason, petition=event.petition, cause=cause, cadre=cadre)
    office = event.credit.office
    id_ = _id(cause, reason, f"office-{office}")
    return NoticeRaised(notice=id_, reason=reason, petition=event.petition, cause=cause, office=office)


def _id(cause: UUID, reason: NoticeReason, recipient: str) -> UUID:
    """The notice's id follows from cause, reason and recipient: a repeat meets itself (N3)."""
    return uuid5(cause, f"{reason}/{recipient}")
