"""The visits of the quarter: within the contract; late, repeated, corrected, withdrawn, wrong (V1-V3)."""

from collections import Counter
from datetime import datetime
from itertools import pairwise

import pytest
from lianxin_schemas.events.visits import VisitCorrected, VisitLogged, WithdrawalReason
from pydantic import ValidationError

from deploy.demo import visits
from deploy.demo.commands import ACCEPTED
from deploy.demo.county import County
from deploy.demo.quarter import FIRST_DAY, LAST_DAY, day_of
from deploy.demo.visits import Sendings


def test_the_same_seed_gives_the_same_and_another_another(made: County) -> None:
    assert visits.of_the_quarter(made, count=500) == visits.of_the_quarter(made, count=500)
    assert visits.of_the_quarter(made, 1, count=500) != visits.of_the_quarter(made, 2, count=500)


def test_every_visit_is_within_the_contract_and_the_quarter(sendings: Sendings) -> None:
    for entry in (*sendings.first, *sendings.late):
        if entry.expect == "body.invalid":
            with pytest.raises(ValidationError):
                VisitLogged.model_validate(entry.body["visit"])
        else:
            visit = VisitLogged.model_validate(entry.body["visit"])
            assert entry.expect != ACCEPTED or FIRST_DAY <= day_of(visit.started) <= LAST_DAY


def test_V2_thirty_thousand_visits_some_late_some_twice(sendings: Sendings) -> None:
    accepted = Counter(entry.id for entry in (*sendings.first, *sendings.late) if entry.expect == ACCEPTED)
    assert len(accepted) == 30_000
    assert Counter(accepted.values()) == {1: 29_100, 2: 900}
    assert sum(entry.body["visit"]["offline"] for entry in sendings.late) >= 1_500


def test_V3_corrections_and_withdrawals(sendings: Sendings) -> None:
    logged = {entry.body["visit"]["visit"]: entry.body["visit"] for entry in sendings.first}
    changes = Counter(change.path.rsplit("/", 1)[1] for change in sendings.changes)
    assert changes == {"corrections": 900, "withdrawal": 300}
    for change in (*sendings.changes, *sendings.refused_changes):
        if change.path.endswith("/corrections"):
            new = change.body["visit"]
            assert VisitCorrected.model_validate(new).model_dump() != logged[new["visit"]]
            assert set(new["households"]) <= set(logged[new["visit"]]["households"])
        else:
            assert WithdrawalReason(change.body["reason"])


def test_V3_what_stands_in_the_end(sendings: Sendings) -> None:
    standing = sendings.standing()
    withdrawn = {change.path.split("/")[2] for change in sendings.changes if change.path.endswith("/withdrawal")}
    corrected = {
        change.body["visit"]["visit"]: change.body["visit"] for change in sendings.changes[:] if "visit" in change.body
    }
    assert len(standing) == 30_000 - len(withdrawn)
    assert not withdrawn & standing.keys()
    assert {visit: standing[visit] for visit in corrected} == corrected
    logged = {entry.body["visit"]["visit"]: entry.body["visit"] for entry in sendings.first}
    assert any(len(visit["households"]) < len(logged[id_]["households"]) for id_, visit in corrected.items())


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


def test_whoever_has_left_visits_nobody(made: County, sendings: Sendings) -> None:
    for visit in sendings.standing().values():
        last = made.leaving.get(visit["cadre"])
        assert last is None or day_of(datetime.fromisoformat(visit["started"])) <= last


def test_some_households_are_unknown_and_some_cadres_only_help_out(made: County, sendings: Sendings) -> None:
    own = {(pairing.household, pairing.cadre) for pairing in made.calls()}
    seen = [(household, visit["cadre"]) for visit in sendings.standing().values() for household in visit["households"]]
    unknown = [pair for pair in seen if pair[0] not in made.households]
    helping = [pair for pair in seen if pair[0] in made.households and pair not in own]
    assert 50 < len(unknown) < 250
    assert 200 < len(helping) < 800


def test_C4_no_visit_holds_what_is_about_officials(sendings: Sendings) -> None:
    sent = [each.body["visit"] for each in (*sendings.first, *sendings.late, *sendings.changes) if "visit" in each.body]
    matters = {need for visit in sent for need in visit["needs"]}
    matters |= {promise["matter"] for visit in sent for promise in visit["promises"]}
    assert matters
    assert not any(matter.startswith("05") for matter in matters)
