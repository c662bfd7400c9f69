"""Scores and visits over HTTP, on a real database (A6, A10)."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest
from httpx import Response
from lianxin_schemas.events.visits import VisitWithdrawn, WithdrawalReason

from services.appraisal.store.tables import TABLES
from tests.appraisal.asking import Client
from tests.appraisal.given import (
    Published,
    Store,
    assigned,
    at,
    limit,
    opened,
    paired,
    replied,
    term,
    uid,
    visit,
    zone,
)
from tests.world.world import until


def indicator(answer: Response, name: str) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    [found] = [item for item in answer.json()["indicators"] if item["indicator"] == name]
    return dict(found)


def whys(found: dict[str, Any]) -> list[tuple[str, str | None, bool, str]]:
    """Subject's last figure, household, counted, why."""
    return [
        (item["subject"][-1], item["household"], item["counted"], item["why"]["code"])
        for item in found["events"]["items"]
    ]


@pytest.fixture
def county(store: Store) -> Store:
    """Six households of c-1, one of c-2; visits and cases of every fate."""
    log = Published()
    given = [term("c-1"), term("c-2"), *zone("z-1", "c-1", "g-1"), *paired("h-7", "c-2")]
    for number in range(1, 7):
        given += paired(f"h-{number}", "c-1")
    visits = [
        visit(1, "c-1", "2026-03-02", "h-1", "h-2"),
        visit(2, "c-1", "2026-03-03", "h-9"),
        visit(3, "c-1", "2026-03-04", "h-7"),
        visit(4, "c-1", "2026-03-05", "h-3"),
        VisitWithdrawn(visit=uid(4), reason=WithdrawalReason.ENTERED_TWICE),
    ]
    handled = [[opened(n, f"2026-03-0{n}"), assigned(n, "c-1")] for n in range(1, 6)]
    limits = [limit(n, "2026-03-20 00:00") for n in (1, 2, 3)] + [limit(4, "2025-12-01 00:00")]
    replies = [(replied(1, "c-1"), at("2026-03-19 09:00")), (replied(2, "c-1"), at("2026-03-20 00:00"))]
    store.settles(log.all(given, visits, *handled, limits, *replies))
    return store


def test_A6_a_score_explains_itself_down_to_one_event(client: Client, county: Store) -> None:
    answer = client.get("/scores/cadres/c-1", "c-1", "cadre", period="2026-03")
    body = answer.json()
    assert body["score"] == "26.67"  # 2/6 and 1/5, half each
    assert body["policy"]["name"] == "first"
    assert body["rounding"] == "half-even, 2 places"
    assert body["as_of"].startswith("2026-01-01T00:00:")
    found = indicator(answer, "coverage")
    assert (found["numerator"], found["denominator"], found["value"]) == (2, 6, "0.3333")
    assert (found["weight"], found["weight_applied"], found["enough"]) == ("50", "50.00", True)
    assert whys(found) == [
        ("1", "h-1", True, "counted"),
        ("1", "h-2", True, "counted"),
        ("2", "h-9", False, "household-unknown"),
        ("3", "h-7", False, "did-not-answer"),
        ("4", "h-3", False, "withdrawn"),
    ]
    [event] = county.query("SELECT entry_event::text FROM visit WHERE visit = %s", uid(1))
    assert found["events"]["items"][0]["event"] == event[0]
    assert len(found["events"]["items"][4]["rests_on"]) == 2


def test_A6_C9_cases_behind_petitions_in_time(client: Client, county: Store) -> None:
    found = indicator(client.get("/scores/cadres/c-1", period="2026-03"), "petitions_in_time")
    assert (found["numerator"], found["denominator"]) == (1, 5)
    assert [why[3] for why in whys(found)] == ["in-time", "late", "open", "overdue", "no-limit"]
    first = found["events"]["items"][0]
    assert first["type"] == "lianxin.case.replied.v1"
    assert len(first["rests_on"]) == 4
    assert "期限" in found["rule_zh"]
    assert "limit" in found["rule_en"]


def test_A6_events_come_in_pages(client: Client, county: Store) -> None:
    seen = []
    for offset in range(5):
        page = indicator(client.get("/scores/cadres/c-1", period="2026-03", limit=1, offset=offset), "coverage")
        assert page["events"]["total"] == 5
        seen += whys(page)
    assert seen == whys(indicator(client.get("/scores/cadres/c-1", period="2026-03"), "coverage"))


def test_A4_a_household_handed_on_is_shown_where_it_counted(client: Client, county: Store) -> None:
    found = indicator(client.get("/scores/cadres/c-2", period="2026-03"), "coverage")
    assert (found["numerator"], found["denominator"]) == (0, 1)
    assert whys(found) == [("3", "h-7", False, "did-not-answer")]


def test_A10_a_zone_for_offices(client: Client, county: Store) -> None:
    answer = client.get("/scores/zones/z-1", "s-1", "office", period="2026-Q1")
    assert indicator(answer, "coverage")["denominator"] == 7
    assert indicator(answer, "petitions_in_time")["denominator"] == 5


def test_A3_a_cadre_without_data_gets_not_enough_data(client: Client) -> None:
    answer = client.get("/scores/cadres/c-404", period="2026")
    assert answer.status_code == 200
    assert answer.json()["score"] is None
    assert (answer.json()["zh"], answer.json()["en"]) == ("数据不足", "not enough data")
    assert answer.json()["as_of"] is None


@pytest.mark.parametrize(
    ("path", "who", "role", "code"),
    [
        ("/scores/cadres/c-1", "c-2", "cadre", "auth.scope"),
        ("/scores/cadres/c-1", "s-1", "office", "auth.role"),
        ("/scores/zones/z-1", "c-1", "cadre", "auth.role"),
        (f"/visits/{uid(1)}", "c-2", "cadre", "auth.scope"),
        (f"/visits/{uid(1)}", "s-1", "office", "auth.role"),
    ],
)
def test_A6_others_see_nothing(client: Client, county: Store, path: str, who: str, role: str, code: str) -> None:
    answer = client.get(path, who, role, period="2026-03")
    assert (answer.status_code, answer.json()["code"]) == (403, code)


def test_nobody_sees_anything_without_a_token(client: Client) -> None:
    for path in ("/scores/cadres/c-1", "/scores/zones/z-1", f"/visits/{uid(1)}"):
        answer = client.raw(path, period="2026")
        assert (answer.status_code, answer.json()["code"]) == (401, "auth.missing")


@pytest.mark.parametrize("period", ["2026-3", "last", "2026-Q9", "1999"])
def test_A5_an_unknown_period_is_refused(client: Client, period: str) -> None:
    answer = client.get("/scores/cadres/c-1", period=period)
    assert answer.status_code == 422
    assert answer.json()["code"] == ("period.no-policy" if period == "1999" else "period.malformed")
    assert answer.json()["field"] == "period"


@pytest.mark.parametrize(
    ("after", "status", "code"),
    [
        ("visits-7", 400, "after.malformed"),
        ("leads.1.1:5", 400, "after.not-read-here"),
        ("visits.7.1:999", 202, "after.not-yet"),
    ],
)
def test_read_your_writes(client: Client, after: str, status: int, code: str) -> None:
    answer = client.get("/scores/cadres/c-1", period="2026", after=after)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_read_your_writes_answers_once_it_has_arrived(client: Client, county: Store) -> None:
    [(partition, number)] = county.query("SELECT partition, number FROM mark WHERE topic = 'visits' LIMIT 1")
    assert client.get("/scores/cadres/c-1", period="2026", after=f"visits.{partition}.1:{number}").status_code == 200


def test_A6_a_visit_as_the_projection_sees_it(client: Client, county: Store) -> None:
    body = client.get(f"/visits/{uid(2)}", "c-1", "cadre").json()
    assert (body["cadre"], body["day"], body["withdrawn"]) == ("c-1", "2026-03-03", False)
    assert [(item["household"], item["why"]["code"]) for item in body["households"]] == [("h-9", "household-unknown")]
    assert client.get(f"/visits/{uid(4)}").json()["withdrawn"] is True
    missing = client.get(f"/visits/{uid(99)}")
    assert (missing.status_code, missing.json()["code"]) == (404, "visit.not-found")


@pytest.mark.parametrize("before", [0, 10])
def test_who_reads_a_visit_while_tables_are_swapped_holds_none_that_the_swap_still_needs(
    client: Client, county: Store, before: int
) -> None:
    """Each would wait for the other. Asked ten times before, the statement is prepared, and locks in its own order."""
    for _ in range(before):
        client.get(f"/visits/{uid(2)}")
    with ThreadPoolExecutor(1) as pool, psycopg.connect(county.info) as swap:
        swap.execute("SET lock_timeout = '3s'")
        first, *others = TABLES
        swap.execute(f"LOCK TABLE {first} IN ACCESS EXCLUSIVE MODE")
        answer = pool.submit(client.get, f"/visits/{uid(2)}")
        waiting = "SELECT pid FROM pg_locks WHERE relation = %s::regclass AND NOT granted"
        until(lambda: county.query(waiting, first), "the reader waits")
        for table in others:
            swap.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
        swap.rollback()
        assert answer.result().status_code == 200


def test_the_service_is_ready_with_its_database(client: Client) -> None:
    assert client.raw("/readyz").json() == {"ready": True, "reasons": []}
