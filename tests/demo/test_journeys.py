"""Petitions as they are sent: within the services' own commands, the real ones at their real times."""

from collections import Counter
from datetime import datetime
from itertools import pairwise
from uuid import UUID

from pydantic import BaseModel

from deploy.demo import journeys, real
from deploy.demo.county import County
from deploy.demo.journeys import Journey
from deploy.demo.lives import Life
from services.assignment.domain.cases import AcceptCase, AssignCase, CloseCase, DecideCase, ReplyCase
from services.intake.domain.following import EnterVerdict, EnterWithdrawal
from services.intake.domain.petitions import RegisterPetition, need_id

STEPS: dict[str, type[BaseModel]] = {
    "verdict": EnterVerdict,
    "withdrawal": EnterWithdrawal,
    "closing": CloseCase,
    "assignment": AssignCase,
    "acceptance": AcceptCase,
    "decision": DecideCase,
    "reply": ReplyCase,
}


def moment(body: dict[str, str]) -> datetime:
    return datetime.fromisoformat(body["time"])


def test_the_same_seed_gives_the_same(
    made: County, petitions: tuple[Life, ...], real_journeys: list[Journey], made_up_journeys: list[Journey]
) -> None:
    assert journeys.of_the_file() == real_journeys
    assert journeys.of_the_quarter(petitions, made) == made_up_journeys


def test_every_petition_is_within_the_contract(real_journeys: list[Journey], made_up_journeys: list[Journey]) -> None:
    for journey in (*real_journeys, *made_up_journeys):
        RegisterPetition.model_validate(journey.registration.body)
        for step in journey.steps:
            STEPS[step.path.rsplit("/", 1)[1]].model_validate(step.body)
        moments = [moment(each.body) for each in (journey.registration, *journey.steps)]
        assert all(before <= after for before, after in pairwise(moments))


def test_no_two_commands_have_one_id(real_journeys: list[Journey], made_up_journeys: list[Journey]) -> None:
    ids = Counter(
        each.id for journey in (*real_journeys, *made_up_journeys) for each in (journey.registration, *journey.steps)
    )
    assert set(ids.values()) == {1}


def test_real_petitions_keep_their_times(real_journeys: list[Journey]) -> None:
    times = {str(each.petition): (each.registered, each.replied) for each in real.petitions()}
    assert len(real_journeys) == len(times)
    for journey in real_journeys:
        moments = [moment(each.body) for each in (journey.registration, *journey.steps)]
        assert (moments[0], moments[-1]) == times[journey.registration.body["petition"]["petition"]]
        assert len(moments) == 4


def test_one_in_twenty_is_sent_twice(real_journeys: list[Journey]) -> None:
    twice = sum(journey.registration.id in journey.twice for journey in real_journeys)
    assert 0.03 < twice / len(real_journeys) < 0.07


def test_C8_V4_what_was_lived_is_sent(petitions: tuple[Life, ...], made_up_journeys: list[Journey]) -> None:
    by_id = {each.registration.body["petition"]["petition"]: each for each in made_up_journeys}
    for life in petitions:
        journey = by_id[life.petition]
        assert [step.path.rsplit("/", 1)[1] for step in journey.steps] == [
            journeys.STEPS[done.act] for done in life.acts
        ]
        facts = journey.registration.body["petition"]
        assert facts.get("visit", "") == life.visit
        assert (facts.get("complaint", False), tuple(journey.registration.body.get("about", ()))) == (
            bool(life.about),
            life.about,
        )
    heard = [life for life in petitions if life.visit]
    assert heard
    for life in heard:
        assert life.petition == str(need_id(UUID(life.visit), life.category, 0))


def test_the_services_have_their_turns_in_the_order_of_the_steps(made_up_journeys: list[Journey]) -> None:
    for journey in made_up_journeys:
        for turn, steps in enumerate(journey.turns):
            assert {step.service for step in steps} <= {journeys.SERVICES[turn % 2]}
        sent = [step for steps in journey.turns for step in steps]
        assert list(dict.fromkeys(step.id for step in sent)) == [step.id for step in journey.steps]
        again = Counter(step.id for step in sent)
        assert all(again[step.id] == 1 + (step.id in journey.twice) for step in journey.steps)
    assert max(len(journey.turns) for journey in made_up_journeys) >= 4
