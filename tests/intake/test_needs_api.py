"""Needs heard on a visit become petitions in one step, each once (V4)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import UUID, uuid4

from services.intake.domain.petitions import candidates
from tests.intake.asking import code, log_visit, told
from tests.intake.given import Projected
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]
LAMP, WATER = "01.02.10", "01.02.16"


def visited(api: Client, *needs: str) -> str:
    body = log_visit(needs=list(needs))
    assert api.call("POST", "/visits", body, who="c-0001", role="cadre").status_code == 201
    visit: str = body["visit"]["visit"]
    return visit


def raise_(api: Client, visit: str, *needs: dict[str, Any] | str, who: str = "c-0001", **fields: Any) -> Any:
    asked = [need if isinstance(need, dict) else {"category": need} for need in needs]
    body = {"command": str(uuid4()), "needs": asked} | fields
    return api.call("POST", f"/visits/{visit}/petitions", body, who=who, role="cadre")


def test_V4_needs_become_petitions_of_the_visit_in_one_step(api: Client, assignment: Projected, rows: Rows) -> None:
    visit = visited(api, LAMP, WATER)
    answer = raise_(api, visit, {"category": WATER, **told()}, LAMP, zone="z-1")
    assert answer.status_code == 201
    water, lamp = answer.json()
    found = rows(
        "SELECT data, position FROM events WHERE type = 'lianxin.petition.registered.v1' AND data->>'visit' = %s"
        " ORDER BY position",
        [visit],
    )
    [(one, first), (two, second)] = found
    assert second == first + 1
    assert (one["petition"], one["category"], one["channel"], one["zone"]) == (water["petition"], WATER, "visit", "z-1")
    assert {"resident", "said"} <= one.keys()
    assert two == {"petition": lamp["petition"], "channel": "visit", "category": LAMP, "zone": "z-1", "visit": visit}
    for received in (water, lamp):
        assert api.ask("POST", "/follow", json=code(received)).json()["petition"] == received["petition"]


def test_V4_a_repeat_gets_the_same_and_another_command_is_refused(api: Client, rows: Rows) -> None:
    visit = visited(api, LAMP)
    command = str(uuid4())
    first = raise_(api, visit, {"category": LAMP, **told()}, command=command)
    assert raise_(api, visit, {"category": LAMP, **told()}, command=command).json() == first.json()
    changed = raise_(api, visit, {"category": LAMP, **told(words="别的")}, command=command)
    assert changed.json()["code"] == "command.contradicted"
    refused = raise_(api, visit, LAMP)
    assert (refused.status_code, refused.json()["code"]) == (409, "need.raised")
    assert refused.json()["field"] == "needs.0.category"


def test_V4_a_need_heard_twice_may_be_raised_twice(api: Client) -> None:
    visit = visited(api, LAMP, LAMP)
    answers = [raise_(api, visit, LAMP) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [201, 201, 409]
    both = visited(api, LAMP, LAMP)
    assert len({each["petition"] for each in raise_(api, both, LAMP, LAMP).json()}) == 2


def test_V4_which_of_two_alike_it_is_the_need_may_say(api: Client) -> None:
    visit = visited(api, LAMP, LAMP, WATER)
    first, second, water = map(str, candidates(UUID(visit), [LAMP, LAMP, WATER]))
    assert raise_(api, visit, {"category": LAMP, "petition": second}).json()[0]["petition"] == second
    again = raise_(api, visit, {"category": LAMP, "petition": second})
    assert (again.status_code, again.json()["code"]) == (409, "need.raised")
    for petition in (water, str(uuid4())):
        assert raise_(api, visit, {"category": LAMP, "petition": petition}).json()["code"] == "need.not-heard"
    assert raise_(api, visit, LAMP).json()[0]["petition"] == first
    both = visited(api, LAMP, LAMP)
    named, other = map(str, candidates(UUID(both), [LAMP, LAMP]))
    made = raise_(api, both, {"category": LAMP, "petition": named}, LAMP).json()
    assert [each["petition"] for each in made] == [named, other]


def test_V4_what_was_not_heard_or_taken_back_is_refused(api: Client) -> None:
    visit = visited(api, LAMP)
    assert raise_(api, visit, WATER).json()["code"] == "need.not-heard"
    assert raise_(api, visit, LAMP, who="c-0002").json()["code"] == "auth.scope"
    assert raise_(api, str(uuid4()), LAMP).json()["code"] == "visit.not-found"
    assert raise_(api, visit, LAMP, zone="z-nowhere").json()["code"] == "zone.unknown"
    body = {"command": str(uuid4()), "reason": "did-not-happen"}
    assert api.call("POST", f"/visits/{visit}/withdrawal", body, who="c-0001", role="cadre").status_code == 201
    assert raise_(api, visit, LAMP).json()["code"] == "visit.withdrawn"


def test_V4_of_many_at_once_one_raises_the_need_and_keeps_what_its_resident_told(
    api: Client, rows: Rows, assignment: Projected
) -> None:
    visit = visited(api, LAMP)
    numbers = [f"1390000{number:04d}" for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(
            pool.map(lambda telephone: raise_(api, visit, {"category": LAMP, "telephone": telephone}), numbers)
        )
    [winner] = [place for place, answer in enumerate(answers) if answer.status_code == 201]
    assert {answer.json()["code"] for place, answer in enumerate(answers) if place != winner} == {"need.raised"}
    petition = answers[winner].json()[0]["petition"]
    [(data,)] = rows("SELECT data FROM events WHERE stream = %s", [f"petition-{petition}"])
    body = {"kind": "resident", "datum": "telephone", "reason": "notice", "person": data["resident"]}
    shown = api.call("POST", "/vault/reveal", body | {"command": str(uuid4())}, who="mailer", role="service")
    assert shown.json() == {"text": numbers[winner]}


def test_C4_what_is_about_officials_gets_into_no_visit(api: Client, rows: Rows) -> None:
    """Whoever enters it, by itself or with many; what a request asks is refused as the decisions are."""
    conduct = log_visit(needs=["05.02.01"])
    for who, role in (("c-0001", "cadre"), ("importer", "import")):
        refused = api.call("POST", "/visits", conduct, who=who, role=role)
        assert (refused.status_code, refused.json()["code"]) == (422, "need.about-officials")
    [many] = api.call("POST", "/visits/batch", {"visits": [conduct]}).json()
    assert (many["status"], many["error"]["code"]) == (422, "need.about-officials")
    visit = visited(api, LAMP)
    anew = log_visit(visit=visit, promises=[{"matter": "05", "due": "2030-01-01"}])
    refused = api.call("POST", f"/visits/{visit}/corrections", anew, who="c-0001", role="cadre")
    assert (refused.json()["code"], refused.json()["field"]) == ("need.about-officials", "visit.promises.0.matter")
    assert raise_(api, visit, "05.02.01").json()["code"] == "need.about-officials"
    held = rows("SELECT count(*) FROM events WHERE topic = 'visits' AND data::text ~ '\"05[.\"]'")
    assert held == [(0,)]
