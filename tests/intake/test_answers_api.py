"""What residents say by telephone is entered by staff, and what was said elsewhere is imported (C4, C8)."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.intake.asking import ago, register
from tests.intake.given import BEGAN, Projected, begun, replied
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]
LATER = (BEGAN + timedelta(days=30)).isoformat()


def registered(api: Client, assignment: Projected, **more: Any) -> str:
    """A petition that was replied to."""
    command = register(time=BEGAN.isoformat()) | more
    if more:
        command["petition"]["complaint"] = True
    assert api.call("POST", "/petitions", command).status_code == 201
    petition = UUID(command["petition"]["petition"])
    assignment.hears(begun(petition), replied(petition))
    return str(petition)


def say(api: Client, petition: str, act: str, *, who: str = "importer", role: str = "import", **body: Any) -> Any:
    body = {"command": str(uuid4())} | body
    return api.call("POST", f"/petitions/{petition}/{act}", body, who=who, role=role, office="o-1")


def item(petition: str, kind: str = "verdict", **body: Any) -> dict[str, Any]:
    given = {"solved": "solved"} if kind == "verdict" else {}
    return {"petition": petition, "kind": kind, "command": str(uuid4())} | given | body


def kept(rows: Rows, petition: str) -> list[tuple[Any, ...]]:
    sql = "SELECT split_part(type, '.', 3), authid, time FROM events WHERE stream = %s AND version > 1 ORDER BY version"
    return rows(sql, [f"petition-{petition}"])


def test_C8_staff_enter_what_a_resident_says_by_telephone(api: Client, assignment: Projected, rows: Rows) -> None:
    petition = registered(api, assignment)
    body = {"command": str(uuid4()), "solved": "partly", "satisfied": "neutral"}
    first, again = (say(api, petition, "verdict", who="clerk", role="office", **body) for _ in range(2))
    assert (first.status_code, first.json()) == (201, again.json())
    assert first.json()["after"].startswith("petitions.")
    assert [(kind, by) for kind, by, _ in kept(rows, petition)] == [("verdict_given", "clerk")]
    unchanged = say(api, petition, "verdict", who="clerk", role="office", solved="partly", satisfied="neutral")
    assert (unchanged.status_code, unchanged.json()["code"]) == (409, "verdict.unchanged")


@pytest.mark.parametrize("act", ["verdict", "withdrawal"])
def test_C8_when_it_was_said_is_kept_and_not_before_what_it_is_about(
    api: Client, assignment: Projected, rows: Rows, act: str
) -> None:
    petition = registered(api, assignment)
    more = {"solved": "solved"} if act == "verdict" else {}
    early = say(api, petition, act, time=(BEGAN - timedelta(days=1)).isoformat(), **more)
    assert (early.status_code, early.json()["code"]) == (422, "time.before-start")
    old = say(api, petition, act, role="office", who="clerk", time=ago(days=91), **more)
    assert (old.status_code, old.json()["code"]) == (422, "time.too-old")
    ahead = say(api, petition, act, time=ago(hours=-1), **more)
    assert (ahead.status_code, ahead.json()["code"]) == (422, "time.in-future")
    assert say(api, petition, act, time=LATER, **more).status_code == 201
    assert [time.isoformat() for _, _, time in kept(rows, petition)] == [LATER]


def test_C4_whoever_a_petition_is_about_is_told_there_is_none(api: Client, assignment: Projected) -> None:
    petition = registered(api, assignment, about=["c-9"])
    for act, more in (("verdict", {"solved": "solved"}), ("withdrawal", {})):
        own = say(api, petition, act, who="c-9", role="office", **more)
        none = say(api, str(uuid4()), act, **more)
        assert (own.status_code, own.json()) == (none.status_code, none.json())
        assert none.json()["code"] == "petition.not-found"
    assert say(api, petition, "verdict", who="c-8", role="office", solved="solved").status_code == 201


def test_C8_a_batch_has_an_outcome_each_and_keeps_the_order_of_one_petition(
    api: Client, assignment: Projected, rows: Rows
) -> None:
    petition, other = registered(api, assignment), registered(api, assignment)
    first = item(petition, solved="not-solved", time=LATER)
    answers = [
        first,
        item(petition, solved="partly", time=LATER),
        item(petition, "withdrawal"),
        first,
        item(petition, "withdrawal"),
        item(other, "verdict", satisfied="satisfied"),
        item(other, solved="perhaps"),
        item(str(uuid4())),
        {"petition": other},
        None,
        item(other, "verdict", command=first["command"]),
    ]
    sent = api.call("POST", "/petitions/answers/batch", {"answers": answers})
    outcomes = sent.json()
    assert [each["error"]["code"] if each["error"] else each["status"] for each in outcomes] == [
        201,
        201,
        201,
        201,
        "withdrawal.asked",
        201,
        "body.invalid",
        "petition.not-found",
        "body.invalid",
        "body.invalid",
        "command.contradicted",
    ]
    assert outcomes[3]["receipt"] == outcomes[0]["receipt"], "the same command twice in one batch counts once"
    kinds = [kind for kind, *_ in kept(rows, petition)]
    assert kinds == ["verdict_given", "verdict_given", "withdrawal_asked"]
    assert api.call("POST", "/petitions/answers/batch", {"answers": answers}).json() == outcomes


def test_C8_one_by_one_and_in_a_batch_are_the_same_command(api: Client, assignment: Projected) -> None:
    petition = registered(api, assignment)
    command = item(petition, "verdict", time=LATER)
    body = {key: value for key, value in command.items() if key not in ("petition", "kind")}
    alone = say(api, petition, "verdict", **body).json()
    [outcome] = api.call("POST", "/petitions/answers/batch", {"answers": [command]}).json()
    assert outcome["receipt"] == alone


def test_C8_a_batch_whose_cases_have_not_arrived_is_carried_out_later_or_not_at_all(
    api: Client, assignment: Projected, rows: Rows
) -> None:
    petition = registered(api, assignment)
    after = "cases.1.1:9999999"
    sent = api.call("POST", "/petitions/answers/batch", {"answers": [item(petition)]}, params={"after": after})
    assert (sent.status_code, sent.json()["code"], sent.headers["Retry-After"]) == (503, "after.too-early", "2")
    assert kept(rows, petition) == []
