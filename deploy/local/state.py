"""Where the stack of one state folder keeps what, and what it remembers between two runs."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import pwd
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]

# Every process of a stack carries this variable with the state folder's path: the way to find them all.
MARK = "LIANXIN_STACK"


class Trouble(Exception):
    """Something the user can act on; its text is one plain sentence."""


def state_folder() -> Path:
    """The state folder in use: LIANXIN_STATE, or .local in the project."""
    return Path(os.environ.get("LIANXIN_STATE") or PROJECT / ".local").absolute().resolve()


def short_name(state: Path) -> str:
    """Eight hex digits that stand for a state folder where a path must be short."""
    return hashlib.sha256(os.fsencode(state)).hexdigest()[:8]


def socket_folder(state: Path) -> Path:
    """A folder short enough for socket names, ours alone (0700); made when missing.

    Raises Trouble when somebody else already holds the name.
    """
    folder = Path("/tmp") / f"lianxin-{short_name(state)}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.lstat()
    if folder.is_symlink() or found.st_uid != os.geteuid() or found.st_mode & 0o077:
        raise Trouble(f"{folder} is not a private folder of this user: remove it and try again.")
    return folder


def make_state(state: Path) -> None:
    """Makes the state folder and its log folder; Trouble when another user owns it."""
    try:
        (state / "logs").mkdir(parents=True, exist_ok=True)
    except PermissionError:
        raise Trouble(f"{state} cannot be written: set LIANXIN_STATE to a folder of your own.") from None
    owner = state.stat().st_uid
    if owner != os.geteuid():
        name = pwd.getpwuid(owner).pw_name
        raise Trouble(f"{state} belongs to {name}: run as {name}, or set LIANXIN_STATE to another folder.")


@contextmanager
def alone(state: Path, name: str = "stack") -> Iterator[None]:
    """Holds the state folder's lock, so that two commands take turns."""
    with (state / f"{name}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def write(path: Path, text: str) -> None:
    """Replaces a file's text in one step: a reader sees the old or the new, never a part."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as new:
        new.write(text)
    os.replace(new.name, path)


def ports(state: Path, names: list[str]) -> dict[str, int]:
    """The port of each name, chosen free once and kept in stack.json."""
    file = state / "stack.json"
    try:
        known: dict[str, int] = json.loads(file.read_text())["ports"] if file.exists() else {}
    except (ValueError, KeyError):
        raise Trouble(f"{file} cannot be read: remove it, and new ports will be chosen.") from None
    missing = [name for name in names if name not in known]
    if missing:
        known |= dict(zip(missing, free_ports(len(missing), set(known.values())), strict=True))
        write(file, json.dumps({"ports": known}, indent=2) + "\n")
    return {name: known[name] for name in names}


def free_ports(count: int, taken: set[int]) -> list[int]:
    """Ports free on 127.0.0.1, below the range from which the system gives ports to clients."""
    found: list[int] = []
    start = 20000 + int.from_bytes(os.urandom(2), "big") % 10000
    for port in range(start, 32000):
        if len(found) == count:
            break
        if port not in taken and port_is_free(port):
            found.append(port)
    return found


def port_is_free(port: int) -> bool:
    """Whether a server could listen on this port of 127.0.0.1 now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def require_free(state: Path, chosen: dict[str, int]) -> None:
    """Raises Trouble when another program listens on one of the ports kept for us."""
    for name, port in chosen.items():
        if not port_is_free(port):
            raise Trouble(
                f"Port {port}, kept for {name}, is used by another program: "
                f"stop that program, or write another number into {state / 'stack.json'}."
            )
