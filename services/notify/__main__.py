"""notify: `python -m services.notify --help`."""

import asyncio
import logging
import sys
from pathlib import Path

from services.notify import operating, reactions
from services.notify.settings import Settings
from services.runtime import cli, readback
from services.runtime.receiver import Reaction
from services.runtime.settings import read

SERVICE = "notify"


def main() -> int:
    """Wires the service and runs the verb on the command line."""
    settings = read(Settings)

    def serve() -> None:
        from services.notify.api.app import application
        from services.web.app import serve

        readback.refuse_if_ahead(settings, SERVICE)
        serve(application(settings), settings)

    def send() -> int:
        from services.notify import sender

        logging.getLogger("httpx").setLevel(logging.WARNING)  # it would tell of every question to the vault
        readback.refuse_if_ahead(settings, SERVICE)
        asyncio.run(sender.serve(settings, readback.guard(settings, SERVICE)))
        return 0

    service = cli.Service(
        name=SERVICE,
        folder=Path(__file__).parent,
        settings=settings,
        serve=serve,
        has_log=True,
        consumer=Reaction(reactions.NAME, reactions.KINDS, reactions.react),
        verify=lambda _: operating.verify(settings),
        refill=lambda connection, _: operating.refill(connection),
    )
    top, verbs = cli.parser(service)
    text = "send what is due by mail"
    verbs.add_parser("send", help=text, description=text).set_defaults(run=lambda _: send())
    text = "refill the tables from the log"
    verbs.add_parser("rebuild", help=text, description=text).set_defaults(run=lambda _: operating.rebuild(settings))
    operating.add_held(verbs, settings)
    return cli.main(top)


if __name__ == "__main__":
    sys.exit(main())
