"""The generated files are current, `--check` bites when they are not, and what they say is what the models say."""

import json
import shutil
from pathlib import Path

import pytest
from lianxin_schemas import generate
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.visits import VisitLogged
from lianxin_schemas.topics import EVENTS, SERVICES, TOPICS


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the generated files, to be broken."""
    for folder in ("json", "asyncapi"):
        shutil.copytree(generate.ROOT / folder, tmp_path / folder)
    shutil.copy(generate.ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_the_generated_files_are_current() -> None:
    assert generate.stale() == [], f"run: {generate.COMMAND}"


def test_check_passes_on_a_true_copy_and_says_nothing(copy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(["--check"], root=copy) == 0
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("path", ["json/visit.logged.v1.json", "json/envelope.json", "asyncapi/intake.yaml"])
def test_check_names_a_changed_file_and_the_command(copy: Path, path: str, capsys: pytest.CaptureFixture[str]) -> None:
    (copy / path).write_text((copy / path).read_text("utf-8").replace("lianxin", "lianxout", 1), "utf-8")
    changed = (copy / path).read_bytes()

    assert generate.main(["--check"], root=copy) == 1

    said = capsys.readouterr().err
    assert f"schemas/{path} lags behind the models" in said
    assert "run: python -m lianxin_schemas.generate" in said
    assert (copy / path).read_bytes() == changed, "a check writes nothing"


def test_check_sees_line_ends(copy: Path) -> None:
    path = copy / "json/term.ended.v1.json"
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))

    assert generate.stale(copy) == ["json/term.ended.v1.json lags behind the models"]


def test_check_names_a_missing_file_and_one_too_many(copy: Path) -> None:
    (copy / "json/visit.logged.v1.json").rename(copy / "json/visit.lodged.v1.json")

    assert generate.stale(copy) == [
        "json/visit.logged.v1.json is missing",
        "json/visit.lodged.v1.json belongs to no event or service",
    ]


def test_generate_mends_what_check_names(copy: Path) -> None:
    (copy / "json/visit.logged.v1.json").rename(copy / "json/visit.lodged.v1.json")
    (copy / "asyncapi/intake.yaml").write_text("asyncapi: 2", "utf-8")

    assert generate.main([], root=copy) == 0
    assert generate.stale(copy) == []


def test_generate_leaves_the_schema_of_an_older_version_alone(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Given an event that has gone on to version 2
    monkeypatch.setattr(VisitLogged, "version", 2)
    first = (copy / "json/visit.logged.v1.json").read_bytes()

    # When the files are generated
    assert generate.main([], root=copy) == 0

    # Then both versions are there, the first as it was, and the topic carries both
    assert (copy / "json/visit.logged.v1.json").read_bytes() == first
    assert (copy / "json/visit.logged.v2.json").exists()
    channel = json.loads((copy / "asyncapi/intake.yaml").read_text("utf-8"))["channels"]["visits"]
    assert {"visit.logged.v1", "visit.logged.v2"} <= channel["messages"].keys()

    # And without the first the check says where to take it from
    (copy / "json/visit.logged.v1.json").unlink()
    assert generate.stale(copy) == ["json/visit.logged.v1.json, an older version, is gone: take it back from git"]


def test_generate_refuses_a_folder_that_is_no_source_tree(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as exit_:
        generate.main([], root=tmp_path)

    assert exit_.value.code == 2
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("event", EVENTS.values(), ids=EVENTS.keys())
def test_a_schema_has_the_id_that_the_envelope_names(event: type[Event]) -> None:
    name = generate.versions(event)[-1]

    assert json.loads((generate.ROOT / f"json/{name}.json").read_text("utf-8"))["$id"] == f"urn:lianxin:{name}"


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_has_the_channels_it_writes_and_reads(service: str) -> None:
    path = generate.ROOT / f"asyncapi/{service}.yaml"
    sends = {topic.name for topic in TOPICS if service in topic.producers}
    receives = {topic.name for topic in TOPICS if service in topic.consumers}
    if not sends | receives:
        assert not path.exists()
        return

    document = json.loads(path.read_text("utf-8"))

    assert document["asyncapi"] == "3.0.0"
    assert document["channels"].keys() == sends | receives
    assert document["operations"].keys() == {
        *(f"send-{name}" for name in sends),
        *(f"receive-{name}" for name in receives),
    }
    for topic in TOPICS:
        if topic.name in document["channels"]:
            channel = document["channels"][topic.name]
            assert channel["bindings"]["kafka"]["partitions"] == topic.partitions
            assert len(channel["messages"]) == sum(event.version for event in topic.events)


@pytest.mark.parametrize("path", sorted((generate.ROOT / "asyncapi").glob("*.yaml")), ids=lambda path: path.stem)
def test_every_reference_leads_somewhere(path: Path) -> None:
    def references(node: object) -> list[str]:
        if isinstance(node, dict):
            inside = [ref for value in node.values() for ref in references(value)]
            return [node["$ref"], *inside] if isinstance(node.get("$ref"), str) else inside
        return [ref for value in node for ref in references(value)] if isinstance(node, list) else []

    found = references(json.loads(path.read_text("utf-8")))

    assert found
    for ref in found:
        file, _, pointer = ref.partition("#")
        target = json.loads((path.parent / file if file else path).read_text("utf-8"))
        for step in pointer.split("/")[1:]:
            target = target[step]
