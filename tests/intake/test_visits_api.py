"""Visits over HTTP, on a real log (V1-V3)."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest

from tests.intake.asking import ago, log_visit, visit
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]


def kept(rows: Rows, command: dict[str, Any]) -> int:
    """How many events the log has of a visit."""
    return rows("SELECT count(*) FROM events WHERE stream = %s", [f"visit-{command['visit']['visit']}"])[0][0]


def entered(api: Client, **fields: Any) -> dict[str, Any]:
    """A visit that was entered."""
    command = log_visit(**fields)
    assert api.call("POST", "/visits", command).status_code == 201
    return command


def test_v1_a_visit_is_entered_and_shown_as_it_stands(api: Client) -> None:
    more: dict[str, Any] = {
        "needs": ["03.11"],
        "promises": [{"matter": "07", "due": "2026-12-31"}],
        "companions": ["c-0002"],
        "offline": True,
    }
    command = log_visit(**more)
    answer = api.call("POST", "/visits", command, who="c-0001", role="cadre")
    assert answer.status_code == 201
    assert answer.json()["after"].startswith("visits.")
    shown = api.call("GET", f"/visits/{command['visit']['visit']}", who="c-0001", role="cadre").json()
    assert (shown["phase"], shown["version"]) == ("logged", 1)
    assert {name: shown["visit"][name] for name in more} == more


def test_v2_sending_twice_counts_once_and_answers_alike(api: Client, rows: Rows) -> None:
    command = log_visit()
    first, second = (api.call("POST", "/visits", command) for _ in range(2))
    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert kept(rows, command) == 1


def test_rule_4_another_content_or_sender_under_the_same_command_is_409_without_content(
    api: Client, rows: Rows
) -> None:
    command = entered(api)
    changed = {"command": command["command"], "visit": command["visit"] | {"purpose": "festival"}}
    for answer in (api.call("POST", "/visits", changed), api.call("POST", "/visits", command, who="other")):
        assert answer.status_code == 409
        assert answer.json()["code"] == "command.contradicted"
        assert command["visit"]["visit"] not in answer.text
    assert kept(rows, command) == 1


def test_v2_a_second_visit_under_one_id_is_refused(api: Client, rows: Rows) -> None:
    command = entered(api)
    answer = api.call("POST", "/visits", {"command": str(uuid4()), "visit": command["visit"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "visit.exists")
    assert kept(rows, command) == 1


def test_v2_both_the_time_of_the_visit_and_that_of_the_entry_are_kept(api: Client, rows: Rows) -> None:
    command = entered(api, started=ago(days=30), ended=ago(days=30))
    [(late,)] = rows(
        "SELECT recordedtime - time BETWEEN interval '30 days' AND interval '30 days 10 minutes' FROM events"
        " WHERE stream = %s",
        [f"visit-{command['visit']['visit']}"],
    )
    assert late


@pytest.mark.parametrize(
    ("fields", "role", "status", "code"),
    [
        ({"started": ago(minutes=-4), "ended": ago(minutes=-4)}, "cadre", 201, None),
        ({"started": ago(minutes=-30), "ended": ago(minutes=-30)}, "cadre", 422, "time.in-future"),
        ({"started": ago(minutes=5), "ended": ago(minutes=-30)}, "import", 422, "time.in-future"),
        ({"started": ago(days=89), "ended": ago(days=89)}, "cadre", 201, None),
        ({"started": ago(days=91), "ended": ago(days=91)}, "cadre", 422, "time.too-old"),
        ({"started": ago(days=3660), "ended": ago(days=3660)}, "import", 201, None),
        ({"started": "1949-01-01T00:00:00+00:00", "ended": ago(days=1)}, "import", 201, None),
        ({"started": "1949-01-01T00:30:00+08:00", "ended": ago(days=1)}, "import", 422, "body.invalid"),
    ],
)
def test_v2_when_a_visit_may_have_been(
    api: Client, rows: Rows, fields: dict[str, str], role: str, status: int, code: str | None
) -> None:
    command = log_visit(**fields)
    answer = api.call("POST", "/visits", command, who="c-0001", role=role)
    assert (answer.status_code, answer.json().get("code")) == (status, code)
    assert kept(rows, command) == (status == 201)


def test_a_cadre_enters_changes_and_sees_only_the_own_visits(api: Client, rows: Rows) -> None:
    other = entered(api, cadre="c-0002")
    path = f"/visits/{other['visit']['visit']}"
    correction = {"command": str(uuid4()), "visit": other["visit"] | {"purpose": "festival"}}
    own_now = {"command": str(uuid4()), "visit": other["visit"] | {"cadre": "c-0001"}}
    mine = {"who": "c-0001", "role": "cadre"}
    for answer in (
        api.call("POST", "/visits", log_visit(cadre="c-0002"), **mine),
        api.call("POST", f"{path}/corrections", correction, **mine),
        api.call("POST", f"{path}/corrections", own_now, **mine),
        api.call("POST", f"{path}/withdrawal", {"command": str(uuid4()), "reason": "entered-twice"}, **mine),
        api.call("GET", path, **mine),
    ):
        assert (answer.status_code, answer.json()["code"]) == (403, "auth.scope")
        assert "h-000123" not in answer.text
    assert kept(rows, other) == 1
    assert api.call("GET", path, who="o-1", role="organisation").status_code == 200
    assert api.call("POST", f"{path}/corrections", correction, who="o-1", role="organisation").status_code == 403


def test_v3_a_correction_replaces_the_entry_as_a_whole(api: Client, rows: Rows) -> None:
    command = entered(api, needs=["03.11"])
    path = f"/visits/{command['visit']['visit']}"
    anew = {"command": str(uuid4()), "visit": visit(visit=command["visit"]["visit"], purpose="policy")}
    first, second = (api.call("POST", f"{path}/corrections", anew) for _ in range(2))
    assert first.status_code == 201
    assert first.json() == second.json(), "a repeat counts once"
    shown = api.call("GET", path).json()
    assert (shown["version"], shown["visit"]["purpose"], shown["visit"]["needs"]) == (2, "policy", [])
    unchanged = api.call("POST", f"{path}/corrections", anew | {"command": str(uuid4())})
    assert (unchanged.status_code, unchanged.json()["code"]) == (409, "visit.unchanged")
    astray = api.call("POST", f"/visits/{uuid4()}/corrections", anew | {"command": str(uuid4())})
    assert (astray.status_code, astray.json()["code"], astray.json()["field"]) == (422, "visit.other-id", "visit.visit")
    assert kept(rows, command) == 2


def test_v3_a_withdrawn_visit_takes_no_second_withdrawal_and_no_correction(api: Client, rows: Rows) -> None:
    command = entered(api)
    path = f"/visits/{command['visit']['visit']}"
    withdrawal = {"command": str(uuid4()), "reason": "did-not-happen"}
    first, second = (api.call("POST", f"{path}/withdrawal", withdrawal) for _ in range(2))
    assert first.status_code == 201
    assert first.json() == second.json()
    assert api.call("GET", path).json()["phase"] == "withdrawn"
    for answer in (
        api.call("POST", f"{path}/withdrawal", withdrawal | {"command": str(uuid4())}),
        api.call("POST", f"{path}/corrections", {"command": str(uuid4()), "visit": command["visit"]}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (409, "visit.withdrawn")
    assert kept(rows, command) == 2, "the log keeps all"


def test_rule_4_one_command_id_cannot_withdraw_two_visits(api: Client, rows: Rows) -> None:
    one, other = entered(api), entered(api)
    withdrawal = {"command": str(uuid4()), "reason": "entered-twice"}
    answers = [api.call("POST", f"/visits/{c['visit']['visit']}/withdrawal", withdrawal) for c in (one, other)]
    assert [answer.status_code for answer in answers] == [201, 409]
    assert answers[1].json()["code"] == "command.contradicted"
    assert kept(rows, other) == 1


def test_an_unknown_visit_is_404_whatever_is_asked_of_it(api: Client) -> None:
    path = f"/visits/{uuid4()}"
    body = visit(visit=path.removeprefix("/visits/"))
    for answer in (
        api.call("GET", path),
        api.call("POST", f"{path}/withdrawal", {"command": str(uuid4()), "reason": "entered-twice"}),
        api.call("POST", f"{path}/corrections", {"command": str(uuid4()), "visit": body}),
    ):
        assert (answer.status_code, answer.json()["code"]) == (404, "visit.not-found")
