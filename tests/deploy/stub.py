"""A stand-in for the services' processes: `python -m tests.deploy.stub api|relay|migrate|fail`, or `up` and `down`.

Only the processes are stand-ins: the servers, the supervisor and the databases are the real ones.
"""

from __future__ import annotations

import os
import signal
import sys
from http.server import BaseHTTPRequestHandler, HTTPServer

from deploy.local.processes import Installation, Program
from deploy.local.stack import Stack
from deploy.local.state import state_folder

HERE = "tests.deploy.stub"

STUBS = Installation(
    databases=("intake", "appraisal"),
    migrations=(Program("intake-migrate", (HERE, "migrate")),),
    topics=(),
    programs=(
        Program("intake-api", (HERE, "api"), web=True),
        Program("intake-relay", (HERE, "relay")),
    ),
)


class Ready(BaseHTTPRequestHandler):
    """Answers /readyz with the process's own name."""

    def do_GET(self) -> None:
        self.send_response(200 if self.path == "/readyz" else 404)
        self.end_headers()
        self.wfile.write(os.environ["LIANXIN_MEMBER"].encode())


def main(verb: str) -> int:
    """Plays the role, or brings the stack of stand-ins up or down."""
    match verb:
        case "api":
            HTTPServer((os.environ["LIANXIN_HOST"], int(os.environ["LIANXIN_PORT"])), Ready).serve_forever()
        case "relay":
            signal.pause()
        case "migrate":
            print("migrated", os.environ["LIANXIN_POSTGRES"])
        case "fail":
            return 1
        case "up":
            print("changed" if Stack(state_folder(), STUBS).up() else "unchanged")
        case "down":
            print("ended" if Stack(state_folder(), STUBS).down() else "nothing")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
