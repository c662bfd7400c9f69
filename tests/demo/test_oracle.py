"""The figures that must come out: by hand where a rule shows, and what must hold of them all (A4, C8, C9, Z2, Z8)."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from lianxin_schemas.events.petitions import Satisfaction, Solved
from lianxin_schemas.events.ratings import MarkLevel, RatingKind

from deploy.demo import oracle
from deploy.demo.commands import Command
from deploy.demo.county import County
from deploy.demo.lives import Act, Done, Life
from deploy.demo.oracle import Answering, Figures, Oracle
from deploy.demo.quarter import FIRST_DAY, LAST_DAY, SHANGHAI, day_of
from deploy.demo.ratings import Mark, Round
from deploy.demo.real import Rate, due
from deploy.demo.visits import Sendings

MORNING = datetime(2026, 7, 1, 9, tzinfo=SHANGHAI)
LIMIT = due(MORNING)
NO, YES = Solved.NOT_SOLVED, Solved.SOLVED
NOTHING = Sendings((), (), (), ())


def life(*acts: Done, zone: str = "t1-v1", about: tuple[str, ...] = ()) -> Life:
    return Life("p", "web", "01.01.01", zone, MORNING, acts, about)


def reply(moment: datetime) -> Done:
    return Done(Act.REPLY, moment)


def said(moment: datetime, solved: Solved, satisfied: Satisfaction | None = None) -> Done:
    return Done(Act.VERDICT, moment, solved=solved, satisfied=satisfied)


def counted(made: County, *petitions: Life) -> Figures:
    return oracle.compute(made, NOTHING, petitions).county


DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
SOON = MORNING + 5 * DAY
REOPENED = [reply(SOON), said(SOON + DAY, NO)]
AGAIN = due(SOON + DAY)


@pytest.mark.parametrize(
    ("acts", "kept"),
    [
        ([], False),
        ([reply(LIMIT - SECOND)], True),
        ([reply(LIMIT)], False),
        (REOPENED, False),
        ([*REOPENED, reply(AGAIN - SECOND)], True),
        ([*REOPENED, reply(AGAIN)], False),
        ([*REOPENED, reply(AGAIN - SECOND), said(AGAIN + DAY, NO)], True),
        ([reply(LIMIT), said(LIMIT + DAY, NO), reply(LIMIT + 2 * DAY)], False),
        ([reply(SOON), said(SOON + DAY, Solved.PARTLY)], True),
    ],
    ids=[
        "open",
        "in time",
        "late",
        "open again",
        "answered again in time",
        "answered again late",
        "a second no ends it",
        "a first answer that was late stays late",
        "partly ends it",
    ],
)
def test_C9_in_time_is_every_answer_before_its_limit(made: County, acts: list[Done], kept: bool) -> None:
    assert counted(made, life(*acts)).in_time == Rate(int(kept), 1)


def test_C9_the_last_word_counts_over_every_petition(made: County) -> None:
    first, second = said(SOON + DAY, NO), said(SOON + 9 * DAY, YES, Satisfaction.SATISFIED)
    heard = life(reply(SOON), first, reply(SOON + 2 * DAY), second)
    partly = life(reply(SOON), said(SOON + DAY, Solved.PARTLY, Satisfaction.VERY_SATISFIED))
    found = counted(made, heard, partly, life(reply(SOON)), life())
    assert (found.solved, found.satisfied) == (Rate(1, 4), Rate(2, 4))


def test_C4_what_is_taken_back_in_time_is_out_and_after_the_decision_it_is_not(made: County) -> None:
    back, decided = Done(Act.WITHDRAW, SOON), Done(Act.DECIDE, SOON - DAY)
    assert counted(made, life(back)).in_time == Rate()
    assert counted(made, life(decided, back, reply(SOON + DAY))).in_time == Rate(1, 1)
    assert counted(made, life(Done(Act.WITHDRAW, LIMIT))).in_time == Rate(0, 1)


def test_A4_credit_goes_to_whoever_led_the_zone_that_day_or_to_whom_it_was_handed_on(made: County) -> None:
    first, second = sorted((led for led in made.leaders if led.zone == changed(made)), key=lambda led: led.since)
    assert first.until is not None
    on = datetime.combine(first.until, MORNING.timetz())
    early = replace(life(zone=first.zone), registered=on)
    assert oracle.credited(made, early) == first.cadre
    assert oracle.credited(made, replace(early, registered=on + DAY)) == second.cadre
    assert oracle.credited(made, replace(early, acts=(Done(Act.HAND_ON, on, cadre="c-0001"),))) == "c-0001"


def changed(made: County) -> str:
    """A zone whose leader changed."""
    return next(led.zone for led in made.leaders if led.until is not None)


def test_A4_complaints_and_what_has_no_zone_are_credited_to_no_cadre(made: County) -> None:
    assert oracle.credited(made, life()) != ""
    assert oracle.credited(made, life(about=("c-0001",))) == ""
    assert oracle.credited(made, replace(life(), category="05.02.01")) == ""
    assert oracle.credited(made, life(zone="")) == ""


def test_Z8_a_visit_counts_on_the_days_of_whoever_made_it(made: County) -> None:
    ended = next(pairing for pairing in made.pairings if pairing.until is not None)
    assert ended.until is not None
    answering = Answering(made)
    assert ended.cadre in answering.of(ended.household, ended.until)
    assert ended.cadre not in answering.of(ended.household, ended.until + DAY)


def test_Z2_without_a_pairing_the_leader_of_the_zone_answers(made: County) -> None:
    alone = next(iter(made.households.keys() - {pairing.household for pairing in made.pairings}))
    answering = Answering(made)
    led = {each.cadre for each in made.leaders if each.zone == answering.zone(alone) and each.holds(LAST_DAY)}
    assert answering.of(alone, LAST_DAY) == led
    assert len(led) == 1


def test_a_visit_counts_for_the_household_whose_cadre_made_it_and_only_once(made: County) -> None:
    pairing = next(each for each in made.pairings if each.until is None and each.since < FIRST_DAY)

    def entry(number: int, cadre: str) -> Command:
        visit = {
            "visit": f"v{number}",
            "cadre": cadre,
            "households": [pairing.household],
            "started": "2026-09-30T15:59:59Z",
        }
        return Command("/visits", {"command": f"x{number}", "visit": visit})

    stranger = next(each.cadre for each in made.cadres if not each.village and each.cadre != pairing.cadre)
    sent = Sendings((entry(1, pairing.cadre), entry(2, pairing.cadre), entry(3, stranger)), (), (), ())
    found = oracle.compute(made, sent, ())
    assert found.county.coverage == Rate(1, 34_000)
    assert found.cadres[pairing.cadre].coverage.numerator == 1
    assert found.cadres[stranger].coverage.numerator == 0
    withdrawal = Command("/visits/v1/withdrawal", {"command": "w1"})
    also = Command("/visits/v2/withdrawal", {"command": "w2"})
    assert oracle.compute(made, replace(sent, changes=(withdrawal, also)), ()).county.coverage == Rate(0, 34_000)


def test_no_figure_is_more_than_its_base(expected: Oracle) -> None:
    for figures in (*expected.cadres.values(), *expected.zones.values(), expected.county):
        for rate in (figures.coverage, figures.in_time, figures.solved, figures.satisfied):
            assert 0 <= rate.numerator <= rate.denominator
        assert figures.solved.numerator <= figures.answered <= figures.in_time.denominator
        assert figures.satisfied.numerator <= figures.rated <= figures.answered


def test_zones_make_up_the_county(made: County, expected: Oracle, petitions: tuple[Life, ...]) -> None:
    """Households wholly; petitions but for those that belong to no zone."""
    every = sum((figures.coverage for figures in expected.zones.values()), Rate())
    assert every == expected.county.coverage
    inside = [each for each in petitions if FIRST_DAY <= day_of(each.registered) <= LAST_DAY]
    out = sum(map(oracle.withdrawn, inside))
    assert expected.county.in_time.denominator == len(inside) - out
    placed = sum(bool(each.zone) and not oracle.withdrawn(each) for each in inside)
    assert sum(figures.in_time.denominator for figures in expected.zones.values()) == placed


def test_A3_some_have_enough_to_show_and_some_have_not(expected: Oracle) -> None:
    def enough(those: Mapping[str, Figures], which: str, minimum: int = 5) -> int:
        return sum(getattr(figures, which).denominator >= minimum for figures in those.values())

    assert 1_500 < enough(expected.cadres, "coverage") < 2_205
    assert enough(expected.zones, "coverage") == 348
    assert 150 < enough(expected.zones, "in_time") < 340
    assert enough(expected.cadres, "in_time", 1) > 300


def test_G2_sums_leave_from_five_answers_up_as_points(made: County) -> None:
    few = Round("r1", RatingKind.ZONE, "c-0001", 20, (5, 5, 5, 5), zone="t1")
    rounds = [
        few,
        replace(few, answers=(1, 2, 3, 4, 5), zone="t2"),
        replace(few, kind=RatingKind.REVERSE, answers=(1,) * 5, zone=""),
    ]
    found = oracle.compute(made, NOTHING, (), rounds)
    assert found.cadres["c-0001"].given == {RatingKind.ZONE: Rate(10, 5), RatingKind.REVERSE: Rate(0, 5)}
    assert found.zones["t2"].given == {RatingKind.ZONE: Rate(10, 5)}
    assert found.zones["t1"].given == {}


def test_G1_the_last_mark_of_a_level_holds(made: County) -> None:
    marks = [Mark(MarkLevel.COUNTY, "c-0001", (70, 75)), Mark(MarkLevel.PROVINCE, "c-0001", (80,))]
    found = oracle.compute(made, NOTHING, (), marks=marks).cadres["c-0001"]
    assert found.given == {MarkLevel.COUNTY: Rate(75, 1), MarkLevel.PROVINCE: Rate(80, 1)}


def test_C8_whoever_says_nothing_of_being_content_has_answered_but_not_rated(made: County) -> None:
    found = counted(made, life(reply(SOON), said(SOON + DAY, YES)), life(reply(SOON)))
    assert (found.answered, found.rated) == (1, 0)
