"""What people type or follow: receipts' `after`, number and secret, forms. Read, or refused by name."""

import importlib
import inspect
import re
import tempfile
from pathlib import Path
from urllib.parse import quote, urlencode
from uuid import UUID

import pytest
from fastapi.routing import iter_route_contexts
from hypothesis import given
from hypothesis import strategies as st
from lianxin_schemas.topics import BY_NAME
from pydantic import BaseModel

from deploy.local import keys
from services.intake.domain import receipts
from services.refused import Refused
from services.web.after import Arrivals, to_text
from services.web.pages import PageRoute
from tests.surface.asking import ASKERS, Surface
from tests.surface.runs import runs
from tests.surface.spoiling import spoilt
from tests.web.applications import ROOT, SERVICES, application

typed = st.text(max_size=45) | st.text(alphabet="0123456789０１９²፩ -\n", max_size=20)
AFTER = b"visits.7.1:123,petitions.0.2:45,cases.11.1:9"


def arrivals(service: str) -> Arrivals:
    """Arrivals of which only what they are asked for is looked at."""
    return Arrivals(None, "t", service, "project")  # type: ignore[arg-type]


@runs(400)
@given(
    st.text(max_size=60) | spoilt(st.just(AFTER)).map(lambda value: value.decode("latin-1")), st.sampled_from(SERVICES)
)
def test_after_names_lanes_or_is_refused(text: str, service: str) -> None:
    try:
        wanted = arrivals(service)._parse(text)
    except Refused as refused:
        assert refused.code in {"after.malformed", "after.not-read-here"}
        assert refused.field == "after"
    else:
        assert all(lane.topic in BY_NAME and 0 <= number < 10**16 for lane, number in wanted.items())


@runs(200)
@given(st.dictionaries(st.sampled_from(["cases.7.1", "cases.11.2", "responsibility.0.1"]), st.integers(0, 2**53)))
def test_what_a_receipt_says_is_read_back(after: dict[str, int]) -> None:
    wanted = arrivals("intake")._parse(to_text(after))
    assert {f"{lane.topic}.{lane.partition}.{lane.source[-1]}": number for lane, number in wanted.items()} == after


@runs(400)
@given(typed, typed)
def test_U2_number_and_secret_are_read_whatever_is_typed(number: str, secret: str) -> None:
    digits, signs = receipts.read_number(number), receipts.read_secret(secret)
    assert receipts.read_secret(signs) == signs
    assert receipts.well_formed(digits) in {True, False}
    if receipts.well_formed(digits):
        assert receipts.read_number(receipts.written(digits)) == digits


@runs(200)
@given(st.binary(min_size=32, max_size=32), st.uuids(), st.integers(0, 3), st.data())
def test_U2_a_number_is_found_mistyped_by_one_digit_or_two_neighbours(key, petition, nth, data) -> None:
    number = receipts.number(key, petition, nth)
    assert receipts.well_formed(receipts.read_number(receipts.written(number)))
    at, other = data.draw(st.integers(0, len(number) - 1)), data.draw(st.sampled_from("0123456789"))
    assert receipts.well_formed(number[:at] + other + number[at + 1 :]) is (other == number[at])
    swapped = number[:at] + number[at + 1 : at + 2] + number[at] + number[at + 2 :]
    assert receipts.well_formed(swapped) is (swapped == number)


def test_U2_what_is_typed_for_number_and_secret_is_answered_in_words(surface: Surface) -> None:
    @runs(40)
    @given(typed, typed)
    def look(number: str, secret: str) -> None:
        answer = surface.ask("intake", None, "POST", "/follow", json={"number": number, "secret": secret})
        assert answer.status_code in {422, 429}
        assert answer.json()["code"] in {"body.invalid", "code.mistyped", "code.wrong", "code.locked"}

    look()


def page_routes() -> list[tuple[str, str, str]]:
    """Service, method and path of every page."""
    with tempfile.TemporaryDirectory() as folder:
        jwks = keys.make_key(Path(folder))
        return [
            (service, method, str(route.path))
            for service in SERVICES
            for route in iter_route_contexts(application(service, jwks=jwks).routes)
            if isinstance(route.original_route, PageRoute) and "/sign-in" not in str(route.path)
            for method in sorted(route.methods or ())
        ]


def field_names() -> list[str]:
    """The names of the fields of all forms."""
    modules = [
        importlib.import_module(f"services.{service}.pages.{path.stem}")
        for service in SERVICES
        for path in (ROOT / service / "pages").glob("[a-z]*.py")
    ]
    models = [kind for module in modules for kind in vars(module).values() if inspect.isclass(kind)]
    return sorted({name for kind in models if issubclass(kind, BaseModel) for name in kind.model_fields})


NAMES = st.sampled_from(field_names()) | st.text(max_size=10)


@pytest.mark.parametrize(("service", "method", "path"), page_routes(), ids=str)
def test_a_page_answers_with_a_page_whatever_is_typed(surface: Surface, service: str, method: str, path: str) -> None:
    known = surface.known

    @runs(10)
    @given(st.lists(st.tuples(NAMES, st.text(max_size=30)), max_size=8), st.sampled_from(ASKERS), st.data())
    def look(fields, role, data) -> None:
        given_ = known.put_into(dict.fromkeys(re.findall(r"{(\w+)", path), "") | {"lang": "en"}, data)
        where = re.sub(r"{(\w+)}", lambda match: quote(given_[match[1]] or str(UUID(int=7)), safe=""), path)
        sent = [item for name, text in fields for item in known.put_into({name: text}, data).items()]
        text = urlencode(sent, errors="replace")
        headers = {"Accept": "text/html", "Origin": "http://test"}
        if method == "POST":
            headers["Content-Type"] = "application/x-www-form-urlencoded"
            answer = surface.ask(service, role, method, where, content=text, headers=headers)
        else:
            answer = surface.ask(service, role, method, f"{where}?{text}", headers=headers)
        assert answer.status_code < 500, (where, text, answer.text[:300])
        if answer.status_code < 300 or answer.status_code >= 400:
            assert "/static/" in where or answer.headers["content-type"].startswith(("text/html", "text/csv"))
            assert "/static/" in where or answer.text

    look()
