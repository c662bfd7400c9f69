"""What has happened to a case, and what comes next, in words: the office's steps and the resident's (pages I)."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import (
    CaseAccepted,
    CaseAssigned,
    CaseClosed,
    CaseDecided,
    CaseLimitSet,
    CaseOpened,
    CaseReopened,
    CaseReplied,
    CaseWithdrawn,
    Closing,
)
from markupsafe import Markup

from services.assignment.domain.cases import ENDED, Phase
from services.assignment.pages.words import OUTCOMES
from services.assignment.queries.cases import Found
from services.assignment.queries.naming import Called
from services.assignment.store.cases import Kept
from services.web.dates import before, moment
from services.web.language import _, noted

LATER = timedelta(hours=1)
"""A step that was recorded so much later than it was done says so (C3b)."""
NOW: Mapping[Phase, str] = {
    Phase.ASSIGNED: noted("Waits to be accepted"),
    Phase.ACCEPTED: noted("Waits to be decided"),
    Phase.REOPENED: noted("Waits to be decided once more"),
    Phase.DECIDED: noted("Waits for the reply to the resident"),
    Phase.REPLIED: noted("The resident says whether it was solved"),
}

Item = dict[str, Any]


def items(found: Found, names: Called) -> list[Item]:
    """The events of a case for the macro `timeline`."""
    done = [_item(kept, names) for kept in found.events]
    case = found.case
    if case.phase in ENDED:
        return done
    if case.phase is Phase.REPLIED:
        return [*done, {"state": "now", "who": "resident", "text": _(NOW[case.phase])}]
    assert case.limit
    now = {"state": "now", "who": "office", "text": _(NOW[case.phase])}
    return [*done, now, {"state": "next", "who": "office", "at": before(case.limit.due), "text": _("Reply by")}]


def _item(kept: Kept, names: Called) -> Item:
    who, text = _told(kept.event, names)
    item: Item = {"state": "done", "who": who, "text": text, "at": moment(kept.time)}
    if kept.recordedtime - kept.time > LATER and not isinstance(kept.event, CaseOpened | CaseAssigned | CaseLimitSet):
        item["more"] = Markup('<span class="small">{} {}</span>').format(_("Entered"), moment(kept.recordedtime))
    return item


def _told(event: Event, names: Called) -> tuple[str, Any]:  # noqa: PLR0911 - one return per event reads best
    match event:
        case CaseOpened():
            return "resident", _("The petition was registered")
        case CaseAssigned():
            return "office", _("Given to %(who)s", who=names.credit(event.credit))
        case CaseLimitSet():
            return "office", Markup("{} {}").format(_("To be answered"), before(event.due))
        case CaseAccepted():
            return "office", _("Accepted by %(who)s", who=names.credit(event.credit))
        case CaseDecided():
            return "office", _("Decided: %(outcome)s", outcome=_(OUTCOMES[event.outcome]))
        case CaseReplied(said=None):
            return "office", _("Replied, without words kept here")
        case CaseReplied():
            return "office", _("Replied in words")
        case CaseReopened():
            return "resident", _("The resident said it was not solved; the case was opened once more")
        case CaseClosed(because=Closing.VERDICT):
            return "resident", _("Closed after the resident's word")
        case CaseClosed():
            return "office", _("Closed; the resident was asked and said nothing")
        case CaseWithdrawn():
            return "resident", _("The resident took the petition back")
        case _:
            raise AssertionError(f"{event.type()} is no event of a case")
