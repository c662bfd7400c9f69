"""The application of every service that has one."""

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

from fastapi import FastAPI
from fastapi.routing import RouteContext, iter_route_contexts

import services
from services.web.pages import PageRoute
from services.web.principals import OPEN, Allow, Role, anyone

ROOT = Path(services.__file__).parent
SERVICES = sorted(path.parent.parent.name for path in ROOT.glob("*/api/app.py"))


def application(service: str, **environment: object) -> FastAPI:
    """A service's application with settings of its own kind; nothing is opened."""
    settings = importlib.import_module(f"services.{service}.settings").Settings(**environment)
    app: FastAPI = importlib.import_module(f"services.{service}.api.app").application(settings)
    return app


def guarded(app: FastAPI, *, pages: bool) -> list[tuple[str, str, RouteContext]]:
    """Method, path with plausible values, and route of everything that needs a token or, a page, a session."""
    return [
        (method, str(route.path).replace("{", "").replace("}", ""), route)
        for route in iter_route_contexts(app.routes)
        if route.path not in OPEN
        and isinstance(route.original_route, PageRoute) is pages
        and not any(dependency.call is anyone for dependency in route.dependant.dependencies)
        for method in sorted(route.methods or {"GET"})
    ]


def written(service: str) -> int:
    """How many routes that are for somebody stand in a service's api/, by their decorators."""
    texts = [file.read_text() for file in (ROOT / service / "api").glob("*.py")]
    return sum(
        len(re.findall(r"^@router\.", text, re.MULTILINE))
        - len(re.findall(r"^@router\..*Depends\(anyone\)", text, re.M))
        for text in texts
        if not re.search(r"^router = .*Depends\(anyone\)", text, re.MULTILINE)  # all of it is for everybody
    )


def allowed(route: RouteContext) -> frozenset[Role]:
    """The roles that a route states."""
    [roles] = [each.call.roles for each in route.dependant.dependencies if isinstance(each.call, Allow)]
    return frozenset(roles)


def refusals(service: str) -> Iterator[tuple[str, set[str]]]:
    """Code and fields of every `Refused("code", …)` that is written in a service's files."""
    for file in sorted((ROOT / service).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Refused":
                code = node.args[0]
                if isinstance(code, ast.Constant):
                    yield str(code.value), {keyword.arg or "" for keyword in node.keywords}
