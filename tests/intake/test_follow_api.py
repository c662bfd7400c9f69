"""A resident follows their own petition, judges it, withdraws it, has their own data erased (U2, C3, C4, C8, P1)."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from lianxin_schemas.events import cases

from services.intake import restored
from services.intake.domain import receipts
from services.intake.settings import Settings
from tests.intake.asking import by_code, code, receive, told
from tests.intake.given import BEGAN, Projected, begun, credit, opened, replied
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]


def raised(api: Client, **fields: Any) -> dict[str, Any]:
    answer = api.ask("POST", "/petitions/web", json=receive(told=told(), **fields))
    assert answer.status_code == 201
    found: dict[str, Any] = answer.json()
    return found


def follow(api: Client, body: dict[str, Any], at: str = "") -> Any:
    return api.ask("POST", f"/follow{at}", json=body)


def kept_reply(api: Client, petition: str, text: str) -> str:
    body = {"command": str(uuid4()), "petition": petition, "text": text}
    answer = api.call("POST", "/vault/texts", body, who="c-1", role="cadre")
    assert answer.status_code == 201, answer.text
    ref: str = answer.json()["ref"]
    return ref


def test_U2_before_its_case_has_come_a_petition_is_registered(api: Client) -> None:
    received = raised(api)
    seen = follow(api, code(received)).json()
    assert (seen["phase"], seen["steps"], seen["limit"], seen["office"]) == ("registered", [], None, None)
    assert seen["petition"] == received["petition"]
    assert seen["number"] == received["number"]
    assert seen["category_zh"].startswith("城乡建设 › ")
    assert seen["category_en"] == "Urban and rural development › City building and public works"
    assert (seen["may_withdraw"], seen["may_judge"]) == (True, False)


def test_C3_it_shows_the_phases_the_limit_with_its_sum_the_office_and_the_reply(
    api: Client, assignment: Projected, rows: Rows
) -> None:
    received = raised(api, zone="z-1")
    petition = UUID(received["petition"])
    assignment.hears(begun(petition))
    rows("INSERT INTO directory VALUES ('office-o-1', 1, '某镇', 'A town') ON CONFLICT DO NOTHING")
    ref = kept_reply(api, received["petition"], "路灯已经修好")
    assignment.hears(replied(petition, ref))
    seen = follow(api, code(received)).json()
    assert [step["phase"] for step in seen["steps"]] == ["assigned", "accepted", "decided", "replied"]
    assert seen["phase"] == "replied"
    assert seen["limit"]["due"] == (BEGAN + timedelta(days=60)).isoformat().replace("+00:00", "Z")
    assert [line["rule"] for line in seen["limit"]["because"]] == ["days-added"]
    assert seen["office"] == {"id": "o-1", "zh": "某镇", "en": "A town"}
    assert (seen["reply"]["text"], seen["reply"]["outcome"]) == ("路灯已经修好", "solved")
    assert seen["may_judge"]
    assert "'c-1'" not in str(seen), "who handles it is nobody's to chase by name"


def test_P2_reading_the_reply_is_an_event_each_time(api: Client, assignment: Projected, rows: Rows) -> None:
    received = raised(api)
    assignment.hears(begun(UUID(received["petition"])))
    ref = kept_reply(api, received["petition"], "已回复")
    assignment.hears(replied(UUID(received["petition"]), ref))
    for _ in range(2):
        assert follow(api, code(received)).json()["reply"]["text"] == "已回复"
    found = rows("SELECT data FROM events WHERE type LIKE '%%text.revealed%%' AND data->>'ref' = %s", [ref])
    assert [(data["by"], data["reason"], data["datum"]) for (data,) in found] == [
        ("resident", "resident-asked", "said")
    ] * 2


def test_P1_a_reply_that_names_words_of_another_petition_shows_nothing(api: Client, assignment: Projected) -> None:
    mine, other = raised(api), raised(api)
    for each in (mine, other):
        assignment.hears(begun(UUID(each["petition"])))
    ref = kept_reply(api, other["petition"], "别人的答复")
    assignment.hears(replied(UUID(mine["petition"]), ref))
    assert follow(api, code(mine)).json()["reply"]["text"] is None


def test_U2_a_wrong_secret_and_an_unknown_number_get_the_same_answer(api: Client) -> None:
    received = raised(api)
    unknown = receipts.number(b"another key", uuid4())
    wrong = [
        follow(api, code(received, secret="AAAAAAAA")),
        follow(api, {"number": unknown, "secret": received["secret"]}),
    ]
    assert {answer.status_code for answer in wrong} == {422}
    assert wrong[0].json() == wrong[1].json()
    assert wrong[0].json()["code"] == "code.wrong"
    mistyped = follow(api, code(received, number=received["number"][:-1] + "x"))
    assert mistyped.json()["code"] == "code.mistyped"
    assert follow(api, code(received)).status_code == 200


def test_U2_the_code_is_said_to_stand_on_the_receipt_and_nowhere_else(api: Client) -> None:
    told_ = follow(api, code(raised(api), secret="AAAAAAAA")).json()
    assert "收据上有" in told_["zh"]
    assert "短信" not in told_["zh"], "none is sent"
    assert told_["en"].endswith("see your receipt.")


@pytest.mark.parametrize("known", [True, False])
def test_U2_after_five_tries_nothing_is_looked_at_for_a_quarter_of_an_hour(
    api: Client, rows: Rows, known: bool
) -> None:
    received = raised(api)
    if not known:
        received["number"] = receipts.number(b"another key", uuid4())
    number = received["number"].replace(" ", "")
    for _ in range(5):
        assert follow(api, code(received, secret="AAAAAAAA")).json()["code"] == "code.wrong"
    for _ in range(3):
        locked = follow(api, code(received))
        assert (locked.status_code, locked.json()["code"]) == (429, "code.locked")
        assert "15" in locked.json()["zh"]
    assert follow(api, by_code(received), "/withdrawal").json()["code"] == "code.locked"
    [(last,)] = rows("SELECT last FROM receipt_try WHERE number = %s", [number])
    rows("UPDATE receipt_try SET last = %s WHERE number = %s", [last - timedelta(minutes=14), number])
    assert follow(api, code(received)).json()["code"] == "code.locked"
    rows("UPDATE receipt_try SET last = %s WHERE number = %s", [last - timedelta(minutes=16), number])
    assert follow(api, code(received)).json().get("code") == (None if known else "code.wrong")


def test_U2_many_tries_at_once_are_not_more_than_five(api: Client, rows: Rows) -> None:
    received = raised(api)
    with ThreadPoolExecutor(20) as pool:
        answers = list(pool.map(lambda _: follow(api, code(received, secret="BBBBBBBB")).json()["code"], range(20)))
    assert (answers.count("code.wrong"), answers.count("code.locked")) == (5, 15)


def test_U2_the_right_secret_clears_what_was_tried_before(api: Client) -> None:
    received = raised(api)
    for _ in range(3):
        for _ in range(4):
            follow(api, code(received, secret="AAAAAAAA"))
        assert follow(api, code(received)).status_code == 200


def test_C4_withdrawal_is_asked_once_and_repeats_get_the_same(api: Client, assignment: Projected, rows: Rows) -> None:
    received = raised(api)
    body = by_code(received)
    first, again = follow(api, body, "/withdrawal"), follow(api, body, "/withdrawal")
    assert (first.status_code, first.json()) == (201, again.json())
    refused = follow(api, by_code(received), "/withdrawal")
    assert (refused.status_code, refused.json()["code"]) == (409, "withdrawal.asked")
    kinds = rows("SELECT type FROM events WHERE stream = %s ORDER BY version", [f"petition-{received['petition']}"])
    assert [kind for (kind,) in kinds] == ["lianxin.petition.registered.v1", "lianxin.petition.withdrawal_asked.v1"]
    seen = follow(api, code(received)).json()
    assert (seen["withdrawal_asked"], seen["may_withdraw"]) == (True, False)
    ended = raised(api)
    assignment.hears(opened(UUID(ended["petition"])), cases.CaseWithdrawn(petition=UUID(ended["petition"])))
    assert follow(api, by_code(ended), "/withdrawal").json()["code"] == "petition.ended"


def test_C8_a_verdict_waits_for_the_reply_and_the_newest_holds(api: Client, assignment: Projected, rows: Rows) -> None:
    received = raised(api)
    petition = UUID(received["petition"])
    early = follow(api, by_code(received, solved="solved"), "/verdict")
    assert (early.status_code, early.json()["code"]) == (409, "verdict.no-reply")
    assignment.hears(begun(petition), replied(petition))
    body = by_code(received, solved="not-solved", satisfied="dissatisfied", words="还是没亮")
    first, again = follow(api, body, "/verdict"), follow(api, body, "/verdict")
    assert (first.status_code, first.json()) == (201, again.json())
    other = follow(api, body | {"words": "换了内容"}, "/verdict")
    assert other.json()["code"] == "command.contradicted"
    assignment.hears(cases.CaseReopened(petition=petition, credit=credit()))
    assert follow(api, by_code(received, solved="not-solved"), "/verdict").json()["code"] == "verdict.no-reply"
    assignment.hears(replied(petition))
    assert follow(api, by_code(received, solved="solved"), "/verdict").status_code == 201
    assert follow(api, by_code(received, solved="solved"), "/verdict").json()["code"] == "verdict.unchanged"
    seen = follow(api, code(received)).json()
    assert (seen["verdict"]["solved"], seen["verdict"]["satisfied"]) == ("solved", None)
    [(one,), (two,)] = rows(
        "SELECT data FROM events WHERE type = 'lianxin.petition.verdict_given.v1' AND stream = %s ORDER BY version",
        [f"petition-{petition}"],
    )
    assert one.keys() == {"petition", "solved", "satisfied", "said"}
    assert two.keys() == {"petition", "solved"}


def test_P1_an_erasure_by_the_resident_says_when_it_is_complete(api: Client, assignment: Projected, rows: Rows) -> None:
    received = raised(api)
    petition = UUID(received["petition"])
    assignment.hears(begun(petition))
    ref = kept_reply(api, received["petition"], "答复的话")
    assignment.hears(replied(petition, ref))
    body = by_code(received)
    first, again = follow(api, body, "/erasure"), follow(api, body, "/erasure")
    assert (first.status_code, first.json()) == (201, again.json())
    assert follow(api, by_code(received), "/erasure").json()["code"] == "vault.erased"
    seen = follow(api, code(received)).json()
    assert seen["erased"] == first.json()["complete"]
    assert seen["reply"] == {"time": seen["reply"]["time"], "outcome": "solved", "text": None}
    words = follow(api, by_code(received, solved="solved", words="谢谢"), "/verdict")
    assert (words.status_code, words.json()["code"]) == (410, "vault.erased")
    assert follow(api, by_code(received, solved="solved"), "/verdict").status_code == 201
    [(data,)] = rows(
        "SELECT data FROM events WHERE type = 'lianxin.person.erased.v1' AND data->>'person' ="
        " (SELECT data->>'resident' FROM events WHERE stream = %s AND version = 1)",
        [f"petition-{petition}"],
    )
    assert data["complete"] == first.json()["complete"]


@pytest.mark.parametrize("taken", [False, True])
def test_rule_13_U2_a_petition_that_came_back_is_followed_by_the_number_it_had(
    api: Client, settings: Settings, rows: Rows, taken: bool
) -> None:
    """Given a restore from before its registration, which came back from Kafka. Where another petition that is older
    has the number it would get first, it gets the next, as it did before.
    """
    received = raised(api)
    petition = UUID(received["petition"])
    [(position,)] = rows("SELECT position FROM events WHERE stream = %s", [f"petition-{petition}"])
    rows("DELETE FROM receipt WHERE petition = %s", [petition])
    if taken:
        rows("INSERT INTO receipt VALUES (%s, %s)", [uuid4(), receipts.read_number(received["number"])])
    assert follow(api, code(received)).json()["code"] == "code.wrong"

    async def refill() -> None:
        async with await psycopg.AsyncConnection.connect(settings.database("intake")) as connection:
            await restored.refill(settings, connection, position - 1)

    asyncio.run(refill())
    [(number,)] = rows("SELECT number FROM receipt WHERE petition = %s", [petition])
    assert (receipts.written(number) == received["number"]) is not taken
    seen = follow(api, code(received, number=receipts.written(number)))
    assert (seen.status_code, seen.json().get("petition")) == (200, received["petition"])
