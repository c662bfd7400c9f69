"""The made-up data: the same for a seed, and within the contract."""

from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from lianxin_schemas.events.visits import VisitCorrected, VisitLogged, WithdrawalReason
from pydantic import ValidationError

from deploy.demo import figures, petitions, real, register, township, visits
from deploy.demo.commands import ACCEPTED
from deploy.demo.petitions import SHANGHAI, Journey
from deploy.demo.real import Rate
from deploy.demo.township import TODAY, Township
from deploy.demo.visits import Sendings
from services.assignment.domain.cases import AcceptCase, Command, DecideCase, ReplyCase
from services.assignment.domain.checks import check
from services.assignment.domain.register import Register
from services.assignment.reading import read
from services.intake.domain.petitions import RegisterPetition

STEPS: dict[str, type[Command]] = {"acceptance": AcceptCase, "decision": DecideCase, "reply": ReplyCase}


def test_the_same_seed_gives_the_same(made: Township, real_journeys: list[Journey]) -> None:
    assert township.make() == made
    assert visits.of_the_quarter(made, count=500) == visits.of_the_quarter(made, count=500)
    assert petitions.of_the_file() == real_journeys
    assert petitions.of_the_township(made) == petitions.of_the_township(made)


def test_another_seed_gives_another(made: Township) -> None:
    assert township.make(1).pairings != made.pairings
    assert visits.of_the_quarter(made, 1, count=500) != visits.of_the_quarter(made, 2, count=500)


def test_the_township_has_its_shape(made: Township) -> None:
    counts = {name: len(rows) for name, rows in made.tables.items()}
    assert (counts["zones"], counts["cadres"], counts["households"]) == (60, 370, 5_700)
    assert len({cadre for _, cadre, *_ in made.tables["leaders"]}) == 60


def test_R6_Z2_the_register_can_be_loaded(made: Township, tmp_path: Path) -> None:
    rows = register.write(register.together([made.tables, register.districts()]), tmp_path)
    files = read(tmp_path)
    assert [*files.faults, *check(Register(), files.rows, files.broken)] == []
    assert rows == sum(len(file) for file in files.rows.values())


def test_Z2_every_household_has_a_cadre_on_every_day_of_the_quarter(made: Township) -> None:
    days = [township.FIRST_DAY + timedelta(days=n) for n in range(92)]
    held: dict[str, set[int]] = {household: set() for household, _ in made.tables["households"]}
    for pairing in made.pairings:
        held[pairing.household].update(n for n, day in enumerate(days) if pairing.holds(day))
    assert {len(each) for each in held.values()} == {92}
    assert sum(pairing.until is not None for pairing in made.pairings) > 100


def test_every_visit_is_within_the_contract(sendings: Sendings) -> None:
    for entry in (*sendings.first, *sendings.late):
        if entry.expect == "body.invalid":
            with pytest.raises(ValidationError):
                VisitLogged.model_validate(entry.body["visit"])
        else:
            VisitLogged.model_validate(entry.body["visit"])


def test_V2_ten_thousand_visits_some_late_some_twice(sendings: Sendings) -> None:
    accepted = Counter(entry.id for entry in (*sendings.first, *sendings.late) if entry.expect == ACCEPTED)
    assert len(accepted) == 10_000
    assert Counter(accepted.values()) == {1: 9_700, 2: 300}
    assert sum(entry.body["visit"]["offline"] for entry in sendings.late) >= 500


def test_V3_corrections_and_withdrawals(sendings: Sendings) -> None:
    logged = {entry.body["visit"]["visit"]: entry.body["visit"] for entry in sendings.first}
    changes = Counter(change.path.rsplit("/", 1)[1] for change in sendings.changes)
    assert changes == {"corrections": 300, "withdrawal": 100}
    for change in (*sendings.changes, *sendings.refused_changes):
        if change.path.endswith("/corrections"):
            new = change.body["visit"]
            assert VisitCorrected.model_validate(new).model_dump() != logged[new["visit"]]
            assert new["households"] == logged[new["visit"]]["households"]
        else:
            assert WithdrawalReason(change.body["reason"])


def test_what_is_refused_is_refused_for_every_reason_there_is(sendings: Sendings) -> None:
    codes = {entry.expect for entry in (*sendings.late, *sendings.refused_changes)} - {ACCEPTED}
    assert codes == {
        *("visit.exists", "visit.unchanged", "visit.withdrawn"),
        *("command.contradicted", "time.in-future", "body.invalid"),
    }


def test_nobody_is_in_two_places_at_once(sendings: Sendings) -> None:
    spans: dict[str, set[tuple[str, str]]] = {}
    for entry in (*sendings.first, *sendings.late):
        if entry.expect == ACCEPTED:
            visit = entry.body["visit"]
            spans.setdefault(visit["cadre"], set()).add((visit["started"], visit["ended"]))
    for each in spans.values():
        ordered = sorted(each)
        assert all(before[1] <= after[0] for before, after in pairwise(ordered))


def test_some_households_are_unknown_and_some_cadres_only_help_out(made: Township, sendings: Sendings) -> None:
    known = {household for household, _ in made.tables["households"]}
    paired = {(pairing.household, pairing.cadre) for pairing in made.pairings}
    seen = [
        (household, entry.body["visit"]["cadre"])
        for entry in sendings.first
        for household in entry.body["visit"]["households"]
    ]
    unknown = [pair for pair in seen if pair[0] not in known]
    helping = [pair for pair in seen if pair[0] in known and pair not in paired]
    assert 10 < len(unknown) < 100
    assert 50 < len(helping) < 300


def test_coverage_counts_what_stands_and_was_made_by_whoever_answered(made: Township, sendings: Sendings) -> None:
    cadres = sorted({pairing.cadre for pairing in made.pairings})[:10]
    found = [visits.coverage(made, sendings, cadre) for cadre in cadres]
    assert all(0 < rate.numerator <= rate.denominator for rate in found if rate.denominator)
    assert sum(rate.numerator for rate in found) < sum(rate.denominator for rate in found)


def test_the_cadre_shown_has_something_to_explain(
    made: Township, sendings: Sendings, made_up_journeys: list[Journey]
) -> None:
    cadre, zone = figures.chosen(made, sendings, made_up_journeys)
    assert visits.in_vain(made, sendings)[cadre] >= 1
    assert visits.coverage(made, sendings, cadre).denominator >= figures.ENOUGH
    assert petitions.in_time(made_up_journeys, zone).denominator >= figures.ENOUGH


def test_every_petition_is_within_the_contract(real_journeys: list[Journey], made_up_journeys: list[Journey]) -> None:
    for journey in (*real_journeys, *made_up_journeys):
        command = RegisterPetition.model_validate(journey.registration.body)
        last = command.time
        for step in journey.steps:
            model = STEPS[step.path.rsplit("/", 1)[1]].model_validate(step.body)
            assert last is not None
            assert model.time is not None
            assert last <= model.time
            last = model.time


def test_real_petitions_keep_their_times(real_journeys: list[Journey]) -> None:
    times = {str(each.petition): (each.registered, each.replied) for each in real.petitions()}
    assert len(real_journeys) == len(times)
    for journey in real_journeys:
        moments = [datetime.fromisoformat(each.body["time"]) for each in (journey.registration, *journey.steps)]
        assert (moments[0], moments[-1]) == times[journey.registration.body["petition"]["petition"]]
        assert len(moments) == 4


def test_one_in_twenty_is_sent_twice(real_journeys: list[Journey]) -> None:
    twice = sum(journey.registration.path in journey.twice for journey in real_journeys)
    assert 0.03 < twice / len(real_journeys) < 0.07


def test_the_townships_petitions_are_answered_late_open_and_overdue(made_up_journeys: list[Journey]) -> None:
    now = datetime.combine(TODAY, datetime.min.time(), SHANGHAI)
    kinds: Counter[str] = Counter()
    for journey in made_up_journeys:
        due = real.due(datetime.fromisoformat(journey.registration.body["time"]).astimezone(SHANGHAI))
        replies = [datetime.fromisoformat(step.body["time"]) for step in journey.steps[2:]]
        assert all(reply < now for reply in replies)
        kinds["answered" if replies else "open", (replies[0] if replies else now) >= due] += 1  # type: ignore[index]
    assert sum(kinds.values()) == 300
    assert len(kinds) == 4


def test_in_time_by_zone(made: Township, made_up_journeys: list[Journey]) -> None:
    found = [petitions.in_time(made_up_journeys, zone) for zone in made.group_zones]
    assert 100 < sum(found, Rate()).denominator < 200
    assert max(rate.denominator for rate in found) >= 5
