"""Asks what an OpenAPI document says may be asked, as every role, with ids that exist among those that do not."""

import tempfile
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import requests
import schemathesis
from hypothesis import strategies as st
from schemathesis import Case, GenerationMode
from schemathesis.specs.openapi import checks

from deploy.local import keys
from services.web.principals import Role
from tests.web.applications import SERVICES, application
from tests.web.serving import Client

WHO = {
    Role.CADRE: ("c2", None),
    Role.OFFICE: ("staff", "county-office"),
    Role.IMPORT: ("importer", None),
    Role.ORGANISATION: ("organisation", None),
    Role.OPERATIONS: ("operator", None),
    Role.SERVICE: ("notify", None),
}
"""Who asks in each role, and for which office."""
ASKERS: tuple[Role | None, ...] = (*Role, None)
CONFORMS = (
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
)
"""What Schemathesis compares with the document."""
BUSY = {"service.overloaded", "after.too-early"}
"""What may be answered 503 while everything runs."""
LIKELY: dict[str, Any] = {
    "cadre": "c2",
    "households": ["h1"],
    "started": "2026-11-20T01:00:00Z",
    "ended": "2026-11-20T02:00:00Z",
    "needs": ["01.02.11"],
    "needs_due": None,
    "promises": [],
    "companions": [],
    "category": "01.02.11",
    "zone": "z1",
    "about": [],
    "of": "mine",
    "tab": "all",
    "page": 1,
    "after": None,
}
"""What a visit or a petition may say."""
ONLY_ASKS = {("POST", "/follow")}
"""Routes that answer 202 though they are no GET: they only ask."""


@cache
def schema(service: str) -> Any:
    """A service's OpenAPI document, as Schemathesis reads it."""
    with tempfile.TemporaryDirectory() as folder:
        document = application(service, jwks=keys.make_key(Path(folder))).openapi()
    config = schemathesis.Config()
    config.projects.default.generation.update(allow_x00=True)
    config.projects.default.phases.stateful.inference.algorithms = []  # what a link is, the document says
    return schemathesis.openapi.from_dict(document, config=config)


@cache
def operations() -> dict[str, tuple[str, Any]]:
    """Every operation of every service by name, with its service."""
    return {
        f"{service} {found.ok().label}": (service, found.ok())
        for service in SERVICES
        for found in schema(service).get_all_operations()
    }


def takes_something(name: str) -> bool:
    """Whether an operation has parameters or a body, so that something can be wrong with them."""
    operation = operations()[name][1]
    return any(operation.iter_parameters()) or bool(list(operation.body))


def askers(name: str) -> st.SearchStrategy[Role | None]:
    """Who asks: mostly those whom an operation is for, sometimes anybody."""
    roles = operations()[name][1].definition.raw.get("x-roles")
    return (
        st.sampled_from([Role(role) for role in roles]) | st.sampled_from(ASKERS) if roles else st.sampled_from(ASKERS)
    )


def at_home(case: Case) -> Role | None:
    """Somebody whom a case's operation is for: a cadre where a cadre may."""
    roles = case.operation.definition.raw.get("x-roles")
    return Role(min(roles, key=["cadre", "organisation", "office", "import", "service"].index)) if roles else None


class Known:
    """Ids and codes that exist, by the name of their field."""

    def __init__(self) -> None:
        self._values: dict[str, list[Any]] = defaultdict(list)
        self.learn({"zone": "z1", "household": "h1", "cadre": "c2", "person": "c2", "office": "office-a"})
        self.learn({"category": "01.02.11", "policy": "three-levels", "period": "2026-Q1"})

    def learn(self, value: Any) -> None:
        """Keeps what stands in an answer or a body."""
        for name, inner in value.items() if isinstance(value, dict) else ():
            if isinstance(inner, str) and inner not in self._values[name]:
                self._values[name].append(inner)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            self.learn(inner)

    def first(self, name: str) -> str:
        """One that exists."""
        return str(self._values[name][0])

    def put_into(self, value: Any, data: st.DataObject) -> Any:
        """The value with some of its ids replaced by those that exist."""
        if isinstance(value, dict):
            return {name: self._one(name, inner, data) for name, inner in value.items()}
        return [self.put_into(inner, data) for inner in value] if isinstance(value, list) else value

    def likely(self, value: Any) -> Any:
        """The value with every field of `LIKELY` as it may stand, so that a command is not refused for it."""
        if isinstance(value, dict):
            given = {name: LIKELY[name] for name in value.keys() & LIKELY.keys()}
            return {name: self.likely(inner) for name, inner in value.items()} | given
        return value

    def _one(self, name: str, inner: Any, data: st.DataObject) -> Any:
        found = self._values.get(name)
        if found and isinstance(inner, str) and data.draw(st.booleans()):
            return data.draw(st.sampled_from(found))
        return self.put_into(inner, data)


class Surface:
    """All services, asked without a socket."""

    def __init__(self, clients: dict[str, Client]) -> None:
        self.clients, self.known = clients, Known()
        self._tokens = {role: clients["intake"].token(who, role.value, office) for role, (who, office) in WHO.items()}

    def ask(self, service: str, role: Role | str | None, method: str, url: str, **more: Any) -> httpx.Response:
        """A request by somebody in a role, or by nobody."""
        headers = dict(more.pop("headers", {}))
        if role is not None:
            headers["Authorization"] = f"Bearer {self._tokens[Role(role)]}"
        return self.clients[service].ask(method, url, headers=headers, **more)

    def send(self, service: str, role: Role | None, case: Case) -> httpx.Response:
        """A case of Schemathesis, byte by byte as `requests` would send it."""
        kwargs = case.as_transport_kwargs(base_url="http://test")
        kwargs["headers"] = {
            name: value for name, value in kwargs.get("headers", {}).items() if name.lower() != "authorization"
        }
        for name in ("timeout", "verify", "allow_redirects", "stream", "cert", "proxies"):
            kwargs.pop(name, None)
        sent = requests.Request(**kwargs).prepare()
        more: dict[str, Any] = {} if sent.body is None else {"content": sent.body}
        return self.ask(service, role, str(sent.method), str(sent.url), headers=sent.headers, **more)


def judge(case: Case, role: Role | None, answer: httpx.Response) -> None:
    """Fails on what the document does not say, on a 5xx, on a refusal without words, on a query's 202 to a command, on
    an entry that the document allows and the form does not.
    """
    body = answer.json() if answer.headers.get("content-type") == "application/json" else {}
    code = body.get("code") if isinstance(body, dict) else None
    told = f"{role} {case.method} {answer.request.url} {case.body!r}: {answer.status_code} {answer.text[:500]}"
    assert answer.status_code < 500 or code in BUSY, told
    case.validate_response(answer, checks=list(CONFORMS))
    if answer.status_code >= 400:
        assert {"code", "zh", "en"} <= body.keys(), told
    if code == "body.invalid" and case.meta and case.meta.generation.mode is GenerationMode.POSITIVE:
        # A rule between fields, what Python's `$` in a pattern lets pass when data are made (a newline at the end), or
        # white space alone, which is taken off before its length is looked at.
        known = {"field.value-error", "field.string-pattern-mismatch", "field.string-too-short"}
        assert {field["code"] for field in body["fields"]} <= known, told
    if answer.status_code == 202:
        assert case.method == "GET" or (case.method, case.path) in ONLY_ASKS, told
