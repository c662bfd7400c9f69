"""Every route answers what its OpenAPI document says, whatever is sent and whoever sends it."""

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from services.web.principals import Role
from tests.surface.asking import Surface, askers, judge, operations, schema, takes_something
from tests.surface.runs import runs


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
