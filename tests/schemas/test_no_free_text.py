"""What no event may ever hold: a sentence, personal data, or what the system never does. Two guards and their bites."""

import json
import re
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise
from typing import Annotated, Any, Literal

import pytest
from lianxin_schemas.events.base import Event, Part
from lianxin_schemas.generate import ROOT
from lianxin_schemas.ids import OpaqueId, Uuid
from lianxin_schemas.topics import EVENTS
from pydantic import Field, StringConstraints

FORMATS = {"date", "date-time", "uuid"}
SENTENCES = (
    "Zhang San",
    "zhang san",
    "the old man was ill",
    "老张病了",
    "Main Street 5, flat 2",
    "a@example.org",
    "+86 138 0000 0000",
    "two\nlines",
)
"""A pattern that lets one of these through is no pattern."""
NEVER = re.findall(
    r"\w+",
    """
    ethnicity ethnic minority nation nationality religion religious belief faith key_person key_people
    stability risk blacklist blacklisted sensitive suspicion suspicious extremism separatism speech
    surveillance monitoring location gps latitude longitude checkin check_in photo leaderboard
    """,
)
"""What the system never does, in whatever word of a field, an enum or an event."""
PERSONAL = re.findall(
    r"\w+",
    """
    name surname phone telephone mobile address email mail wechat idcard id_card id_number petitioner
    birth birthday birthdate age gender sex note text remark comment description message content title
    body words detail summary statement story
    """,
)
"""Fields that ask for a person's data or for words. These live in the vault."""
REASONS = re.findall(
    r"\w+", "hardship poor poverty elder elderly empty_nest left_behind disabled disability party_member"
)
"""Why a household needs care (R4): among twenty households the reason names the one. An event has its weight alone."""
PLACES = ("properties", "$defs")
PARTS = ("anyOf", "oneOf", "allOf", "prefixItems")


def words(name: str) -> set[str]:
    """The words of a name, and each two neighbours as one: `keyPerson` has key, person, key_person and keyperson."""
    parts = [part for part in re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()) if part]
    pairs = list(pairwise(parts))
    return {*parts, *("_".join(pair) for pair in pairs), *("".join(pair) for pair in pairs)}


def banned(name: str, ban: list[str]) -> set[str]:
    """The banned words in a name, in the singular and the plural, joined or apart."""
    found = words(name)
    return {word for word in ban if {word, f"{word}s", word.replace("_", "")} & found}


def faults(schema: Any, where: str = "data") -> Iterator[str]:
    """Everything in a JSON Schema that could hold a sentence, or asks for what no event may hold."""
    for place in PLACES:
        for name, field in schema.get(place, {}).items():
            ban = NEVER + REASONS + (PERSONAL if place == "properties" else [])
            yield from (f"{where}.{name}: `{word}` is never asked" for word in sorted(banned(name, ban)))
            yield from faults(field, f"{where}.{name}")
    for part in [part for word in PARTS for part in schema.get(word, [])]:
        yield from faults(part, where)
    if "items" in schema:
        yield from faults(schema["items"], f"{where}[]")
    for value in schema.get("enum", [schema.get("const")]):
        yield from (f"{where}: {value!r} says `{word}`" for word in sorted(banned(str(value), NEVER + REASONS)))
    yield from _open(schema, where)


def _open(schema: Any, where: str) -> Iterator[str]:
    """What is wrong with one schema, leaving aside those inside it."""
    kind = schema.get("type")
    if {"$ref", "enum", "const", "anyOf", "oneOf", "allOf"} & schema.keys():
        return
    if kind == "object" and schema.get("additionalProperties") is not False:
        yield f"{where}: takes unknown fields"
    if kind == "array" and not {"items", "prefixItems"} & schema.keys():
        yield f"{where}: takes anything in its list"
    if kind == "string" and schema.get("format") not in FORMATS and not _tight(schema.get("pattern", "")):
        yield f"{where}: a string that could hold a sentence"
    if kind not in ("object", "array", "string", "integer", "boolean", "null"):
        yield f"{where}: takes anything ({kind})"


def _tight(pattern: str) -> bool:
    # A pattern of JSON Schema is searched for: only the two anchors make it speak of the whole text.
    whole = pattern.startswith("^") and pattern.endswith("$")
    return whole and not any(re.search(pattern, sentence) for sentence in SENTENCES)


def faults_of(event: type[Event]) -> list[str]:
    named = [f"{event.name}: says `{word}`" for word in sorted(banned(event.name, NEVER + REASONS))]
    return [*named, *faults(event.model_json_schema())]


@pytest.mark.parametrize("path", sorted((ROOT / "json").glob("*.v*.json")), ids=lambda path: path.stem)
def test_no_published_schema_can_hold_a_sentence_or_a_banned_field(path: Any) -> None:
    assert list(faults(json.loads(path.read_text("utf-8")))) == []


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())
def test_no_event_can_hold_a_sentence_or_a_banned_field(event: type[Event]) -> None:
    assert faults_of(event) == []


def test_no_field_of_the_envelope_but_its_data_can_hold_a_sentence() -> None:
    # Given the envelope, which ignores foreign extensions, and whose data is judged event by event
    envelope = json.loads((ROOT / "json/envelope.json").read_text("utf-8"))
    fields = {name: field for name, field in envelope["properties"].items() if name != "data"}

    # When its own fields are walked, then none is open
    assert [fault for name, field in fields.items() for fault in faults(field, name)] == []


class Ethnicity(StrEnum):
    A = "a"


class Tag(StrEnum):
    LISTED = "blacklisted"


class Person(Part):
    key_person: bool


class Bite(Event):
    """The base of what the guard must refuse."""

    name = "bite.made"
    id: Uuid


class FreeText(Bite):
    what: str


class FreeTextInPair(Bite):
    what: tuple[int, str]


class FreeTextByKey(Bite):
    what: dict[OpaqueId, str]


class AnyList(Bite):
    what: list[Any]


class FreeTextOrNone(Bite):
    what: str | None = None


class FreeTextInList(Bite):
    what: tuple[str, ...] = ()


class LengthIsNoPattern(Bite):
    what: Annotated[str, Field(max_length=10)]


class OpenPattern(Bite):
    what: Annotated[str, StringConstraints(pattern=r"^.*$")]


class UnanchoredPattern(Bite):
    what: Annotated[str, StringConstraints(pattern=r"[0-9]+")]


class HalfAnchored(Bite):
    what: Annotated[str, StringConstraints(pattern=r"^[0-9]{6}")]


class AnyFields(Bite):
    what: dict[str, Any]


class FreeValues(Bite):
    what: dict[str, str]


class Anything(Bite):
    what: Any


class Floating(Bite):
    what: float


class OtherFormat(Bite):
    what: Annotated[str, Field(json_schema_extra={"format": "email"})]


class EthnicityField(Bite):
    ethnicity: Ethnicity


class KeyPerson(Bite):
    key_person: bool


class KeyPersonInCamelCase(Bite):
    keyPerson: bool  # noqa: N815


class KeyPersonInside(Bite):
    who: Person


class KeyPeople(Bite):
    people: tuple[Person, ...]


class Religion(Bite):
    cadre_religion: OpaqueId


class RiskLevel(Bite):
    risk_level: Literal["low", "high"]


class StabilityScore(Bite):
    stability: int


class Blacklisted(Bite):
    state: Tag


class BlacklistedByLiteral(Bite):
    state: Literal["blacklist"]


class PhoneAsNumber(Bite):
    phone: int


class NameAsId(Bite):
    name_of_cadre: OpaqueId


class Note(Bite):
    note: OpaqueId


class Where(Bite):
    gps: OpaqueId


class Disabled(Bite):
    disabled: bool


class ReasonByLiteral(Bite):
    care: Literal["none", "empty-nest-elder", "left-behind-child"]


class ReasonOfMany(Bite):
    needs: tuple[Literal["hardship-party-member"], ...]


class HardshipFound(Bite):
    name = "hardship.found"


class RiskRaised(Bite):
    name = "risk.raised"


@pytest.mark.parametrize("event", Bite.__subclasses__(), ids=lambda event: event.__name__)
def test_the_guard_bites(event: type[Event]) -> None:
    assert faults_of(event) != []


class Sound(Event):
    """All that an event may be made of."""

    name = "sound.made"
    id: Uuid
    cadre: OpaqueId | None = None
    kind: Literal["one"] = "one"
    counts: tuple[int, ...] = ()
    explanation: bool = False
    destination: OpaqueId


def test_the_guard_lets_a_sound_event_pass() -> None:
    # `destination` holds the letters of a banned word, not the word
    assert faults_of(Sound) == []
