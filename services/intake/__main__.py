"""intake: `python -m services.intake --help`."""

import sys
from pathlib import Path

from services.intake.projections import PROJECTION
from services.intake.settings import BESIDE, Settings
from services.intake.verifying import verify
from services.runtime import cli, readback
from services.runtime.settings import read


def main() -> int:
    """Wires the service and runs the verb on the command line."""
    settings = read(Settings)

    def serve() -> None:
        from services.intake.api.app import SERVICE, application
        from services.web.app import serve

        readback.refuse_if_ahead(settings, SERVICE)
        serve(application(settings), settings)

    service = cli.Service(
        name="intake",
        folder=Path(__file__).parent,
        settings=settings,
        serve=serve,
        has_log=True,
        beside=BESIDE,
        consumer=PROJECTION,
        verify=lambda _: verify(settings),
    )
    top, _ = cli.parser(service)
    return cli.main(top)


if __name__ == "__main__":
    sys.exit(main())
