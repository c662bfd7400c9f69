"""Seals and `log verify` on a real log, a real broker and a real relay: what was changed shows (rule 8)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lianxin_schemas.events.seals import LogSealed

from deploy.local import keys
from services.runtime import log, log_order, merkle, seals, verify_log
from tests.runtime.consuming import publish
from tests.runtime.making import petition
from tests.runtime.relaying import PLACE, keep, visits
from tests.world.sent import as_if_sent, log_rows
from tests.world.world import World, until


def sealed(world: World, position: int) -> None:
    """Returns once all up to a position lies under a seal."""
    until(lambda: world.query("intake", "SELECT sealed FROM relay") >= [(position,)], f"sealed up to {position}")


def verified(world: World, code: int = 0, *more: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(world.verb("intake", "log", "verify", "--json", *more, code=code))
    return found


def said(world: World) -> list[tuple[int, str]]:
    """What `log verify` finds, without ids."""
    return [(each["position"], each["what"]) for each in verified(world, 1)["differences"]]


@pytest.fixture
def log_of_twelve(world: World) -> World:
    """Positions 1 to 12 under two seals: 1-8, then 9, which is the first seal, to 12. The relay has ended."""
    keep(world, *visits(6), petition(), petition())
    relay = world.start("intake", "relay")
    sealed(world, 8)
    keep(world, petition(), petition(), petition())
    sealed(world, 12)
    relay.kill()
    relay.wait()
    return world


def test_rule_8_each_root_is_that_of_the_messages_and_each_signature_that_of_the_services_key(
    log_of_twelve: World,
) -> None:
    world = log_of_twelve
    messages = [message.value or b"" for message in log_rows(world)]
    public = seals.listed(keys.seal_keys(world.folder / "keys"))
    rows = world.query("intake", f"SELECT {log.ROW_COLUMNS} FROM events WHERE topic = 'seals' ORDER BY position")
    for values in rows:
        row = log.row_of(world.space, "intake", values)
        seal = LogSealed.model_validate_json(row.data)
        leaves = [merkle.leaf(each) for each in messages[seal.covers.first - 1 : seal.covers.last]]
        assert seal.root == merkle.root(leaves).hex()
        assert seals.fault(str(row.source), row.time, seal, public) is None
        assert public[seal.key or ""].service == "intake"
        for other in (
            seal.model_copy(update={"root": "0" * 64}),
            seal.model_copy(update={"covers": seal.covers.model_copy(update={"last": 99})}),
            seal.model_copy(update={"lanes": ()}),
        ):
            assert "never made" in (seals.fault(str(row.source), row.time, other, public) or "")
        assert "never made" in (seals.fault(f"/{world.space}/intake/2", row.time, seal, public) or "")
    report = verified(world)
    assert (report["equal"], report["positions"], report["seals"], report["signed_from"]) == (True, 13, 2, 1)
    assert report["unsealed"] == 1, "the last seal"


CHANGED: dict[str, tuple[str, list[tuple[int, str]]]] = {
    "payload": (
        """UPDATE events SET data = replace(data::text, '"care"', '"other"')::json WHERE position = 3""",
        [(9, "this seal's root is not that of positions 1 to 8"), (3, "differs from Kafka in data")],
    ),
    "time": (
        "UPDATE events SET time = time + interval '1 second' WHERE position = 11",
        [(13, "this seal's root is not that of positions 9 to 12"), (11, "differs from Kafka in time")],
    ),
    "deleted": (
        "DELETE FROM events WHERE position = 4",
        [
            (4, "is not in the log"),
            (5, f"the number 5 of the lane visits/{PLACE} of incarnation 1 follows on 3"),
            (9, "this seal's root is not that of positions 1 to 8"),
            (4, "is in Kafka as lianxin.visit.logged.v1, and not in the log"),
        ],
    ),
    "reordered": (
        # A visit and a petition: of two lanes for sure.
        "UPDATE events SET position = CASE position WHEN 6 THEN -7 WHEN 7 THEN -6 END WHERE position IN (6, 7);"
        "UPDATE events SET position = -position WHERE position < 0",
        [
            (9, "this seal's root is not that of positions 1 to 8"),
            (6, "differs from Kafka in *"),
            (7, "differs from Kafka in *"),
        ],
    ),
    "last": (
        "DELETE FROM events WHERE position = 13",
        [
            (13, "is not in the log, whose head is at 13"),
            (12, "the lane seals/0 of incarnation 1 ends at 1, not at 2"),
            (9, "lies under no seal, though all were sealed up to 12"),
        ],
    ),
    "a seal replaced by numbers alone": (
        "UPDATE events SET data = (data::jsonb - 'root' - 'signature' - 'key')::json WHERE position = 13",
        [(13, "this seal is not signed"), (13, "this seal has no root")],
    ),
    "rewritten whole, no seal signed any more": (
        """UPDATE events SET data = replace(data::text, '"care"', '"other"')::json WHERE position = 3;"""
        "UPDATE events SET data = (data::jsonb - 'root' - 'signature' - 'key')::json WHERE topic = 'seals'",
        [(at, f"this seal {what}") for at in (9, 13) for what in ("is not signed", "has no root")],
    ),
    "rewritten whole, without seals": (
        "DELETE FROM events WHERE topic = 'seals'; DELETE FROM lane WHERE topic = 'seals';"
        "UPDATE events SET position = position - 1 WHERE position > 9;"
        "UPDATE events SET recordedtime = recordedtime - interval '3 h';"
        "UPDATE head SET position = 11; UPDATE relay SET (position, sealed) = (11, 0)",
        [(1, "lies under no seal, though it was recorded at *")],
    ),
    "a seal over what lies behind it": (
        """UPDATE events SET data = replace(data::text, '"last":12', '"last":999999999999')::json"""
        " WHERE position = 13",
        [
            (13, "this seal covers positions up to 999999999999, behind itself"),
            (9, "lies under no seal, though all were sealed up to 12"),
        ],
    ),
    "two versions of a stream in turn": (
        "UPDATE events SET version = -version WHERE topic = 'seals';"
        "UPDATE events SET version = 3 + version WHERE topic = 'seals'",
        [
            (9, "the version 2 of log-intake follows on 0"),
            (1, "lies under no seal, as all do up to 8"),
            *[(13, "*"), (9, "*")],
        ],
    ),
}


@pytest.mark.parametrize("how", CHANGED)
def test_rule_8_whatever_was_changed_in_the_log_is_named_by_its_position(log_of_twelve: World, how: str) -> None:
    sql, expected = CHANGED[how]
    log_of_twelve.query("intake", sql)
    found = said(log_of_twelve)
    assert len(found) == len(expected), found
    for (position, what), (at, text) in zip(found, expected, strict=True):
        assert position == at
        assert what.startswith(text.rstrip("*"))


def test_rule_8_a_row_put_into_the_log_later_shows(log_of_twelve: World) -> None:
    log_of_twelve.query(
        "intake",
        "UPDATE events SET (id, causation) = (gen_random_uuid(), gen_random_uuid()) WHERE position = 8",
    )
    assert (8, "differs from Kafka in causationid, id") in said(log_of_twelve)


def signed_anew(world: World, folder: Path) -> None:
    """Changes a row and its seal alike, the seal signed by a key of one's own."""
    own = seals.signer(
        world.settings.model_copy(
            update={"seal_keys": keys.make_seal_keys(folder, ["intake"]), "seal_key": keys.seal_key(folder, "intake")}
        ),
        "intake",
    )
    world.query("intake", "UPDATE events SET time = time + interval '1 day' WHERE position = 11")
    leaves = [merkle.leaf(message.value or b"") for message in log_rows(world)[8:12]]
    [values] = world.query("intake", f"SELECT {log.ROW_COLUMNS} FROM events WHERE position = 13")
    row = log.row_of(world.space, "intake", values)
    seal = LogSealed.model_validate_json(row.data).model_copy(update={"root": merkle.root(leaves).hex()})
    made = own.sign(str(row.source), row.time, seal)
    world.query("intake", "UPDATE events SET data = %s WHERE position = 13", [made.model_dump_json()])


def test_rule_8_a_seal_by_another_key_is_none(log_of_twelve: World, tmp_path: Path) -> None:
    signed_anew(log_of_twelve, tmp_path / "other")
    [(position, what)] = said(log_of_twelve)
    assert position == 13
    assert "which is none of intake's" in what


def test_rule_8_a_key_of_another_service_signs_nothing_for_this_one(log_of_twelve: World, tmp_path: Path) -> None:
    signed_anew(log_of_twelve, tmp_path / "other")
    theirs = (keys.seal_keys(tmp_path / "other") / "intake.pem").read_bytes()
    (keys.seal_keys(log_of_twelve.folder / "keys") / "notify-2.pem").write_bytes(theirs)
    [(_, what)] = said(log_of_twelve)
    assert "which is none of intake's" in what


def test_rule_8_a_new_key_leaves_old_seals_good(log_of_twelve: World, tmp_path: Path) -> None:
    world = log_of_twelve
    public = keys.make_seal_keys(tmp_path / "new", ["intake"])
    (keys.seal_keys(world.folder / "keys") / "intake-2027.pem").write_bytes((public / "intake.pem").read_bytes())
    world.start("intake", "relay", seal_key=str(keys.seal_key(tmp_path / "new", "intake")))
    keep(world, petition())
    sealed(world, 14)
    report = verified(world)
    assert (report["seals"], report["signed_from"]) == (3, 1)
    used = world.query("intake", "SELECT count(DISTINCT data->>'key') FROM events WHERE topic = 'seals'")
    assert used == [(2,)]


def test_rule_8_plain_seals_of_earlier_releases_pass_up_to_where_somebody_says_so(log_of_twelve: World) -> None:
    world = log_of_twelve
    world.query(
        "intake", "UPDATE events SET data = (data::jsonb - 'root' - 'signature' - 'key')::json WHERE position = 9"
    )
    found = verified(world, 1, "--plain-to", "8")  # the seal itself lies under the next, and was changed
    assert (found["signed_from"], found["plain"]) == (9, 1)
    assert [each["position"] for each in found["differences"]] == [13, 9]
    for more in ((), ("--plain-to", "7")):
        found = verified(world, 1, *more)
        assert [each["position"] for each in found["differences"]] == [9, 9, 13, 9], "a seal over 8 must be signed"


def test_rule_8_verify_keeps_no_snapshot_while_it_reads_and_what_is_kept_meanwhile_is_no_matter(
    log_of_twelve: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Given pages of two rows, when the log grows between them, each has been a transaction of its own."""
    world, steps = log_of_twelve, []
    monkeypatch.setattr(log_order, "PAGE", 2)
    monkeypatch.setattr(verify_log, "PAGE", 2)

    def progress(done: int, of: int) -> None:
        steps.append((done, of))
        keep(world, petition())
        assert world.query(
            "intake",
            "SELECT pid, state, query FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid() AND (backend_xmin IS NOT NULL OR xact_start IS NOT NULL)",
        ) == []  # fmt: skip

    public = world.settings.model_copy(update={"seal_keys": keys.seal_keys(world.folder / "keys")})
    report = verify_log.verify(public, "intake", progress)
    assert (report.differences, report.positions, report.unsealed) == ([], 13, 1)
    assert steps == [(at, 26) for at in (2, 4, 6, 8, 10, 12, 13, 21, 25)]


REFUSED: dict[str, tuple[Callable[[World], dict[str, str]], str]] = {
    "no key": (lambda world: {"seal_key": ""}, "is no private key"),
    "no list": (lambda world: {"seal_keys": str(world.folder / "nothing")}, "holds no public key"),
    "not listed": (lambda world: {"seal_key": str(keys.seal_key(world.folder / "keys", "notify"))}, "put it there"),
}


@pytest.mark.parametrize("why", REFUSED)
def test_rule_8_a_relay_whose_seals_nobody_could_check_does_not_start(world: World, why: str) -> None:
    settings, sentence = REFUSED[why]
    world.ended(world.start("intake", "relay", **settings(world)), 3)
    said = world.output("intake", "relay")
    assert sentence in said
    assert "Traceback" not in said


def test_rule_8_what_kafka_holds_in_the_place_of_a_row_is_not_sealed(world: World) -> None:
    keep(world, *visits(5))
    rows = log_rows(world)
    forged = [
        m if n != 3 else type(m)(m.topic, m.partition, 0, (m.value or b"").replace(b"care", b"duty"))
        for n, m in enumerate(rows, 1)
    ]
    assert forged != rows
    as_if_sent(world, forged, position=5)
    world.start("intake", "relay")
    until(lambda: "position 3: what Kafka holds is not what was sent" in world.output("intake", "relay"), "says so")
    keep(world, petition())
    until(lambda: world.query("intake", "SELECT position FROM relay") == [(6,)], "goes on sending")
    assert world.query("intake", "SELECT sealed FROM relay") == [(0,)]


def test_rule_8_what_a_relay_sent_beyond_its_mark_is_sealed_by_the_next(world: World) -> None:
    keep(world, *visits(5))
    as_if_sent(world, log_rows(world), position=2)
    world.start("intake", "relay")
    sealed(world, 5)
    assert verified(world)["equal"]


def test_rule_8_a_second_message_under_a_number_changes_nothing(world: World) -> None:
    keep(world, *visits(2))
    rows = log_rows(world)
    as_if_sent(world, rows, position=2)
    publish(
        world.settings, [type(m)(m.topic, m.partition, 0, (m.value or b"").replace(b"care", b"duty")) for m in rows]
    )
    world.start("intake", "relay")
    sealed(world, 2)
    assert verified(world)["equal"]


def test_rule_8_more_than_a_seal_holds_is_sealed_in_parts(world: World) -> None:
    events = [petition() for _ in range(5_000)]
    keep(world, *events)
    world.start("intake", "relay")
    sealed(world, 5_000)
    spans = world.query("intake", "SELECT data->'covers' FROM events WHERE topic = 'seals' ORDER BY position LIMIT 2")
    assert max(each["last"] - each["first"] + 1 for (each,) in spans) <= 4_096
    assert verified(world)["equal"]


def test_rule_8_without_public_keys_verify_says_what_is_missing(world: World) -> None:
    with pytest.raises(seals.NoKey, match="LIANXIN_SEAL_KEYS names no folder"):
        verify_log.verify(world.settings, "intake", lambda _done, _of: None)
