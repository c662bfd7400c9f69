"""Each kind of break is caught and says what to do; each harmless change passes."""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest
from lianxin_schemas.compat import breaks, read_folder
from lianxin_schemas.generate import ROOT

SCHEMA: dict[str, Any] = {
    "$id": "urn:lianxin:thing.done.v1",
    "$defs": {
        "Kind": {"enum": ["one", "two"], "type": "string"},
        "Line": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                "days": {"type": "integer", "minimum": 0, "maximum": 9, "default": 0},
                "day": {"type": "string"},
            },
            "required": ["day"],
        },
    },
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "kind": {"$ref": "#/$defs/Kind"},
        "code": {"type": "string", "pattern": "^[a-z]+$"},
        "zone": {"anyOf": [{"type": "string", "pattern": "^z$"}, {"type": "null"}], "default": None},
        "lines": {"type": "array", "items": {"$ref": "#/$defs/Line"}, "minItems": 1, "maxItems": 5},
        "offline": {"type": "boolean", "default": False},
        "more": {"type": "object", "additionalProperties": {"type": "integer"}},
    },
    "required": ["id", "kind"],
}
ASYNCAPI: dict[str, Any] = {
    "channels": {
        "things": {
            "messages": {"thing.done.v1": {}},
            "bindings": {"kafka": {"partitions": 24, "topicConfiguration": {"retention.ms": -1}}},
        }
    }
}
OLD = {
    "json/thing.done.v1.json": json.dumps(SCHEMA),
    "asyncapi/intake.yaml": json.dumps(ASYNCAPI),
    "examples/thing.done/v1/first.json": '{"id":1}\n',
}
Change = Callable[[Any], object]


def after(change: Change, path: str = "json/thing.done.v1.json") -> list[str]:
    """What is said when one file of the contract is changed."""
    document = copy.deepcopy(json.loads(OLD[path]))
    change(document)
    return breaks(OLD, {**OLD, path: json.dumps(document)})


def fields(document: Any) -> Any:
    return document["properties"]


def line(document: Any) -> Any:
    return document["$defs"]["Line"]


BREAKS: dict[str, tuple[Change, str]] = {
    "property removed": (lambda d: fields(d).pop("code"), "data.code is gone"),
    "property renamed": (lambda d: fields(d).update(name=fields(d).pop("code")), "data.code is gone"),
    "newly required": (lambda d: d["required"].append("code"), "data.code is required now"),
    "new and required": (
        lambda d: (fields(d).update(x={"type": "integer"}), d["required"].append("x")),
        "data.x is required now",
    ),
    "type changed": (lambda d: fields(d)["code"].update(type="integer"), "data.code was string and is now integer"),
    "type narrowed": (lambda d: fields(d).update(zone={"type": "string"}), "data.zone was null and is now string"),
    "alternative narrowed": (
        lambda d: fields(d)["zone"]["anyOf"][0].update(pattern="^zz$"),
        "data.zone has another pattern",
    ),
    "enum value removed": (lambda d: d["$defs"]["Kind"]["enum"].remove("two"), "data.kind no longer takes 'two'"),
    "enum became const": (
        lambda d: d["$defs"].update(Kind={"const": "one", "type": "string"}),
        "data.kind no longer takes 'two'",
    ),
    "enum added": (lambda d: fields(d)["offline"].update(enum=[True]), "data.offline takes nothing but [True] now"),
    "pattern changed": (lambda d: fields(d)["code"].update(pattern="^[a-f]+$"), "data.code has another pattern"),
    "pattern added": (lambda d: line(d)["properties"]["day"].update(pattern="^d$"), "data.lines[].day has another"),
    "format changed": (lambda d: fields(d)["id"].update(format="date"), "data.id has another format"),
    "minimum raised": (lambda d: line(d)["properties"]["days"].update(minimum=1), "data.lines[].days is bounded"),
    "maximum lowered": (lambda d: line(d)["properties"]["days"].update(maximum=8), "data.lines[].days is bounded"),
    "bound added": (lambda d: fields(d)["code"].update(maxLength=3), "maxLength was None and is now 3"),
    "fewer items": (lambda d: fields(d)["lines"].update(maxItems=4), "data.lines is bounded more narrowly"),
    "more items": (lambda d: fields(d)["lines"].update(minItems=2), "data.lines is bounded more narrowly"),
    "unique items": (lambda d: fields(d)["lines"].update(uniqueItems=True), "data.lines has another uniqueItems"),
    "inner property removed": (lambda d: line(d)["properties"].pop("days"), "data.lines[].days is gone"),
    "inner newly required": (lambda d: line(d)["required"].append("days"), "data.lines[].days is required now"),
    "unknown fields refused": (
        lambda d: fields(d)["more"].update(additionalProperties=False),
        "data.more refuses unknown fields now",
    ),
    "unknown fields narrowed": (
        lambda d: fields(d)["more"]["additionalProperties"].update(type="string"),
        "data.more[*] was integer and is now string",
    ),
    "another default": (lambda d: fields(d)["offline"].update(default=True), "data.offline has another default"),
    "a word this check does not know": (lambda d: fields(d)["code"].update({"not": {}}), "changes its not"),
}
HARMLESS: dict[str, Change] = {
    "new optional field": lambda d: fields(d).update(x={"type": "string"}),
    "new optional field inside": lambda d: line(d)["properties"].update(x={"type": "string"}),
    "required no longer": lambda d: d["required"].remove("kind"),
    "enum widened": lambda d: d["$defs"]["Kind"]["enum"].append("three"),
    "enum in another order": lambda d: d["$defs"]["Kind"]["enum"].reverse(),
    "alternative added": lambda d: fields(d).update(code={"anyOf": [fields(d)["code"], {"type": "null"}]}),
    "integer became number": lambda d: line(d)["properties"]["days"].update(type="number"),
    "pattern removed": lambda d: fields(d)["code"].pop("pattern"),
    "bounds widened": lambda d: line(d)["properties"]["days"].update(minimum=-1, maximum=10),
    "bounds removed": lambda d: [fields(d)["lines"].pop(word) for word in ("minItems", "maxItems")],
    "definition renamed": lambda d: (
        d["$defs"].update(Sort=d["$defs"].pop("Kind")),
        fields(d).update(kind={"$ref": "#/$defs/Sort"}),
    ),
    "definition written out": lambda d: fields(d).update(kind=d["$defs"].pop("Kind")),
    "described anew": lambda d: (d.update(title="x", description="y"), fields(d)["id"].update(title="z")),
    "unknown fields taken": lambda d: d.update(additionalProperties=True),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_break_is_refused(name: str) -> None:
    change, what = BREAKS[name]

    said = after(change)

    assert len(said) == 1
    assert what in said[0]
    assert said[0].startswith("thing.done.v1: data")
    assert "make it thing.done.v2 with a step from thing.done.v1 in upcast.py" in said[0]


@pytest.mark.parametrize("name", HARMLESS)
def test_a_harmless_change_passes(name: str) -> None:
    assert after(HARMLESS[name]) == []


def test_every_break_of_one_change_is_named() -> None:
    said = after(lambda d: (fields(d).pop("code"), d["required"].append("zone")))

    assert len(said) == 2


def test_an_equal_contract_passes_also_the_real_one() -> None:
    assert breaks(OLD, dict(OLD)) == []
    assert breaks(read_folder(ROOT), read_folder(ROOT)) == []


def test_a_new_event_a_new_topic_and_a_new_example_pass() -> None:
    wider = copy.deepcopy(ASYNCAPI)
    wider["channels"]["others"] = wider["channels"]["things"]
    added = {
        "json/thing.undone.v1.json": OLD["json/thing.done.v1.json"],
        "asyncapi/notify.yaml": json.dumps(wider),
        "examples/thing.done/v1/second.json": "{}",
    }

    assert breaks(OLD, OLD | added) == []


def test_a_removed_event_is_refused() -> None:
    said = breaks(OLD, {path: text for path, text in OLD.items() if not path.startswith("json/")})

    assert said == ["thing.done.v1: the event is gone. It lies on its topic for ever: put it back."]


def test_a_narrowed_envelope_is_refused_and_has_no_next_version() -> None:
    old = {"json/envelope.json": json.dumps(SCHEMA)}
    new = {"json/envelope.json": json.dumps({**SCHEMA, "required": ["id", "kind", "code"]})}

    assert breaks(old, new) == [
        "envelope: envelope.code is required now. Every message there is has the old form: put it back."
    ]


def test_a_schema_that_names_itself_is_compared_to_an_end() -> None:
    tree: dict[str, Any] = {
        "$defs": {"T": {"type": "object", "properties": {"t": {"$ref": "#/$defs/T"}}}},
        "$ref": "#/$defs/T",
    }
    path = "json/tree.grown.v1.json"
    changed = {**tree, "$defs": {"T": {**tree["$defs"]["T"], "required": ["t"]}}}

    assert breaks({path: json.dumps(tree)}, {path: json.dumps(tree)}) == []
    assert len(breaks({path: json.dumps(tree)}, {path: json.dumps(changed)})) >= 1


@pytest.mark.parametrize(
    ("change", "what"),
    [
        (
            lambda d: d["channels"]["things"]["bindings"]["kafka"].update(partitions=48),
            "topic things: partitions were 24 and are now 48. Put it back",
        ),
        (lambda d: d["channels"].clear(), "topic things: it is gone"),
        (lambda d: d["channels"]["things"]["messages"].clear(), "topic things: it no longer carries thing.done.v1"),
        (
            lambda d: d["channels"]["things"]["bindings"]["kafka"]["topicConfiguration"].update({"retention.ms": 1}),
            "topic things: messages were kept for -1 ms and are now for 1",
        ),
    ],
    ids=["partitions", "topic", "event", "retention"],
)
def test_a_topic_keeps_its_partitions_its_events_and_its_facts(change: Change, what: str) -> None:
    said = after(change, "asyncapi/intake.yaml")

    assert len(said) == 1
    assert what in said[0]


def test_a_topic_may_get_another_reader() -> None:
    moved = {**OLD, "asyncapi/appraisal.yaml": OLD["asyncapi/intake.yaml"]}

    assert breaks(OLD, moved) == []


@pytest.mark.parametrize(("text", "done"), [('{"id":2}\n', "changed"), ('{"id":1}\r\n', "changed"), (None, "deleted")])
def test_an_example_is_never_changed_or_deleted(text: str | None, done: str) -> None:
    path = "examples/thing.done/v1/first.json"
    new = {key: value for key, value in OLD.items() if key != path} | ({path: text} if text else {})

    assert breaks(OLD, new) == [f"thing.done: example {path} was {done}. Examples are only ever added: put it back."]
