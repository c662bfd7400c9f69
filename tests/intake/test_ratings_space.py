"""Whoever reads a whole installation, all databases, topics and logs, and has the rounds' keys, finds no link between a
code that was spent and an answer; and finds it wherever one more place keeps a trace (G2).
"""

import asyncio
import random
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4, uuid5

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from kafka import KafkaProducer
from kafka.admin import KafkaAdminClient

from deploy.local.processes import DATABASES
from services.intake import ballots as sealing
from services.intake.domain import codes
from services.intake.domain.rounds import local_day
from services.runtime import broker, topics
from tests.intake.finding import Voter, find, links, opener
from tests.intake.harvest import Harvest, everything
from tests.intake.ratings import DAY, a_round
from tests.servers import Addresses
from tests.world.traffic import Traffic
from tests.world.world import Api, World, until

pytestmark = pytest.mark.xdist_group("ratings-space")  # the installation takes 20 s to fill: once, in one worker
MARKS = (1, 2, 3, 4, 5)
ROUNDS, INVITED = 3, 25
"""As many rounds whose sums are released, and as many again whose answers wait."""
SERVICES = {"intake": "project", "assignment": "react", "appraisal": "project", "notify": "react"}


@dataclass
class Space:
    """An installation in which people have answered; who did, in that order; the rounds' private keys; all that can be
    read of it as it is.
    """

    world: World
    voters: list[Voter]
    keys: dict[UUID, bytes]
    harvest: Harvest


@pytest.fixture(scope="module")
def space(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Space]:
    """Four services at work while people answer, half of them before a release."""
    world = World(servers.kafka, servers.postgres, tmp_path_factory.mktemp("space"), tuple(SERVICES))
    try:
        api = world.api("intake")
        for service, reads in SERVICES.items():
            world.start(service, "relay")
            world.start(service, reads)
        chance = random.Random(17)
        voters = answered(world, api, chance)
        world.verb("intake", "ratings", "release")
        voters += answered(world, api, chance)
        until(lambda: all(world.lag(service)["behind"] == 0 for service in SERVICES), "all is known everywhere")
        keys = {round_: bytes(key) for round_, key in world.query("keys", "SELECT round, private FROM rating_key")}
        yield Space(world, voters, keys, read(world))
    finally:
        world.close()
        world.forget()


def read(world: World) -> Harvest:
    """All that can be read of an installation now."""
    return asyncio.run(everything(world.settings, world.folder))


def answered(world: World, api: Api, chance: random.Random) -> list[Voter]:
    """Opens rounds, and lets everybody answer while cadres enter visits; answers with who did, in that order."""
    to_give = [(round_, code) for round_, of in (opened(api) for _ in range(ROUNDS)) for code in of]
    chance.shuffle(to_give)
    [(secret,)] = world.query("keys", "SELECT key FROM own_key WHERE name = 'rating-codes'")
    traffic, voters = Traffic(api, chance.randrange(1000)), []
    for round_, code in to_give:
        mark = chance.choice(MARKS)
        given = api.client.post("/ratings/answers", json={"code": code, "mark": mark})
        assert given.json() == {"outcome": "counted"}
        voters.append(Voter(round_, mark, code, codes.hashed(secret, code) or b"", time.time()))
        if chance.random() < 0.2:
            traffic.some(1)
    until(lambda: world.query("intake", "SELECT count(*) FROM rating_ballot") == [(len(voters),)], "all is written")
    return voters


def opened(api: Api) -> tuple[UUID, list[str]]:
    """A round, and its codes."""
    event = a_round(invited=INVITED, closes=local_day(datetime.now(UTC)) + DAY)
    command = {"command": str(uuid4()), "round": event.model_dump(mode="json")}
    opened = api.call("POST", "/ratings/rounds", command, who="o-1", role="organisation")
    assert opened.status_code == 201, opened.text
    return event.round, opened.json()["codes"]


def test_g2_whoever_reads_everything_does_no_better_than_who_guesses(space: Space) -> None:
    told = find(space.harvest, space.voters, opener(space.keys))
    assert links(told) == {}

    # That it was all there: every database and topic of the space, codes, answers, and ways to lay them side by side.
    own, harvest = space.world.space, space.harvest
    assert {f"{own}_{database}.pg_statistic" for database in DATABASES} <= set(harvest)
    assert {f"{own}.{topic.name}" for topic in topics.EVERY} <= set(harvest)
    assert {f"{service}-{role}.log" for service, reads in SERVICES.items() for role in ("relay", reads)} <= set(harvest)
    released = [row for row in harvest[f"{own}.ratings"] if row["value.type"] == "lianxin.ratings.released.v1"]
    assert len(released) == ROUNDS
    assert harvest["intake-api.log"] == []
    for way in ("by round, as they lie", "by round, xmin up", "by round, id down"):
        assert told[f"{own}_intake.public.rating_ballot, {way}: sealed, opened"].tries == ROUNDS * INVITED
    code = f"{own}_intake.public.rating_code by hash in hex"
    assert told[f"{own}_intake.public.rating_ballot, xmin next to {code}, its xmin: sealed, opened"].tries


# Places that keep a trace.

Fault = Callable[[Space], str]
"""Makes a place, and answers with the name that the harvest has for it."""


def sealed(space: Space, voter: Voter) -> bytes:
    """What a voter said, sealed as intake seals it."""
    public = X25519PrivateKey.from_private_bytes(space.keys[voter.round]).public_key()
    return sealing.seal(public.public_bytes_raw(), voter.round, voter.mark)


def table(space: Space, service: str, columns: str, rows: list[list[Any]], name: str = "trace") -> str:
    """A table in a service's database, written in one transaction."""
    with psycopg.connect(space.world.settings.database(service)) as connection:
        connection.execute(f"CREATE TABLE {name} ({columns})")
        values = ", ".join(["%s"] * len(rows[0]))
        connection.cursor().executemany(f"INSERT INTO {name} VALUES ({values})", rows)
    return f"{space.world.space}_{service}.public.{name}"


def shuffled(rows: list[list[Any]]) -> list[list[Any]]:
    return random.Random(19).sample(rows, len(rows))


def copied_in_order(space: Space) -> str:
    """A copy in another service's database, in the order of answering."""
    return table(space, "assignment", "sealed bytea", [[sealed(space, voter)] for voter in space.voters])


def with_times(space: Space) -> str:
    """A copy in any order, each with the moment at which it was written."""
    rows = [[uuid4(), sealed(space, voter), datetime.fromtimestamp(voter.at + 0.003, UTC)] for voter in space.voters]
    return table(space, "notify", "id uuid, sealed bytea, written timestamptz", shuffled(rows))


def with_ids_that_follow(space: Space) -> str:
    """A copy in any order, each with an id made of the code's hash."""
    rows = [[uuid5(voter.round, voter.hash.hex()), sealed(space, voter)] for voter in space.voters]
    return table(space, "appraisal", "id uuid, sealed bytea", shuffled(rows))


def in_one_transaction(space: Space) -> str:
    """Two tables in the database of keys, a transaction for each code and its answer, in any order."""
    for name, column in (("spent", "hash"), ("trace", "sealed")):
        table(space, "keys", f"{column} bytea", [[b""]], name)
    with psycopg.connect(space.world.settings.database("keys"), autocommit=True) as connection:
        for hash_, answer in shuffled([[voter.hash, sealed(space, voter)] for voter in space.voters]):
            with connection.transaction():
                connection.execute("INSERT INTO spent VALUES (%s)", [hash_])
                connection.execute("INSERT INTO trace VALUES (%s)", [answer])
    return f"{space.world.space}_keys.public.trace"


def published(space: Space) -> str:
    """A record for each answer, in a topic of its own: the sealed answer in a header."""
    topic, options = space.world.settings.topic("trace"), broker.options(space.world.settings)
    with closing(KafkaAdminClient(**options)) as admin:
        admin.create_topics({topic: {"num_partitions": 1, "replication_factor": 1}})
        admin.wait_for_topics([topic])
    producer = KafkaProducer(**options)
    for voter in space.voters:
        producer.send(topic, key=b"answer", headers=[("answer", sealed(space, voter))], partition=0)
    producer.close()
    return topic


def logged(space: Space) -> str:
    """A line for each answer, whose length alone differs."""
    lines = [f"answer of {'x' * voter.mark} bytes kept\n" for voter in space.voters]
    (space.world.folder / "trace.log").write_text("".join(lines))
    return "trace.log"


FAULTS = (copied_in_order, with_times, with_ids_that_follow, in_one_transaction, published, logged)


@pytest.mark.parametrize("fault", FAULTS)
def test_g2_the_finder_bites_where_one_more_place_keeps_a_trace(space: Space, fault: Fault) -> None:
    place = fault(space)
    told = links(find(read(space.world), space.voters, opener(space.keys)))
    assert [way for way in told if place in way]
