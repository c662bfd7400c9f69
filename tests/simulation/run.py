"""One history from its seed to its end."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from tests.simulation import checks, refolded, sealed
from tests.simulation.clients import Promised
from tests.simulation.faults import Faults
from tests.simulation.roles import Troupe
from tests.simulation.stage import Stage, performing
from tests.simulation.world import Failed, World

WARM = 60
"""Steps in which everybody starts, before the first fault."""
PATIENCE = 3_000
"""Steps within which all must come to rest once nothing goes wrong any more."""


@dataclass(frozen=True)
class Told:
    """What came of a history."""

    seed: int
    marks: Counter[str]
    steps: int
    """All of them, those until it came to rest included."""
    wrong: str = ""
    story: str = ""
    digest: int = 0


def play(seed: int, steps: int = 200, only: Sequence[str] = ()) -> Told:
    """Plays a history. `wrong` says what does not hold; the same seed and steps bring it about again. `only` names the
    kinds of fault instead of drawing some.
    """
    world = World(seed)
    wrong = ""
    with performing(world) as stage:
        promised = Promised()
        troupe = Troupe(stage, promised)
        record = checks.Record(stage)
        troupe.enter()
        faults = Faults(stage, troupe, promised, record, only)
        try:
            for _ in range(WARM):
                _advance(stage)
            for _ in range(steps):
                faults.strike()
                _advance(stage)
            faults.stop()
            _rest(stage, troupe)
            checks.final(stage, troupe, record)
            refolded.tables_are_refolds(stage)
            sealed.agree(stage)
        except (Failed, AssertionError) as error:
            wrong = f"{type(error).__name__}: {error}"
        story = world.story() if wrong else ""
        digest = hash(tuple(tuple(log) for log in stage.broker.partitions.values()))
    return Told(seed, world.marks, world.steps, wrong, story, digest)


def _advance(stage: Stage) -> None:
    if stage.world.steps % 4 == 0:
        stage.broker.silent()
    stage.world.advance()


def _rest(stage: Stage, troupe: Troupe) -> None:
    last = ""
    for nth in range(PATIENCE):
        _advance(stage)
        if nth % 20 == 0 and not (last := checks.at_rest(stage, troupe)):
            return
        if nth == PATIENCE // 2:
            stage.world.tell("an hour later", last)  # at the latest then a log is sealed once more
            stage.world.now += 3_700
    if not checks.at_rest(stage, troupe, shown=True):
        stage.world.tell("lag shows what is missing")
        return
    raise Failed(f"does not come to rest: {last}")
