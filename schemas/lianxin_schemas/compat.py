"""Refuses a change of the contract that would make what is already published unreadable.

`python -m lianxin_schemas.compat [--base REV]` compares the generated files and the examples with those of a
git revision. Facts are kept for ever and replayed by every later reader, so a schema may only widen: an
optional field, an enum value, a wider bound or an event may be added. Readers are closed against what they do
not know, so such a change reaches consumers before producers. Anything else is a new version of the event.
"""

import argparse
import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import Any

from lianxin_schemas.generate import ROOT

Schema = dict[str, Any]
Contract = Mapping[str, str]
"""The text of every file under `json/`, `asyncapi/` and `examples/`, by its path."""
FOLDERS = ("json", "asyncapi", "examples")
LOWEST = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
HIGHEST = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
EXACT = ("pattern", "format", "multipleOf", "uniqueItems")
JUDGED = {*LOWEST, *HIGHEST, *EXACT, "type", "enum", "const", "properties", "required", "items", "default"}
SILENT = {"additionalProperties", "title", "description", "examples", "discriminator", "$id", "$schema"}


class NoGit(Exception):
    """Git cannot answer; the message is its own."""


def breaks(old: Contract, new: Contract) -> list[str]:
    """Every way in which `new` breaks what `old` promised: a sentence each, with what to do about it."""
    return [*_schema_breaks(old, new), *_topic_breaks(old, new), *_example_breaks(old, new)]


def read_folder(root: Path) -> dict[str, str]:
    """The contract as it lies on disk."""
    found = chain.from_iterable((root / folder).rglob("*") for folder in FOLDERS)
    return {path.relative_to(root).as_posix(): path.read_bytes().decode() for path in found if path.is_file()}


def read_revision(root: Path, revision: str) -> dict[str, str]:
    """The contract as a git revision has it; empty when the folder was not there yet."""
    listed = _git(root, "ls-tree", "-r", "-z", "--name-only", revision, "--", *FOLDERS).decode().split("\0")
    there = sorted({path.partition("/")[0] for path in listed if path})
    if not there:
        return {}
    with tarfile.open(fileobj=io.BytesIO(_git(root, "archive", "--format=tar", revision, *there))) as archive:
        members = {member.name: archive.extractfile(member) for member in archive if member.isfile()}
        return {name: member.read().decode() for name, member in members.items() if member}


def default_base(root: Path) -> str | None:
    """Where this work began: the merge base with main, or HEAD's parent on main itself; None without one."""
    head = _find(root, "rev-parse", "--verify", "--quiet", "HEAD^{commit}")
    on_main = _find(root, "symbolic-ref", "--quiet", "--short", "HEAD") in (None, "main")
    forks = (_find(root, "merge-base", "HEAD", main) for main in ("main", "origin/main"))
    fork = next((found for found in forks if found), None)
    # A detached HEAD that main contains is main as CI checks it out: compared with itself it never fails.
    if fork is None or (fork == head and on_main):
        return _find(root, "rev-parse", "--verify", "--quiet", "HEAD^")
    return fork


def main(arguments: Sequence[str] | None = None, root: Path = ROOT) -> int:
    """The command. Answers 1 after naming what breaks, 2 when git cannot answer."""
    parser = argparse.ArgumentParser(prog="python -m lianxin_schemas.compat", description=__doc__)
    parser.add_argument("--base", metavar="REV", help="the revision to compare with")
    asked = parser.parse_args(arguments)
    try:
        _git(root, "rev-parse", "--git-dir")
        base = asked.base or default_base(root)
        old = read_revision(root, base) if base else {}
    except NoGit as error:
        parser.error(str(error))
    if not old:
        print(f"nothing to compare with: {f'{base} has no contract' if base else 'no earlier revision'}")
        return 0
    found = breaks(old, read_folder(root))
    for sentence in found:
        print(sentence, file=sys.stderr)
    if not found:
        print(f"compatible with {base}")
    return 1 if found else 0


def _schema_breaks(old: Contract, new: Contract) -> Iterator[str]:
    for path in sorted(path for path in old if path.startswith("json/")):
        name = path.removeprefix("json/").removesuffix(".json")
        if path not in new:
            yield f"{name}: the event is gone. It lies on its topic for ever: put it back."
            continue
        was, now = json.loads(old[path]), json.loads(new[path])
        for what in _narrowed("data" if ".v" in name else "envelope", _inline(was, was), _inline(now, now)):
            yield f"{name}: {what}. {_way_out(name)}"


def _way_out(name: str) -> str:
    event, _, version = name.rpartition(".v")
    if not event:
        return "Every message there is has the old form: put it back."
    return f"Put it back, or make it {event}.v{int(version) + 1} with a step from {name} in upcast.py."


def _inline(node: Any, root: Schema, inside: frozenset[str] = frozenset()) -> Any:
    """A schema with every `$ref` replaced by what it names; one that names itself stays."""
    if isinstance(node, list):
        return [_inline(part, root, inside) for part in node]
    if not isinstance(node, dict):
        return node
    ref = node.get("$ref")
    if isinstance(ref, str) and ref not in inside:
        named = root["$defs"][ref.removeprefix("#/$defs/")]
        beside = {key: value for key, value in node.items() if key != "$ref"}
        return _inline({**named, **beside}, root, inside | {ref})
    return {key: _inline(value, root, inside) for key, value in node.items() if key != "$defs"}


def _narrowed(where: str, old: Schema, new: Schema) -> Iterator[str]:
    """How `new` refuses what `old` took. Each alternative of `old` needs one in `new` that takes it whole."""
    choices = _alternatives(new)
    for one in _alternatives(old):
        refusals = [(_like(one, other), list(_one_narrowed(where, one, other))) for other in choices]
        if all(refusal for _, refusal in refusals):
            yield from min(refusals, key=lambda refusal: (not refusal[0], len(refusal[1])))[1]


def _alternatives(schema: Schema) -> list[Schema]:
    for word in ("anyOf", "oneOf"):
        if word in schema:
            beside = {key: value for key, value in schema.items() if key != word}
            return [{**beside, **deep} for part in schema[word] for deep in _alternatives(part)]
    return [schema]


def _like(one: Schema, other: Schema) -> bool:
    return bool(one.get("type") == other.get("type"))


def _one_narrowed(where: str, old: Schema, new: Schema) -> Iterator[str]:
    was, now = old.get("type", "anything"), new.get("type", "anything")
    if now not in (was, "anything") and (was, now) != ("integer", "number"):
        yield f"{where} was {was} and is now {now}"
        return
    yield from _values_narrowed(where, old, new)
    for word in EXACT:
        if new.get(word) and new[word] != old.get(word):
            yield f"{where} has another {word}: it was {old.get(word)!r} and is now {new[word]!r}"
    for word in LOWEST + HIGHEST:
        before, after = old.get(word), new.get(word)
        if after is not None and (before is None or (after > before if word in LOWEST else after < before)):
            yield f"{where} is bounded more narrowly: {word} was {before} and is now {after}"
    yield from _fields_narrowed(where, old, new)
    if "items" in new:
        yield from _narrowed(f"{where}[]", old.get("items", {}), new["items"])
    for word in sorted(new.keys() - JUDGED - SILENT):
        if new[word] != old.get(word):
            yield f"{where} changes its {word}, which this check cannot weigh"


def _values_narrowed(where: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = _values(old), _values(new)
    if after is None:
        return
    if before is None:
        yield f"{where} takes nothing but {after} now"
        return
    for value in before:
        if value not in after:
            yield f"{where} no longer takes {value!r}"


def _values(schema: Schema) -> list[Any] | None:
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _fields_narrowed(where: str, old: Schema, new: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name, field in before.items():
        if name not in after:
            yield f"{where}.{name} is gone"
            continue
        yield from _narrowed(f"{where}.{name}", field, after[name])
        # What is left out then means something else, in every message there is.
        if "default" in field and "default" in after[name] and field["default"] != after[name]["default"]:
            yield f"{where}.{name} has another default"
    for name in new.get("required", []):
        if name not in old.get("required", []):
            yield f"{where}.{name} is required now"
    was, now = old.get("additionalProperties", True), new.get("additionalProperties", True)
    if now is False and was is not False:
        yield f"{where} refuses unknown fields now"
    elif isinstance(now, dict) and was is not False:
        yield from _narrowed(f"{where}[*]", was if isinstance(was, dict) else {}, now)


def _topic_breaks(old: Contract, new: Contract) -> Iterator[str]:
    after = _topics(new)
    for name, channel in _topics(old).items():
        if name not in after:
            yield f"topic {name}: it is gone. Its facts are kept for ever: put it back."
            continue
        was, now = channel["bindings"]["kafka"], after[name]["bindings"]["kafka"]
        if was["partitions"] != now["partitions"]:
            counts = f"partitions were {was['partitions']} and are now {now['partitions']}"
            yield f"topic {name}: {counts}. Put it back: another count is a new topic and a move."
        kept, keeps = (kafka["topicConfiguration"]["retention.ms"] for kafka in (was, now))
        if kept != keeps and (kept == -1 or 0 <= keeps < kept):
            yield f"topic {name}: messages were kept for {kept} ms and are now for {keeps}. Put it back."
        for event in channel["messages"].keys() - after[name]["messages"].keys():
            yield f"topic {name}: it no longer carries {event}. What lies there stays there: put it back."


def _topics(contract: Contract) -> dict[str, dict[str, Any]]:
    """Every channel of every service; two services show the same topic alike."""
    documents = [json.loads(text) for path, text in sorted(contract.items()) if path.startswith("asyncapi/")]
    return {name: channel for document in documents for name, channel in document["channels"].items()}


def _example_breaks(old: Contract, new: Contract) -> Iterator[str]:
    for path in sorted(path for path in old if path.startswith("examples/")):
        if old[path] != new.get(path):
            event = PurePosixPath(path).parts[1]
            done = "changed" if path in new else "deleted"
            yield f"{event}: example {path} was {done}. Examples are only ever added: put it back."


def _git(root: Path, *arguments: str) -> bytes:
    ran = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    if ran.returncode:
        raise NoGit(ran.stderr.decode().strip() or f"git {arguments[0]} found nothing")
    return ran.stdout


def _find(root: Path, *arguments: str) -> str | None:
    """A revision or a name, or None when there is none such."""
    try:
        return _git(root, *arguments).decode().strip() or None
    except NoGit:
        return None


if __name__ == "__main__":
    sys.exit(main())
