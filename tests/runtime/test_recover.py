"""A log whose database was restored from a backup takes back what was published, and goes on (protocol rule 13)."""

import asyncio
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from lianxin_schemas.events.visits import VisitLogged
from lianxin_schemas.topics import produced_by

from services.runtime import log, recover, topics
from services.runtime.database import conninfo
from services.runtime.gather import Torn, same
from services.runtime.inbox import Inbox, Message, Outcome, State
from services.runtime.log import Decision
from services.runtime.readback import Ahead, guard, refuse_if_ahead
from services.runtime.takeback import Unrecoverable
from tests.runtime.audit import audit, wire_reads
from tests.runtime.consuming import everything, publish
from tests.runtime.making import corrected, decision, logged, petition, raw, sealed, visits_in, wire
from tests.servers import Addresses
from tests.world.sent import log_rows
from tests.world.world import World, until


class Restored:
    """intake alone, with a backup of its database."""

    def __init__(self, world: World, postgres: str) -> None:
        self.world, self.postgres = world, conninfo(postgres, "postgres", guarded=False)
        self.database = f"{world.space}_intake"
        self.refilled: list[int] = []

    def keep(self, *decisions: Decision) -> None:
        async def write() -> None:
            async with await psycopg.AsyncConnection.connect(self.info, autocommit=True) as connection:
                for one in decisions:
                    await log.write(connection, [one])

        asyncio.run(write())

    @property
    def info(self) -> str:
        return self.world.settings.database("intake")

    def backup(self) -> None:
        self._copy(self.database, f"{self.database}-backup")

    def restore(self) -> None:
        self._copy(f"{self.database}-backup", self.database)

    def _copy(self, source: str, target: str) -> None:
        with psycopg.connect(self.postgres, autocommit=True) as connection:
            connection.execute(f'DROP DATABASE IF EXISTS "{target}" WITH (FORCE)')
            connection.execute(f'CREATE DATABASE "{target}" TEMPLATE "{source}"')

    def recover(self, *, keep: bool = True) -> recover.Recovered:
        async def refill(_: object, behind: int) -> None:
            self.refilled.append(behind)

        work = recover.recover(self.world.settings, "intake", refill, lambda _: None, keep=keep)
        return asyncio.run(work)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        return self.world.query("intake", sql)

    def first(self, cause: UUID) -> log.First | None:
        async def ask() -> log.First | None:
            async with await psycopg.AsyncConnection.connect(self.info, autocommit=True) as connection:
                return (await log.receipts(connection, [cause])).get(cause)

        return asyncio.run(ask())


@pytest.fixture
def own(servers: Addresses, template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Restored]:
    monkeypatch.setattr(topics, "EVERY", produced_by("intake"))
    world = World(servers.kafka, servers.postgres, tmp_path, services=())
    with psycopg.connect(conninfo(servers.postgres, "postgres"), autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{world.space}_intake" TEMPLATE "{template}"')
    yield Restored(world, servers.postgres)
    world.close()
    world.forget()


def audited(own: Restored) -> int:
    with psycopg.connect(own.info) as connection:
        wire_reads(connection, own.world.space)
        return audit(connection)


def sent(own: Restored, *, without: Sequence[int] = ()) -> list[Message]:
    """Publishes the log, but for some positions."""
    return publish(own.world.settings, [m for n, m in enumerate(log_rows(own.world), 1) if n not in without])


def test_rule_13_all_that_was_published_comes_back_byte_for_byte_and_the_log_goes_on_under_a_new_name(
    own: Restored,
) -> None:
    visits = visits_in(6, 5)
    own.keep(decision(logged(visits[0])), decision(petition()))
    own.backup()
    own.keep(
        *(decision(logged(visit)) for visit in visits[1:]),
        decision(corrected(visits[0]), expected={f"visit-{visits[0]}": 1}),
    )
    before = log_rows(own.world)
    sent(own)
    own.restore()
    done = own.recover()
    assert (done.position, done.incarnation, done.taken, done.lost) == (2, 2, 5, ())
    assert log_rows(own.world)[:7] == before
    assert own.rows("SELECT position - 1, incarnation FROM head") == [(7, 2)]
    assert own.refilled == [2]
    assert audited(own) == 8
    refuse_if_ahead(own.world.settings, "intake")
    own.keep(decision(logged(visits_in(6, 6)[5])))
    assert own.rows("SELECT incarnation, number FROM events ORDER BY position DESC LIMIT 1") == [(2, 1)]
    [(said,)] = own.rows("SELECT data FROM events WHERE type LIKE '%log.recovered%'")
    assert said["old_source"] == f"/{own.world.space}/intake/1"
    ends = {(end["topic"], end["partition"]): end["number"] for end in said["lanes"]}
    assert (ends["visits", 6], ends["visits", 7]) == (6, 0), "every lane that there could be has its end"


def test_rule_13_looking_changes_nothing(own: Restored) -> None:
    own.backup()
    own.keep(decision(logged()))
    sent(own)
    own.restore()
    assert own.recover(keep=False).taken == 1
    assert own.rows("SELECT count(*) FROM events") == [(0,)]
    assert own.refilled == [], "a refill may reach beyond the transaction that is rolled back"
    assert own.recover().taken == 1


def test_rule_13_a_position_that_is_nowhere_is_lost_and_its_command_torn_or_gone(own: Restored) -> None:
    """Of the lanes of visits nothing behind the backup was published; petitions were."""
    whole, half, gone = (uuid4() for _ in range(3))
    visit = visits_in(6, 3)
    own.backup()
    own.keep(
        decision(petition(), petition(), cause=whole),
        decision(petition(), logged(visit[0]), cause=half),
        decision(logged(visit[1]), cause=gone),
        decision(petition()),
        decision(petition()),
    )
    sent(own, without=(4, 5))
    own.restore()
    done = own.recover()
    assert done.lost == ((4, 5),)
    last = own.rows("SELECT causation FROM events WHERE position = 7")[0][0]
    assert set(done.torn) == {half, last}, "what stood behind the last is not known"
    assert own.first(gone) is None, "it can be sent again"
    own.keep(decision(logged(visit[1]), cause=gone))
    kept = own.first(whole)
    assert kept is not None
    assert same(decision(petition(), cause=whole, hash=b"other"), kept).events == kept.receipt.events
    torn = own.first(half)
    assert torn is not None
    with pytest.raises(Torn):
        same(decision(petition(), cause=half), torn)
    assert own.rows("SELECT max(position), count(*) FROM events") == [(9, 7)], "no position is used again"
    assert own.rows("SELECT first, last FROM lost") == [(4, 5)]


def test_rule_13_what_lies_behind_a_missing_number_stays_outside(own: Restored) -> None:
    visits = visits_in(6, 4)
    own.backup()
    own.keep(*(decision(logged(visit)) for visit in visits))
    sent(own, without=(2,))
    own.restore()
    done = own.recover()
    assert (done.taken, done.torn) == (1, (own.rows("SELECT causation FROM events WHERE position = 1")[0][0],))
    assert own.rows("SELECT number FROM closed WHERE topic = 'visits' AND partition = 6") == [(1,)]
    refuse_if_ahead(own.world.settings, "intake")


def test_rule_13_what_a_zombie_sent_early_comes_back_once_the_missing_one_stands_behind_it(own: Restored) -> None:
    own.backup()
    own.keep(*(decision(logged(visit)) for visit in visits_in(6, 3)))
    rows = log_rows(own.world)
    publish(own.world.settings, [rows[2], rows[0], rows[1]])
    own.restore()
    assert own.recover().taken == 3
    assert log_rows(own.world)[:3] == rows


def test_rule_13_a_log_that_kafka_contradicts_is_left_as_it_is(own: Restored) -> None:
    visits = visits_in(6, 2)
    own.backup()
    own.keep(decision(logged(visits[0])))
    sent(own)
    own.restore()
    own.keep(decision(logged(visits[1])))
    with pytest.raises(Unrecoverable, match="number 1 is one event in the log and another in Kafka"):
        own.recover()
    assert own.rows("SELECT incarnation, position FROM head") == [(1, 1)]
    assert own.rows("SELECT count(*) FROM closed") == [(0,)]


def test_rule_13_a_message_outside_its_lane_contradicts_nothing(own: Restored) -> None:
    """Rule 11: it blocks nothing, whatever number it claims."""
    here, elsewhere = visits_in(6, 1)[0], visits_in(7, 1)[0]
    own.keep(decision(logged(here)))
    sent(own)
    stranger = wire(logged(elsewhere), 1, space=own.world.space)
    publish(own.world.settings, [raw(stranger, 1, 6)])
    assert own.recover().taken == 0


def test_rule_13_an_event_that_no_relay_has_written_so_is_left_to_a_human(own: Restored) -> None:
    """A newline behind it: the text of its data would be cut at the wrong place."""
    own.backup()
    own.keep(decision(logged(visits_in(6, 1)[0])))
    [message] = log_rows(own.world)
    publish(own.world.settings, [Message(message.topic, message.partition, 0, (message.value or b"") + b"\n")])
    own.restore()
    with pytest.raises(Unrecoverable, match=r"visits/6 offset 0 cannot be read \(not-as-encoded\)"):
        own.recover()
    assert own.rows("SELECT count(*) FROM events") == [(0,)]


def test_rule_13_restored_twice_the_log_has_three_names_and_each_old_one_ends_once(own: Restored) -> None:
    """The second backup is older than the first recovery, of which all was published."""
    visits = visits_in(6, 4)
    own.keep(decision(logged(visits[0])))
    own.backup()
    own.keep(decision(logged(visits[1])))
    sent(own)
    own.restore()
    own.recover()
    own.keep(decision(logged(visits[2])))
    publish(own.world.settings, log_rows(own.world)[2:])
    own.restore()
    done = own.recover()
    assert (done.taken, done.incarnation, done.lost) == (3, 3, ())
    old = own.rows("SELECT data->>'old_source' FROM events WHERE type LIKE '%recovered%' ORDER BY position")
    assert [name.rsplit("/", 1)[1] for (name,) in old] == ["1", "2"]
    assert audited(own) == 5


def test_rule_13_a_recovery_of_which_only_later_events_arrived_ends_the_first_lanes_as_well(own: Restored) -> None:
    visits = visits_in(6, 3)
    own.backup()
    own.keep(decision(logged(visits[0])))
    sent(own)
    own.restore()
    own.recover()
    own.keep(decision(logged(visits[1])))
    publish(own.world.settings, log_rows(own.world)[2:])  # the partition of seals had not been written yet
    own.restore()
    done = own.recover()
    assert (done.incarnation, done.lost) == (3, ((2, 2),))
    old = own.rows("SELECT data->>'old_source' FROM events WHERE type LIKE '%recovered%' ORDER BY position")
    assert [name.rsplit("/", 1)[1] for (name,) in old] == ["1", "2"]


def test_rule_13_without_anything_to_take_back_the_name_is_new_all_the_same(own: Restored) -> None:
    """A relay of before may still send what it has in memory."""
    own.keep(decision(logged()))
    sent(own)
    assert (own.recover().taken, own.recover().incarnation) == (0, 3)


def test_rule_13_seals_that_come_back_are_not_sealed_again(own: Restored) -> None:
    own.backup()
    own.keep(decision(logged()), decision(sealed("intake", last=1)))
    sent(own)
    own.restore()
    own.recover()
    assert own.rows("SELECT sealed FROM relay") == [(1,)]


def test_rule_13_beyond_its_end_a_lane_has_nothing(own: Restored) -> None:
    visits = visits_in(6, 3)
    own.keep(*(decision(logged(visit)) for visit in visits))
    messages = sent(own)
    inbox = Inbox("test", own.world.space, frozenset())
    lanes = inbox.sort(messages, State(), {}).marks
    result = inbox.sort(messages, State(ends=dict.fromkeys(lanes, 1)), {})
    assert result.counts == {Outcome.NOT_APPLICABLE: 1, Outcome.PARKED: 2}
    assert [(item.reason, item.lane) for item in result.parked] == [("after-the-end", None)] * 2
    assert result.marks == dict.fromkeys(lanes, 1)
    assert inbox.sort(
        everything(own.world.settings, "visits"), State(lanes, ends=dict.fromkeys(lanes, 1)), {}
    ).counts == {Outcome.DUPLICATE: 3}, "what was applied before the end was known is a matter of its own"


def test_rule_8_a_log_that_was_recovered_lies_under_its_seals_lost_positions_as_leaves_of_nothing(
    own: Restored,
) -> None:
    world, visits = own.world, visits_in(6, 4)
    own.keep(*(decision(logged(visit)) for visit in visits[:3]))
    relay = world.start("intake", "relay")
    until(lambda: len(everything(world.settings, "seals")) == 1, "positions 1 to 3 are sealed")
    relay.kill()
    relay.wait()
    own.backup()
    own.keep(decision(petition()), decision(logged(visits[3])))
    publish(world.settings, log_rows(world)[-1:])
    own.restore()
    assert own.recover().lost == ((5, 5),)
    world.start("intake", "relay")
    until(lambda: own.rows("SELECT sealed >= 7 FROM relay") == [(True,)], "sealed under the next incarnation")
    report = json.loads(world.verb("intake", "log", "verify", "--json"))
    assert (report["equal"], report["seals"], report["signed_from"]) == (True, 2, 1)
    own.rows("UPDATE events SET data = replace(data::text, '\"first\":5', '\"first\":6')::json WHERE position = 7")
    report = json.loads(world.verb("intake", "log", "verify", "--json", code=1))
    assert [5, None, "is not in the log"] in [list(each.values()) for each in report["differences"]]


def test_rule_13_a_database_restored_without_a_restart_of_the_server_is_noticed(own: Restored) -> None:
    """Given a process that has looked, when the database is made anew from a backup, it looks again, and refuses."""
    opened = guard(own.world.settings, "intake")

    async def look() -> None:
        async with await psycopg.AsyncConnection.connect(own.info, autocommit=True) as connection:
            await opened(connection)

    own.backup()
    asyncio.run(look())
    own.keep(decision(logged()))
    sent(own)
    asyncio.run(look())
    own.restore()
    with pytest.raises(Ahead):
        asyncio.run(look())


def test_rule_13_a_zombies_seal_beyond_its_lanes_end_is_passed_by_in_the_next_restore(
    own: Restored,
) -> None:
    """Given a restore, and a seal of before that came to Kafka after it, when the same backup is restored again."""
    first, second = visits_in(6, 2)
    own.backup()
    own.keep(decision(logged(first)))
    sent(own)
    own.keep(decision(sealed("intake", last=1)))
    zombie = log_rows(own.world)[1]
    own.restore()
    own.recover()
    publish(own.world.settings, [zombie])
    own.keep(decision(logged(second)))
    publish(own.world.settings, log_rows(own.world)[1:])
    own.restore()
    assert own.recover().taken == 3  # the visit, the recovery, the visit after it
    assert [type_ for (type_,) in own.rows("SELECT type FROM events ORDER BY position")].count(VisitLogged.type()) == 2
