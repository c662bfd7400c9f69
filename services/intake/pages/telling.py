"""What a petition's page says: the state as a sentence, the sum of the limit, the story so far (C3, A-11)."""

from datetime import datetime
from typing import Any

from lianxin_schemas.events.cases import Outcome, SumRule, SumStep
from lianxin_schemas.events.petitions import Satisfaction, Solved
from markupsafe import Markup

from services.intake.domain.cases import Phase
from services.intake.following import Followed
from services.web.dates import LOCAL, day, last_day, moment
from services.web.language import _, ngettext, noted

STATES = {
    Phase.REGISTERED: noted("We have your petition; it is being assigned"),
    Phase.ASSIGNED: noted("Your petition has been assigned"),
    Phase.ACCEPTED: noted("Your petition is being handled"),
    Phase.DECIDED: noted("It is decided; the answer is being written"),
    Phase.REPLIED: noted("You have been answered"),
    Phase.REOPENED: noted("You said it is not solved; it is handled once more"),
    Phase.CLOSED: noted("This petition is closed"),
    Phase.WITHDRAWN: noted("This petition is withdrawn"),
}
REACHED = {
    Phase.ASSIGNED: noted("Assigned to an office"),
    Phase.ACCEPTED: noted("The office took it up"),
    Phase.DECIDED: noted("The office decided"),
    Phase.REPLIED: noted("The office answered you"),
    Phase.REOPENED: noted("Not solved, so it was opened once more"),
    Phase.CLOSED: noted("Closed"),
    Phase.WITHDRAWN: noted("Withdrawn"),
}
COMING = {
    Phase.REGISTERED: noted("An office is assigned"),
    Phase.ASSIGNED: noted("The office takes it up"),
    Phase.ACCEPTED: noted("The office answers you"),
    Phase.DECIDED: noted("The office answers you"),
    Phase.REPLIED: noted("You say whether it is solved"),
    Phase.REOPENED: noted("The office answers you again"),
}
ENDED = (Phase.CLOSED, Phase.WITHDRAWN)
OUTCOMES = {
    Outcome.SOLVED: noted("Solved"),
    Outcome.PARTLY: noted("Partly solved"),
    Outcome.EXPLAINED: noted("Cannot be solved; explained why"),
    Outcome.REFUSED: noted("Not taken up; explained why"),
}
SOLVED = {
    Solved.SOLVED: noted("Solved"),
    Solved.PARTLY: noted("Partly solved"),
    Solved.NOT_SOLVED: noted("Not solved"),
}
SATISFIED = {
    Satisfaction.VERY_SATISFIED: noted("Very satisfied"),
    Satisfaction.SATISFIED: noted("Satisfied"),
    Satisfaction.NEUTRAL: noted("Neither nor"),
    Satisfaction.DISSATISFIED: noted("Dissatisfied"),
    Satisfaction.VERY_DISSATISFIED: noted("Very dissatisfied"),
}


def sum_lines(because: tuple[SumStep, ...]) -> list[tuple[str, Markup]]:
    """How a limit came about, line by line: what was done, and the day it led to (C3a)."""
    return [(_sum_line(step), day(step.reached)) for step in because]


def _sum_line(step: SumStep) -> str:
    match step.rule:
        case SumRule.STARTING_DAY_NOT_COUNTED:
            return _("The day it begins on does not count")
        case SumRule.DAYS_ADDED:
            return ngettext("%(num)s day from the next day on", "%(num)s days from the next day on", step.days)
        case SumRule.MOVED_OFF_A_DAY_OFF:
            return ngettext(
                "A day off; the next working day is %(num)s day on",
                "A day off; the next working day is %(num)s days on",
                step.days,
            )
        case SumRule.END_OF_LAST_DAY:
            return _("It ends at 24:00 of that day")


def answered(seen: Followed) -> str | None:
    """Whether the answer came in time, for the clock; None while it runs."""
    if seen.limit is None or seen.reply is None or seen.phase is Phase.REOPENED:
        return None
    late = (seen.reply.time.astimezone(LOCAL).date() - last_day(seen.limit.due)).days
    if seen.reply.time < seen.limit.due:
        return _("Answered in time")
    return ngettext("Answered %(num)s day late", "Answered %(num)s days late", max(late, 1))


def verdict(seen: Followed) -> str:
    """What the resident said, in words."""
    if seen.verdict is None:
        return _("Nothing yet")
    said = [_(SOLVED[seen.verdict.solved])]
    if seen.verdict.satisfied:
        said.append(_(SATISFIED[seen.verdict.satisfied]))
    return " · ".join(said)


def story(seen: Followed) -> list[dict[str, Any]]:
    """What has been, what is, and what comes next, for the timeline."""
    told: list[tuple[datetime, str, str]] = []
    for step in seen.steps:
        theirs = step.phase in (Phase.REOPENED, Phase.WITHDRAWN)
        told.append((step.time, "resident" if theirs else "office", _(REACHED[step.phase])))
    if seen.verdict:
        told.append((seen.verdict.time, "resident", _("You said: %(what)s", what=verdict(seen))))
    first = (seen.registered, "resident", _("You raised it"))  # whatever another clock says
    items: list[dict[str, Any]] = [
        {"state": "done", "who": who, "at": moment(time), "text": text}
        for time, who, text in (first, *sorted(told, key=_when))
    ]
    if seen.phase not in ENDED:
        items[-1]["state"] = "now"
        coming = COMING[seen.phase]
        who = "resident" if seen.phase is Phase.REPLIED else "office"
        if not (seen.phase is Phase.REPLIED and seen.verdict and seen.verdict.time >= seen.steps[-1].time):
            items.append({"state": "next", "who": who, "text": _(coming)})
    return items


def _when(item: tuple[datetime, str, str]) -> datetime:
    return item[0]
