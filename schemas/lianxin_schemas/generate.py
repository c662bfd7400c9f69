"""Writes the contract down for readers without Python: JSON Schema of every event, AsyncAPI of every service.

`python -m lianxin_schemas.generate` writes the files, `--check` writes nothing and names those that lag
behind the models. They are kept in git: a change of the contract shows in review and `compat.py` judges it.
"""

import argparse
import json
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from lianxin_schemas.envelope import Wrapped
from lianxin_schemas.events.base import Event
from lianxin_schemas.topics import EVENTS, SERVICES, Topic, consumed_by, produced_by

ROOT = Path(__file__).parents[1]
"""The folder `schemas/` of the source tree: an editable install points here."""
COMMAND = "python -m lianxin_schemas.generate"
CONTENT_TYPE = "application/cloudevents+json"


def versions(event: type[Event]) -> list[str]:
    """Every version of an event that lies on its topic, oldest first, as in `visit.logged.v1`."""
    return [f"{event.name}.v{version}" for version in range(1, event.version + 1)]


def files(root: Path = ROOT) -> dict[str, str]:
    """Every generated file, by its path under `schemas/`, as it has to read now."""
    written: dict[str, Any] = {"json/envelope.json": _json_schema(Wrapped, "envelope")}
    for event in EVENTS.values():
        name = versions(event)[-1]
        written[f"json/{name}.json"] = _json_schema(event, name)
    release = tomllib.loads((root / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    for service in SERVICES:
        if produced_by(service) or consumed_by(service):
            written[f"asyncapi/{service}.yaml"] = _asyncapi(service, release)
    return {path: _text(document) for path, document in written.items()}


def stale(root: Path = ROOT) -> list[str]:
    """What is wrong with the files on disk, a sentence each; empty when they are as the models say."""
    wanted = files(root)
    present, older = _present(root), _older()
    return [
        *(f"{path} is missing" for path in sorted(wanted.keys() - present)),
        *(
            f"{path} lags behind the models"
            for path in sorted(wanted.keys() & present)
            if (root / path).read_bytes() != wanted[path].encode()
        ),
        *(f"{path} belongs to no event or service" for path in sorted(present - wanted.keys() - older)),
        *(f"{path}, an older version, is gone: take it back from git" for path in sorted(older - present)),
    ]


def write(root: Path = ROOT) -> None:
    """Brings the files on disk up to date."""
    wanted = files(root)
    for path in _present(root) - wanted.keys() - _older():
        (root / path).unlink()
    for path, text in wanted.items():
        (root / path).parent.mkdir(exist_ok=True)
        (root / path).write_bytes(text.encode())


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The command. Answers 1 when files lag behind, after naming them and what to run."""
    parser = argparse.ArgumentParser(prog=COMMAND, description=__doc__)
    parser.add_argument("--check", action="store_true", help="write nothing, name what lags behind")
    asked = parser.parse_args(arguments)
    if not (root / "pyproject.toml").exists():
        parser.error(f"{root} is not the folder of the sources; install the package from there with -e")
    if not asked.check:
        write(root)
    wrong = stale(root)
    for sentence in wrong:
        print(f"schemas/{sentence}", file=sys.stderr)
    if wrong:
        print(f"run: {COMMAND}", file=sys.stderr)
    return 1 if wrong else 0


def _present(root: Path) -> set[str]:
    """The paths of what lies in the two generated folders."""
    found = [path for folder in ("json", "asyncapi") for path in (root / folder).glob("*")]
    return {path.relative_to(root).as_posix() for path in found if path.is_file()}


def _older() -> set[str]:
    """The schemas of older versions: they stay as they are, for no model is left to write them anew."""
    return {f"json/{name}.json" for event in EVENTS.values() for name in versions(event)[:-1]}


def _text(document: dict[str, Any]) -> str:
    """JSON, which is YAML as well: one form for both kinds of file, readable without a YAML library."""
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _json_schema(model: type[BaseModel], name: str) -> dict[str, Any]:
    """What a reader must accept. Fields stand in the order of the model, which is their order on the wire."""
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"urn:lianxin:{name}"}
    return head | model.model_json_schema()


def _asyncapi(service: str, release: str) -> dict[str, Any]:
    """The topics that a service writes and reads."""
    sends, receives = produced_by(service), consumed_by(service)
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"Lianxin 连心: {service}", "version": release},
        "defaultContentType": CONTENT_TYPE,
        "channels": {topic.name: _channel(topic) for topic in dict.fromkeys(sends + receives)},
        "operations": {
            **{f"send-{topic.name}": _operation("send", topic) for topic in sends},
            **{f"receive-{topic.name}": _operation("receive", topic) for topic in receives},
        },
    }


def _operation(action: str, topic: Topic) -> dict[str, Any]:
    return {"action": action, "channel": {"$ref": f"#/channels/{topic.name}"}, "summary": topic.says}


def _channel(topic: Topic) -> dict[str, Any]:
    """A topic with every message that lies on it, older versions included."""
    space = "The installation, in front of every topic, so that several share a broker."
    return {
        "address": "{space}." + topic.name,
        "description": topic.says,
        "parameters": {"space": {"description": space, "default": "lianxin"}},
        "messages": {name: _message(event, name) for event in topic.events for name in versions(event)},
        "bindings": {
            "kafka": {
                "partitions": topic.partitions,
                "topicConfiguration": {"cleanup.policy": ["delete"], "retention.ms": topic.retention_ms},
                "bindingVersion": "0.5.0",
            }
        },
    }


def _message(event: type[Event], name: str) -> dict[str, Any]:
    """An envelope whose type and payload are those of the event; its key is the envelope's subject."""
    envelope = "../json/envelope.json"
    inside = {"type": {"const": f"lianxin.{name}"}, "data": {"$ref": f"../json/{name}.json"}}
    key = {"$ref": f"{envelope}#/properties/subject"}
    return {
        "name": f"lianxin.{name}",
        "summary": (event.__doc__ or "").partition("\n")[0],
        "contentType": CONTENT_TYPE,
        "payload": {"allOf": [{"$ref": envelope}, {"type": "object", "properties": inside}]},
        "bindings": {"kafka": {"key": key, "bindingVersion": "0.5.0"}},
    }


if __name__ == "__main__":
    sys.exit(main())
