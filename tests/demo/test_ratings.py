"""What people are asked: counts, marks, and who is asked about whom (G1, G2)."""

from uuid import UUID

import pytest
from lianxin_schemas.events.ratings import MarkGiven, MarkLevel, RatingKind, RoundOpened

from deploy.demo import county, ratings
from deploy.demo.county import County
from deploy.demo.quarter import FIRST_DAY, LAST_DAY, TODAY
from deploy.demo.ratings import Mark, Round
from deploy.demo.size import WHOLE


@pytest.fixture(scope="session")
def zones(made: County) -> tuple[Round, ...]:
    return ratings.of_the_zones(made)


@pytest.fixture(scope="session")
def evaluations(made: County) -> tuple[Round, ...]:
    return ratings.evaluations(made)


@pytest.fixture(scope="session")
def marks(made: County) -> tuple[Mark, ...]:
    return ratings.marks(made)


def test_the_same_seed_gives_the_same_and_another_another(made: County, zones: tuple[Round, ...]) -> None:
    assert ratings.of_the_zones(made) == zones
    assert ratings.of_the_zones(made, 1) != zones
    assert ratings.evaluations(made) == ratings.evaluations(made)
    assert ratings.marks(made) == ratings.marks(made)


def test_G1_five_thousand_answers_about_each_zones_leader(made: County, zones: tuple[Round, ...]) -> None:
    leaders = {led.zone: led.cadre for led in made.leaders if led.holds(LAST_DAY)}
    assert {each.zone: each.cadre for each in zones} == leaders
    assert sum(len(each.answers) for each in zones) == 5_000
    assert all(len(each.answers) <= each.invited == 20 for each in zones)


def test_G2_from_a_few_zones_too_few_answer(zones: tuple[Round, ...]) -> None:
    few = [each for each in zones if len(each.answers) < 5]
    assert 8 <= len(few) <= 20
    assert any(not each.answers for each in few)


def test_every_round_and_mark_is_within_the_contract(
    made: County, zones: tuple[Round, ...], evaluations: tuple[Round, ...], marks: tuple[Mark, ...]
) -> None:
    codes = {region.code for region in made.places.regions if region.level == "township"}
    for each in (*zones, *evaluations):
        RoundOpened(
            round=each.round,
            kind=each.kind,
            cadre=each.cadre,
            zone=each.zone or None,
            region=each.region or None,
            first=FIRST_DAY,
            last=LAST_DAY,
            invited=each.invited,
            closes=TODAY,
        )
        assert sum(each.counts()) == len(each.answers)
        assert set(each.answers) <= set(range(1, 6))
        assert each.region in codes or each.kind is not RatingKind.ZONE
    assert len({each.round for each in (*zones, *evaluations)}) == 348 + 120
    for mark in marks:
        for points in mark.points:
            MarkGiven(
                mark=UUID(int=1), level=mark.level, cadre=mark.cadre, first=FIRST_DAY, last=LAST_DAY, points=points
            )


def test_G1_an_evaluation_has_both_forms_of_which_the_reverse_one_is_the_lower(
    evaluations: tuple[Round, ...],
) -> None:
    forms = {(each.cadre, each.kind): sum(each.answers) / len(each.answers) for each in evaluations}
    cadres = {cadre for cadre, _ in forms}
    assert len(forms) == 2 * len(cadres) == 120
    lower = sum(forms[cadre, RatingKind.REVERSE] < forms[cadre, RatingKind.EVALUATION] for cadre in cadres)
    assert lower > 50


def test_G1_marks_from_above_some_given_anew(made: County, marks: tuple[Mark, ...]) -> None:
    assert [sum(mark.level is level for mark in marks) for level in MarkLevel] == [400, 40]
    assert len({(mark.level, mark.cadre) for mark in marks}) == 440
    assert 5 < sum(len(mark.points) == 2 for mark in marks) < 50
    assert all(len(set(mark.points)) == len(mark.points) or mark.points[0] == 100 for mark in marks)
    assert {mark.cadre for mark in marks} <= {cadre.cadre for cadre in made.cadres} - made.leaving.keys()


def test_a_part_has_them_too() -> None:
    size = WHOLE.part(0.02)
    part = county.make(size=size)
    assert sum(len(each.answers) for each in ratings.of_the_zones(part, answers=size.answers)) == size.answers
    assert len(ratings.evaluations(part, size=size)) == 2 * size.evaluated
    assert len(ratings.marks(part, size=size)) == size.marked + size.marked_above
