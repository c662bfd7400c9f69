"""supervisord for one state folder: its configuration, starting it, and asking it."""

from __future__ import annotations

import http.client
import os
import shlex
import socket
import subprocess
import sys
import time
import xmlrpc.client
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from supervisor.xmlrpc import SupervisorTransport

from deploy.local.processes import Program
from deploy.local.server import Launch
from deploy.local.state import MARK, PROJECT, Trouble, socket_folder, write

SERVERS, SERVICES = "servers", "services"

HEAD = """\
[unix_http_server]
file={socket}
chmod=0700
[supervisord]
logfile=logs/supervisord.log
pidfile=supervisord.pid
childlogdir=logs
user={user}
[rpcinterface:supervisor]
supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface
"""

# Log files are relative to the state folder, for supervisord expands their names twice.
# startretries: a service may die within a second as often as it takes while a server is away.
PROGRAM = """\
[program:{name}]
command={command}
directory={folder}
environment={environment}
stdout_logfile=logs/{name}.log
redirect_stderr=true
stdout_logfile_maxbytes=10MB
stdout_logfile_backups=2
autostart=false
autorestart=true
startsecs=1
startretries=1000
killasgroup=true
"""


@dataclass(frozen=True)
class Process:
    """What supervisord says of one program."""

    name: str
    state: str
    pid: int
    description: str


class Supervision:
    """The supervisord of a state folder, running or not."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._file = state / "supervisord.conf"
        self._socket = socket_folder(state) / "supervisor.sock"

    def configured(self) -> str:
        """The configuration that it was last started with; empty when never."""
        return self._file.read_text() if self._file.exists() else ""

    def start(self, configuration: str, environment: Mapping[str, str]) -> None:
        """Starts it in the background, its programs still stopped; Trouble when it does not come up."""
        write(self._file, configuration)
        done = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(self._file)],
            check=False,
            env={**os.environ, **environment, MARK: str(self._state)},
            cwd=self._state,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
        )
        deadline = time.monotonic() + 10
        while not self.running():
            if done.returncode or time.monotonic() > deadline:
                raise Trouble(
                    f"The supervisor did not start: see {self._state / 'logs' / 'supervisord.log'}."
                    f" {done.stderr.strip()}".rstrip()
                )
            time.sleep(0.05)

    def running(self) -> bool:
        """Whether it is there, be it on its way out."""
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._socket)) == 0

    def processes(self) -> list[Process]:
        """Its programs, as they are now; none when it does not run."""
        return [
            Process(each["name"], each["statename"], each["pid"], each["description"])
            for each in self._ask("getAllProcessInfo", unless=[])
        ]

    def start_group(self, group: str) -> None:
        """Starts the programs of a group that do not run; returns at once."""
        self._ask("startProcessGroup", group, False, unless=None)

    def shut_down(self) -> bool:
        """Ends the services, then the servers, then itself; returns at once, False when it does not run."""
        try:
            return bool(self._ask("shutdown", unless=False))
        except xmlrpc.client.Fault:  # it is about to
            return True

    def _ask(self, method: str, *arguments: Any, unless: Any) -> Any:
        """Its answer to a call, or `unless` when nobody answers."""
        transport = SupervisorTransport(serverurl=f"unix://{self._socket}")
        try:
            proxy = xmlrpc.client.ServerProxy("http://localhost", transport=transport)
            return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, http.client.HTTPException):
            return unless
        finally:
            transport.close()


def configuration(
    state: Path, servers: list[Launch], programs: tuple[Program, ...], environments: Mapping[str, Mapping[str, str]]
) -> str:
    """The text of supervisord.conf; `environments` holds what is special to a program, by its name."""
    parts = [HEAD.format(socket=socket_folder(state) / "supervisor.sock", user=os.geteuid())]
    parts += [_server(launch) for launch in servers]
    parts += [_program(program, environments[program.name]) for program in programs]
    groups = {SERVERS: [each.name for each in servers], SERVICES: [each.name for each in programs]}
    # Priorities: what starts last, the services, is stopped first.
    for priority, (group, names) in enumerate(groups.items()):
        if names:
            parts.append(f"[group:{group}]\nprograms={','.join(names)}\npriority={priority}\n")
    return "".join(parts)


def _server(launch: Launch) -> str:
    text = _section(launch.name, launch.command, launch.folder, launch.environment)
    who = f"user={launch.user}\n" if launch.user else ""
    return f"{text}stopsignal={launch.stop_signal.name.removeprefix('SIG')}\nstopwaitsecs=30\n{who}"


def _program(program: Program, environment: Mapping[str, str]) -> str:
    command = (sys.executable, "-m", *program.module)
    return _section(program.name, command, PROJECT, environment) + "stopasgroup=true\nstopwaitsecs=10\n"


def _section(name: str, command: tuple[str, ...], folder: Path, environment: Mapping[str, str]) -> str:
    return PROGRAM.format(
        name=name,
        command=_plain(shlex.join(command)),
        folder=_plain(folder),
        environment=",".join(f'{key}="{_plain(value)}"' for key, value in environment.items()),
    )


def _plain(value: object) -> str:
    """A value as supervisord takes it literally: % begins an expansion there."""
    return str(value).replace("%", "%%")
