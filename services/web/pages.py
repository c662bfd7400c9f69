"""Pages: Jinja2 templates of the shell and of the service, rendered on the server in the language asked for.

A page route lives in services/<service>/pages/<noun>.py on a router from `router()`, takes `Depends(Allow(…))` or
`Depends(anyone)` like any other, and answers with `page(request, "<template>", …)` or `see_other(path)`.
"""

import gzip
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from jinja2 import ChoiceLoader, Environment, FileSystemLoader, StrictUndefined
from starlette.requests import HTTPConnection

from services.refused import Refused
from services.runtime.settings import Settings
from services.web import dates, language
from services.web.errors import EXPECTED, Catalogue, refusal_of
from services.web.language import noted, spoken
from services.web.static import Files

HERE = Path(__file__).parent
PREFIX = {"assignment": "/desk", "appraisal": "/score", "notify": "/notices"}
"""Where a service's pages begin, so that one host can hold all of them; intake has the root."""
AREAS = {"assignment": noted("Desk"), "appraisal": noted("Scores"), "notify": noted("Notices")}
ROLES = {
    "cadre": noted("cadres"),
    "office": noted("staff of an office"),
    "import": noted("those who enter old records"),
    "organisation": noted("the organisation department"),
    "operations": noted("operators"),
    "service": noted("other programs"),
}
WORTH_PACKING = 1_000
HELPERS: dict[str, Any] = {
    name: getattr(dates, name)
    for name in ("day", "moment", "before", "month", "last_day", "days_left", "number", "percent", "today")
}


class Pages:
    """The templates, words and files of one service's pages. `folder` holds templates/, static/ and locale/, if any."""

    def __init__(self, settings: Settings, service: str, folder: Path, catalogue: Catalogue) -> None:
        self.service, self.prefix, self.catalogue = service, PREFIX.get(service, ""), catalogue
        self.words = language.read(HERE, folder)
        self.files = Files(HERE / "static", folder / "static")
        self._settings = settings
        self._environment = Environment(
            loader=ChoiceLoader([FileSystemLoader(folder / "templates"), FileSystemLoader(HERE / "templates")]),
            undefined=StrictUndefined,
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
            extensions=["jinja2.ext.i18n"],
            auto_reload=False,
        )
        self._environment.policies["ext.i18n.trimmed"] = True
        self._environment.install_gettext_callables(  # type: ignore[attr-defined]
            lambda msgid: spoken().one(msgid), lambda one, many, num: spoken().many(one, many, num), newstyle=True
        )
        self._environment.globals |= HELPERS | {"spoken": spoken, "asset": self.asset, "to": self.to}

    def asset(self, name: str) -> str:
        """The path of a static file, which changes with its content."""
        return f"{self.prefix}/static/{self.files.hashed(name)}"

    def to(self, service: str, path: str) -> str:
        """A link to a page of any service."""
        base: str = getattr(self._settings, f"pages_{service}", "")
        return base.rstrip("/") + path

    def render(self, request: HTTPConnection, template: str, **values: Any) -> str:
        """A template as text. Raises jinja2.TemplateError."""
        settings, cookies = self._settings, request.cookies
        shell = {
            "language": spoken().language,
            "size": cookies.get("lx-size") if cookies.get("lx-size") in {"large", "largest"} else "normal",
            "here": _here(request),
            "prefix": self.prefix,
            "area": AREAS.get(self.service),
            "principal": getattr(request.state, "principal", None),
            "county": spoken().of(settings.county, settings.county_en or settings.county),
            "help_telephone": settings.help_telephone,
            "help_hours": spoken().of(settings.help_hours, settings.help_hours_en or settings.help_hours),
            "footer": spoken().of(settings.footer, settings.footer_en or settings.footer),
        }
        return self._environment.get_template(template).render(shell | values)


def page(request: Request, template: str, status: int = 200, *, personal: bool = True, **values: Any) -> Response:
    """A page of the request's service. One that shows nothing of anybody may say `personal=False`: browsers then keep
    what was typed when one goes back to it. A `form` among the values that was refused gives the page its status.
    """
    text = request.app.state.pages.render(request, template, **values).encode()
    form = values.get("form")
    if status == 200 and form is not None:
        status = form.status
    headers = {"Vary": "Cookie, Accept-Encoding"} | ({} if personal else {"Cache-Control": "no-cache"})
    if len(text) > WORTH_PACKING and "gzip" in request.headers.get("accept-encoding", ""):
        text, headers["Content-Encoding"] = gzip.compress(text, 6), "gzip"
    return HTMLResponse(text, status, headers)


def see_other(path: str) -> RedirectResponse:
    """Where to look after something was done: a reload does not do it again. A path of this service: browsers do
    not follow a form to another origin.
    """
    return RedirectResponse(path, 303)


def refusal(request: Request, refused: Refused, **more: Any) -> Response:
    """The page that says no, and what can be done."""
    if refused.code == "auth.role":
        roles = sorted(str(refused.fields["roles"]).split(", "))
        refused = Refused(refused.code, roles=spoken().of("、", ", ").join(spoken().one(ROLES[role]) for role in roles))
    status, body = request.app.state.catalogue.body(refused)
    text = spoken().of(body["zh"], body["en"])
    return page(request, "refused.html", status, answered=status, code=refused.code, text=text, **more)


def answer(request: Request, refused: Refused, **more: Any) -> Response:
    """A refusal for whoever asks: a page where one is asked for, JSON otherwise."""
    if "text/html" in request.headers.get("accept", ""):
        return refusal(request, refused)
    catalogue: Catalogue = request.app.state.catalogue
    return catalogue.answer(refused, **more)


class PageRoute(APIRoute):
    """A route whose errors are pages, and which sends whoever is not signed in to sign in and back."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler, with errors made pages."""
        handle = super().get_route_handler()

        async def handled(request: Request) -> Response:
            try:
                return await handle(request)
            except EXPECTED as error:
                refused = refusal_of(error)
            except RequestValidationError as error:
                # No form of ours leads here: those are read by forms.read. An address was changed by hand.
                refused = Refused("http.not-found" if _in_address(error) else "http.other")
            if refused.code in {"auth.missing", "auth.expired"}:
                return await _sign_in_first(request, refused)
            return refusal(request, refused)

        return handled


def router(**more: Any) -> APIRouter:
    """A router for pages."""
    return APIRouter(route_class=PageRoute, include_in_schema=False, default_response_class=HTMLResponse, **more)


def sign_in_path(request: Request, then: str) -> str:
    """Where to sign in; `then` is the local path to come back to."""
    return f"{request.app.state.pages.prefix}/sign-in?{urlencode({'next': then})}"


async def _sign_in_first(request: Request, refused: Refused) -> Response:
    if request.method == "GET":
        return see_other(sign_in_path(request, _here(request)))
    # What was typed is handed back: sign in beside this page, then send the same once more (WCAG 2.2.5).
    form = await request.form()
    typed = [(name, value) for name, value in form.multi_items() if isinstance(value, str)]
    return refusal(request, refused, typed=typed, sign_in=sign_in_path(request, _signed_in(request)))


def _signed_in(request: Request) -> str:
    return f"{request.app.state.pages.prefix}/signed-in"


def _in_address(error: RequestValidationError) -> bool:
    return all(item["loc"][0] in {"path", "query"} for item in error.errors())


def _here(request: HTTPConnection) -> str:
    path = "/" + request.url.path.lstrip("/")
    return f"{path}?{request.url.query}" if request.url.query else path
