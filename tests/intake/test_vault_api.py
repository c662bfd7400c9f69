"""Who may read what, that each read is an event first, and what an erasure leaves (P1, P2)."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from lianxin_schemas.events import cases
from lianxin_schemas.events.cases import Credit
from lianxin_schemas.events.vault import Datum, PersonKind, RevealReason

from services.intake import restored
from services.intake.domain import vault
from services.intake.domain.vault import Asker, Matter
from services.intake.settings import Settings
from services.refused import Refused
from services.runtime import recover
from tests.intake.asking import by_code, receive, told
from tests.intake.given import Projected, begun, credit
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]
TELEPHONE = told()["telephone"]


@pytest.fixture
def matter(api: Client, assignment: Projected, rows: Rows) -> dict[str, Any]:
    """A petition with its receipt and the event's data; its case lies with office o-1 and cadre c-1."""
    received: dict[str, Any] = api.ask("POST", "/petitions/web", json=receive(told=told())).json()
    [(data,)] = rows("SELECT data FROM events WHERE stream = %s", [f"petition-{received['petition']}"])
    assignment.hears(begun(UUID(received["petition"])))
    return received | data


def reveal(api: Client, matter: dict[str, Any], who: str = "c-1", role: str = "cadre", **fields: Any) -> Any:
    more = {"office": fields.pop("office")} if "office" in fields else {}
    body = {"command": str(uuid4()), "kind": "resident", "datum": "telephone", "reason": "handling"}
    if fields.get("datum") == "said":
        body["ref"] = matter["said"]
    else:
        body["person"] = matter["resident"]
    return api.call("POST", "/vault/reveal", body | fields, who=who, role=role, **more)


def reveals(rows: Rows, matter: dict[str, Any]) -> list[tuple[str, str, str, str | None]]:
    """Of each read: by whom, why, what."""
    found = rows(
        "SELECT data FROM events WHERE stream = %s AND type = 'lianxin.text.revealed.v1' ORDER BY version",
        [f"person-{matter['resident']}"],
    )
    return [(data["by"], data["reason"], data["datum"], data.get("ref")) for (data,) in found]


def test_P2_who_handles_the_case_reads_and_each_read_is_an_event(
    api: Client, matter: dict[str, Any], rows: Rows
) -> None:
    assert reveal(api, matter).json() == {"text": TELEPHONE}
    assert reveal(api, matter, datum="said").json() == {"text": told()["words"]}
    assert reveal(api, matter, "s-1", "office", office="o-1", datum="name").json() == {"text": told()["name"]}
    assert reveal(api, matter, "mailer", "service", reason="notice", datum="mail").json() == {"text": told()["mail"]}
    assert reveal(api, matter, "i-1", "organisation", reason="inspection").json() == {"text": TELEPHONE}
    assert reveals(rows, matter) == [
        ("c-1", "handling", "telephone", None),
        ("c-1", "handling", "said", matter["said"]),
        ("s-1", "handling", "name", None),
        ("mailer", "notice", "mail", None),
        ("i-1", "inspection", "telephone", None),
    ]


@pytest.mark.parametrize(
    ("who", "role", "fields"),
    [
        ("c-2", "cadre", {}),
        ("s-1", "office", {"office": "o-2"}),
        ("s-1", "office", {}),
        ("c-1", "office", {"office": "o-2"}),
        ("mailer", "service", {}),
        ("mailer", "service", {"reason": "notice", "datum": "said"}),
        ("i-1", "organisation", {}),
        ("c-1", "cadre", {"reason": "notice"}),
        ("c-1", "cadre", {"reason": "inspection"}),
        ("c-1", "cadre", {"reason": "resident-asked"}),
        ("c-1", "cadre", {"kind": "cadre", "person": "c-1"}),
        ("c-1", "cadre", {"person": "nobody"}),
    ],
)
def test_P2_nobody_else_reads_anything_and_no_event_says_so(
    api: Client, matter: dict[str, Any], rows: Rows, who: str, role: str, fields: dict[str, Any]
) -> None:
    answer = reveal(api, matter, who, role, **fields)
    assert (answer.status_code, answer.json()["code"]) == (403, "vault.not-entitled")
    assert reveals(rows, matter) == []


def test_A4_credit_that_has_gone_to_others_takes_the_entitlement_along(
    api: Client, matter: dict[str, Any], assignment: Projected
) -> None:
    moved = cases.CaseAssigned(petition=UUID(matter["petition"]), credit=credit("o-2", "c-2"))
    assignment.hears(moved)
    assert reveal(api, matter).status_code == 403
    assert reveal(api, matter, "c-2").status_code == 200


def test_C4_whom_a_complaint_is_about_reads_nothing_even_as_the_offices_staff(
    api: Client, assignment: Projected, rows: Rows
) -> None:
    body = receive(told=told(), about=["c-7"])
    received = api.ask("POST", "/petitions/web", json=body).json()
    [(data,)] = rows("SELECT data FROM events WHERE stream = %s", [f"petition-{received['petition']}"])
    assignment.hears(begun(UUID(received["petition"]), credit("county-office", None)))
    for datum in ("said", "name", "telephone", "mail"):
        listed = reveal(api, data, "c-7", "office", office="county-office", datum=datum)
        assert listed.status_code == 403
        inspecting = reveal(api, data, "c-7", "organisation", reason="inspection", datum=datum)
        assert inspecting.status_code == 403
    assert reveal(api, data, "s-9", "office", office="county-office", datum="said").status_code == 200


def test_P1_naming_somebody_elses_person_in_an_own_petition_entitles_to_nothing(
    api: Client, matter: dict[str, Any], assignment: Projected
) -> None:
    mine = str(uuid4())
    petition = {"petition": mine, "channel": "visit", "category": "03.11", "resident": matter["resident"]}
    body = {"command": str(uuid4()), "petition": petition | {"said": matter["said"]}}
    assert api.call("POST", "/petitions", body, who="c-5", role="cadre").status_code == 201
    assignment.hears(begun(UUID(mine), credit("o-5", "c-5")))
    assert reveal(api, matter, "c-5").status_code == 403
    assert reveal(api, matter, "c-5", datum="said").status_code == 403
    words = {"command": str(uuid4()), "petition": mine, "text": "答复"}
    assert api.call("POST", "/vault/texts", words, who="c-5", role="cadre").status_code == 201
    assert reveal(api, matter, "c-1").status_code == 200


def test_P2_a_repeat_is_answered_for_a_while_and_is_one_event(api: Client, matter: dict[str, Any], rows: Rows) -> None:
    command = str(uuid4())
    for _ in range(2):
        assert reveal(api, matter, command=command).json() == {"text": TELEPHONE}
    assert len(reveals(rows, matter)) == 1
    assert reveal(api, matter, command=command, datum="name").json()["code"] == "command.contradicted"
    rows("UPDATE events SET time = time - interval '11 min' WHERE stream = %s", [f"person-{matter['resident']}"])
    late = reveal(api, matter, command=command)
    assert (late.status_code, late.json()["code"]) == (409, "vault.again")


def test_P2_no_text_without_its_event(
    api: Client, matter: dict[str, Any], monkeypatch: pytest.MonkeyPatch, rows: Rows
) -> None:
    from services.runtime.gather import Gatherer, Unavailable

    async def away(*_: Any) -> None:
        raise Unavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(Gatherer, "submit", away)
        answer = reveal(api, matter)
    assert (answer.status_code, answer.json()["code"]) == (503, "service.away")
    assert TELEPHONE not in answer.text
    assert reveals(rows, matter) == []


def test_P1_words_of_the_handler_lie_under_the_residents_key(api: Client, matter: dict[str, Any]) -> None:
    body = {"command": str(uuid4()), "petition": matter["petition"], "text": "请到窗口领取"}
    first = api.call("POST", "/vault/texts", body, who="c-1", role="cadre")
    again = api.call("POST", "/vault/texts", body, who="c-1", role="cadre")
    assert (first.status_code, first.json()) == (201, again.json())
    changed = api.call("POST", "/vault/texts", body | {"text": "别的"}, who="c-1", role="cadre")
    assert changed.json()["code"] == "command.contradicted"
    other = api.call("POST", "/vault/texts", body, who="c-2", role="cadre")
    assert other.json()["code"] == "vault.not-entitled"
    ref = first.json()["ref"]
    assert reveal(api, matter, datum="said", ref=ref).json() == {"text": "请到窗口领取"}


def test_P1_words_about_a_petition_that_came_with_nothing_personal_are_kept_too(
    api: Client, assignment: Projected
) -> None:
    petition = str(uuid4())
    body = {"command": str(uuid4()), "petition": {"petition": petition, "channel": "import", "category": "03.11"}}
    assert api.call("POST", "/petitions", body).status_code == 201
    assignment.hears(begun(UUID(petition)))
    words = {"command": str(uuid4()), "petition": petition, "text": "已经办好"}
    ref = api.call("POST", "/vault/texts", words, who="c-1", role="cadre").json()["ref"]
    assert reveal(api, {"said": ref}, datum="said").json() == {"text": "已经办好"}


def test_P1_erased_nothing_opens_though_all_of_it_is_still_there(
    api: Client, matter: dict[str, Any], settings: Settings
) -> None:
    def sealed() -> list[tuple[Any, ...]]:
        with psycopg.connect(settings.database("vault")) as connection:
            return connection.execute("SELECT * FROM text WHERE person = %s", [matter["resident"]]).fetchall()

    before = sealed()
    assert len(before) == 4
    path, body = f"/vault/persons/{matter['resident']}/erasure", {"command": str(uuid4()), "kind": "resident"}
    for who, role, office in (("c-1", "office", "o-2"), ("s-1", "office", None)):
        assert api.call("POST", path, body, who=who, role=role, office=office).status_code == 403
    first = api.call("POST", path, body, who="s-1", role="office", office="o-1")
    again = api.call("POST", path, body, who="s-1", role="office", office="o-1")
    assert (first.status_code, first.json()) == (201, again.json())
    assert first.json()["complete"] > "2026"
    for datum in ("said", "name", "telephone", "mail"):
        gone = reveal(api, matter, datum=datum)
        assert (gone.status_code, gone.json()["code"]) == (410, "vault.erased")
    second = api.call("POST", path, body | {"command": str(uuid4())}, who="i-1", role="organisation")
    assert (second.status_code, second.json()["code"]) == (410, "vault.erased")
    assert sealed() == before
    with psycopg.connect(settings.database("keys")) as connection:
        held = connection.execute("SELECT key FROM person_key WHERE person = %s", [matter["resident"]]).fetchall()
    assert held == [(None,)]
    words = {"command": str(uuid4()), "petition": matter["petition"], "text": "答复"}
    assert api.call("POST", "/vault/texts", words, who="c-1", role="cadre").status_code == 410


@pytest.mark.parametrize("how", ["verb", "recover", "repeat", "new command"])
def test_P1_keys_that_a_backup_brings_back_are_destroyed_again(
    api: Client, matter: dict[str, Any], settings: Settings, how: str
) -> None:
    """Given an erasure, when keys are restored from before it, then one of four ways destroys them once more."""
    path, body = f"/vault/persons/{matter['resident']}/erasure", {"command": str(uuid4()), "kind": "resident"}
    with psycopg.connect(settings.database("keys"), autocommit=True) as keys:
        mine = "SELECT key FROM person_key WHERE person = %s"
        [(key,)] = keys.execute(mine, [matter["resident"]]).fetchall()
        assert api.call("POST", path, body, who="i-1", role="organisation").status_code == 201
        keys.execute("UPDATE person_key SET key = %s WHERE person = %s", [key, matter["resident"]])
        assert reveal(api, matter).status_code == 200
        match how:
            case "verb":
                assert restored.erase_again(settings) == 0
            case "recover":
                asyncio.run(_refill(settings))
            case "repeat":
                assert api.call("POST", path, body, who="i-1", role="organisation").status_code == 201
            case _:
                body["command"] = str(uuid4())
                assert api.call("POST", path, body, who="i-1", role="organisation").status_code == 410
        assert keys.execute(mine, [matter["resident"]]).fetchall() == [(None,)]
    assert reveal(api, matter).status_code == 410


def test_rule_13_P1_log_recover_that_only_looks_leaves_the_keys_as_they_are(
    api: Client, matter: dict[str, Any], settings: Settings
) -> None:
    """Given keys from before an erasure, and none of the installation's own: looking destroys none and makes none."""
    with psycopg.connect(settings.database("keys"), autocommit=True) as keys:

        def held() -> list[list[tuple[Any, ...]]]:
            return [
                keys.execute(f"SELECT * FROM {table} ORDER BY 1, 2").fetchall() for table in ("person_key", "own_key")
            ]

        mine = [matter["resident"]]
        [(key,)] = keys.execute("SELECT key FROM person_key WHERE person = %s", mine).fetchall()
        path, body = f"/vault/persons/{mine[0]}/erasure", {"command": str(uuid4()), "kind": "resident"}
        assert api.call("POST", path, body, who="i-1", role="organisation").status_code == 201
        keys.execute("UPDATE person_key SET key = %s WHERE person = %s", [key, *mine])
        [own] = keys.execute("DELETE FROM own_key WHERE name = 'receipts' RETURNING name, key").fetchall()
        before = held()
        refill = partial(restored.refill, settings)
        asyncio.run(recover.recover(settings, "intake", refill, lambda _: None, keep=False))
        found = held()
        keys.execute("DELETE FROM own_key WHERE name = 'receipts'")
        keys.execute("INSERT INTO own_key (name, key) VALUES (%s, %s)", own)
        assert found == before
        assert restored.erase_again(settings) == 0


async def _refill(settings: Settings) -> None:
    async with await psycopg.AsyncConnection.connect(settings.database("intake")) as connection:
        [(position,)] = await (await connection.execute("SELECT position FROM head")).fetchall()
        await restored.refill(settings, connection, position)


def test_P1_an_erasure_that_broke_off_is_finished_by_its_repeat(
    api: Client, matter: dict[str, Any], monkeypatch: pytest.MonkeyPatch, rows: Rows
) -> None:
    from services.runtime.gather import Gatherer, Unavailable

    async def away(*_: Any) -> None:
        raise Unavailable("away")

    path, body = f"/vault/persons/{matter['resident']}/erasure", {"command": str(uuid4()), "kind": "resident"}
    with monkeypatch.context() as patch:
        patch.setattr(Gatherer, "submit", away)
        assert api.call("POST", path, body, who="i-1", role="organisation").status_code == 503
    assert reveal(api, matter).status_code == 410, "the key goes first"
    assert api.call("POST", path, body, who="i-1", role="organisation").status_code == 201
    kinds = rows("SELECT type FROM events WHERE stream = %s", [f"person-{matter['resident']}"])
    assert kinds == [("lianxin.person.erased.v1",)]


def test_P1_after_an_erasure_a_repeat_of_the_petition_is_refused_and_tells_nothing(
    api: Client, assignment: Projected
) -> None:
    body = receive(told=told())
    received = api.ask("POST", "/petitions/web", json=body).json()
    assert api.ask("POST", "/follow/erasure", json=by_code(received)).status_code == 201
    again = api.ask("POST", "/petitions/web", json=body)
    assert (again.status_code, again.json()["code"]) == (410, "vault.erased")


def test_P2_what_to_read_is_named_in_full(api: Client, matter: dict[str, Any]) -> None:
    assert reveal(api, matter, datum="said", ref=None).status_code == 422
    assert reveal(api, matter, datum="name", ref=matter["said"]).status_code == 422
    assert reveal(api, matter, person=None).status_code == 422
    assert reveal(api, matter, datum="care").status_code == 422, "of a resident no needs are kept"
    assert reveal(api, matter, kind="household", datum="name").status_code == 422, "a household has no name"


ASKERS = [
    Asker("c-1", cadre=True),
    Asker("s-1", office="o-1"),
    Asker("i-1", organisation=True),
    Asker("mailer", service=True),
    Asker("c-9", cadre=True, office="o-9"),
]


def test_P2_the_pure_rule_lets_in_exactly_these() -> None:
    matters = {
        "theirs": Matter(Credit(office="o-1", cadre="c-1")),
        "about them": Matter(Credit(office="o-1", cadre="c-1"), about=[asker.id for asker in ASKERS]),
        "nobody's": Matter(),
        "answered for": Matter(answering=["c-1", "s-1", "i-1", "mailer"]),
    }
    let_in = set()
    for asker in ASKERS:
        for name, of in matters.items():
            for kind in PersonKind:
                for datum in Datum:
                    if (kind is PersonKind.HOUSEHOLD) != (datum is Datum.CARE):
                        continue  # what is no command
                    for reason in RevealReason:
                        try:
                            vault.may_read(asker, kind, datum, reason, of)
                        except Refused:
                            continue
                        let_in.add((asker.id, name, kind.value, datum in vault.CONTACT, reason.value))
    residents = {
        (who, "theirs", "resident", contact, "handling") for who in ("c-1", "s-1") for contact in (True, False)
    }
    inspected = {
        ("i-1", name, kind, contact, "inspection")
        for name in ("theirs", "nobody's", "answered for")
        for kind in ("resident", "cadre", "household")
        for contact in (True, False)
        if kind != "household" or not contact
    }
    households = {("c-1", "answered for", "household", False, "handling")}
    noticed = {("mailer", name, kind, True, "notice") for name in matters for kind in ("resident", "cadre")}
    assert let_in == residents | inspected | noticed | households
