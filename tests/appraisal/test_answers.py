"""Who sees what of a score: own acts to the cadre, of what residents said sums of five and up (A6, G2)."""

from hashlib import md5
from typing import Any

import pytest
from httpx import Response
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.ratings import MarkLevel, RatingKind
from lianxin_schemas.events.responsibility import CadreRegistered, Rank

from services.appraisal.domain.periods import parse
from services.appraisal.store import peers
from services.appraisal.store.counts import asked, counts, of_all
from tests.appraisal.asking import Client
from tests.appraisal.given import (
    Published,
    Store,
    case,
    marked,
    paired,
    quarter,
    registered,
    released,
    said,
    take,
    term,
    uid,
    visit,
    zone,
)

SAID = ("petitions_solved", "petitions_satisfied")


def ask(client: Client, period: str, policy: str = "satisfaction", *, own: bool = True) -> dict[str, Any]:
    who = ("c-1", "cadre") if own else ("o-1", "organisation")
    answer: Response = client.get("/scores/cadres/c-1", *who, period=period, policy=policy)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def one(body: dict[str, Any], kind: str) -> dict[str, Any]:
    [found] = [item for item in body["indicators"] if item["indicator"] == kind]
    return dict(found)


def test_G2_below_five_the_cadre_reads_fewer_than_five(client: Client, store: Store, log: Published) -> None:
    quarter(store, log, {1: 4})
    found = one(ask(client, "2026-01"), "petitions_satisfied")
    assert (found["numerator"], found["value"], found["answers"], found["interval"]) == (None, None, None, None)
    assert (found["denominator"], found["withheld"], found["events"]) == (6, True, None)
    assert "少于5" in found["withheld_zh"]
    assert "ewer than 5" in found["withheld_en"]
    whole = one(ask(client, "2026-01", own=False), "petitions_satisfied")
    assert (whole["numerator"], whole["answers"], whole["withheld"], whole["enough"]) == (4, 4, False, False)


def test_G2_from_five_up_the_cadre_sees_the_sum_and_no_single_verdict(
    client: Client, store: Store, log: Published
) -> None:
    quarter(store, log, {1: 5})
    body = ask(client, "2026-01", "three-dimensions")
    for kind in SAID:
        found = one(body, kind)
        assert (found["numerator"], found["denominator"], found["answers"]) == (5, 6, 5)
        assert (found["value"], found["events"]) == ("0.8333", None)
        assert found["interval"] == {"low": "0.4364", "high": "0.9700"}
    text = str(body)
    verdicts = store.query("SELECT verdict_event::text FROM case_fact WHERE verdict_event IS NOT NULL")
    assert len(verdicts) == 5
    assert not any(event in text for (event,) in verdicts)
    whole = one(ask(client, "2026-01", "three-dimensions", own=False), "petitions_solved")
    assert {item["event"] for item in whole["events"]["items"]} >= {event for (event,) in verdicts}


def test_G2_a_month_is_not_what_a_quarter_leaves(client: Client, store: Store, log: Published) -> None:
    quarter(store, log, {1: 5, 2: 6, 3: 2})
    sums = {period: one(ask(client, period), "petitions_satisfied")["numerator"] for period in MONTHS}
    assert sums == {"2026-01": None, "2026-02": None, "2026-03": None, "2026-Q1": 13, "2026": 13}


def test_G2_a_quarter_is_not_what_a_year_leaves(client: Client, store: Store, log: Published) -> None:
    quarter(store, log, {1: 5, 2: 6, 3: 5})
    take(store, log, case(900, "2026-05-05"), said(900))
    sums = {period: one(ask(client, period), "petitions_satisfied")["numerator"] for period in (*MONTHS, "2026-Q2")}
    assert sums == {"2026-01": 5, "2026-02": 6, "2026-03": 5, "2026-Q1": 16, "2026": None, "2026-Q2": None}


MONTHS = ("2026-01", "2026-02", "2026-03", "2026-Q1", "2026")


def test_G2_a_score_that_would_give_a_hidden_figure_away_is_a_band(
    client: Client, store: Store, log: Published
) -> None:
    quarter(store, log, {1: 5, 2: 6, 3: 2})
    body = ask(client, "2026-02", "three-dimensions")
    assert (body["score"], body["withheld"]) == (None, True)
    assert body["band"]["code"] == "excellent"
    values = {node["node"]: node["value"] for node in body["nodes"]}
    assert [values[name] for name in ("results", "solved", "opinion", "satisfied")] == [None] * 4
    assert values["in-time"] == "1.0000"
    whole = ask(client, "2026-02", "three-dimensions", own=False)
    assert (whole["score"], whole["withheld"]) == ("100.00", False)
    alone = ask(client, "2026-02", "first")  # nothing that residents said is in it
    assert (alone["score"], alone["withheld"]) == ("100.00", False)


def test_G2_a_sum_below_five_is_in_no_score_at_all(client: Client, store: Store, log: Published) -> None:
    quarter(store, log, {1: 4})
    for own in (True, False):
        body = ask(client, "2026-01", "three-dimensions", own=own)
        assert (body["score"], body["withheld"]) == ("66.67", False)  # 4 of 6 replied to in time, and nothing else


def test_C4_a_complaint_never_stands_singly_before_a_cadre(client: Client, store: Store, log: Published) -> None:
    complaint = [registered(2, complaint=True), *case(2, "2026-01-05")[1:]]
    unknown = case(3, "2026-01-06")[1:]  # its registration, which would say so, is not here yet
    take(store, log, case(1, "2026-01-04"), complaint, unknown)
    found = one(ask(client, "2026-01", "first"), "petitions_in_time")
    assert found["denominator"] == 3
    assert [item["subject"] for item in found["events"]["items"]] == [f"case-{uid(1)}"]
    assert found["events"]["total"] == 1
    whole = one(ask(client, "2026-01", "first", own=False), "petitions_in_time")
    assert whole["events"]["total"] == 3
    zone_ = client.get("/scores/zones/z-1", "o-1", "office", period="2026-01").json()
    assert one(zone_, "petitions_in_time")["events"]["total"] == 1


def test_A6_ratings_and_marks_have_their_events_behind_them(client: Client, store: Store, log: Published) -> None:
    take(
        store,
        log,
        released(1, "c-1", 0, 0, 0, 0, 6),
        released(2, "c-1", 0, 0, 0, 5, 0, kind=RatingKind.EVALUATION),
        released(3, "c-1", 5, 5, 0, 0, 0, kind=RatingKind.REVERSE),
        marked(4, "c-1", 80),
        marked(5, "c-1", 60, MarkLevel.PROVINCE),
    )
    body = ask(client, "2026-Q1", "three-dimensions")
    rating, evaluation = one(body, "zone_rating"), one(body, "evaluation")
    assert (rating["numerator"], rating["denominator"], rating["full"], rating["value"]) == (24, 6, 4, "1.0000")
    assert rating["interval"] is None
    assert [item["subject"] for item in rating["events"]["items"]] == [f"release-{uid(1)}"]
    assert (evaluation["value"], evaluation["minus"]) == ("0.6250", {"numerator": 5, "denominator": 10})
    assert [item["why"]["code"] for item in evaluation["events"]["items"]] == ["released", "reverse"]
    levels = ask(client, "2026-Q1", "three-levels")
    assert (one(levels, "county_mark")["value"], one(levels, "province_mark")["value"]) == ("0.8000", "0.6000")
    assert one(levels, "county_mark")["events"]["items"][0]["type"] == "lianxin.mark.given.v1"
    assert levels["score"] == "86.00"  # 50 of 1 and 30 of 0.8 and 20 of 0.6
    assert levels["band"] == {"code": "good", "zh": "良", "en": "Good"}


def test_A6_weights_are_shown_up_the_tree(client: Client, store: Store, log: Published) -> None:
    take(store, log, released(1, "c-1", 0, 0, 0, 0, 6))
    body = ask(client, "2026-Q1", "three-dimensions")
    nodes = {node["node"]: (node["weight_of_whole"], node["weight_applied"]) for node in body["nodes"]}
    assert nodes["opinion"] == ("30.00", "100.00")
    assert nodes["zone-rating"] == ("15.00", "100.00")
    assert nodes["coverage"] == ("24.00", "0.00")
    assert "权重" in body["sharing_zh"]


def peer(name: str, rank: Rank, *counts: int) -> list[Event]:
    number = int(name.removeprefix("c-"))
    return [
        CadreRegistered(cadre=name, office="o-1", rank=rank),
        term(name),
        *([released(number, name, *counts)] if counts else []),
    ]


def middle(client: Client, policy: str) -> dict[str, Any]:
    body = client.get("/scores/cadres/c-1/results", "c-1", "cadre", period="2026-Q1").json()
    assert [one["result"]["policy"]["name"] for one in body["results"]] == [
        "first",
        "satisfaction",
        "three-dimensions",
        "three-levels",
    ]
    [found] = [one for one in body["results"] if one["result"]["policy"]["name"] == policy]
    return dict(found["peers"])


def test_A3_the_middle_of_five_others_of_the_same_rank(client: Client, store: Store, log: Published) -> None:
    take(store, log, peer("c-1", Rank.VILLAGE, 0, 0, 0, 0, 9))
    for number, given in enumerate(((9, 0, 0, 0, 0), (0, 9, 0, 0, 0), (0, 0, 9, 0, 0), (0, 0, 0, 9, 0)), 2):
        take(store, log, peer(f"c-{number}", Rank.VILLAGE, *given))
    take(store, log, peer("c-6", Rank.TOWNSHIP, 0, 0, 0, 0, 9), peer("c-7", Rank.VILLAGE))
    assert middle(client, "satisfaction") == {
        "others": 5,
        "drawn": False,
        "score": None,
        "indicators": {"zone_rating": None, "petitions_satisfied": None},
    }
    take(store, log, peer("c-8", Rank.VILLAGE, 0, 0, 0, 0, 9))
    found = middle(client, "satisfaction")
    assert (found["others"], found["score"], found["indicators"]["zone_rating"]) == (6, "50.00", "0.5000")


def test_A3_of_many_others_one_lot_is_drawn_for_everybody(
    client: Client, store: Store, log: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(peers, "MOST", 6)
    cadres = [f"c-{number}" for number in range(1, 10)]
    take(store, log, *(peer(cadre, Rank.VILLAGE) for cadre in cadres))

    async def drawn(connection: Any) -> dict[str, tuple[list[str], bool]]:
        return {cadre: await peers.peers(connection, asked("cadre", cadre, parse("2026-Q1"), 1)) for cadre in cadres}

    found = store.ask(drawn)
    lot = sorted(found, key=lambda cadre: md5(cadre.encode(), usedforsecurity=False).hexdigest())
    for cadre, (others, of_more) in found.items():
        assert of_more
        assert others == [other for other in lot if other != cadre][:6]
    assert (middle(client, "satisfaction")["others"], middle(client, "satisfaction")["drawn"]) == (6, True)


def test_A3_the_counts_of_all_are_those_of_each(client: Client, store: Store, log: Published) -> None:
    quarter(store, log, {1: 5})
    take(store, log, term("c-1"), term("c-2"), zone("z-1", "c-1", "g-1"), *(paired(f"h-{n}", "c-2") for n in range(3)))
    take(store, log, visit(1, "c-2", "2026-03-02", "h-1"), marked(1, "c-2", 50), released(1, "c-3", 5, 0, 0, 0, 0))

    async def both(connection: Any) -> tuple[Any, Any]:
        each = {}
        for cadre in ("c-1", "c-2", "c-3"):
            each[cadre] = await counts(connection, asked("cadre", cadre, parse("2026-Q1"), 1))
        each["z-1"] = await counts(connection, asked("zone", "z-1", parse("2026-Q1"), 1))
        cadres, zones = [await of_all(connection, asked(kind, "", parse("2026-Q1"), 1)) for kind in ("cadre", "zone")]
        return each, dict(cadres.each()) | dict(zones.each())

    one_by_one, together = store.ask(both)
    assert together == one_by_one

    async def two(connection: Any) -> Any:
        found = await of_all(connection, asked("cadre", "", parse("2026-Q1"), 1) | {"cadres": ["c-2", "c-3"]})
        return dict(found.each())

    assert store.ask(two) == {cadre: one_by_one[cadre] for cadre in ("c-2", "c-3")}


@pytest.mark.parametrize(("who", "role"), [("c-2", "cadre"), ("o-1", "office")])
def test_A6_results_are_for_the_cadre_and_the_organisation(client: Client, who: str, role: str) -> None:
    found = client.get("/scores/cadres/c-1/results", who, role, period="2026-Q1")
    assert (found.status_code, found.json()["code"]) == (403, "auth.scope" if role == "cadre" else "auth.role")
