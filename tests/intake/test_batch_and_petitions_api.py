"""Batches of visits, and petitions, over HTTP (V2, C1)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.intake.asking import ago, log_visit, register
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]


def total(rows: Rows) -> int:
    return rows("SELECT position FROM head")[0][0]


def test_v2_a_thousand_good_and_bad_visits_get_their_outcomes_in_order(api: Client, rows: Rows) -> None:
    spoilt: dict[int, tuple[Any, int, str]] = {
        3: (log_visit(households=[]), 422, "body.invalid"),
        4: ("visit", 422, "body.invalid"),
        5: (None, 422, "body.invalid"),
        400: (log_visit(cadre="c-0002"), 403, "auth.scope"),
        499: (log_visit(started=ago(days=400), ended=ago(days=1)), 422, "time.too-old"),
        998: (log_visit(started=ago(hours=-1), ended=ago(hours=-2)), 422, "time.in-future"),
        999: (log_visit() | {"\ud800": 1}, 422, "body.invalid"),
    }
    items = [spoilt[n][0] if n in spoilt else log_visit() for n in range(1_000)]
    items[600], items[601] = items[599], {"command": str(uuid4()), "visit": items[599]["visit"]}
    items[602] = {"command": items[599]["command"], "visit": log_visit()["visit"]}
    before = total(rows)
    answer = api.call("POST", "/visits/batch", {"visits": items}, who="c-0001", role="cadre")
    assert answer.status_code == 200
    outcomes = answer.json()
    expected = {n: (status, code) for n, (_, status, code) in spoilt.items()}
    expected |= {601: (409, "visit.exists"), 602: (409, "command.contradicted")}
    found = {n: (o["status"], o["error"]["code"]) for n, o in enumerate(outcomes) if o["status"] != 201}
    assert found == expected
    assert outcomes[599] == outcomes[600], "the same command twice in one batch counts once"
    assert total(rows) - before == 1_000 - len(expected) - 1
    stored = rows("SELECT causation::text, id::text FROM events WHERE position > %s", [before])
    assert dict(stored) == {
        item["command"]: outcomes[n]["receipt"]["events"][0] for n, item in enumerate(items) if n not in expected
    }
    again = api.call("POST", "/visits/batch", {"visits": items}, who="c-0001", role="cadre").json()
    assert again == outcomes, "a repeat of the whole batch is answered alike"
    assert total(rows) - before == len(stored)


@pytest.mark.parametrize("visits", [[], [{}] * 1_001, None, {"a": 1}])
def test_a_batch_is_one_to_a_thousand_visits(api: Client, rows: Rows, visits: Any) -> None:
    before = total(rows)
    answer = api.call("POST", "/visits/batch", {"visits": visits})
    assert (answer.status_code, answer.json()["fields"][0]["field"]) == (422, "visits")
    assert total(rows) == before


def test_c1_a_petition_is_registered_once_however_often_it_is_sent(api: Client, rows: Rows) -> None:
    command = register(zone="z-01")
    first, second = (api.call("POST", "/petitions", command, who="o-1", role="office") for _ in range(2))
    assert (first.status_code, first.json()) == (201, second.json())
    assert first.json()["after"].startswith("petitions.")
    stream = [f"petition-{command['petition']['petition']}"]
    assert rows("SELECT count(*), min(authid) FROM events WHERE stream = %s", stream) == [(1, "o-1")]


def test_c1_a_batch_of_petitions_has_an_outcome_for_each(api: Client, rows: Rows) -> None:
    good = [register(time=ago(days=400)) for _ in range(5)]
    taken = register() | {"petition": good[0]["petition"]}
    about = register()
    about["petition"]["complaint"] = True
    named = about | {"command": str(uuid4()), "about": ["c-1"]}
    sent = [*good, taken, about, named, {"petition": 1}, good[1], register(time=ago(hours=-1))]
    before = total(rows)
    outcomes = api.call("POST", "/petitions/batch", {"petitions": sent}).json()
    assert [each["error"]["code"] if each["error"] else each["status"] for each in outcomes] == [
        *[201] * 5,
        "petition.exists",
        "complaint.about-whom",
        201,
        "body.invalid",
        201,
        "time.in-future",
    ]
    assert outcomes[9] == outcomes[1]
    assert total(rows) - before == 5 + 2, "a complaint has a second event, on leads"
    assert api.call("POST", "/petitions/batch", {"petitions": sent}).json() == outcomes


def test_c1_another_petition_under_a_command_or_a_petition_s_id_is_refused(api: Client, rows: Rows) -> None:
    command = register()
    api.call("POST", "/petitions", command)
    before = total(rows)
    for body, who, code in (
        (command | {"time": ago(days=1)}, "importer", "command.contradicted"),
        (command, "other", "command.contradicted"),
        (command | {"command": str(uuid4())}, "importer", "petition.exists"),
        (log_visit(command["command"]), None, "command.contradicted"),
    ):
        path = "/petitions" if who else "/visits"
        answer = api.call("POST", path, body, who=who or "importer")
        assert (answer.status_code, answer.json()["code"]) == (409, code)
    assert total(rows) == before


@pytest.mark.parametrize(
    ("before", "role", "status"),
    [
        ({"days": 400}, "office", 422),
        ({"days": 400}, "import", 201),
        ({"minutes": -10}, "import", 422),
        ({"days": 10}, "cadre", 201),
    ],
)
def test_c1_when_a_petition_came_in(api: Client, rows: Rows, before: dict[str, float], role: str, status: int) -> None:
    command = register(time=ago(**before))
    answer = api.call("POST", "/petitions", command, who="o-1", role=role)
    assert answer.status_code == status
    stream = [f"petition-{command['petition']['petition']}", command["time"]]
    assert len(rows("SELECT position FROM events WHERE stream = %s AND time = %s", stream)) == (status == 201)
