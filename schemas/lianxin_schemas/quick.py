"""Events read quickly: msgspec takes each kind as its model has it, compiled once from the model's fields.

The models stay the only judge. What is not spelt byte for byte as `codec.to_json` spells it, or breaks the least
constraint, is not read here: the caller asks the model then.
"""

import types
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from enum import Enum
from typing import Annotated, Any, Literal, Union, get_args, get_origin
from uuid import UUID

import annotated_types as at
import msgspec
from pydantic import AwareDatetime, BaseModel
from pydantic.fields import FieldInfo

from lianxin_schemas import ids
from lianxin_schemas.events.base import Event, Part

Reader = Callable[[bytes | msgspec.Raw], Event | None]

SURE = range(1950, 2199)
"""Years that lie in the range of `ids.Time` and `ids.Day` whatever the offset; beside them the model decides."""
SPELLING = (ids._canonical, ids._spelt, ids._in_range, ids._day_in_range)
"""Checks that same bytes and sure years make needless."""


def reader(kind: type[Event]) -> Reader | None:
    """From data to the event, or to None where the model has to look. None for a kind msgspec cannot take."""
    try:
        fields = [(name, *_field(field)) for name, field in kind.model_fields.items()]
        decode = msgspec.json.Decoder(msgspec.defstruct(kind.__name__, fields, kw_only=True), dec_hook=_part).decode
    except TypeError:
        return None
    encode = msgspec.json.Encoder(enc_hook=_raw).encode
    asdict = msgspec.structs.asdict
    dated = [name for name, field in kind.model_fields.items() if _bare(field.annotation) in (date, datetime)]
    optional = [name for name, field in kind.model_fields.items() if field.default is None]
    names = {*kind.model_fields}
    checks = [check.func for check in kind.__pydantic_decorators__.model_validators.values()]

    def read(data: bytes | msgspec.Raw) -> Event | None:
        try:
            found = decode(data)
            if encode(found) != bytes(data):
                return None
            values = asdict(found)
            for name in optional:
                if values[name] is msgspec.UNSET:
                    values[name] = None
            for name in dated:
                if (value := values[name]) is not None and value.year not in SURE:
                    return None
            event = _made(kind, names, values)
            for check in checks:
                check(event)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return None
        return event

    return read


_new = object.__new__
_set_values = BaseModel.__dict__["__dict__"].__set__
_set_names, _set_extra, _set_private = (
    BaseModel.__dict__[f"__pydantic_{slot}__"].__set__ for slot in ("fields_set", "extra", "private")
)


def _made(kind: type[Event], names: set[str], values: dict[str, Any]) -> Event:
    """What `model_construct` makes of all fields in their order, at a tenth of its price."""
    event = _new(kind)
    _set_values(event, values)
    _set_names(event, names)
    _set_extra(event, None)
    _set_private(event, None)
    return event


def _field(field: FieldInfo) -> tuple[Any, ...]:
    """The type, and the default where there is one. What is absent on the wire stays apart from what was written."""
    hint = _hint(field.annotation, field.metadata)
    if field.is_required():
        return (hint,)
    return (hint | msgspec.UnsetType, msgspec.UNSET) if field.default is None else (hint, field.default)


def _bare(annotation: Any) -> Any:
    """A type without constraints and without `| None`."""
    if get_origin(annotation) is Annotated:
        return _bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, types.UnionType):
        [annotation] = [_bare(option) for option in get_args(annotation) if option is not type(None)]
    return datetime if annotation is AwareDatetime else annotation


def _hint(annotation: Any, metadata: Iterable[Any]) -> Any:
    """A type with its constraints as msgspec has them. Raises TypeError for what it does not know."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _hint(inner[0], [*metadata, *inner[1:]])
    if origin in (Union, types.UnionType):
        [annotation] = [option for option in inner if option is not type(None)]
        return _hint(annotation, metadata)
    hint: Any = tuple[_hint(inner[0], []), ...] if origin is tuple else _bare(annotation)  # type: ignore[misc]
    known = (str, int, bool, UUID, date, datetime)
    if not (origin in (tuple, Literal) or hint in known or issubclass(hint, Enum | Part)):
        raise TypeError(f"msgspec is not told of {annotation}")
    limits = dict(_limits(metadata))
    if hint is datetime:
        limits["tz"] = True
    return Annotated[hint, msgspec.Meta(**limits)] if limits else hint


def _limits(metadata: Iterable[Any]) -> Iterator[tuple[str, Any]]:
    for one in metadata:
        match one:
            case FieldInfo():
                yield from _limits(one.metadata)
            case at.Ge(limit):
                yield "ge", limit
            case at.Le(limit):
                yield "le", limit
            case at.MinLen(limit):
                yield "min_length", limit
            case at.MaxLen(limit):
                yield "max_length", limit
            case _ if pattern := getattr(one, "pattern", None):
                # `$` in Python also stands before a last line end, which pydantic's does not.
                yield "pattern", pattern.removesuffix("$") + r"\Z"
            case _ if getattr(one, "func", None) not in SPELLING:
                raise TypeError(f"msgspec is not told of {one}")


def _part(kind: type[Part], plain: Any) -> Part:
    return kind.model_validate_json(msgspec.json.encode(plain), strict=True)


def _raw(part: Part) -> msgspec.Raw:
    return msgspec.Raw(part.model_dump_json(exclude_none=True).encode())
