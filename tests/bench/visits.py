"""Made-up visits, the same for the same seed, and the messages of a log that holds them. Pure.

Every cadre answers for as many households; a visit is to two of them, on one of 90 days. Evenly, every cadre is as busy
as another; by Zipf 1.1, few are very busy and most hardly are.
"""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import accumulate
from typing import NamedTuple
from uuid import UUID

from lianxin_schemas import codec
from lianxin_schemas.envelope import Source
from lianxin_schemas.events.visits import Purpose, VisitLogged
from lianxin_schemas.partition import partition_of
from lianxin_schemas.topics import BY_NAME

CADRES = 354_000
HOUSEHOLDS_EACH = 50
FIRST = date(2026, 1, 1)
DAYS = 90
ZIPF = 1.1
PARTITIONS = BY_NAME["visits"].partitions
CHUNK = 10_000


class Visit(NamedTuple):
    """What a visit says."""

    visit: str
    cadre: str
    day: str
    households: tuple[str, str]


def visits(count: int, seed: int, *, zipf: bool = False) -> Iterator[Visit]:
    """So many visits, each with an id of its own."""
    chance = random.Random(f"{seed} {zipf}")
    weights = list(accumulate(1 / rank**ZIPF if zipf else 1.0 for rank in range(1, CADRES + 1)))
    days = [(FIRST + timedelta(days=day)).isoformat() for day in range(DAYS)]
    left = count
    while left:
        size = min(left, CHUNK)
        for cadre, day in zip(
            chance.choices(range(CADRES), cum_weights=weights, k=size), chance.choices(days, k=size), strict=True
        ):
            bits = f"{chance.getrandbits(128):032x}"
            id_ = f"{bits[:8]}-{bits[8:12]}-4{bits[13:16]}-8{bits[17:20]}-{bits[20:]}"
            base, drawn = cadre * HOUSEHOLDS_EACH, int(bits[:4], 16)
            one = drawn % HOUSEHOLDS_EACH
            other = (one + 1 + drawn // HOUSEHOLDS_EACH % (HOUSEHOLDS_EACH - 1)) % HOUSEHOLDS_EACH
            yield Visit(id_, f"c-{cadre:06d}", day, (f"h-{base + one:08d}", f"h-{base + other:08d}"))
        left -= size


def body(visit: Visit, command: str) -> str:
    """The command of a visit as HTTP takes it: JSON, written out, for a generator must be cheap."""
    return (
        f'{{"command":"{command}","visit":{{"visit":"{visit.visit}","cadre":"{visit.cadre}",'
        f'"households":["{visit.households[0]}","{visit.households[1]}"],"started":"{visit.day}T09:00:00+08:00",'
        f'"ended":"{visit.day}T10:00:00+08:00","purpose":"routine"}}}}'
    )


class Logged(NamedTuple):
    """A visit as a log holds it and as its relay sends it, at its place."""

    row: codec.Row
    partition: int
    message: bytes


def logged(made: Iterator[Visit], space: str) -> Iterator[Logged]:
    """A log of visits in its order: positions dense from 1, numbers dense in every lane, bytes by the codec."""
    lanes = [0] * PARTITIONS
    source, hour = Source(space, "intake", 1), timedelta(hours=1)
    for position, visit in enumerate(made, 1):
        id_ = UUID(visit.visit)
        started = datetime.fromisoformat(visit.day).replace(hour=1, tzinfo=UTC)
        event = VisitLogged(
            visit=id_,
            cadre=visit.cadre,
            households=visit.households,
            started=started,
            ended=started + hour,
            purpose=Purpose.ROUTINE,
        )
        partition = partition_of(event.stream, PARTITIONS)
        lanes[partition] += 1
        row = codec.Row(
            id=UUID(int=id_.int ^ 1 << 96),
            source=source,
            type=event.type(),
            stream=event.stream,
            version=1,
            position=position,
            number=lanes[partition],
            time=started,
            recordedtime=started + timedelta(days=DAYS),
            causation=id_,
            authtype="user",
            authid="importer",
            data=codec.to_json(event),
        )
        yield Logged(row, partition, codec.encode(row))
