"""Notices held back until somebody decides, with grounds (protocol rule 13)."""

import asyncio
import json
import sys
from datetime import timedelta

import psycopg
import pytest

from services.notify import __main__ as notify
from services.notify import operating
from tests.notify import given
from tests.notify.given import NOW

WHO = ("--by", "op-1", "--grounds", "restored from a backup")
RECORDED = NOW + timedelta(minutes=1)
"""When the tests' causes are recorded."""


@pytest.fixture
def run(settings, monkeypatch, capsys):
    """The verb `held` on the command line; answers with exit code and what it printed."""
    for name in ("space", "kafka", "postgres"):
        monkeypatch.setenv(f"LIANXIN_{name.upper()}", getattr(settings, name))

    def held(*arguments: str) -> tuple[int, str]:
        monkeypatch.setattr(sys, "argv", ["notify", "held", *arguments])
        try:
            code = notify.main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        return code, capsys.readouterr().out

    return held


def states(react):
    return [row[2] for row in react.outbox()]


def at(moment) -> str:
    return moment.isoformat()


def test_rule_13_what_waits_is_held_and_what_is_raised_later_too(react, office, run, settings):
    react.hear(given.registered())
    assert run("hold", "--since", at(RECORDED), *WHO)[0] == 0
    react.hear(given.registered())
    assert states(react) == ["held", "held"]
    assert office.send() == 0
    assert operating.verify(settings) == []


def test_rule_13_only_causes_recorded_in_between_are_held(react, run):
    for minutes in (-1, 0, 1, 2):
        react.hear(given.registered(), time=NOW + timedelta(minutes=minutes))
    run("hold", "--since", at(RECORDED), "--until", at(RECORDED + timedelta(minutes=2)), *WHO)
    for minutes in (-1, 0, 1, 2):
        react.hear(given.registered(), time=NOW + timedelta(minutes=minutes))
    assert states(react) == ["waiting", "held", "held", "waiting"] * 2


def test_rule_13_what_was_sent_and_what_is_in_hand_stay_as_they_are(react, office, run):
    react.hear(given.opened(petition := given.registered().petition), given.assigned(petition))
    office.send()
    react.hear(given.registered(), given.registered())
    react.query(
        "UPDATE outbox SET claimed_until = now() + interval '1 h' WHERE (notice, state) ="
        " (SELECT notice, 'waiting' FROM outbox WHERE state = 'waiting' LIMIT 1)"
    )
    assert run("hold", "--since", at(NOW), *WHO) == (
        0,
        "held back 1 that wait; what is raised of that time will be held too\n",
    )
    assert sorted(states(react)) == ["held", "sent", "sent", "waiting"]


def test_rule_13_released_they_go_out_dropped_they_never_do(react, office, run, settings):
    react.hear(*(given.registered() for _ in range(3)))
    run("hold", "--since", at(NOW), *WHO)
    code, printed = run("list", "--json")
    notices = [row["notice"] for row in json.loads(printed)]
    assert (code, len(notices)) == (1, 3)
    assert run("release", "--notice", notices[0], *WHO)[0] == 0
    assert run("drop", "--notice", notices[1], "--by", "op-2", "--grounds", "told by telephone")[0] == 0
    assert office.send() == 1
    assert office.post.ids() == [f"<{notices[0]}@county.example>"]
    assert run("release", "--all", *WHO) == (0, "release: 1\n")
    assert office.send() == 1
    assert run("list") == (0, "nothing is held back\n")
    assert sorted(states(react)) == ["dropped", "sent", "sent"]
    decided = react.query("SELECT notice::text, decided_by, grounds, decided IS NOT NULL FROM outbox ORDER BY 2, 1")
    assert [row[1:] for row in decided] == [("op-1", WHO[3], True)] * 2 + [("op-2", "told by telephone", True)]
    assert operating.verify(settings) == []
    operating.rebuild(settings)
    assert sorted(states(react)) == ["dropped", "sent", "sent"], "what somebody decided stays"


def test_rule_13_only_what_is_held_can_be_decided_on(react, office, run):
    react.hear(given.registered())
    [(notice,)] = react.query("SELECT notice::text FROM notice")
    assert run("drop", "--notice", notice, *WHO) == (1, "drop: 0\n")
    assert office.send() == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("hold", "--since", "yesterday", *WHO),
        ("hold", "--since", at(NOW)),
        ("hold", "--since", at(NOW), "--until", at(NOW), *WHO),
        ("hold", "--since", at(NOW), "--by", "Somebody With A Name", "--grounds", "x"),
        ("release", *WHO),
        ("release", "--all", "--notice", "00000000-0000-4000-8000-000000000001", *WHO),
        ("drop", "--all", "--by", "op-1"),
    ],
)
def test_rule_13_nothing_is_held_or_decided_without_a_time_a_choice_and_grounds(react, run, arguments):
    react.hear(given.registered())
    assert run(*arguments)[0] == 2
    assert (states(react), react.query("SELECT count(*) FROM hold")) == (["waiting"], [(0,)])


def test_rule_13_after_recover_all_that_waits_is_held_and_so_is_what_is_raised_of_causes_of_before(
    react, office, settings
):
    react.hear(given.registered())

    async def refill() -> None:
        # Without autocommit: in one transaction, as `log recover` does it.
        async with await psycopg.AsyncConnection.connect(settings.database("notify")) as connection:
            await operating.refill(connection)

    asyncio.run(refill())
    react.hear(given.registered())
    assert states(react) == ["held", "held"]
    assert office.send() == 0
    assert react.query("SELECT made_by, grounds FROM hold") == [("notify", "restored")]
    assert operating.verify(settings) == []
