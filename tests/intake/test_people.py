"""Cadres' names and addresses from a file: checked and refused as a whole, names to the directory (R6, P1)."""

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.intake import people
from services.intake.domain.people import HouseholdRow, Line, Need
from services.intake.domain.sealing import NONCE, seal
from services.intake.people import Faulty
from services.intake.settings import Settings
from services.intake.store import keys
from tests.web.serving import Client
from tests.world.world import World

Rows = Callable[..., list[tuple[Any, ...]]]
HEADER = "cadre,name,telephone,mail\n"
NEEDS = "household,needs\n"


@pytest.fixture
def load(settings: Settings, tmp_path: Path) -> Callable[[str], int]:
    def run(text: str) -> int:
        file = tmp_path / "people.csv"
        file.write_text(text, encoding="utf-8")
        return asyncio.run(people.load(settings, people.read(file)[1]))

    return run


def reveal(api: Client, cadre: str, datum: str) -> Any:
    body = {"command": str(uuid4()), "kind": "cadre", "person": cadre, "datum": datum, "reason": "notice"}
    return api.call("POST", "/vault/reveal", body, who="mailer", role="service")


def test_P1_a_load_fills_the_vault_and_names_the_cadre(api: Client, load: Callable[[str], int], rows: Rows) -> None:
    assert load(f"{HEADER}p-1,测试丙,13900000003,bing@example.test\np-2,测试丁,,\n") == 2
    assert reveal(api, "p-1", "mail").json() == {"text": "bing@example.test"}
    assert reveal(api, "p-2", "name").json() == {"text": "测试丁"}
    assert reveal(api, "p-2", "mail").json()["code"] == "vault.not-there"
    names = rows("SELECT id, zh, version FROM directory_own WHERE id LIKE 'p-%%' ORDER BY id", [])
    assert names == [("p-1", "测试丙", 1), ("p-2", "测试丁", 1)]


def test_R6_the_same_again_changes_nothing_and_a_change_changes_that(
    api: Client, load: Callable[[str], int], rows: Rows, settings: Settings
) -> None:
    def sealed() -> list[tuple[Any, ...]]:
        with psycopg.connect(settings.database("vault")) as connection:
            return connection.execute("SELECT * FROM text WHERE person LIKE 'q-%' ORDER BY 1, 2, 3, 4").fetchall()

    assert load(f"{HEADER}q-1,测试戊,13900000005,\nq-2,测试己,13900000006,ji@example.test\n") == 2
    before = sealed()
    assert load(f"{HEADER}q-1,测试戊,13900000005,\nq-2,测试己,13900000006,ji@example.test\n") == 0
    assert sealed() == before
    assert load(f"{HEADER}q-1,测试戊,13900000005,\nq-2,测试己己,,ji@example.test\n") == 1
    assert reveal(api, "q-2", "telephone").json()["code"] == "vault.not-there"
    assert rows("SELECT zh, version FROM directory_own WHERE id = 'q-2'") == [("测试己己", 2)]
    assert rows("SELECT zh, version FROM directory_own WHERE id = 'q-1'") == [("测试戊", 1)]


class Counted(list[Line]):
    """Rows that count how often they are gone through."""

    passes = 0

    def __iter__(self) -> Iterator[Line]:
        self.passes += 1
        return super().__iter__()


def test_R6_a_file_of_many_batches_is_gone_through_no_oftener_and_no_batch_is_larger(
    api: Client, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given batches of two: the rows of a county in one statement would not end before its time was up (rule 2)."""
    asked: list[int] = []
    make_all = keys.make_all

    async def counting(pool: Any, persons: Any) -> Any:
        asked.append(len(persons))
        return await make_all(pool, persons)

    monkeypatch.setattr(people, "BATCH", 2)
    monkeypatch.setattr(keys, "make_all", counting)
    passes = []
    for many in (1, 7):
        file = tmp_path / "people.csv"
        ids = [f"b{many}-{n}" for n in range(many)]
        file.write_text(HEADER + "".join(f"{id_},测试,1390000{n:04},\n" for n, id_ in enumerate(ids)), encoding="utf-8")
        rows = Counted(people.read(file)[1])
        assert asyncio.run(people.load(settings, rows)) == many
        assert [reveal(api, id_, "telephone").json()["text"][-4:] for id_ in ids] == [f"{n:04}" for n in range(many)]
        passes.append(rows.passes)
    assert passes[0] == passes[1]
    assert asked == [1, 2, 2, 2, 1]


def test_R6_every_faulty_row_is_named_and_nothing_is_written(load: Callable[[str], int], rows: Rows) -> None:
    text = f"{HEADER}f-1,好的,,\n\nF 2,名,,\nf-3,,abc,no-mail\nf-1,再来,,\nf-5,少一列,\n"
    with pytest.raises(Faulty) as faulty:
        load(text)
    places = [(fault.line, fault.column) for fault in faulty.value.faults]
    assert places == [(4, "cadre"), (5, "mail"), (5, "name"), (5, "telephone"), (6, "cadre"), (7, "")]
    assert "no-mail" not in "".join(map(str, faulty.value.faults)), "what stands in a cell may be personal"
    assert rows("SELECT FROM directory_own WHERE id LIKE 'f-%%'", []) == []


@pytest.mark.parametrize(
    "text", ["", "cadre,name\n", f'{HEADER}g-1,"x\n', "\ufeffname,cadre,telephone,mail\n", "household,need\n"]
)
def test_R6_what_is_no_such_file_is_refused(load: Callable[[str], int], text: str) -> None:
    with pytest.raises(Faulty):
        load(text)


def test_P1_an_erased_cadre_has_no_name_anywhere_and_is_not_loaded_again(
    api: Client, load: Callable[[str], int], rows: Rows
) -> None:
    load(f"{HEADER}e-1,测试庚,13900000007,\n")
    body = {"command": str(uuid4()), "kind": "cadre"}
    office = api.call("POST", "/vault/persons/e-1/erasure", body, who="s-1", role="office", office="o-1")
    assert office.status_code == 403
    assert api.call("POST", "/vault/persons/e-1/erasure", body, who="i-1", role="organisation").status_code == 201
    assert reveal(api, "e-1", "name").json()["code"] == "vault.erased"
    assert rows("SELECT zh, erased FROM directory_own WHERE id = 'e-1'") == [(None, True)]
    with pytest.raises(Faulty) as faulty:
        load(f"{HEADER}e-0,测试辛,,\n\ne-1,测试庚,,\n")
    assert [(fault.line, fault.column) for fault in faulty.value.faults] == [(4, "cadre")]
    assert rows("SELECT FROM directory_own WHERE id = 'e-0'") == []
    [(data,)] = rows("SELECT data FROM events WHERE stream = 'official-e-1' AND type LIKE '%%erased%%'", [])
    assert data["kind"] == "cadre"


def sealed(settings: Settings) -> dict[str, bytes]:
    """What lies in the vault of each household whose id begins with n-."""
    with psycopg.connect(settings.database("vault")) as connection:
        sql = "SELECT person, sealed FROM text WHERE kind = 'household' AND datum = 'care' AND person LIKE 'n-%'"
        return dict(connection.execute(sql).fetchall())


def why(api: Client, household: str) -> Any:
    body = {"command": str(uuid4()), "kind": "household", "person": household, "datum": "care", "reason": "inspection"}
    return api.call("POST", "/vault/reveal", body, who="i-1", role="organisation")


def test_R4_what_households_need_is_loaded_changed_and_given_up(
    api: Client, load: Callable[[str], int], rows: Rows, settings: Settings
) -> None:
    assert load(f"{NEEDS}n-1,disabled;hardship\nn-2,left-behind-child\nn-3,\n") == 2
    assert why(api, "n-1").json() == {"text": "hardship;disabled"}
    assert why(api, "n-2").json() == {"text": "left-behind-child"}
    assert why(api, "n-3").json()["code"] == "vault.not-there"
    before = sealed(settings)
    assert load(f"{NEEDS}n-1,hardship;disabled;hardship\nn-2,left-behind-child\n") == 0
    assert sealed(settings) == before
    assert load(f"{NEEDS}n-1,\nn-2,left-behind-child;empty-nest-elder\n") == 2
    assert why(api, "n-1").json()["code"] == "vault.not-there"
    assert why(api, "n-2").json() == {"text": "empty-nest-elder;left-behind-child"}
    assert rows("SELECT FROM directory_own WHERE id LIKE 'n-%%'", []) == [], "a household has no name to show"


def test_R6_faulty_rows_of_households_are_named_too(load: Callable[[str], int], settings: Settings) -> None:
    with pytest.raises(Faulty) as faulty:
        load(f"{NEEDS}n-8,disabled\n\nN 8,poor\nn-9,disabled,\nn-8,\nn-7,disabled;\n")
    places = [(fault.line, fault.column) for fault in faulty.value.faults]
    assert places == [(4, "household"), (4, "needs"), (5, ""), (6, "household"), (7, "needs")]
    assert "poor" not in "".join(map(str, faulty.value.faults))
    assert "n-8" not in sealed(settings)


def test_P1_an_erased_household_is_not_loaded_again(api: Client, load: Callable[[str], int], rows: Rows) -> None:
    load(f"{NEEDS}n-4,disabled\n")
    body = {"command": str(uuid4()), "kind": "household"}
    office = api.call("POST", "/vault/persons/n-4/erasure", body, who="s-1", role="office", office="o-1")
    assert office.status_code == 403
    assert api.call("POST", "/vault/persons/n-4/erasure", body, who="i-1", role="organisation").status_code == 201
    assert why(api, "n-4").json()["code"] == "vault.erased"
    with pytest.raises(Faulty) as faulty:
        load(f"{NEEDS}n-5,disabled\nn-4,disabled\n")
    assert [(fault.line, fault.column) for fault in faulty.value.faults] == [(3, "household")]
    [(data,)] = rows("SELECT data FROM events WHERE stream = 'home-n-4' AND type LIKE '%%erased%%'", [])
    assert data["kind"] == "household"


@given(st.sets(st.sampled_from(Need), min_size=1), st.sets(st.sampled_from(Need), min_size=1))
def test_R4_the_length_of_what_is_sealed_says_nothing(one: set[Need], other: set[Need]) -> None:
    """Five reasons have few lengths: whoever saw the vault alone could tell them, and no erasure would help."""
    lengths = set()
    for needs in (one, other):
        row = HouseholdRow.model_validate({"household": "h-1", "needs": ";".join(needs)})
        [(place, text)] = row.texts.items()
        assert text
        assert text.rstrip() == ";".join(need for need in Need if need in needs)
        lengths.add(len(seal(bytes(32), bytes(NONCE), place, text)))
    assert len(lengths) == 1


def test_the_verb_loads_or_says_what_is_wrong(world: World, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text(f"{HEADER}c-1,测试壬,,\n", encoding="utf-8")
    assert "Wrote 1 cadres." in world.verb("intake", "people", "load", str(file))
    file.write_text(f"{HEADER}C 1,测试壬,,\n", encoding="utf-8")
    world.verb("intake", "people", "load", str(file), code=1)
    file.write_text(f"{NEEDS}h-1,hardship\nh-2,disabled\n", encoding="utf-8")
    assert "Wrote 2 households." in world.verb("intake", "people", "load", str(file))
    assert world.query("intake", "SELECT id FROM directory_own") == [("c-1",)]


@pytest.mark.parametrize(("header", "said"), [(HEADER, "Wrote 0 cadres."), (NEEDS, "Wrote 0 households.")])
def test_R6_a_file_of_nobody_says_what_it_is_about(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str], header: str, said: str
) -> None:
    file = tmp_path / "people.csv"
    file.write_text(header, encoding="utf-8")
    assert asyncio.run(people.run(settings, file)) == 0
    assert said in capsys.readouterr().out
