"""The embedded stack: real servers and supervisor, stand-ins for the services' processes only."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil  # type: ignore[import-untyped]
import psycopg
import pytest
from kafka import KafkaAdminClient

from deploy.local.jars import jars
from deploy.local.processes import Installation, Program
from deploy.local.servers import remove
from deploy.local.stack import Stack
from deploy.local.state import PROJECT, Trouble, free_ports, ports
from deploy.local.sweep import end, marked, wait
from services.runtime.settings import Settings
from tests.deploy.stub import HERE, STUBS

pytestmark = pytest.mark.xdist_group("stack")


@pytest.fixture
def state(tmp_path: Path) -> Iterator[Path]:
    """A state folder with all that a path may hold; emptied afterwards, whatever still runs."""
    folder = tmp_path / "a b %d,连心" / ".local"
    yield folder
    if folder.exists():
        Stack(folder, STUBS).reset()


def test_up_changes_nothing_when_all_runs_and_down_leaves_nothing(state: Path) -> None:
    stack = Stack(state, STUBS)
    assert stack.up()
    first = {process.name: process.pid for process in stack.processes()}
    with psycopg.connect(stack.postgres, dbname="lianxin_intake", autocommit=True) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    admin = KafkaAdminClient(bootstrap_servers=stack.kafka)
    admin.create_topics({"kept": {"num_partitions": 2, "replication_factor": 1}})
    admin.close()

    assert not Stack(state, STUBS).up()
    assert {process.name: process.pid for process in stack.processes()} == first
    found = marked(state)
    assert len(found) > len(first)

    assert stack.down()
    assert not marked(state)
    assert not wait(found, seconds=0)
    assert not stack.down()

    assert Stack(state, STUBS).up()
    with psycopg.connect(stack.postgres, dbname="lianxin_intake") as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    admin = KafkaAdminClient(bootstrap_servers=stack.kafka)
    assert "kept" in admin.list_topics()
    admin.close()


def test_every_process_is_told_where_pages_are_and_where_one_signs_in(
    state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = (*STUBS.programs, Program("notify-api", (HERE, "api"), web=True), Program("issuer", (), web=True))
    stack = Stack(state, Installation(("intake",), (), (), programs))
    at, given = stack.addresses(), stack.environment()
    assert given["LIANXIN_PAGES_INTAKE"] == at["intake-api"]
    assert given["LIANXIN_PAGES_NOTIFY"] == at["notify-api"]
    assert given["LIANXIN_OIDC_DISCOVERY"] == at["issuer"] + "/.well-known/openid-configuration"
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.plain_http
    assert settings.pages_notify == at["notify-api"]


def test_what_a_crashed_supervisor_leaves_is_found(state: Path) -> None:
    stack = Stack(state, STUBS)
    stack.up()
    left = [psutil.Process(process.pid) for process in stack.processes()]
    os.kill(int((state / "supervisord.pid").read_text()), signal.SIGKILL)
    assert all(process.is_running() for process in left)

    assert stack.down()
    assert not marked(state)
    assert not wait(left, seconds=0)


def test_a_process_that_dies_is_started_again(state: Path) -> None:
    stack = Stack(state, STUBS)
    stack.up()
    before = {process.name: process.pid for process in stack.processes()}
    os.kill(before["intake-relay"], signal.SIGKILL)
    deadline = time.monotonic() + 60
    while True:
        relay = next(process for process in stack.processes() if process.name == "intake-relay")
        if relay.state == "RUNNING" and relay.pid != before["intake-relay"]:
            break
        assert time.monotonic() < deadline, f"not started again: {relay}"
        time.sleep(0.1)


def test_a_busy_port_is_named(state: Path) -> None:
    stack = Stack(state, STUBS)
    port = ports(state, ["intake-api"])["intake-api"]
    with (
        socket.create_server(("127.0.0.1", port)),
        pytest.raises(Trouble, match=rf"Port {port}, kept for intake-api, is used by another program: .*stack.json"),
    ):
        stack.up()
    assert not marked(state)


def test_a_step_that_fails_is_named_with_its_log(state: Path) -> None:
    stack = Stack(state, Installation(("intake",), (Program("intake-migrate", (HERE, "fail")),), (), ()))
    with pytest.raises(Trouble, match=r"intake-migrate failed: see .*intake-migrate\.log"):
        stack.up()


def test_a_state_folder_of_another_user_is_refused(tmp_path: Path) -> None:
    if os.geteuid() != 0:
        with pytest.raises(Trouble, match=r"cannot be written|belongs to root"):
            Stack(Path("/root/.local"), STUBS)
        return
    shutil.chown(tmp_path, "nobody")
    with pytest.raises(Trouble, match="belongs to nobody"):
        Stack(tmp_path, STUBS)


def test_as_a_normal_user_in_a_path_with_spaces() -> None:
    # Root's own folders are closed to the user: Python, packages and jars come along, as links.
    [port] = free_ports(1, set())
    home = Path("/tmp") / f"lianxin normal user {port}"
    try:
        command, environment = _copy_for_user(home)
        up = _as_user([*command, "up"], home, environment)
        assert up.stdout.endswith("changed\n"), up.stderr
        owners = {process.username() for process in marked(home / "project" / ".local")}
        assert owners == {"nobody" if os.geteuid() == 0 else psutil.Process().username()}
        assert _as_user([*command, "up"], home, environment).stdout == "unchanged\n"
        assert _as_user([*command, "down"], home, environment).stdout == "ended\n"
        assert not marked(home / "project" / ".local")
    finally:
        end(marked(home))
        remove(home / "project" / ".local")
        shutil.rmtree(home)


def _copy_for_user(home: Path) -> tuple[list[str], dict[str, str]]:
    def link(source: str, target: str) -> None:
        try:
            os.link(source, target)
        except OSError:  # another disk
            shutil.copy2(source, target)

    home.mkdir()
    unused = shutil.ignore_patterns("test", "idlelib", "site-packages", "hypothesis", "mypy*", "pip", "setuptools")
    packages = Path(psutil.__file__).parents[1]
    shutil.copytree(packages, home / "packages", copy_function=link, symlinks=True, ignore=unused)
    shutil.copytree(jars(), home / "cache" / "lianxin" / jars().name, copy_function=link)
    for part in ("deploy", "tests"):
        shutil.copytree(PROJECT / part, home / "project" / part)
    environment = {"HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), "PATH": "/usr/bin:/bin"}
    environment["PYTHONPATH"] = f"{home / 'project'}:{home / 'packages'}"
    python = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    if os.geteuid() == 0:
        if subprocess.run(["setpriv", "--reuid=nobody", "test", "-x", python], check=False).returncode:
            shutil.copytree(sys.base_prefix, home / "python", copy_function=link, symlinks=True, ignore=unused)
            python = home / "python" / "bin" / python.name
            environment["LD_LIBRARY_PATH"] = str(home / "python" / "lib")
        for folder in (home, home / "project", home / "cache" / "lianxin" / jars().name):
            shutil.chown(folder, "nobody")
    return [str(python), "-m", "tests.deploy.stub"], environment


def _as_user(command: list[str], home: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    who = {"user": "nobody", "extra_groups": []} if os.geteuid() == 0 else {}
    return subprocess.run(  # type: ignore[call-overload]
        command, check=False, cwd=home / "project", env=environment, capture_output=True, text=True, timeout=90, **who
    )
