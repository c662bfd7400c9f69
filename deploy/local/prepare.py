"""Makes .venv with everything locked: `python3 deploy/local/prepare.py [--dev]`; at once when nothing has changed.

Standard library only, and readable by old Pythons, so that one that is too old can say so.
"""

import argparse
import hashlib
import importlib.util
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
OLDEST = (3, 11)
KEYED_BY = ("requirements.lock", "requirements-dev.lock", "pyproject.toml", "schemas/pyproject.toml")
# What pip says when it could not reach the registry, as against: did not find, or refused.
NO_NETWORK = ("connection broken by", "Could not fetch URL", "ReadTimeoutError", "ConnectionError", "versions: none")


class Trouble(Exception):
    """Something the user can act on; its text is one plain sentence."""


def prepare(project: Path, *, dev: bool = False) -> bool:
    """Brings the project's .venv to what the lock says. False when it was so already; Trouble when it cannot."""
    venv, stamp = project / ".venv", project / ".venv" / "lianxin-stamp"
    key = key_of(project)
    present = stamp.read_text().split() if stamp.exists() else ["", ""]
    if present == ["dev", key] or (present == ["run", key] and not dev):
        return False
    require_python(sys.version_info[:2])
    stamp.unlink(missing_ok=True)
    python = venv / "bin" / "python"
    if not healthy(python):
        print("Making .venv …", flush=True)
        run([sys.executable, "-m", "venv", "--clear", str(venv)], project)
    print("准备依赖 / Installing what the lock names (a minute or more the first time) …", flush=True)
    pip = [str(python), "-m", "pip", "--disable-pip-version-check", "--no-input", "install"]
    lock = "requirements-dev.lock" if dev else "requirements.lock"
    total = (project / lock).read_text().count("==")
    run([*pip, "--require-hashes", "-r", lock], project, total=total)
    run([*pip, "--no-deps", "--no-build-isolation", "-e", "./schemas", "-e", "."], project)
    stamp.write_text(f"{'dev' if dev else 'run'} {key}\n")
    return True


def key_of(project: Path) -> str:
    """Changes with what is to be installed, and with the folder, for a .venv cannot be moved."""
    digest = hashlib.sha256(str(project).encode())
    for name in KEYED_BY:
        digest.update((project / name).read_bytes())
    return digest.hexdigest()


def require_python(version: "tuple[int, ...]") -> None:
    """Raises Trouble when this Python is too old or lacks what makes a .venv."""
    if version < OLDEST:
        raise Trouble(
            f"需要 Python 3.11 / Lianxin needs Python 3.11 or newer and this is {version[0]}.{version[1]}: "
            "install a newer one and name it, for example `make demo PYTHON=python3.12`."
        )
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise Trouble(
            "缺少 venv / This Python comes without venv: install it "
            "(Debian, Ubuntu: `apt install python3-venv`) and run this again."
        )


def healthy(python: Path) -> bool:
    """Whether there is a .venv whose Python is new enough and has pip."""
    probe = f"import pip, sys; sys.exit(sys.version_info < {OLDEST})"
    try:
        return subprocess.run([str(python), "-c", probe], check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def run(command: "list[str]", project: Path, *, total: int = 0) -> None:
    """Runs a command and counts the packages it names, up to total; Trouble, one sentence, when it fails."""
    lines, done = [], 0
    with subprocess.Popen(
        command, cwd=project, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as process:
        for line in process.stdout or ():
            lines.append(line)
            if (
                total
                and sys.stdout.isatty()
                and line.startswith(("Collecting ", "Requirement already ", "Installing "))
            ):
                done = min(done + 1, total)
                print(f"\r\033[K  {done}/{total} {line.split(' (from')[0][:60].strip()}", end="", flush=True)
    print("\r\033[K" if done else "", end="", flush=True)
    if process.returncode == 0:
        return
    said = "".join(lines)
    if any(sign in said for sign in NO_NETWORK):
        raise Trouble(
            "无法连接软件源 / The package registry could not be reached: "
            "check the network, or pip's proxy and index settings, and run this again."
        )
    print(said, file=sys.stderr)
    raise Trouble("安装失败 / The installation failed, for the reason above: run this again when it is mended.")


def main() -> int:
    """0 when .venv is as the lock says, 1 when it cannot be."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--dev", action="store_true", help="with the tools for tests and checks")
    try:
        prepare(PROJECT, dev=parser.parse_args().dev)
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
