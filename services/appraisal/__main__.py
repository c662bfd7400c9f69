"""appraisal: `python -m services.appraisal --help`."""

import sys
from pathlib import Path

from services.appraisal.domain.policy import WrongPolicy
from services.appraisal.projections import PROJECTION
from services.appraisal.settings import Settings
from services.appraisal.verify import verify
from services.runtime import cli
from services.runtime.settings import read


def main() -> int:
    """Wires the service and runs the verb on the command line."""
    settings = read(Settings)

    def serve() -> None:
        from services.appraisal.api.app import application
        from services.web.app import serve

        serve(application(settings), settings)

    service = cli.Service(
        name="appraisal",
        folder=Path(__file__).parent,
        settings=settings,
        serve=serve,
        consumer=PROJECTION,
        verify=lambda _: verify(settings),
    )
    top, _ = cli.parser(service)
    try:
        return cli.main(top)
    except WrongPolicy as error:
        print(f"the policy is refused: {error}", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
