"""Every example decodes for ever, and is exactly what the codec writes."""

import json
from datetime import datetime
from pathlib import Path
from uuid import UUID

import pytest
from lianxin_schemas import codec
from lianxin_schemas.envelope import Source
from lianxin_schemas.generate import ROOT, versions
from lianxin_schemas.topics import EVENTS

EXAMPLES = ROOT / "examples"
NAMES = {event.name: event for event in EVENTS.values()}
FILES = sorted(EXAMPLES.rglob("*.json"))


def label(path: Path) -> str:
    return path.relative_to(EXAMPLES).as_posix()


def folder(name: str) -> str:
    """Where the examples of a version lie: `visit.logged/v1`."""
    event, _, version = name.rpartition(".v")
    return f"{event}/v{version}"


def unused(examples: Path) -> list[str]:
    """Paths under a folder of examples that belong to no version of an event."""
    known = {folder(name) for e in NAMES.values() for name in versions(e)}
    files = (path for path in examples.rglob("*") if path.is_file())
    found = {path.relative_to(examples) for path in files}
    return sorted(str(path) for path in found if path.parent.as_posix() not in known or path.suffix != ".json")


@pytest.mark.parametrize("path", FILES, ids=label)
def test_an_example_decodes_to_the_type_its_folder_says(path: Path) -> None:
    name, version = path.parts[-3], path.parts[-2]

    envelope = codec.unwrap(path.read_bytes())

    assert envelope.type == f"lianxin.{name}.{version}"
    assert envelope.dataschema == f"urn:lianxin:{name}.{version}"
    assert type(codec.read(envelope)) is NAMES[name]


@pytest.mark.parametrize("path", FILES, ids=label)
def test_an_example_is_byte_for_byte_what_its_row_encodes_to(path: Path) -> None:
    text = path.read_bytes()
    wire = json.loads(text)
    row = codec.Row(
        id=UUID(wire["id"]),
        source=Source.parse(wire["source"]),
        type=wire["type"],
        stream=wire["subject"],
        version=wire["streamversion"],
        position=int(wire["sequence"]),
        number=wire["lanenumber"],
        time=datetime.fromisoformat(wire["time"]),
        recordedtime=datetime.fromisoformat(wire["recordedtime"]),
        causation=UUID(wire["causationid"]),
        authtype=wire["authtype"],
        authid=wire["authid"],
        data=json.dumps(wire["data"], separators=(",", ":"), ensure_ascii=False),
    )

    assert codec.encode(row) + b"\n" == text


@pytest.mark.parametrize("name", [name for event in NAMES.values() for name in versions(event)])
def test_every_version_of_an_event_has_examples(name: str) -> None:
    assert len(list((EXAMPLES / folder(name)).glob("*.json"))) >= 2


def test_no_example_belongs_to_an_unknown_event() -> None:
    assert unused(EXAMPLES) == []


@pytest.mark.parametrize(
    "path", ["visit.lodged/v1/a.json", "visit.logged/v9/a.json", "stray.json", "visit.logged/v1/a.txt"]
)
def test_an_unused_example_is_found(tmp_path: Path, path: str) -> None:
    used = tmp_path / "visit.logged/v1/used.json"
    for file in (used, tmp_path / path):
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("{}")

    assert unused(tmp_path) == [path]


def test_examples_hold_different_events_and_no_id_twice() -> None:
    ids = [json.loads(path.read_bytes())["id"] for path in FILES]

    assert len(set(ids)) == len(ids) > 0
