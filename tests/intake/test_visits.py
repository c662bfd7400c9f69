"""What intake decides of a visit: events given, a command, events or a refusal (V1-V3)."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.petitions import Channel, PetitionRegistered
from lianxin_schemas.events.visits import (
    Promise,
    Purpose,
    VisitCorrected,
    VisitLogged,
    VisitWithdrawn,
    WithdrawalReason,
)
from pydantic import ValidationError

from services.intake.domain import visits
from services.intake.domain.petitions import RaiseNeeds, RegisterPetition, raise_needs, register_petition
from services.intake.domain.visits import CorrectVisit, LogVisit, Phase, State, WithdrawVisit
from services.refused import Refused

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
COMMAND, VISIT = UUID(int=1), UUID(int=2)
GIVEN = {
    "visit": VISIT,
    "cadre": "c-0001",
    "households": ("h-1",),
    "started": NOW - timedelta(hours=2),
    "ended": NOW - timedelta(hours=1),
    "purpose": Purpose.CARE,
}
LOGGED = VisitLogged(**GIVEN)
FESTIVAL = VisitCorrected(**(GIVEN | {"purpose": Purpose.FESTIVAL}))
WITHDRAWN = VisitWithdrawn(visit=VISIT, reason=WithdrawalReason.WRONG_PERSON)
LOG = LogVisit(command=COMMAND, visit=LOGGED)
WITHDRAW = WithdrawVisit(command=COMMAND, reason=WithdrawalReason.WRONG_PERSON)
CORRECT = CorrectVisit(command=COMMAND, visit=FESTIVAL)


def correct(state: State, command: CorrectVisit = CORRECT) -> list[Event]:
    return visits.correct_visit(state, command, NOW, 90)


def withdraw(state: State) -> list[Event]:
    return visits.withdraw_visit(state, WITHDRAW)


def refusal(decide: Callable[[], Any]) -> tuple[str, str | None]:
    with pytest.raises(Refused) as refused:
        decide()
    return refused.value.code, refused.value.field


def test_v1_when_a_visit_is_logged_then_it_is_on_record_as_it_was_said() -> None:
    assert visits.log_visit(LOG, NOW, 90) == [LOGGED]


@pytest.mark.parametrize(
    ("given", "decide", "then"),
    [
        ([LOGGED], correct, [FESTIVAL]),
        ([LOGGED], withdraw, [WITHDRAWN]),
        ([LOGGED, FESTIVAL], withdraw, [WITHDRAWN]),
    ],
)
def test_v3_given_an_entry_when_corrected_or_withdrawn_then_an_event_says_so(
    given: list[Event], decide: Callable[[State], list[Event]], then: list[Event]
) -> None:
    assert decide(visits.fold(given)) == then


@pytest.mark.parametrize("decide", [correct, withdraw])
@pytest.mark.parametrize(("given", "code"), [([], "visit.not-found"), ([LOGGED, WITHDRAWN], "visit.withdrawn")])
def test_v3_given_no_entry_or_a_withdrawn_one_when_changed_then_refused(
    given: list[Event], code: str, decide: Callable[[State], list[Event]]
) -> None:
    assert refusal(lambda: decide(visits.fold(given))) == (code, None)


def test_v3_given_an_entry_when_corrected_to_the_same_then_refused() -> None:
    assert refusal(lambda: correct(visits.fold([LOGGED, FESTIVAL]))) == ("visit.unchanged", None)
    back = CorrectVisit(command=COMMAND, visit=VisitCorrected(**GIVEN))
    assert correct(visits.fold([LOGGED, FESTIVAL]), back) == [VisitCorrected(**GIVEN)]


def test_v3_the_fold_keeps_the_last_entry_and_that_it_was_withdrawn() -> None:
    assert visits.fold([]) == State(Phase.NONE, None)
    assert visits.fold([LOGGED, FESTIVAL]) == State(Phase.LOGGED, FESTIVAL)
    assert visits.fold([LOGGED, FESTIVAL, WITHDRAWN]) == State(Phase.WITHDRAWN, FESTIVAL)


def test_the_fold_knows_no_other_events() -> None:
    petition = PetitionRegistered(petition=VISIT, channel=Channel.WEB, category="03")
    with pytest.raises(AssertionError, match=r"petition\.registered"):
        visits.fold([petition])


SECOND = timedelta(seconds=1)
SKEW, OLDEST = timedelta(minutes=5), timedelta(days=90)
TIMES = [
    (NOW + SKEW, 90, None),
    (NOW + SKEW + SECOND, 90, "time.in-future"),
    (NOW + SKEW + SECOND, None, "time.in-future"),
    (NOW - OLDEST, 90, None),
    (NOW - OLDEST - SECOND, 90, "time.too-old"),
    (NOW - OLDEST - SECOND, None, None),
]


@pytest.mark.parametrize(("moment", "oldest", "code"), TIMES)
@pytest.mark.parametrize("what", ["log", "correct", "register"])
def test_v2_a_time_lies_at_most_five_minutes_ahead_and_not_too_long_ago_but_for_imports(
    what: str, moment: datetime, oldest: int | None, code: str | None
) -> None:
    fields = GIVEN | {"started": moment, "ended": max(moment, NOW)}
    petition = PetitionRegistered(petition=VISIT, channel=Channel.WEB, category="03")
    decide: dict[str, Callable[[], list[Event]]] = {
        "log": lambda: visits.log_visit(LogVisit(command=COMMAND, visit=VisitLogged(**fields)), NOW, oldest),
        "correct": lambda: visits.correct_visit(
            visits.fold([LOGGED]), CorrectVisit(command=COMMAND, visit=VisitCorrected(**fields)), NOW, oldest
        ),
        "register": lambda: register_petition(
            RegisterPetition(command=COMMAND, petition=petition, time=moment), NOW, oldest
        ),
    }
    if code is None:
        assert len(decide[what]()) == 1
    else:
        assert refusal(decide[what]) == (code, "time" if what == "register" else "visit.started")


@pytest.mark.parametrize("kind", [LogVisit, CorrectVisit])
def test_v2_a_visit_that_ends_in_the_future_is_refused(kind: Any) -> None:
    event = VisitLogged if kind is LogVisit else VisitCorrected
    command = kind(command=COMMAND, visit=event(**(GIVEN | {"ended": NOW + timedelta(minutes=6)})))
    decide = (
        (lambda: visits.log_visit(command, NOW, 90))
        if kind is LogVisit
        else (lambda: visits.correct_visit(visits.fold([LOGGED]), command, NOW, 90))
    )
    assert refusal(decide) == ("time.in-future", "visit.ended")


@pytest.mark.parametrize(
    "spoilt",
    [
        {"ended": NOW - timedelta(hours=3)},
        {"households": ()},
        {"households": ("h-1", "h-1")},
        {"started": datetime(2026, 3, 1, 9, 0)},
        {"purpose": "tea"},
        {"note": "words"},
    ],
)
def test_v1_a_visit_that_is_not_sound_cannot_be_said(spoilt: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        VisitLogged(**(GIVEN | spoilt))


@pytest.mark.parametrize("decide", ["log", "correct"])
@pytest.mark.parametrize(
    ("matters", "field"),
    [
        ({"needs": ("03.11", "05.02.01")}, "visit.needs.1"),
        ({"promises": (Promise(matter="05", due=date(2026, 4, 1)),)}, "visit.promises.0.matter"),
    ],
)
def test_C4_what_is_about_officials_stands_beside_no_household(decide: str, matters: Any, field: str) -> None:
    log, anew = (kind(**(GIVEN | matters)) for kind in (VisitLogged, VisitCorrected))
    for oldest in (90, None):

        def ask(oldest: int | None = oldest) -> list[Event]:
            if decide == "log":
                return visits.log_visit(LogVisit(command=COMMAND, visit=log), NOW, oldest)
            return visits.correct_visit(visits.fold([LOGGED]), CorrectVisit(command=COMMAND, visit=anew), NOW, oldest)

        assert refusal(ask) == ("need.about-officials", field)


def test_C4_an_entry_of_before_is_read_taken_back_and_corrected_to_one_without_it() -> None:
    old = visits.fold([VisitLogged(**(GIVEN | {"needs": ("05.02.01", "03.11")}))])
    assert old.visit is not None
    assert withdraw(old) == [WITHDRAWN]
    assert correct(old) == [FESTIVAL]
    need = RaiseNeeds(command=COMMAND, needs=({"category": "05.02.01"},))
    assert refusal(lambda: raise_needs(old, VISIT, need, (), COMMAND)) == (
        "need.about-officials",
        "needs.0.category",
    )
    other = RaiseNeeds(command=COMMAND, needs=({"category": "03.11"},))
    assert [petition.category for petition in raise_needs(old, VISIT, other, (), COMMAND)] == ["03.11"]


@pytest.mark.parametrize("channel", Channel)
@pytest.mark.parametrize("more", [{"category": "05.02"}, {"category": "03.11", "complaint": True}])
def test_C4_no_petition_about_officials_leads_to_the_household_of_a_visit(channel: Channel, more: Any) -> None:
    about = ("c-1",) if "complaint" in more else ()

    def register(**given: Any) -> list[Event]:
        petition = PetitionRegistered(petition=VISIT, channel=channel, **more, **given)
        return register_petition(RegisterPetition(command=COMMAND, petition=petition, about=about), NOW, 90)

    assert refusal(lambda: register(visit=VISIT)) == ("need.about-officials", "petition.visit")
    assert len(register()) == 1 + len(about)
