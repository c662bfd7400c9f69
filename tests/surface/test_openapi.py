"""Every route answers what its OpenAPI document says, whatever is sent and whoever sends it."""

import importlib
import json
import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.core.failures import FailureGroup

from services.web.principals import Role
from tests.surface.asking import CONFORMS, Surface, askers, judge, operations, schema, takes_something
from tests.surface.runs import runs
from tests.web.applications import SERVICES


@pytest.mark.parametrize("name", operations())
def test_what_fits_the_document_is_answered_by_it(surface: Surface, name: str) -> None:
    _ask(surface, name, GenerationMode.POSITIVE)


@pytest.mark.parametrize("name", [name for name in operations() if takes_something(name)])
def test_what_does_not_fit_is_answered_by_it_too(surface: Surface, name: str) -> None:
    _ask(surface, name, GenerationMode.NEGATIVE)


COMMANDS: dict[str, dict[str, Any]] = {
    "/petitions/{petition}/verdict": {"solved": "solved"},
    "/petitions/{petition}/withdrawal": {},
    "/petitions/answers/batch": {"answers": [{}]},
    "/follow/verdict": {"number": "{number}", "secret": "{secret}", "solved": "solved"},
    "/vault/reveal": {"person": "c2", "kind": "cadre", "datum": "name", "reason": "inspection"},
    "/vault/texts": {"petition": "{petition}", "text": "已回复"},
    "/vault/persons/c2/erasure": {"kind": "cadre"},
}
"""intake's commands that wait for what they follow from."""


def test_rule_1_a_command_is_never_answered_202_which_would_read_as_accepted(surface: Surface) -> None:
    """Given that what a command follows from is not here, then nothing is kept, and it says: send it again."""
    raw = schema("intake").raw_schema["paths"]
    found = [path for path, each in raw.items() if "503" in each.get("post", {}).get("responses", {}) and waits(each)]
    assert len(found) == len(COMMANDS)
    known = surface.known.first

    def send(path: str) -> tuple[int, str]:
        body = json.loads(re.sub(r"{(\w+)}", lambda match: known(match[1]), json.dumps(COMMANDS[path])))
        role = Role.IMPORT if "petitions" in path else Role.CADRE if path.endswith("texts") else Role.ORGANISATION
        where = path.replace("{petition}", known("petition"))
        body |= {} if "answers" in body else {"command": str(uuid4())}
        answer = surface.ask("intake", role, "POST", f"{where}?after=cases.0.1:999999", json=body)
        return answer.status_code, answer.json().get("code")

    with ThreadPoolExecutor() as pool:
        answers = dict(zip(COMMANDS, pool.map(send, COMMANDS), strict=True))
    assert answers == dict.fromkeys(COMMANDS, (503, "after.too-early"))


def waits(operations: dict[str, Any]) -> bool:
    """Whether a path's POST is a command with `after`."""
    post = operations["post"]
    return "202" not in post["responses"] and any(each["name"] == "after" for each in post.get("parameters", ()))


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("intake GET /zones", 403, "rating.own"),
        ("intake GET /visits/{visit}", 403, "rating.own"),
        ("intake POST /visits", 422, "visit.backwards"),  # of pages alone
        ("appraisal GET /scores/cadres/{cadre}", 422, "policy.weights"),
        ("assignment GET /cases/{petition}", 404, "zone.not-found"),
        ("notify GET /notices.json", 404, "notice.nowhere"),
    ],
)
def test_a_refusal_of_another_route_is_found(name: str, status: int, code: str) -> None:
    """Given an answer that no route of the tag gives, then it is seen, so what is not found is not there."""
    case = operations()[name][1].Case(path_parameters={"visit": str(uuid4()), "cadre": "c2", "petition": str(uuid4())})
    right = {"code": "service.failed", "zh": "…", "en": "…"}
    case.validate_response(_answered(case, 500, right), checks=list(CONFORMS))
    with pytest.raises(FailureGroup):
        case.validate_response(_answered(case, status, right | {"code": code}), checks=list(CONFORMS))


@pytest.mark.parametrize("service", SERVICES)
def test_every_tag_and_every_beginning_of_a_code_stands_for_something(service: str) -> None:
    found = importlib.import_module(f"services.{service}.refusals")
    of_routes = {tag for name, (own, each) in operations().items() if own == service for tag in each.tags or ()}
    assert found.BY_TAG.keys() <= of_routes
    for starts in found.BY_TAG.values():
        assert all(any(code.startswith(start) for code in found.TEXTS) for start in starts)


def _answered(case: Case, status: int, body: dict[str, Any]) -> httpx.Response:
    answer = httpx.Response(status, json=body, request=httpx.Request(case.method, "http://test"))
    answer.elapsed = timedelta()
    return answer


def _ask(surface: Surface, name: str, mode: GenerationMode) -> None:
    service, operation = operations()[name]

    @runs(8)
    @given(operation.as_strategy(generation_mode=mode), askers(name), st.data())
    def ask(case, role, data) -> None:
        case.path_parameters = surface.known.put_into(case.path_parameters, data)
        case.query = surface.known.put_into(case.query, data)
        case.body = surface.known.put_into(case.body, data)
        answer = surface.send(service, role, case)
        judge(case, role, answer)

    ask()
