"""What an application's OpenAPI document says beside what FastAPI does: who may ask, and every way to be refused.

Each operation lists the statuses it may answer, each with the codes that may stand there: those of the shell by what
the operation takes, those of the service by its tag. So one may list more than it answers: what others of its tag do. A
test sends all sorts of things and looks for other answers.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from services.web.errors import Text
from services.web.principals import OPEN

Document = dict[str, Any]
SAFE = {"get", "head"}
OF_COMMANDS = {409, 410, 429}
"""Statuses that tell of a state which a query does not ask for."""
REFUSED: Document = {
    "code": {"type": "string", "description": "Stable."},
    "zh": {"type": "string", "description": "What to do, in Chinese."},
    "en": {"type": "string", "description": "What to do, in English."},
    "field": {"type": "string", "description": "The place in what was sent that has to change, if there is one."},
}
FAULTY: Document = {
    "type": "object",
    "required": ["field", "code", "zh", "en"],
    "additionalProperties": False,
    "properties": REFUSED,
}


def leads_to(*operations: str, body: Mapping[str, str] | None = None, **parameters: str) -> Document:
    """What a route hands to `responses`: operations (`method path`) that go on from its answer, and where their
    parameters and fields of their bodies stand, as OpenAPI's runtime expressions.
    """
    how: Document = {"parameters": parameters} | ({"requestBody": dict(body)} if body else {})
    found = {}
    for operation in operations:
        method, path = operation.split(" ")
        found[operation] = {"operationRef": f"#/paths/{path.replace('/', '~1')}/{method}"} | how
    return {"links": {re.sub(r"[^a-zA-Z0-9._-]+", "_", name): link for name, link in found.items()}}


def complete(
    document: Document,
    texts: Mapping[str, Text],
    codes: Mapping[str, Collection[str]],
    roles: Mapping[str, Collection[str] | None],
) -> None:
    """Completes a document in place. `texts` are all refusals, `codes` those of the service by tag, each with how it
    begins; `roles` has for each `method path` who may ask, and None where a token is looked at but not needed.
    """
    components = document.setdefault("components", {})
    schemas = components.setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)  # FastAPI's own, which are never answered here
    schemas["FaultyField"] = FAULTY
    components["securitySchemes"] = {"bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            key = f"{method} {path}"
            if key in roles:
                operation["security"] = [{"bearer": []}] + ([] if roles[key] else [{}])
                operation["x-roles"] = sorted(roles[key] or ())
            operation["responses"].pop("422", None)
            if path not in OPEN:
                found = {*_common(path, method, operation, roles.get(key, ())), *_own(method, operation, texts, codes)}
                _refusals(operation, {code: texts[code].status for code in found}, roles.get(key), schemas)


def _common(path: str, method: str, operation: Document, asks: Collection[str] | None) -> Iterator[str]:
    """The codes of the shell that an operation may answer."""
    parameters = {each["name"] for each in operation.get("parameters", ())}
    asks_only = method in SAFE or "202" in operation["responses"]
    yield from ("service.away", "service.failed")
    if asks != ():
        yield from ("auth.missing", "auth.invalid", "auth.expired")
    if asks:
        yield from ("auth.role", "auth.scope")
    if "{" in path:
        yield "http.not-found"
    if parameters or "requestBody" in operation:
        yield "body.invalid"
    if "requestBody" in operation:
        yield from ("http.other", "body.too-large")
    if "after" in parameters:
        yield from ("after.malformed", "after.not-read-here", "after.not-yet" if asks_only else "after.too-early")
    tags = set(operation.get("tags", ()))
    if tags & {"seals", "proofs"}:
        yield "seals.no-key"
    if "proofs" in tags:
        yield from ("proof.no-event", "proof.not-yet", "proof.none")
    if method not in SAFE:
        yield from ("csrf.foreign", "command.contradicted", "command.torn", "command.overtaken", "service.overloaded")
        yield from ("time.in-future", "time.too-old", "time.before-start")


def _own(
    method: str, operation: Document, texts: Mapping[str, Text], codes: Mapping[str, Collection[str]]
) -> Iterator[str]:
    """The codes of the service that an operation may answer."""
    starts = tuple(start for tag in operation.get("tags", ()) for start in codes.get(tag, ()))
    for code, text in texts.items():
        if code.startswith(starts) and (method not in SAFE or text.status not in OF_COMMANDS):
            yield code


def _refusals(operation: Document, codes: Mapping[str, int], roles: Collection[str] | None, schemas: Document) -> None:
    for status in sorted(set(codes.values())):
        name = _schema(status, sorted(code for code, answered in codes.items() if answered == status), schemas)
        words = f"For {', '.join(sorted(roles))}." if status == 403 and roles else HTTPStatus(status).phrase
        operation["responses"][str(status)] = {
            "description": words,
            "content": {"application/json": {"schema": {"$ref": f"#/components/schemas/{name}"}}},
        }


def _schema(status: int, codes: Sequence[str], schemas: Document) -> str:
    """The name of the schema of these refusals; those that may say the same share one."""
    properties: Document = REFUSED | {"code": REFUSED["code"] | {"enum": codes}}
    if "body.invalid" in codes:
        properties["fields"] = {"type": "array", "items": {"$ref": "#/components/schemas/FaultyField"}}
    schema = {
        "type": "object",
        "required": ["code", "zh", "en"],
        "additionalProperties": False,
        "properties": properties,
    }
    number = 1
    while schemas.setdefault(name := f"Refused{status}_{number}", schema) != schema:
        number += 1
    return name
