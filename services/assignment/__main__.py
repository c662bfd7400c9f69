"""assignment: `python -m services.assignment --help`."""

import sys
from pathlib import Path

from services.assignment import operating, reactions
from services.assignment.settings import Settings
from services.assignment.store import tables
from services.runtime import cli, readback
from services.runtime.receiver import Reaction
from services.runtime.settings import read

SERVICE = "assignment"


def main() -> int:
    """Wires the service and runs the verb on the command line."""
    settings = read(Settings)

    def serve() -> None:
        from services.assignment.api.app import application
        from services.web.app import serve

        readback.refuse_if_ahead(settings, SERVICE)
        serve(application(settings), settings)

    def load(folder: Path) -> int:
        readback.refuse_if_ahead(settings, SERVICE)
        return operating.load(settings, folder)

    service = cli.Service(
        name=SERVICE,
        folder=Path(__file__).parent,
        settings=settings,
        serve=serve,
        has_log=True,
        directory=True,
        consumer=Reaction(
            reactions.NAME, reactions.KINDS, reactions.handler(settings.county_office, settings.read_law())
        ),
        verify=lambda _: operating.verify(settings),
        refill=lambda connection, _: tables.rebuild(connection),
    )
    top, verbs = cli.parser(service)
    text = "refill the tables of register and cases from the log"
    verbs.add_parser("rebuild", help=text, description=text).set_defaults(run=lambda _: operating.rebuild(settings))
    register = verbs.add_parser("register", help="the register of cadres, zones and households: load").add_subparsers(
        dest="register", required=True, metavar="load"
    )
    text = "load or refresh the register from CSV files; refused as a whole where anything is wrong"
    loading = register.add_parser("load", help=text, description=text)
    loading.add_argument("folder", type=Path, help="the folder with cadres.csv, zones.csv and the others")
    loading.set_defaults(run=lambda arguments: load(arguments.folder))
    return cli.main(top)


if __name__ == "__main__":
    sys.exit(main())
