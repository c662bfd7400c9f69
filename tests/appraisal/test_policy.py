"""Given the editions of a policy, when the next is handed in, then it is adopted or refused as a whole (A1)."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as each
from hypothesis import strategies as st
from lianxin_schemas.events.scores import PolicyAdopted

from services.appraisal.adopting import NoPolicy, read
from services.appraisal.domain.periods import parse
from services.appraisal.domain.policy import PolicyText, adopt, in_force, needed
from services.appraisal.refusals import TEXTS
from services.appraisal.settings import SHIPPED
from services.refused import Refused

NEEDED = {"month": 1, "quarter": 1, "year": 2}
TREE: dict[str, Any] = {
    "policy": "own",
    "valid_from": "2026-01-01",
    "nodes": [
        {"node": "top", "weight": "60"},
        {"node": "a", "parent": "top", "weight": "33.5", "indicator": "coverage", "minimum": 5, "needed": NEEDED},
        {"node": "b", "parent": "top", "weight": "66.5", "indicator": "petitions_in_time", "minimum": 5},
        {"node": "c", "weight": "40", "indicator": "zone_rating", "minimum": 5},
    ],
    "bands": [{"band": "excellent", "points": 90}, {"band": "improve", "points": 0}],
}


def text(nodes: dict[int, dict[str, Any]] | None = None, **top: Any) -> PolicyText:
    """The tree with fields of it, or of its nodes by place, replaced; None takes a field out."""
    found = json.loads(json.dumps(TREE)) | top
    for place, changes in (nodes or {}).items():
        if place == len(found["nodes"]):
            found["nodes"].append({})
        changed = found["nodes"][place] | changes
        found["nodes"][place] = {key: value for key, value in changed.items() if value is not None}
    return PolicyText.model_validate_json(json.dumps(found))


def refused(editions: list[PolicyAdopted], of: PolicyText) -> Refused:
    with pytest.raises(Refused) as found:
        adopt(editions, of)
    return found.value


def test_A1_editions_rise_by_one() -> None:
    first = adopt([], text())
    second = adopt([first], text(valid_from="2026-07-01"))
    assert (first.edition, second.edition) == (1, 2)
    assert second.nodes == first.nodes
    assert adopt([first, second], text(valid_from="2026-07-01")).edition == 3


def test_A1_an_edition_does_not_reach_behind_the_newest() -> None:
    first = adopt([], text(valid_from="2026-07-01"))
    found = refused([first], text(valid_from="2026-06-30"))
    assert (found.code, found.field) == ("policy.valid-from", "valid_from")


LEAF = {"weight": "100", "indicator": "county_mark", "minimum": 1}


@pytest.mark.parametrize(
    ("nodes", "code", "names"),
    [
        ({1: {"weight": "33.4"}}, "policy.weights", {"node": "top"}),
        ({0: {"weight": "60.01"}}, "policy.weights", {"node": "-"}),
        ({2: {"parent": "d"}}, "policy.parent-unknown", {"node": "b", "parent": "d"}),
        ({0: {"parent": "a"}}, "policy.cycle", {"node": "top"}),
        ({0: {"parent": "top"}}, "policy.cycle", {"node": "top"}),
        ({3: {"node": "b"}}, "policy.node-twice", {"node": "b"}),
        ({3: {"indicator": None}}, "policy.leaf-without-indicator", {"node": "c"}),
        ({3: {"minimum": None}}, "policy.leaf-without-minimum", {"node": "c"}),
        ({0: {"indicator": "county_mark"}}, "policy.branch-counts", {"node": "top"}),
        ({0: {"minimum": 1}}, "policy.branch-counts", {"node": "top"}),
        ({0: {"needed": NEEDED}}, "policy.branch-counts", {"node": "top"}),
        ({1: {"needed": None}}, "policy.needed", {"node": "a"}),
        ({2: {"needed": NEEDED}}, "policy.needed", {"node": "b"}),
        ({3: {"indicator": "coverage", "needed": NEEDED}}, "policy.indicator-twice", {"indicator": "coverage"}),
        ({1: {"weight": "0"}, 2: {"weight": "100"}}, "policy.weight-zero", {"node": "a"}),
        ({4: {"node": "e", "parent": "c", **LEAF}}, "policy.branch-counts", {"node": "c"}),
    ],
)
def test_A1_a_tree_that_is_no_policy_is_refused(nodes: dict[int, Any], code: str, names: dict[str, str]) -> None:
    found = refused([], text(nodes))
    assert found.code == code
    assert {key: str(found.fields[key]) for key in names} == names
    words = TEXTS[code]
    for name in names.values():
        assert name in words.zh.format_map(found.fields)
        assert name in words.en.format_map(found.fields)


@pytest.mark.parametrize(
    "bands",
    [
        [{"band": "good", "points": 75}, {"band": "excellent", "points": 60}],
        [{"band": "excellent", "points": 60}, {"band": "good", "points": 75}],
        [{"band": "excellent", "points": 75}, {"band": "good", "points": 75}],
        [{"band": "good", "points": 75}, {"band": "good", "points": 60}],
    ],
)
def test_A3_bands_descend(bands: list[dict[str, Any]]) -> None:
    assert refused([], text(bands=bands)).code == "policy.bands"


WEIGHTS = st.lists(st.integers(1, 9999), min_size=1, max_size=6)


@each(weights=WEIGHTS, off=st.integers(-20, 20))
def test_A1_weights_are_a_hundred_to_the_last_place_or_it_is_refused(weights: list[int], off: int) -> None:
    kinds = ["zone_rating", "petitions_solved", "petitions_satisfied", "evaluation", "county_mark", "province_mark"]
    cents = [weight * 10_000 // sum(weights) for weight in weights]
    cents[0] += 10_000 - sum(cents) + off
    if min(cents) <= 0 or max(cents) > 10_000:
        return
    nodes = [
        {"node": f"n-{n}", "weight": f"{cent / 100:.2f}", "indicator": kind, "minimum": 1}
        for n, (cent, kind) in enumerate(zip(cents, kinds, strict=False))
    ]
    of = text(nodes=None) if not nodes else PolicyText.model_validate_json(json.dumps(TREE | {"nodes": nodes}))
    if off:
        assert refused([], of).code == "policy.weights"
    else:
        assert adopt([], of).edition == 1


def test_A1_what_holds_is_the_newest_edition_that_held_when_the_period_began() -> None:
    first = adopt([], text(valid_from="2025-01-01"))
    second = adopt([first], text(valid_from="2026-03-02"))
    third = adopt([first, second], text(valid_from="2026-03-02"))
    editions = [first, second, third]
    assert in_force(editions, "own", parse("2026-03")).edition == 1
    assert in_force(editions, "own", parse("2026-04")).edition == 3
    with pytest.raises(Refused) as early:
        in_force(editions, "own", parse("2024"))
    assert early.value.code == "period.no-policy"
    with pytest.raises(Refused) as unknown:
        in_force(editions, "other", parse("2026"))
    assert unknown.value.code == "policy.unknown"
    assert [needed(third, parse(name)) for name in ("2026-04", "2026-Q2", "2027")] == [1, 1, 2]


def test_A1_what_is_shipped_can_be_adopted() -> None:
    found = {file.stem: adopt([], read(file)) for file in SHIPPED.glob("*.json")}
    assert set(found) == {"first", "three-dimensions", "three-levels", "satisfaction"}
    assert all(name == edition.policy for name, edition in found.items())
    tops = {node.node: node.weight for node in found["three-dimensions"].nodes if node.parent is None}
    assert tops == {"results": "60", "evaluation": "10", "opinion": "30"}


def test_A1_a_file_that_holds_no_policy_is_named(tmp_path: Path) -> None:
    (tmp_path / "bad.json").write_text(json.dumps(TREE | {"bonus": 5}))
    with pytest.raises(NoPolicy, match=r"bad\.json: bonus"):
        read(tmp_path / "bad.json")
