"""The embedded stack: Kafka, PostgreSQL and the services on this machine, without Docker.

Exit codes: 0 all is well; 1 not as it should be, and says why; 2 wrong usage.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import time
from pathlib import Path

from deploy.local.state import Trouble, make_state, state_folder


def main() -> int:
    """Runs the verb of the command line; the exit code."""
    arguments = _parser().parse_args()
    try:
        return int(arguments.run(state_folder(), arguments))
    except Trouble as trouble:
        print(trouble, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("Interrupted: `down` ends what already runs.", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        prog="python -m deploy.local", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    verbs = top.add_subparsers(dest="verb", required=True, metavar="verb")
    verbs.add_parser("up", help="bring everything to run; does nothing when it does").set_defaults(run=_up)
    verbs.add_parser("down", help="end every process, keep the data").set_defaults(run=_down)
    verbs.add_parser("status", help="every process with its state and address").set_defaults(run=_status)
    logs = verbs.add_parser("logs", help="what the processes have written")
    logs.add_argument("name", nargs="?", help="one process; all without it")
    logs.add_argument("-f", "--follow", action="store_true", help="go on as they write")
    logs.set_defaults(run=_logs)
    reset = verbs.add_parser("reset", help="end every process and delete all data")
    reset.add_argument("--yes", action="store_true", help="do not ask")
    reset.set_defaults(run=_reset)
    token = verbs.add_parser("token", help="a signed token to call the services with")
    token.add_argument("--role", action="append", required=True, help="may be given several times")
    token.add_argument("--subject", required=True, help="the principal's opaque id")
    token.add_argument("--office", help="the office the principal acts for")
    token.add_argument("--hours", type=float, default=12, help="how long it is good (12)")
    token.set_defaults(run=_token)
    text = "make missing keys for tokens and seals, and notify's token of a year anew; `up` does so by itself"
    verbs.add_parser("keys", help=text, description=text).set_defaults(run=_keys)
    return top


def _up(state: Path, _: argparse.Namespace) -> int:
    from deploy.local.stack import Stack

    start = time.monotonic()
    stack = Stack(state, say=lambda line: print(line, file=sys.stderr, flush=True))
    changed = stack.up()
    print(f"就绪 / Ready after {time.monotonic() - start:.1f} s." if changed else "已在运行 / Everything runs already.")
    _print_addresses(stack.addresses())
    return 0


def _down(state: Path, _: argparse.Namespace) -> int:
    from deploy.local.stack import Stack

    print("已停止 / Everything has ended." if Stack(state).down() else "未运行 / Nothing was running.")
    return 0


def _status(state: Path, _: argparse.Namespace) -> int:
    from deploy.local.stack import Stack

    stack = Stack(state)
    processes = stack.processes()
    if not processes:
        print("未运行 / Nothing is running: `python -m deploy.local up` starts it.")
        return 1
    addresses = stack.addresses()
    for each in processes:
        print(f"{each.name:18} {each.state:9} {addresses.get(each.name, ''):60} {each.description}".rstrip())
    return 0 if all(each.state == "RUNNING" for each in processes) else 1


def _print_addresses(addresses: dict[str, str]) -> None:
    for name, address in addresses.items():
        print(f"  {name:18} {address}")


def _logs(state: Path, arguments: argparse.Namespace) -> int:
    files = sorted((state / "logs").glob(f"{arguments.name or '*'}.log"))
    if not files:
        known = ", ".join(file.stem for file in sorted((state / "logs").glob("*.log"))) or "none"
        raise Trouble(f"There is no log of {arguments.name or 'any process'} (known: {known}).")
    command = ["tail", "-n", "100", *(["-F"] if arguments.follow else []), "--", *map(str, files)]
    return subprocess.run(command, check=False).returncode


def _reset(state: Path, arguments: argparse.Namespace) -> int:
    from deploy.local.stack import Stack

    if not arguments.yes:
        if not sys.stdin.isatty():
            raise Trouble(f"This deletes all data in {state}: run it with --yes.")
        if input(f"删除全部数据 / Delete all data in {state}? [y/N] ").strip().lower() not in {"y", "yes"}:
            return 1
    Stack(state).reset()
    print("已删除 / All data are deleted.")
    return 0


def _token(state: Path, arguments: argparse.Namespace) -> int:
    from deploy.local.keys import make_key, sign

    make_state(state)
    make_key(state / "keys")
    print(sign(state / "keys", arguments.subject, arguments.role, arguments.office, arguments.hours))
    return 0


def _keys(state: Path, _: argparse.Namespace) -> int:
    from deploy.local.keys import make_key, make_seal_keys, make_service_token
    from deploy.local.processes import LIANXIN, SERVICES

    make_state(state)
    print(make_key(state / "keys"))
    for service in [each.token for each in LIANXIN.programs if each.token]:
        print(make_service_token(state / "keys", service))
    print(make_seal_keys(state / "keys", SERVICES))
    return 0


if __name__ == "__main__":
    sys.exit(main())
