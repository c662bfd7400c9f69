"""Whatever is sent: never a 5xx, nothing kept of what is refused, and all that is kept can be read by receivers."""

import json
from collections.abc import Callable
from typing import Any
from uuid import uuid4

import psycopg
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from deploy.local import keys
from services.intake.settings import Settings
from tests.intake.asking import log_visit, register
from tests.runtime.audit import audit, wire_reads
from tests.web.serving import Client

Rows = Callable[..., list[tuple[Any, ...]]]
MANY = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
ROUTES = [
    "/visits",
    "/visits/batch",
    "/petitions",
    "/petitions/batch",
    "/petitions/answers/batch",
    f"/petitions/{uuid4()}/verdict",
    f"/visits/{uuid4()}/corrections",
    f"/visits/{uuid4()}/withdrawal",
]

leaves = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\ud800", "\0", "0" * 36, "c-1\n", "９９", 10**400, -(2**63), 1e308, "9999-12-31T23:59:59Z"])
)
values = leaves | st.lists(leaves, max_size=3) | st.dictionaries(st.text(), leaves, max_size=3)


def paths(value: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a JSON value."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [at, *(path for key, item in inner for path in paths(item, (*at, key)))]


def spoil(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    """The value with something else at a place."""
    if not path:
        return other
    copy = value.copy()
    copy[path[0]] = spoil(copy[path[0]], path[1:], other)
    return copy


@st.composite
def bodies(draw: st.DrawFn) -> tuple[str, Any]:
    """A route, and a good body for it with one place spoilt, or an added field."""
    route = draw(st.sampled_from(ROUTES))
    good: Any = {
        "/visits": log_visit(promises=[{"matter": "07", "due": "2026-12-31"}]),
        "/visits/batch": {"visits": [log_visit()]},
        "/petitions": register(time="2026-03-01T00:00:00Z"),
        "/petitions/batch": {"petitions": [register(time="2026-03-01T00:00:00Z")]},
        "/petitions/answers/batch": {"answers": [{"petition": str(uuid4()), "kind": "verdict", "solved": "solved"}]},
    }.get(route) or {"command": str(uuid4()), "reason": "entered-twice", "visit": log_visit()["visit"]}
    if draw(st.booleans()):
        return route, spoil(good, draw(st.sampled_from(paths(good))), draw(values))
    return route, good | {draw(st.text()): draw(values)}


def send(api: Client, settings: Settings, route: str, content: bytes) -> Any:
    token = keys.sign(settings.jwks.parent, "importer", ["import"])
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    return api.ask("POST", route, content=content, headers=headers)


def judge(rows: Rows, before: int, answer: Any) -> None:
    """Fails on a 5xx, on a refusal without words, and on events of what was refused."""
    assert answer.status_code < 500, answer.text
    after = rows("SELECT position FROM head")[0][0]
    if answer.status_code >= 400:
        assert {"code", "zh", "en"} <= answer.json().keys()
        assert after == before
    else:
        outcomes = answer.json() if isinstance(answer.json(), list) else [{"status": answer.status_code}]
        assert after == before + sum(outcome["status"] == 201 for outcome in outcomes)


@MANY
@given(bodies())
@example(("/visits", log_visit() | {"\ud800": 1}))
@example(("/visits", log_visit(cadre="\ud800")))
@example(("/visits", log_visit(started=float("nan"))))
@example(("/visits", log_visit(started=1e300)))
@example(("/petitions", register(time=10**400)))
@example(("/visits/batch", {"visits": [{"\ud800": 1}]}))
def test_any_json_is_kept_whole_or_refused_in_words(
    api: Client, rows: Rows, settings: Settings, sent: tuple[str, Any]
) -> None:
    route, body = sent
    before = rows("SELECT position FROM head")[0][0]
    judge(rows, before, send(api, settings, route, json.dumps(body).encode()))
    with psycopg.connect(settings.database("intake")) as connection:
        audit(connection)
        wire_reads(connection, settings.space)


@MANY
@given(st.sampled_from(ROUTES), st.binary(max_size=200))
@example("/visits", b"[" * 100_000)
@example("/visits", b'{"command":' + b"1" * 5_000 + b"}")
@example("/visits", b'{"command":"\xff"}')
@example("/petitions", b"")
def test_any_bytes_are_refused_in_words(
    api: Client, rows: Rows, settings: Settings, route: str, content: bytes
) -> None:
    before = rows("SELECT position FROM head")[0][0]
    answer = send(api, settings, route, content)
    assert answer.status_code >= 400
    judge(rows, before, answer)
