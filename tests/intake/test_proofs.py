"""Whoever has an event can prove that it is in the log, and gets no more by that than the event (P3, U2)."""

import json
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from lianxin_schemas import codec
from lianxin_schemas.events.seals import LogSealed

from services.intake.settings import Settings
from services.runtime import log, merkle, seals
from tests.intake.asking import code, receive, told
from tests.intake.sealed import seal
from tests.intake.test_follow_api import follow, raised
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]
ORGANISATION = {"who": "o-1", "role": "organisation"}


def holds(proof: dict[str, Any], message: bytes, settings: Settings) -> bool:
    """What a checker does, by the library: the path leads to the root, a listed key has signed it."""
    _, source, _, text = proof["signed"].split("\n")
    sealed = LogSealed.model_validate_json(text)
    first, last = sealed.covers.first, sealed.covers.last
    place = int(json.loads(message)["sequence"]) - first
    path = [bytes.fromhex(each) for each in proof["path"]]
    root = merkle.root_by(merkle.leaf(message), place, last - first + 1, path)
    key = seals.listed(settings.seal_keys)[sealed.key or ""]
    assert key.raw.hex() == proof["key"]
    assert source.startswith(f"/{settings.space}/intake/")
    return root is not None and root.hex() == sealed.root and key.made(proof["signature"], proof["signed"].encode())


def test_P3_a_resident_gets_the_proof_of_the_registration_by_number_and_secret(
    api: Client, settings: Settings, rows: Rows
) -> None:
    received = raised(api)
    early = follow(api, code(received), "/proof")
    assert (early.status_code, early.json()["code"]) == (409, "proof.not-yet")
    assert "20" in early.json()["zh"]
    seal(settings)
    answer = follow(api, code(received), "/proof")
    assert answer.status_code == 200, answer.text
    proof = answer.json()
    event = json.loads(proof["event"])
    assert event["type"] == "lianxin.petition.registered.v1"
    assert event["data"]["petition"] == received["petition"]
    assert rows("SELECT id::text FROM events WHERE stream = %s", [f"petition-{received['petition']}"]) == [
        (event["id"],)
    ]
    assert holds(proof, proof["event"].encode(), settings)
    assert not holds(proof, proof["event"].encode().replace(b"web", b"wed"), settings)


def test_P1_the_proof_tells_nothing_of_who_it_is_and_no_secret(api: Client, settings: Settings) -> None:
    body = receive(told=told())
    answer = api.ask("POST", "/petitions/web", json=body)
    received = answer.json()
    seal(settings)
    text = follow(api, code(received), "/proof").text
    number = received["number"]
    for hidden in (*told().values(), number, number.replace(" ", ""), received["secret"], body["command"]):
        assert hidden not in text


def test_U2_a_wrong_secret_gets_no_proof_and_the_same_answer_as_elsewhere(api: Client) -> None:
    received = raised(api)
    wrong = code(received, secret="AAAAAAAA")
    assert follow(api, wrong, "/proof").json() == follow(api, wrong).json()
    assert follow(api, wrong, "/proof").json()["code"] == "code.wrong"


def test_rule_8_every_event_under_a_seal_has_a_proof_by_its_id(api: Client, settings: Settings, rows: Rows) -> None:
    for _ in range(3):
        for _ in range(3):
            raised(api)
        seal(settings)
    found = rows(
        f"SELECT {log.ROW_COLUMNS} FROM events WHERE position <= (SELECT sealed FROM relay)"
        " ORDER BY position DESC LIMIT 40"
    )
    events = [log.row_of(settings.space, "intake", values) for values in found]
    assert {each.type for each in events} >= {"lianxin.petition.registered.v1", "lianxin.log.sealed.v1"}
    for event in events:
        answer = api.call("GET", f"/seals/proofs/{event.id}", **ORGANISATION)
        assert answer.status_code == 200, answer.text
        assert answer.json()["event"] is None
        assert holds(answer.json(), codec.encode(event), settings)


def test_P3_a_complaint_is_proved_to_who_has_it_without_being_shown(
    api: Client, settings: Settings, rows: Rows
) -> None:
    received = raised(api, about=["c-1"])
    seal(settings)
    [(lead,)] = rows("SELECT id FROM events WHERE stream = %s", [f"complaint-{received['petition']}"])
    answer = api.call("GET", f"/seals/proofs/{lead}", who="subscriber", role="service")
    assert answer.status_code == 200
    assert answer.json()["event"] is None
    assert received["petition"] not in answer.text
    assert "c-1" not in answer.text


@pytest.mark.parametrize("role", ["cadre", "office", "import", "operations"])
def test_proofs_by_id_are_for_services_and_the_organisation(api: Client, role: str) -> None:
    answer = api.call("GET", f"/seals/proofs/{uuid4()}", who="x-1", role=role)
    assert (answer.status_code, answer.json()["code"]) == (403, "auth.role")


def test_an_event_that_is_not_in_the_log_has_no_proof(api: Client) -> None:
    answer = api.call("GET", f"/seals/proofs/{uuid4()}", **ORGANISATION)
    assert (answer.status_code, answer.json()["code"]) == (404, "proof.no-event")


def test_rule_8_what_lies_under_a_plain_seal_has_no_proof(api: Client, settings: Settings, rows: Rows) -> None:
    received = raised(api)
    seal(settings)
    [(event, position)] = rows(
        "SELECT id, position FROM events WHERE stream = %s", [f"petition-{received['petition']}"]
    )
    over = "topic = 'seals' AND (data->'covers'->>'first')::int <= %s AND (data->'covers'->>'last')::int >= %s"
    [(kept,)] = rows(f"SELECT data::text FROM events WHERE {over}", [position, position])
    plain = {name: value for name, value in json.loads(kept).items() if name not in {"root", "signature", "key"}}
    rows(f"UPDATE events SET data = %s WHERE {over}", [json.dumps(plain), position, position])
    try:
        answer = api.call("GET", f"/seals/proofs/{event}", **ORGANISATION)
        assert (answer.status_code, answer.json()["code"]) == (404, "proof.none")
    finally:
        rows(f"UPDATE events SET data = %s WHERE {over}", [kept, position, position])


def test_rule_8_a_row_changed_after_its_seal_has_a_proof_that_does_not_hold(
    api: Client, settings: Settings, rows: Rows
) -> None:
    received = raised(api)
    seal(settings)
    stream = [f"petition-{received['petition']}"]
    rows("UPDATE events SET time = time + interval '1 day' WHERE stream = %s", stream)
    proof = follow(api, code(received), "/proof").json()
    assert not holds(proof, proof["event"].encode(), settings)
    rows("UPDATE events SET time = time - interval '1 day' WHERE stream = %s", stream)
    proof = follow(api, code(received), "/proof").json()
    assert holds(proof, proof["event"].encode(), settings)


def test_rule_8_anybody_gets_the_public_keys(api: Client, settings: Settings) -> None:
    [key] = api.ask("GET", "/seals/keys").json()
    [known] = seals.listed(settings.seal_keys).values()
    assert key == {"id": known.id, "service": "intake", "key": known.raw.hex()}
    assert UUID(known.id), "32 signs in hexadecimal"
