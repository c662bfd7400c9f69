"""Every refusal has its words, in Chinese and in English, and says in them what it knows."""

import importlib
import re
import string

import pytest
from fastapi.exceptions import RequestValidationError

from services.refused import Refused
from services.runtime.database import AWAY
from services.web import errors
from services.web.errors import COMMON, FIELDS, Catalogue, Text
from tests.web.applications import ROOT, SERVICES, refusals

STATUSES = {202, 400, 401, 403, 404, 405, 409, 410, 413, 422, 429, 500, 503}


def placeholders(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def texts(service: str) -> dict[str, Text]:
    return importlib.import_module(f"services.{service}.refusals").TEXTS if service in SERVICES else {}


@pytest.mark.parametrize("service", [*SERVICES, "web"])
def test_every_refusal_in_the_code_has_words_and_fills_their_places(service: str) -> None:
    catalogue = Catalogue(texts(service))
    found = list(refusals(service))
    raised = sum(
        len(re.findall(r'^ +raise Refused\("', file.read_text(), re.M)) for file in (ROOT / service).rglob("*.py")
    )
    assert len(found) >= raised > 0, "the walk sees the refusals"
    for code, given in found:
        assert code in catalogue.texts, f"{code} has no words"
        text = catalogue.texts[code]
        assert placeholders(text.zh) | placeholders(text.en) <= given, f"{code} leaves a place empty"


@pytest.mark.parametrize("service", [*SERVICES, "web"])
def test_every_text_is_there_in_both_languages(service: str) -> None:
    for code, text in {**COMMON, **texts(service)}.items():
        assert text.status in STATUSES, code
        assert any("一" <= sign <= "鿿" for sign in text.zh), code
        assert text.en.isascii(), code
        assert text.zh.endswith("。"), code
        assert text.en.endswith("."), code


def test_no_service_renames_a_common_refusal_and_every_one_has_its_catalogue() -> None:
    for service in SERVICES:
        assert not texts(service).keys() & COMMON.keys()
    assert {path.parent.name for path in ROOT.glob("*/refusals.py")} == set(SERVICES)


def test_words_of_a_client_fill_a_place_and_are_no_format_themselves() -> None:
    status, body = Catalogue({}).body(Refused("after.malformed", "after", given="{0.__class__}{x"))
    assert status == 400
    assert body["zh"] == "after 的写法不对：{0.__class__}{x。"
    assert body["field"] == "after"


def test_every_field_error_has_both_languages_and_a_path() -> None:
    for kind, (zh, en) in FIELDS.items():
        assert placeholders(zh) <= placeholders(en) | {"expected", "max_length", "min_length", "error"}, kind
        assert en.isascii(), kind
    broken = [{"type": "too_long", "loc": ("body", "visits", 3, "\ud800"), "ctx": {"max_length": 20}}]
    [field] = errors.field_errors(RequestValidationError(broken))
    assert field["field"] == "visits.3.?"
    assert field["code"] == "field.too-long"
    assert "20" in field["zh"]
    assert "20" in field["en"]


def test_rule_12_a_500_does_not_say_that_nothing_was_kept() -> None:
    """It answers whatever nobody foresaw, and that may come behind a commit: only the same again counts once."""
    text = COMMON["service.failed"]
    assert ("没有收下" in text.zh, "不知道收下没有" in text.zh, "原样再发" in text.zh) == (False, True, True)
    assert ("nothing was kept" in text.en, "not known" in text.en, "the same again" in text.en) == (False, True, True)


@pytest.mark.parametrize("kind", AWAY)
def test_rule_12_whatever_a_database_is_away_with_is_a_503(kind: type[Exception]) -> None:
    """A query over the guard of its connection is none of PostgreSQL's operational errors."""
    status, body = Catalogue({}).body(errors.refusal_of(kind("its time was up")))
    assert (status, body["code"]) == (503, "service.away")


def test_what_is_no_refusal_is_not_made_one() -> None:
    with pytest.raises(ZeroDivisionError):
        errors.refusal_of(ZeroDivisionError())
