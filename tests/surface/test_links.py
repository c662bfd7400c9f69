"""What one route answers is sent to the next, as the documents link them: a visit is entered, shown, taken back."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import settings
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis import Case, Response

from tests.intake.asking import log_visit, told
from tests.surface.asking import Surface, at_home, judge, operations, schema
from tests.surface.runs import runs


@dataclass(frozen=True)
class Step:
    """From one operation to another by the link of its answer, and what else each is asked."""

    service: str
    first: str
    then: str
    given: dict[str, Any]
    more: dict[str, Any]

    def __str__(self) -> str:
        return f"{self.service} {self.first} > {self.then}"


def command(**fields: Any) -> dict[str, Any]:
    """The body of a command."""
    return {"body": {"command": str(uuid4())} | fields}


def visit() -> dict[str, Any]:
    """A visit of the cadre who asks."""
    return {"body": log_visit(cadre="c2", households=["h1"])}


RAISED = {"category": "01.02.11", "zone": "z1", "told": told()}
STEPS = (
    Step("intake", "POST /visits", "GET /visits/{visit}", visit(), {}),
    Step("intake", "POST /visits", "POST /visits/{visit}/withdrawal", visit(), command(reason="did-not-happen")),
    Step("intake", "POST /petitions/web", "POST /follow", command(**RAISED), {}),
    Step("assignment", "GET /cases", "GET /cases/{petition}", {"query": {"of": "mine", "tab": "all"}}, {}),
    Step("notify", "GET /notices.json", "PUT /notices/{notice}/read", {}, {}),
)
"""Links that must lead somewhere."""


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_link_leads_from_an_answer_to_the_next(surface: Surface, step: Step) -> None:
    case = operations()[f"{step.service} {step.first}"][1].Case(**step.given)
    answer = _ask(surface, step.service, case)
    assert answer.status_code < 300, answer.text
    link = _link(case, answer.status_code, step.then)
    parameters = {name: _value(where, case, answer) for name, where in link["parameters"].items()}
    body = {name: _value(where, case, answer) for name, where in link.get("requestBody", {}).items()}
    more = dict(step.more)
    if body:
        more["body"] = more.get("body", {}) | body
    answer = _ask(
        surface, step.service, operations()[f"{step.service} {step.then}"][1].Case(path_parameters=parameters, **more)
    )
    assert answer.status_code in {200, 201}, answer.text


def _ask(surface: Surface, service: str, case: Case) -> Any:
    role = at_home(case)
    answer = surface.send(service, role, case)
    judge(case, role, answer)
    return answer


def _link(case: Case, status: int, to: str) -> dict[str, Any]:
    """The one link of an answer that leads to an operation."""
    method, path = to.split(" ")
    links = case.operation.definition.raw["responses"][str(status)]["links"].values()
    ref = f"#/paths/{path.replace('/', '~1')}/{method.lower()}"
    [found] = [link for link in links if link["operationRef"] == ref]
    return dict(found)


def _value(where: str, case: Case, answer: Any) -> str:
    """What stands at a place of what was sent or answered, as OpenAPI writes places."""
    source, _, pointer = where.partition("#/")
    found: Any = {"$request.body": case.body, "$response.body": answer.json()}[source]
    for part in pointer.split("/"):
        found = found[int(part)] if isinstance(found, list) else found[part]
    return str(found)


@pytest.mark.parametrize("service", sorted({step.service for step in STEPS}))
def test_what_is_answered_leads_on_by_chance_too(surface: Surface, service: str) -> None:
    """A service remembers what earlier walks did. Hypothesis cannot know that, and gives up where a walk begins like
    one before and goes on otherwise; what was answered until then has been judged here.
    """
    judged, wrong = 0, list[AssertionError]()

    class Walk(schema(service).as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Case) -> None:
            case.body, case.query = surface.known.likely(case.body), surface.known.likely(case.query)

        def call(self, case: Case, **_: object) -> Response:
            nonlocal judged
            judged += 1
            try:
                return Response.from_httpx(_ask(surface, service, case), verify=True)
            except AssertionError as error:
                wrong.append(error)
                raise

        def validate_response(self, response: Response, case: Case, **_: object) -> None:
            """Was judged when it came."""

    with suppress(FlakyStrategyDefinition):
        Walk.run(settings=settings(runs(12), stateful_step_count=8))
    assert not wrong, wrong[0]
    assert judged > 12
