"""Ratings over HTTP: rounds and their codes, answers by code alone, marks, and the verbs of operations (G1, G2)."""

import csv
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from deploy.local import keys
from services.intake.domain.rounds import local_day
from services.intake.settings import Settings
from services.intake.store import rounds as store
from services.runtime import migrate
from services.web.principals import Principal, Role
from tests.intake.ratings import DAY, a_round
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]
TODAY = local_day(datetime.now(UTC))


def asked(command: str | None = None, **fields: Any) -> dict[str, Any]:
    """The command to open a round that is answered until tomorrow."""
    event = a_round(**({"invited": 6, "closes": TODAY + DAY} | fields))
    return {"command": command or str(uuid4()), "round": event.model_dump(mode="json")}


@pytest.fixture
def organise(api: Client) -> Callable[..., Any]:
    def call(path: str, body: Any, **more: Any) -> Any:
        return api.call("POST", path, body, who="o-1", role="organisation", **more)

    return call


@pytest.fixture(autouse=True)
def written(api: Client) -> Iterator[None]:
    yield
    api.run(api.app.state.ballots.written)


def answer(api: Client, code: str, mark: Any = 4, **headers: str) -> Any:
    body = json.dumps({"code": code, "mark": mark})
    return api.ask("POST", "/ratings/answers", content=body, headers={"Content-Type": "application/json"} | headers)


def test_g1_a_round_is_opened_with_a_code_for_each_and_again_with_the_same(
    api: Client, organise: Callable[..., Any], rows: Rows
) -> None:
    command = asked()
    first, second = (organise("/ratings/rounds", command) for _ in range(2))
    assert (first.status_code, first.json()) == (201, second.json())
    assert first.headers["Cache-Control"] == "no-store"
    assert first.json()["receipt"]["after"].startswith("ratings.")
    codes = first.json()["codes"]
    assert len(set(codes)) == 6
    id_ = command["round"]["round"]
    assert rows("SELECT count(*), bool_or(spent) FROM rating_code WHERE round = %s", [id_]) == [(6, False)]
    [[data]] = rows("SELECT data FROM events WHERE stream = %s", [f"round-{id_}"])
    kept = json.dumps([data, rows("SELECT row_to_json(rating_code)::text FROM rating_code")])
    assert not [code for code in codes if code in kept or code.replace("-", "") in kept]


def test_g1_a_round_s_id_is_used_once_and_the_rules_hold(organise: Callable[..., Any], rows: Rows) -> None:
    command = asked()
    organise("/ratings/rounds", command)
    before = rows("SELECT position FROM head")
    for body, status, code in (
        (command | {"command": str(uuid4())}, 409, "round.exists"),
        (asked(command["command"]), 409, "command.contradicted"),
        (asked(closes=TODAY - DAY), 422, "round.closes-past"),
        (asked(zone=None), 422, "round.zone-missing"),
        (asked(last=date(2026, 1, 31)), 422, "period.backwards"),
        ({"command": str(uuid4()), "round": command["round"] | {"invited": 4}}, 422, "body.invalid"),
    ):
        given = organise("/ratings/rounds", body)
        assert (given.status_code, given.json()["code"]) == (status, code)
    assert rows("SELECT position FROM head") == before


def test_g1_rounds_are_opened_in_batches_each_by_itself(organise: Callable[..., Any]) -> None:
    items = [asked(zone=f"z-{n:02}") for n in range(20)]
    items[3] = asked(closes=TODAY - DAY)
    items[4] = {"round": None}
    outcomes = organise("/ratings/rounds/batch", {"rounds": items}).json()
    assert [outcome["status"] for outcome in outcomes] == [201] * 3 + [422] * 2 + [201] * 15
    assert len({code for outcome in outcomes if outcome["opened"] for code in outcome["opened"]["codes"]}) == 18 * 6
    assert organise("/ratings/rounds/batch", {"rounds": items}).json() == outcomes
    too_many = organise("/ratings/rounds/batch", {"rounds": [asked(invited=1_000)] * 51})
    assert (too_many.status_code, too_many.json()["code"]) == (422, "rounds.too-many-codes")


def test_g1_codes_come_as_a_list_to_print(organise: Callable[..., Any]) -> None:
    items = [asked(zone="z-01"), asked(kind="evaluation", zone=None), asked(closes=TODAY - DAY)]
    printed = organise("/ratings/rounds/batch", {"rounds": items}, headers={"Accept": "text/csv"})
    assert (printed.headers["content-type"], printed.headers["Cache-Control"]) == (
        "text/csv; charset=utf-8",
        "no-store",
    )
    lines = list(csv.DictReader(printed.content.decode("utf-8-sig").splitlines()))
    outcomes = organise("/ratings/rounds/batch", {"rounds": items}).json()
    codes = [code for outcome in outcomes if outcome["opened"] for code in outcome["opened"]["codes"]]
    assert [line["code"] for line in lines] == codes
    assert [(line["zone"], line["kind"]) for line in lines] == [("z-01", "zone")] * 6 + [("", "evaluation")] * 6


def test_g2_anyone_answers_by_code_and_once(api: Client, organise: Callable[..., Any], rows: Rows) -> None:
    opened = organise("/ratings/rounds", asked()).json()
    code = opened["codes"][0]
    first, second, third = (answer(api, code, mark) for mark in (5, 5, 1))
    assert [one.status_code for one in (first, second, third)] == [200] * 3
    assert first.json() == {"outcome": "counted"}
    assert second.json() == third.json() == {"outcome": "already-counted"}
    assert first.headers["Cache-Control"] == "no-store"
    api.run(api.app.state.ballots.written)
    assert rows("SELECT count(*) FROM rating_ballot WHERE round = %s", [opened["round"]]) == [(1,)]
    unknown = answer(api, "0000-0000-0000")
    assert (unknown.status_code, unknown.json()["code"]) == (422, "rating.unknown")


@pytest.mark.parametrize("mark", [0, 6, "5", 4.5, None])
def test_g2_a_mark_that_is_none_leaves_the_code_good(api: Client, organise: Callable[..., Any], mark: Any) -> None:
    code = organise("/ratings/rounds", asked()).json()["codes"][0]
    assert answer(api, code, mark).status_code == (200 if mark == "5" else 422)
    assert answer(api, code).json()["outcome"] == ("already-counted" if mark == "5" else "counted")


def test_g2_whoever_is_rated_and_signed_in_is_refused(
    api: Client, organise: Callable[..., Any], settings: Settings
) -> None:
    code = organise("/ratings/rounds", asked(cadre="c-0007")).json()["codes"][0]

    migrate.migrate(settings.database("intake"), [migrate.SESSION])
    session = {"Cookie": f"{api.app.state.sessions.cookie}={api.run(lambda: begin(api, 'c-0007'))}"}
    assert answer(api, code, 5, **session, Origin="http://test").json()["code"] == "rating.own"

    def as_(who: str, hours: float = 1) -> Any:
        token = keys.sign(settings.jwks.parent, who, ["cadre"], None, hours=hours)
        return answer(api, code, 5, Authorization=f"Bearer {token}")

    assert (as_("c-0007").status_code, as_("c-0007").json()["code"]) == (403, "rating.own")
    assert as_("c-0007", hours=-1).json()["code"] == "auth.expired", "a token that has run out is no way around"
    ended = {"Cookie": f"{api.app.state.sessions.cookie}=ended"}
    assert answer(api, code, 5, **ended, Origin="http://test").json() == {"outcome": "counted"}
    assert as_("c-0008").json() == {"outcome": "already-counted"}


async def begin(api: Client, who: str) -> str:
    """A session of the pages."""
    id_: str = await api.app.state.sessions.begin(api.app.state.pool, Principal(id=who, roles={Role.CADRE}))
    return id_


def test_g2_guessing_ends_for_a_while(api: Client, organise: Callable[..., Any]) -> None:
    code = organise("/ratings/rounds", asked()).json()["codes"][0]
    found = [answer(api, "0000-0000-0000") for _ in range(21)]
    assert [one.status_code for one in found][-1] == 429
    assert found[-1].headers["Retry-After"] == "900"
    assert answer(api, code).status_code == 429
    api.app.state.ballots._guesses.__init__()


def test_g2_no_word_of_an_answer_is_logged(
    api: Client, organise: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    code = organise("/ratings/rounds", asked()).json()["codes"][0]
    with caplog.at_level(logging.DEBUG):
        assert answer(api, code, 5).status_code == 200
        api.run(api.app.state.ballots.written)
    ours = [record.getMessage() for record in caplog.records if not record.name.startswith("http")]  # the client's own
    assert not [line for line in ours if "rating" in line or code in line]
    assert code not in caplog.text


def test_g1_a_round_is_closed_after_its_last_day(api: Client, organise: Callable[..., Any], rows: Rows) -> None:
    opened = organise("/ratings/rounds", asked()).json()
    for code in opened["codes"]:
        answer(api, code)
    api.run(api.app.state.ballots.written)
    path, command = f"/ratings/rounds/{opened['round']}/closing", {"command": str(uuid4())}
    early = organise(path, command)
    assert (early.status_code, early.json()["code"]) == (409, "round.still-open")
    assert organise(f"/ratings/rounds/{uuid4()}/closing", command).json()["code"] == "round.not-found"
    past(rows, opened["round"])
    first, second = (organise(path, command) for _ in range(2))
    assert (first.status_code, first.json()) == (201, second.json())
    assert organise(path, {"command": str(uuid4())}).json()["code"] == "round.closed"
    [[data]] = rows("SELECT data FROM events WHERE stream = %s AND version = 2", [f"round-{opened['round']}"])
    assert (data["invited"], data["answered"]) == (6, 6)
    assert rows("SELECT 1 FROM rating_code WHERE round = %s", [opened["round"]]) == []


def past(rows: Rows, round_: str) -> None:
    """Lets the round's last day be yesterday, for the row and for its event."""
    day = TODAY - DAY
    rows("UPDATE rating_round SET closes = %s WHERE round = %s", [day, round_])
    change = "UPDATE events SET data = jsonb_set(data::jsonb, '{closes}', to_jsonb(%s::text))::json WHERE stream = %s"
    rows(change, [str(day), f"round-{round_}"])


def test_g2_operations_close_and_release_at_the_command_line(
    api: Client, organise: Callable[..., Any], rows: Rows, settings: Settings
) -> None:
    opened = organise("/ratings/rounds", asked()).json()
    for code in opened["codes"]:
        answer(api, code, 3)
    api.run(api.app.state.ballots.written)
    past(rows, opened["round"])
    assert "Closed 1 round" in verb(settings, "close")
    assert "Released" in verb(settings, "release")
    found = rows("SELECT data FROM events WHERE type = 'lianxin.ratings.released.v1'")
    [own] = [data for (data,) in found if data.get("round") == opened["round"]]
    assert own["counts"] == [0, 0, 6, 0, 0]
    assert "Closed 0 round" in verb(settings, "close")
    verb(settings, "release")
    assert len(rows("SELECT 1 FROM events WHERE type = 'lianxin.ratings.released.v1'")) == len(found)


@pytest.mark.parametrize("place", ["write.middle", "write.before-commit", "write.after-commit"])
def test_g2_a_release_killed_anywhere_has_released_each_answer_once_or_not_yet(
    api: Client, organise: Callable[..., Any], rows: Rows, settings: Settings, place: str
) -> None:
    opened = organise("/ratings/rounds", asked(region=None)).json()
    for code in opened["codes"]:
        answer(api, code, 2)
    api.run(api.app.state.ballots.written)
    killed = run(settings, "release", LIANXIN_FAILPOINT=f"{place}=kill")
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    sums = "SELECT data->>'answers' FROM events WHERE data->>'round' = %s AND type = 'lianxin.ratings.released.v1'"
    waiting = "SELECT count(*) FROM rating_ballot WHERE round = %s"
    for _ in range(2):
        now = (rows(sums, [opened["round"]]), rows(waiting, [opened["round"]]))
        assert now in (([], [(6,)]), ([("6",)], [(0,)]))
        verb(settings, "release")
    assert now == ([("6",)], [(0,)])


def verb(settings: Settings, name: str) -> str:
    done = run(settings, name)
    assert done.returncode == 0, done.stderr
    return done.stdout


def run(settings: Settings, name: str, **more: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "LIANXIN_SPACE": settings.space,
        "LIANXIN_KAFKA": settings.kafka,
        "LIANXIN_POSTGRES": settings.postgres,
    }
    return subprocess.run(
        [sys.executable, "-m", "services.intake", "ratings", name],
        cwd=Path(__file__).parents[2],
        env=environment | more,
        capture_output=True,
        text=True,
        check=False,
    )


HALF = "\ud800"
ODD = (float("inf"), float("nan"), HALF, -(10**9))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("answers", {"code": HALF, "mark": 1}, 422),
        ("answers", {"code": "\0" * 12, "mark": 1}, 422),
        ("answers", {"code": 12, "mark": 1}, 422),
        ("answers", [], 422),
        (
            "rounds/batch",
            {"rounds": [{"round": {"invited": n}} for n in ODD]},
            200,
        ),
        ("rounds/batch", {"rounds": [None, [], {"round": []}, {"round": {"invited": []}}]}, 200),
        ("rounds/batch", {"rounds": []}, 422),
        ("rounds/x/closing", {"command": str(uuid4())}, 422),
    ],
)
def test_whatever_is_sent_is_answered_and_nothing_of_it_kept(
    organise: Callable[..., Any], rows: Rows, path: str, body: Any, status: int
) -> None:
    before = rows("SELECT position FROM head")
    given = organise(f"/ratings/{path}", body)
    assert given.status_code == status
    if status == 200:
        assert {outcome["status"] for outcome in given.json()} == {422}
    assert rows("SELECT position FROM head") == before


def mark(**fields: Any) -> dict[str, Any]:
    given = {"command": str(uuid4()), "level": "county", "cadre": "c-0001", "first": "2026-01-01", "last": "2026-03-31"}
    return given | {"points": 80} | fields


def test_g1_marks_are_given_and_replaced(organise: Callable[..., Any], rows: Rows) -> None:
    cadre = f"c-{uuid4().hex[:8]}"
    first = mark(cadre=cadre)
    given = [organise("/marks", body) for body in (first, first, mark(cadre=cadre, points=70), mark(cadre=cadre))]
    assert [one.status_code for one in given] == [201] * 4
    assert given[0].json() == given[1].json()
    same = organise("/marks", mark(cadre=cadre))
    assert (same.status_code, same.json()["code"]) == (409, "mark.unchanged")
    organise("/marks", mark(cadre=cadre, level="province", points=60))
    found = rows("SELECT stream, data FROM events WHERE data->>'cadre' = %s ORDER BY position", [cadre])
    assert [data["points"] for _, data in found] == [80, 70, 80, 60]
    assert len({stream for stream, _ in found}) == 2


@pytest.mark.parametrize("fields", [{"points": 101}, {"level": "town"}, {"last": "2025-12-31"}])
def test_g1_a_mark_that_cannot_be_is_refused(organise: Callable[..., Any], fields: dict[str, Any]) -> None:
    assert organise("/marks", mark(**fields)).status_code == 422


def test_g1_a_round_that_is_opened_reads_back_from_its_row_as_its_event_has_it(
    api: Client, organise: Callable[..., Any]
) -> None:
    opened = organise("/ratings/rounds", asked(region=None, kind="reverse", zone=None)).json()

    async def row() -> Any:
        async with api.app.state.pool.connection() as connection, connection.transaction():
            return await store.lock(connection, [UUID(opened["round"])])

    [found] = api.run(row)
    assert (found.kind, found.cadre, found.zone, found.region, found.phase) == ("reverse", "c-0001", None, None, "open")
