"""What a newcomer's first command says when the machine lacks something."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

import pytest

from deploy.local import prepare
from deploy.local.jars import jars
from deploy.local.state import PROJECT, Trouble

CLOSED = "http://127.0.0.1:9/"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project folder, in a path with a space, with all that is looked at."""
    folder = tmp_path / "my project"
    (folder / "schemas").mkdir(parents=True)
    for name in prepare.KEYED_BY:
        shutil.copy(PROJECT / name, folder / name)
    return folder


def test_an_old_python_is_told_what_to_do() -> None:
    with pytest.raises(prepare.Trouble, match=r"needs Python 3\.11 or newer and this is 3\.9: install"):
        prepare.require_python((3, 9))


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_a_python_without_venv_is_told_what_to_do(missing: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == missing else object())
    with pytest.raises(prepare.Trouble, match=r"comes without venv: install it .*apt install python3-venv"):
        prepare.require_python((3, 11))


def test_no_network_is_one_sentence(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"INDEX_URL": CLOSED, "EXTRA_INDEX_URL": "", "FIND_LINKS": "", "RETRIES": "0"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    with pytest.raises(prepare.Trouble, match="registry could not be reached: check the network"):
        prepare.prepare(project)


def test_what_is_prepared_is_left_alone(project: Path) -> None:
    (project / ".venv").mkdir()
    stamp = project / ".venv" / "lianxin-stamp"
    stamp.write_text(f"dev {prepare.key_of(project)}\n")
    assert not prepare.prepare(project, dev=True)
    assert not prepare.prepare(project)


def test_a_changed_lock_is_noticed(project: Path) -> None:
    before = prepare.key_of(project)
    (project / "requirements.lock").write_text("")
    assert prepare.key_of(project) != before


def test_jars_without_network_are_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, CLOSED)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(Trouble, match=r"could not be fetched \(ProxyError\): check the network"):
        jars(tmp_path / "jars")
    assert not list((tmp_path / "jars").glob("*.jar"))
