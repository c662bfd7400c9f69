"""intake: `python -m services.intake --help`."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

from services.intake import people, ratings, restored
from services.intake.projections import PROJECTION
from services.intake.settings import BESIDE, Settings
from services.intake.verifying import verify
from services.runtime import cli, readback
from services.runtime.settings import read

SERVICE = "intake"


def main() -> int:
    """Wires the service and runs the verb on the command line."""
    settings = read(Settings)

    def serve() -> None:
        from services.intake.api.app import application
        from services.web.app import serve

        readback.refuse_if_ahead(settings, SERVICE)
        serve(application(settings), settings)

    def write(verb: Callable[[Settings], int]) -> int:
        readback.refuse_if_ahead(settings, SERVICE)
        return verb(settings)

    service = cli.Service(
        name=SERVICE,
        folder=Path(__file__).parent,
        settings=settings,
        serve=serve,
        has_log=True,
        beside=BESIDE,
        directory=True,
        consumer=PROJECTION,
        verify=lambda _: verify(settings),
        refill=lambda connection, behind: restored.refill(settings, connection, behind),
    )
    top, verbs = cli.parser(service)
    rating = verbs.add_parser("ratings", help="rounds of ratings: close, release; once a day, in this order")
    parts = rating.add_subparsers(dest="ratings", required=True, metavar="close|release")
    text = "close the rounds whose last day has passed"
    parts.add_parser("close", help=text, description=text).set_defaults(run=lambda _: write(ratings.close))
    text = "release the sums of five answers or more"
    parts.add_parser("release", help=text, description=text).set_defaults(run=lambda _: write(ratings.release))
    verb = verbs.add_parser("people", help="who the cadres are, why households need care: load").add_subparsers(
        dest="people", required=True, metavar="load|erase-again"
    )
    text = (
        "load or refresh the vault from a CSV file, of cadres or of households; refused whole where anything is wrong"
    )
    loading = verb.add_parser("load", help=text, description=text)
    loading.add_argument("file", type=Path, help="cadre,name,telephone,mail or household,needs")
    loading.set_defaults(run=lambda arguments: asyncio.run(people.run(settings, arguments.file)))
    text = "destroy the keys of all who were erased once more, after keys were restored from a backup"
    verb.add_parser("erase-again", help=text, description=text).set_defaults(run=lambda _: write(restored.erase_again))
    return cli.main(top)


if __name__ == "__main__":
    sys.exit(main())
