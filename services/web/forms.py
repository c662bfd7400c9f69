"""From what was typed into a form to a command, or to the same form again with what has to change (A-7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from types import TracebackType
from typing import Any, Generic, Literal, TypeVar, get_args, get_origin
from uuid import uuid4

from fastapi import Request
from pydantic import BaseModel, ValidationError

from services.refused import Refused
from services.web.errors import EXPECTED, Catalogue, refusal_of
from services.web.language import spoken

Pair = tuple[str, str]
"""A sentence in Chinese and in English."""
MISSING: Pair = ("填好这一项", "Fill this in")
CHOOSE: Pair = ("选其中一项", "Choose one")
GENERAL: Mapping[str, Pair] = {
    "missing": MISSING,
    "string_too_short": ("至少写{min_length}个字", "Write at least {min_length} characters"),
    "string_too_long": ("最多写{max_length}个字", "Write at most {max_length} characters"),
    "too_short": CHOOSE,
    "enum": CHOOSE,
    "literal_error": CHOOSE,
    "bool_parsing": CHOOSE,
    "int_parsing": ("只写数字", "Write a whole number"),
    "decimal_parsing": ("只写数字", "Write a number"),
    "float_parsing": ("只写数字", "Write a number"),
    "greater_than_equal": ("至少是{ge}", "At least {ge}"),
    "less_than_equal": ("最多是{le}", "At most {le}"),
    "date_from_datetime_parsing": ("日期写成 2026-11-25 这样", "Write the date like 2026-11-25"),
    "date_parsing": ("日期写成 2026-11-25 这样", "Write the date like 2026-11-25"),
    "datetime_parsing": ("时间写成 2026-11-25 18:00 这样", "Write the time like 2026-11-25 18:00"),
    "time_parsing": ("时间写成 18:00 这样", "Write the time like 18:00"),
}
OTHERWISE: Pair = ("检查这一项", "Check this")
ELSEWHERE = frozenset({401, 403, 404, 405})
"""Answers that no other entry in the form would change: they are pages of their own."""

M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True)
class Fault:
    """What has to change; `field` is empty when it is no one field's."""

    field: str
    zh: str
    en: str

    @property
    def text(self) -> str:
        """The sentence in the language of the request."""
        return spoken().of(self.zh, self.en)


class Unfit(Exception):
    """The form has faults, so there is no command."""


class Form(Generic[M]):
    """A form as a template shows it. As a context it takes refusals for faults of its own:

    form = await read(request, Entry, WORDS)
    with form:
        receipt = await carry_out(form.value)
        return see_other(…)
    return page(request, "entry.html", form=form)
    """

    def __init__(
        self, typed: Mapping[str, Any], value: M | None = None, faults: Sequence[Fault] = (), catalogue: Any = None
    ) -> None:
        self.typed, self._value, self.faults, self._catalogue = dict(typed), value, list(faults), catalogue
        self.status = 422 if faults else 200

    @property
    def value(self) -> M:
        """What the form says. Raises Unfit when it has faults."""
        if self._value is None:
            raise Unfit
        return self._value

    def given(self, name: str) -> str:
        """What stands in a field."""
        value = self.typed.get(name, "")
        return value if isinstance(value, str) else ""

    def holds(self, name: str, value: object) -> bool:
        """Whether a choice is taken."""
        held = self.typed.get(name, ())
        return str(value) in ([held] if isinstance(held, str) else held)

    def fault(self, name: str) -> str:
        """What has to change in a field; empty when it is good."""
        return next((fault.text for fault in self.faults if fault.field == name), "")

    def refuse(self, refused: Refused) -> None:
        """Adds a refusal as a fault. Raises it again when another entry would not change it."""
        catalogue: Catalogue = self._catalogue
        status, body = catalogue.body(refused)
        if status in ELSEWHERE or status < 400:
            raise refused
        place = (refused.field or "").rpartition(".")[2]
        self.faults.append(Fault(place if place in self.typed else "", body["zh"], body["en"]))
        self.status = status

    def __enter__(self) -> "Form[M]":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: TracebackType | None) -> bool:
        if isinstance(error, Unfit):
            return bool(self.faults)
        if not isinstance(error, EXPECTED):
            return False
        self.refuse(refusal_of(error))
        return True


def blank(model: type[M], **given: Any) -> Form[M]:
    """A form to be filled in, with what is known already. A field `command` gets the id that makes sending it twice
    count once (V2).
    """
    typed = {name: given.get(name, [] if _many(model, name) else "") for name in model.model_fields}
    if "command" in typed:
        typed["command"] = typed["command"] or str(uuid4())
    return Form(typed)


async def read(request: Request, model: type[M], words: Mapping[str, Pair] | None = None) -> Form[M]:
    """The form that was sent. An empty field counts as not given; spaces around are taken off.

    `words` say what to do about a field, whatever is wrong with it, or about one kind of fault: `what`,
    `what:string_too_long`. What is not there is said in general words.
    """
    sent = await request.form()
    typed: dict[str, Any] = {}
    for name in model.model_fields:
        values = [value.strip() for value in sent.getlist(name) if isinstance(value, str)]
        typed[name] = [value for value in values if value] if _many(model, name) else (values[-1] if values else "")
    try:
        value = model.model_validate({name: given for name, given in typed.items() if given})
    except ValidationError as error:
        return Form(typed, None, _faults(model, error, words or {}), request.app.state.catalogue)
    return Form(typed, value, (), request.app.state.catalogue)


def _kinds(model: type[BaseModel], name: str) -> list[Any]:
    """What a field is annotated with: the kind itself, or those of a union."""
    kind = model.model_fields[name].annotation
    return [get_origin(one) or one for one in (kind, *get_args(kind))]


def _many(model: type[BaseModel], name: str) -> bool:
    return any(kind in {list, tuple, set, frozenset} for kind in _kinds(model, name))


def _chosen(model: type[BaseModel], name: str) -> bool:
    kinds = _kinds(model, name)
    return _many(model, name) or any(kind in {Literal, bool} or _is_enum(kind) for kind in kinds)


def _is_enum(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Enum)


def _faults(model: type[BaseModel], error: ValidationError, words: Mapping[str, Pair]) -> list[Fault]:
    """One fault a field, in the order of the fields."""
    faults: dict[str, Fault] = {}
    for item in error.errors():
        field = str(item["loc"][0]) if item["loc"] else ""
        kind = item["type"]
        general = CHOOSE if kind == "missing" and _chosen(model, field) else GENERAL.get(kind, OTHERWISE)
        zh, en = words.get(f"{field}:{kind}") or words.get(field) or general
        context = item.get("ctx", {})
        faults.setdefault(field, Fault(field, zh.format_map(context), en.format_map(context)))
    return list(faults.values())
