"""appraisal: `python -m services.appraisal --help`."""

import sys
from pathlib import Path
from types import ModuleType

from services.appraisal.projections import PROJECTION
from services.appraisal.settings import Settings
from services.appraisal.store import policies
from services.appraisal.verify import verify
from services.runtime import cli
from services.runtime.settings import read


def main() -> int:
    """Wires the service and runs the verb on the command line."""
    settings = read(Settings)

    def serve() -> None:
        from services.appraisal.api.app import application
        from services.web.app import serve

        _operating().adopt(settings, None)  # an installation is never without a policy; refuses while Kafka is ahead
        serve(application(settings), settings)

    service = cli.Service(
        name="appraisal",
        folder=Path(__file__).parent,
        settings=settings,
        serve=serve,
        has_log=True,
        directory=True,
        consumer=PROJECTION,
        verify=lambda _: verify(settings),
        refill=lambda connection, _: policies.rebuild(connection),
    )
    top, verbs = cli.parser(service)
    text = "policies: adopt those shipped or one of your own, refill their table from the log"
    group = verbs.add_parser("policies", help=text, description=text).add_subparsers(
        dest="policies", required=True, metavar="adopt|rebuild"
    )
    adopt = group.add_parser("adopt", help="adopt the shipped policies that never were, or the one in a file")
    adopt.add_argument("--file", type=Path, help="a JSON file with policy, valid_from, nodes and bands")
    adopt.set_defaults(run=lambda arguments: _operating().adopt(settings, arguments.file))
    rebuild = group.add_parser("rebuild", help="refill the table of policies from the log")
    rebuild.set_defaults(run=lambda _: _operating().rebuild(settings))
    return cli.main(top)


def _operating() -> ModuleType:
    """The web comes with it, and takes as long to load as all the rest; so only verbs that need it load it."""
    from services.appraisal import operating

    return operating


if __name__ == "__main__":
    sys.exit(main())
