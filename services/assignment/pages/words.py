"""What the desk calls steps, tabs and states."""

from collections.abc import Mapping
from datetime import datetime

from lianxin_schemas.events.cases import Outcome, SumRule

from services.assignment.domain.cases import Phase
from services.assignment.domain.tabs import Tab
from services.web.dates import days_left
from services.web.language import _, noted

OF = {"mine": noted("My cases"), "office": noted("My office's cases"), "all": noted("All cases")}
TABS: Mapping[Tab, str] = {
    Tab.TODAY: noted("To do today"),
    Tab.NEAR: noted("Due soon"),
    Tab.OVERDUE: noted("Overdue"),
    Tab.WAITING: noted("With others"),
    Tab.ALL: noted("All"),
}
"""In the order in which they stand on the page."""
TITLES: Mapping[Tab, str] = {
    Tab.TODAY: noted("To be answered today"),
    Tab.NEAR: noted("To be answered soon"),
    Tab.OVERDUE: noted("The limit has passed"),
    Tab.LATER: noted("There is time"),
    Tab.WAITING: noted("Answered, and the resident has the word"),
    Tab.ENDED: noted("Nothing more is to come"),
    Tab.ALL: noted("Every case"),
}
ACTS = {
    "acceptance": noted("Accept"),
    "decision": noted("Decide"),
    "reply": noted("Reply"),
    "assignment": noted("Hand over"),
    "closing": noted("Close"),
}
"""Steps in the order in which they stand on the page."""
DONE = {
    "acceptance": noted("You have accepted the petition."),
    "decision": noted("You have decided. The reply to the resident comes next."),
    "reply": noted("You have replied. The resident now says whether it was solved."),
    "assignment": noted("You have handed the case over."),
    "closing": noted("You have closed the case."),
}
NEXT: Mapping[Phase, str] = {
    Phase.ASSIGNED: "acceptance",
    Phase.ACCEPTED: "decision",
    Phase.REOPENED: "decision",
    Phase.DECIDED: "reply",
}
"""The step that is owed."""
OUTCOMES: Mapping[Outcome, str] = {
    Outcome.SOLVED: noted("Solved"),
    Outcome.PARTLY: noted("Solved in part"),
    Outcome.EXPLAINED: noted("Cannot be solved now, and why was explained"),
    Outcome.REFUSED: noted("Not supported by the rules"),
}
SUM: Mapping[SumRule, str] = {
    SumRule.STARTING_DAY_NOT_COUNTED: noted("The day itself does not count"),
    SumRule.DAYS_ADDED: noted("%(days)s days from the next day on"),
    SumRule.MOVED_OFF_A_DAY_OFF: noted("The last day is a day off, so it moves to the next working day"),
    SumRule.END_OF_LAST_DAY: noted("The limit ends at 24:00 of"),
}


def tag(phase: Phase, due: datetime, now: datetime, near_days: int) -> tuple[str, str | None]:
    """Kind and words of a case's tag; without words it has those of its kind."""
    match phase:
        case Phase.CLOSED:
            return "done", _("Closed")
        case Phase.WITHDRAWN:
            return "done", _("Taken back")
        case Phase.REPLIED:
            return "waiting", _("With the resident")
    left = days_left(due, now)
    return ("late" if left < 0 else "soon" if left <= near_days else "running"), None
