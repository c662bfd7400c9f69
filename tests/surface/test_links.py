"""What one route answers is sent to the next, as the documents link them: a visit is entered, shown, taken back."""

import pytest
from hypothesis import settings
from schemathesis import Case, Response

from tests.surface.asking import Surface, at_home, judge, schema
from tests.surface.runs import runs

LINKED = {
    "intake": {"GET /visits/{visit} 200", "POST /visits/{visit}/withdrawal 201", "POST /follow 200"},
    "assignment": {"GET /cases 200", "GET /cases/{petition} 200"},
    "notify": {"GET /notices.json 200", "PUT /notices/{notice}/read 200"},
}
"""Services whose documents link routes, and what must have been reached by the links."""


@pytest.mark.parametrize("service", LINKED)
def test_what_is_answered_leads_on(surface: Surface, service: str) -> None:
    seen = set[str]()

    class Walk(schema(service).as_state_machine()):  # type: ignore[misc]
        def before_call(self, case: Case) -> None:
            case.body, case.query = surface.known.likely(case.body), surface.known.likely(case.query)

        def call(self, case: Case, **_: object) -> Response:
            role = at_home(case)
            answer = surface.send(service, role, case)
            judge(case, role, answer)
            seen.add(f"{case.method} {case.path} {answer.status_code}")
            return Response.from_httpx(answer, verify=True)

        def validate_response(self, response: Response, case: Case, **_: object) -> None:
            """Was judged when it came."""

    Walk.run(settings=settings(runs(12), stateful_step_count=8))
    assert seen >= LINKED[service]
