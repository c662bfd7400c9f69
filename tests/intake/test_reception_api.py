"""Petitions taken in from residents: receipts, repeats, complaints, what is refused (C1, U2)."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.intake.domain.petitions import ReceivePetition
from services.runtime import log
from tests.intake.asking import ago, receive, told
from tests.intake.given import Projected
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]
WEB = "/petitions/web"


def at_counter(api: Client, body: dict[str, Any], **more: Any) -> Any:
    return api.call("POST", "/petitions/reception", body, who="s-1", role="office", office="o-1", **more)


def from_web(api: Client, body: dict[str, Any]) -> Any:
    return api.ask("POST", WEB, json=body)


def events(rows: Rows, petition: str) -> list[tuple[str, dict[str, Any]]]:
    """Type and data of everything in the log about a petition, in order."""
    return rows("SELECT type, data FROM events WHERE stream LIKE %s ORDER BY position", [f"%-{petition}"])


def test_C1_a_petition_at_the_counter_gets_number_and_secret(api: Client, assignment: Projected, rows: Rows) -> None:
    answer = at_counter(api, receive(zone="z-1", told=told(), channel="telephone"))
    assert answer.status_code == 201
    received = answer.json()
    assert len(received["number"].replace(" ", "")) == 12
    assert len(received["secret"]) == 8
    [(kind, data)] = events(rows, received["petition"])
    assert kind == "lianxin.petition.registered.v1"
    assert data.keys() == {"petition", "channel", "category", "zone", "resident", "said"}
    assert (data["channel"], data["category"], data["zone"]) == ("telephone", "01.02.11", "z-1")


def test_U2_a_repeat_gets_the_same_and_another_content_is_refused(api: Client, rows: Rows) -> None:
    body = receive(told=told())
    first, again = at_counter(api, body), at_counter(api, body)
    assert first.json() == again.json()
    assert again.status_code == 201
    assert len(events(rows, first.json()["petition"])) == 1
    for other in (body | {"told": told(words="别的事")}, body | {"told": {}}, body | {"category": "01.02.12"}):
        refused = at_counter(api, other)
        assert (refused.status_code, refused.json()["code"]) == (409, "command.contradicted")
    foreign = api.call("POST", "/petitions/reception", body, who="s-2", role="office", office="o-1")
    assert foreign.json()["code"] == "command.contradicted"
    assert "secret" not in foreign.json()


def test_U2_the_log_does_not_tell_the_command_by_which_a_receipt_is_repeated(api: Client, rows: Rows) -> None:
    body = receive(told={"words": "水管漏水"})
    received = from_web(api, body).json()
    [(cause,)] = rows("SELECT causation FROM events WHERE stream = %s", [f"petition-{received['petition']}"])
    assert cause != UUID(body["command"])
    guessed = from_web(api, body | {"command": str(cause)}).json()
    assert guessed["petition"] != received["petition"]
    assert guessed["secret"] != received["secret"]


def test_P1_what_identifies_a_command_in_the_log_gives_no_telephone_number_away(api: Client, rows: Rows) -> None:
    body = receive(told={"telephone": "13900000009"})
    received = at_counter(api, body).json()
    [(kept,)] = rows("SELECT commandhash FROM events WHERE stream = %s", [f"petition-{received['petition']}"])
    assert kept != log.content_hash(ReceivePetition.model_validate(body)), "whoever tries all numbers would find it"


def test_C1_nothing_about_the_resident_is_asked(api: Client, rows: Rows) -> None:
    received = at_counter(api, receive()).json()
    [(_, data)] = events(rows, received["petition"])
    assert data.keys() == {"petition", "channel", "category"}
    assert data["channel"] == "reception"


def test_C4_a_complaint_names_officials_on_the_restricted_topic_alone(api: Client, rows: Rows) -> None:
    received = from_web(api, receive(told=told(), about=["c-7", "c-8", "c-7"])).json()
    found = rows(
        "SELECT type, topic, data, position FROM events WHERE stream LIKE %s ORDER BY position",
        [f"%-{received['petition']}"],
    )
    [(_, petitions, registered, one), (_, leads, lead, two)] = found
    assert (petitions, leads, two - one) == ("petitions", "leads", 1)
    assert registered["complaint"] is True
    assert lead == {"petition": received["petition"], "about": ["c-7", "c-8"]}
    assert '"c-7"' not in json.dumps(registered)


def test_C4_a_petition_of_any_other_channel_names_whom_it_is_about(api: Client, rows: Rows) -> None:
    petition = {"petition": str(uuid4()), "channel": "import", "category": "03.11", "complaint": True}
    body: dict[str, Any] = {"command": str(uuid4()), "petition": petition}
    refused = api.call("POST", "/petitions", body)
    assert (refused.status_code, refused.json()["code"]) == (422, "complaint.about-whom")
    plain = {key: value for key, value in petition.items() if key != "complaint"}
    assert api.call("POST", "/petitions", body | {"petition": plain, "about": ["c-7"]}).status_code == 422
    assert api.call("POST", "/petitions", body | {"about": ["c-7"]}).status_code == 201
    assert [kind for kind, _ in events(rows, petition["petition"])] == [  # type: ignore[arg-type]
        "lianxin.petition.registered.v1",
        "lianxin.complaint.received.v1",
    ]


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"category": "99.01"}, 422, "category.unknown"),
        ({"category": "02.04.01"}, 422, "category.unknown"),
        ({"zone": "z-nowhere"}, 422, "zone.unknown"),
        ({"time": ago(days=91)}, 422, "time.too-old"),
        ({"time": ago(hours=-1)}, 422, "time.in-future"),
        ({"told": {"telephone": "call me"}}, 422, "body.invalid"),
        ({"told": {"name": "x\ny"}}, 422, "body.invalid"),
        ({"told": {"words": "   "}}, 422, "body.invalid"),
        ({"told": {"belief": "x"}}, 422, "body.invalid"),
    ],
)
def test_C1_what_cannot_be_taken_in_is_refused_in_words(
    api: Client, assignment: Projected, rows: Rows, fields: dict[str, Any], status: int, code: str
) -> None:
    [(before,)] = rows("SELECT position FROM head")
    answer = at_counter(api, receive(**fields))
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert rows("SELECT position FROM head") == [(before,)]


def test_C1_from_the_web_some_words_are_needed_and_nothing_else(api: Client) -> None:
    refused = from_web(api, receive(told={"name": "测试乙"}))
    assert (refused.status_code, refused.json()["code"]) == (422, "told.no-words")
    assert from_web(api, receive(told={"words": "井盖没了"})).status_code == 201
    assert from_web(api, receive(told={"words": "x"}, channel="hotline")).status_code == 422


def test_U2_a_number_that_is_taken_counts_on(api: Client, rows: Rows, monkeypatch: pytest.MonkeyPatch) -> None:
    from services.intake.domain import receipts

    real = receipts.number
    monkeypatch.setattr(receipts, "number", lambda key, petition, nth=0: real(key, petition if nth else UUID(int=7)))
    numbers = {at_counter(api, receive()).json()["number"] for _ in range(3)}
    assert len(numbers) == 3
