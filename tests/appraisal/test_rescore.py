"""Scores counted anew: one table of answers serves many periods, each as if it were the only one (A4, A12, Z8)."""

from datetime import date
from itertools import permutations
from typing import Any

from services.appraisal.verify.refold import NAMES, Table
from services.appraisal.verify.rescore import Rescore

LAST = date(2026, 3, 31)
NAMES_ = ("2026-03", "2026-04", "2026-Q1", "2025")


def spans(*held: tuple[str, str, str, date, date | None]) -> Table:
    return {(kind, subject, cadre, since): {"until": until} for kind, subject, cadre, since, until in held}


def visit(day: date, cadre: str, *households: str) -> dict[str, Any]:
    return {
        "day": day,
        "cadre": cadre,
        "households": list(households),
        "entry_version": 1,
        "withdrawal_version": None,
    }


def tables() -> dict[str, Table]:
    """Two households; h-1 goes from c-1 to c-2 at the end of March, h-2 has only the zone's leader."""
    began = date(2025, 6, 1)
    found: dict[str, Table] = {name: {} for name in NAMES}
    found["household"] = {("h-1",): {"grp": "g-1"}, ("h-2",): {"grp": "g-1"}}
    found["zone"] = {("z-1",): {"level": 1, "groups": ["g-1"], "region": None}}
    found["responsibility"] = spans(
        *(("term", cadre, cadre, began, None) for cadre in ("c-1", "c-2", "c-3")),
        ("leader", "z-1", "c-3", began, None),
        ("pairing", "h-1", "c-1", began, LAST),
        ("pairing", "h-1", "c-2", date(2026, 4, 1), None),
    )
    found["visit"] = {
        (1,): visit(LAST, "c-1", "h-1"),
        (2,): visit(date(2026, 4, 1), "c-1", "h-1"),
        (3,): visit(date(2026, 4, 2), "c-3", "h-2"),
    }
    return found


def covered(again: Rescore, name: str) -> dict[tuple[str, str], list[int]]:
    return {subject: facts.coverage for subject, facts in again.facts(name, 1).items() if any(facts.coverage)}


def test_A4_Z8_each_day_has_its_own_who_answers() -> None:
    again = Rescore(tables())
    assert covered(again, "2026-03") == {
        ("cadre", "c-1"): [1, 1],
        ("cadre", "c-3"): [0, 1],
        ("zone", "z-1"): [1, 2],
        ("township", ""): [1, 2],
    }
    assert covered(again, "2026-04") == {
        ("cadre", "c-2"): [0, 1],  # c-1 came a day after the hand-over
        ("cadre", "c-3"): [1, 1],
        ("zone", "z-1"): [1, 2],
        ("township", ""): [1, 2],
    }
    assert covered(again, "2024") == {("zone", "z-1"): [0, 2], ("township", ""): [0, 2]}


def test_A12_what_a_period_comes_to_does_not_depend_on_those_asked_before() -> None:
    alone = {name: covered(Rescore(tables()), name) for name in NAMES_}
    for order in permutations(NAMES_):
        again = Rescore(tables())
        assert {name: covered(again, name) for name in order} == alone
