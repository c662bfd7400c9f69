"""The verbs of `python -m services.assignment`."""

import sys

import pytest

from services.assignment import __main__ as assignment
from tests.assignment.given import changed, write_files


@pytest.fixture
def run(whole, monkeypatch):
    """Runs a command line as the shell would; answers with its exit code."""
    for name in ("space", "kafka", "postgres", "jwks"):
        monkeypatch.setenv(f"LIANXIN_{name.upper()}", str(getattr(whole, name)))

    def main(*words: object) -> int:
        monkeypatch.setattr(sys, "argv", ["assignment", *map(str, words)])
        return assignment.main()

    return main


def test_R6_register_load_from_the_command_line(run, tmp_path, capsys):
    assert run("register", "load", write_files(tmp_path / "good")) == 0
    assert "Wrote 0 events" in capsys.readouterr().out
    assert run("register", "load", write_files(tmp_path / "bad", changed(terms=["c1,soon,"]))) == 1
    assert "terms.csv:2 since" in capsys.readouterr().err
    assert run("register", "load", tmp_path / "absent") == 1
    assert "zones.csv:1: 缺少这个文件" in capsys.readouterr().err


def test_R6_rebuild_and_verify_from_the_command_line(run, capsys):
    assert run("rebuild") == 0
    assert run("verify") == 0
    assert "equal" in capsys.readouterr().out


VERBS = ("migrate", "api", "relay", "react", "directory", "lag", "parked", "verify", "rebuild", "register")


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_of_the_service_is_there(run, verb, capsys):
    with pytest.raises(SystemExit) as ended:
        run(verb, "--help")
    assert ended.value.code == 0
    assert f"services.assignment {verb}" in capsys.readouterr().out
