"""Notices leave, once, or are given up with an event (N2, N3): a real mail server, a real vault over HTTP."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from lianxin_schemas.events.notices import Problem

from services.notify import mail, operating
from services.notify.domain.quiet import SHANGHAI
from tests.notify import given
from tests.notify.given import React
from tests.notify.posting import ADDRESS, Office, only
from tests.world.world import until


def told(react: React, count: int = 1) -> None:
    """So many residents are to be told that their petition is registered."""
    react.hear(*(given.registered() for _ in range(count)))


def ends(react: React) -> list[tuple[str, str | None]]:
    """What became of mails: name of each event and its problem, in the order of the log."""
    return [
        (type_.split(".")[2], data.get("problem"))
        for type_, data in react.query("SELECT type, data FROM events ORDER BY position")
        if type_ != "lianxin.notice.raised.v1" and data["channel"] == "mail"
    ]


def sent_until_ended(react: React, office: Office) -> None:
    """Sends until no mail waits any more."""

    def ended() -> bool:
        office.send()
        return not react.query("SELECT FROM outbox WHERE state = 'waiting'")

    until(ended, "every mail has come to its end")


def test_N2_resident_and_cadre_get_mail_in_chinese_first(react, office, settings):
    petition = given.registered()
    react.hear(petition, *given.whole_case(petition.petition))
    office.set(pages_intake="https://county.example/", pages_assignment="https://desk.example/")
    assert office.send() == 4
    assert [address for address, _ in office.post.mails] == [
        ADDRESS["p-0001"],
        ADDRESS["c-0001"],
        ADDRESS["p-0001"],
        ADDRESS["p-0001"],
    ]
    _, message = office.post.mails[2]
    assert message["Subject"] == "您的诉求已受理 / Your petition is being handled"
    assert message["From"] == "连心 Lianxin <noreply@county.example>"
    body = message.get_content()
    assert body.index("2026年5月11日答复您") < body.index("by 11 May 2026")
    assert "https://county.example/" in body
    assert "https://desk.example/" in office.post.mails[1][1].get_content()
    assert ends(react) == [("sent", None)] * 4
    assert [row[2:] for row in react.outbox()] == [("sent", 1)] * 5
    assert office.send() == 0
    assert operating.verify(settings) == []


def test_P2_each_reading_says_who_and_why(react, office):
    react.hear(given.opened(petition := given.registered().petition), given.assigned(petition))
    told(react)
    office.send()
    asked = [{**one, "command": None} for one in office.vault.asked]
    why = {"command": None, "datum": "mail", "reason": "notice"}
    assert asked == [{**why, "person": "c-0001", "kind": "cadre"}, {**why, "person": "p-0001", "kind": "resident"}]
    assert len({UUID(one["command"]) for one in office.vault.asked}) == 2


def test_N3_the_message_id_follows_from_the_notice(react, office):
    told(react)
    office.send()
    [(notice,)] = react.query("SELECT notice FROM notice")
    assert office.post.ids() == [f"<{notice}@county.example>"]


def test_N3_a_mail_server_that_is_away_is_tried_again_and_nothing_is_lost(react, office, settings):
    told(react, 3)
    office.post.close()
    office.set(notice_retries=(0.001,) * 90)
    assert office.send(most=9) == 9
    assert set(ends(react)) == {("failed", "server-away")}
    office.post.open()
    sent_until_ended(react, office)
    assert len(set(office.post.ids())) == len(office.post.mails) == 3
    assert [event for event in ends(react) if event[0] == "sent"] == [("sent", None)] * 3
    assert operating.verify(settings) == []


def test_N3_after_the_schedule_it_is_given_up_with_an_event(react, office, settings):
    told(react, 2)
    office.post.close()
    sent_until_ended(react, office)
    assert sorted(ends(react)) == [("failed", "server-away")] * 4 + [("given_up", "server-away")] * 2
    assert react.query("SELECT (data->>'attempts')::int FROM events WHERE type LIKE '%%given_up%%'") == [(3,), (3,)]
    assert {row[2:] for row in react.outbox()} == {("given-up", 3)}
    assert operating.verify(settings) == []


def test_N3_the_pauses_are_those_of_the_schedule(react, office):
    told(react)
    office.set(notice_retries=(60, 300))
    office.post.close()
    for attempt, pause in enumerate((60, 300), 1):
        assert office.send() == 1
        [(waits,)] = react.query(
            "SELECT extract(epoch FROM o.due - e.time)::float FROM outbox o, events e WHERE e.type LIKE '%%failed%%'"
            " ORDER BY e.position DESC LIMIT 1"
        )
        assert waits == pause, attempt
        assert office.send() == 0, "not before it is due"
        react.query("UPDATE outbox SET due = now()")


@pytest.mark.parametrize(
    ("answers", "problem", "final"),
    [
        ({"on_recipient": "550 no such box"}, Problem.REFUSED, True),
        ({"on_data": "554 not wanted"}, Problem.REFUSED, True),
        ({"on_recipient": "450 greylisted"}, Problem.REFUSED_FOR_NOW, False),
        ({"on_data": "452 too full"}, Problem.REFUSED_FOR_NOW, False),
        ({"on_mail": "550 who are you"}, Problem.REFUSED_FOR_NOW, False),
    ],
)
def test_N3_what_the_mail_server_says_decides_whether_it_is_tried_again(react, office, answers, problem, final):
    office.set(notice_retries=(3_600,))
    told(react)
    for name, answer in answers.items():
        setattr(office.post, name, answer)
    office.send()
    assert ends(react) == [("given_up" if final else "failed", problem.value)]
    assert office.post.mails == []


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_N2_a_password_that_is_wrong_is_no_fault_of_the_recipient(react, office, tmp_path):
    office.post.close()
    office.post.open(
        authenticator=only(b"notify", b"right"),
        auth_require_tls=False,
        auth_required=True,
        auth_exclude_mechanism=["LOGIN"],
    )
    # The line is the test's own machine; the settings refuse a password over an open one.
    changed = {"smtp_user": "notify", "smtp_password_file": tmp_path / "password", "notice_retries": (0.001,) * 90}
    office.settings = office.settings.model_copy(update=changed)
    (tmp_path / "password").write_text("wrong\n")
    told(react)
    office.send(most=2)
    assert ends(react) == [("failed", "server-away")] * 2
    (tmp_path / "password").write_text("right\n")
    sent_until_ended(react, office)
    assert len(office.post.mails) == 1, "the file is read anew each time"


@pytest.mark.parametrize(
    "answer",
    [
        (503, {"code": "service.away"}),
        (404, {"code": "http.not-found"}),
        (404, "nothing"),
        (403, {"code": "auth.role"}),
        (202, {"code": "after.not-yet"}),
        (200, {"text": None}),
        (200, []),
    ],
)
def test_N3_a_vault_that_does_not_say_is_asked_again(react, office, answer):
    told(react)
    office.vault.answer = answer
    office.set(notice_retries=(0.001,) * 90)
    office.send(most=3)
    assert ends(react) == [("failed", "vault-away")] * 3
    office.vault.answer = None
    sent_until_ended(react, office)
    assert len(office.post.mails) == 1
    commands = [one["command"] for one in office.vault.asked]
    assert len(set(commands)) == len(commands) >= 4, "each reading is one of its own (P2)"


def test_N3_a_vault_that_is_not_there_is_asked_again(react, office):
    told(react)
    address = office.settings.vault
    office.set(vault="http://127.0.0.1:1", notice_retries=(0.001,) * 90)
    office.send(most=2)
    office.set(token_file="/nowhere/token", vault=address)
    office.send(most=1)
    assert ends(react) == [("failed", "vault-away")] * 3


def test_the_token_is_read_anew_each_time(react, office):
    told(react)
    office.set(notice_retries=(0.001,) * 90)
    office.vault.token = "another"
    office.send(most=1)
    office.settings.token_file.write_text("another")
    sent_until_ended(react, office)
    assert len(office.post.mails) == 1


@pytest.mark.parametrize("address", [None, "no address", "a@b\r\nBcc: c@d", "居民@例.example"])
def test_P1_without_an_address_it_is_given_up_at_once_as_for_somebody_whose_data_are_erased(react, office, address):
    told(react)
    office.vault.addresses = {"p-0001": address} if address else {}
    assert office.send() == 1
    assert ends(react) == [("given_up", "no-address")]
    assert office.post.mails == []


def test_B16_senders_side_by_side_send_each_mail_once(react, office, settings):
    told(react, 40)
    assert office.send(senders=6) == 40
    assert len(set(office.post.ids())) == len(office.post.mails) == 40
    assert ends(react) == [("sent", None)] * 40
    assert operating.verify(settings) == []


def test_B16_a_claim_belongs_to_one_sender_until_its_lease_ends(react, office):
    told(react)
    react.query("UPDATE outbox SET epoch = 1, claimed_by = 'other', claimed_until = now() + interval '1 hour'")
    assert office.send() == 0
    react.query("UPDATE outbox SET claimed_until = now() - interval '1 s'")
    assert office.send() == 1


def test_B16_what_one_s_own_earlier_life_left_is_taken_up_at_once(react, office):
    told(react)
    react.query("UPDATE outbox SET epoch = 1, claimed_by = 'sender-0', claimed_until = now() + interval '1 hour'")
    assert office.send() == 1


def test_B16_a_sender_that_was_overtaken_marks_nothing(react, office, settings):
    told(react)

    def overtaken() -> None:
        react.query("UPDATE outbox SET epoch = epoch + 1, claimed_by = 'other', claimed_until = now() + interval '1 h'")

    office.post.then = overtaken
    assert office.send() == 1
    assert ends(react) == []
    office.post.then = lambda: None
    react.query("UPDATE outbox SET claimed_until = now() - interval '1 s'")
    office.send()
    assert ends(react) == [("sent", None)]
    assert len(office.post.mails) == 2, "that it left twice cannot be helped"
    assert len(set(office.post.ids())) == 1, "but the recipient's program can see it"
    assert operating.verify(settings) == []


def test_B16_a_mail_that_is_late_is_not_handed_over_under_a_lease_that_is_over(react, office):
    told(react)
    office.settings = office.settings.model_copy(update={"notice_lease": 1e-6})
    assert office.send(most=1) == 1
    assert office.post.mails == []
    assert ends(react) == [("failed", "server-away")]


def test_N2_residents_get_no_mail_in_the_quiet_hours_and_cadres_do(react, office):
    told(react)
    react.hear(given.opened(petition := given.registered().petition), given.assigned(petition))
    now = datetime.now(SHANGHAI)
    quiet = {"quiet_from": (now - timedelta(hours=2)).time(), "quiet_until": (now + timedelta(hours=2)).time()}
    office.set(**quiet)
    office.send()
    assert [address for address, _ in office.post.mails] == [ADDRESS["c-0001"]]
    [(due, attempt)] = react.query("SELECT due, attempt FROM outbox WHERE state = 'waiting'")
    assert (due.astimezone(SHANGHAI).time(), attempt) == (quiet["quiet_until"], 0)
    assert office.send() == 0, "it is not looked at again before"
    office.set(quiet_from="00:00", quiet_until="00:00")
    react.query("UPDATE outbox SET due = now()")
    office.send()
    assert [address for address, _ in office.post.mails][1:] == [ADDRESS["p-0001"]]


def test_what_nobody_foresaw_fails_one_try_and_stops_no_other(react, office, monkeypatch, caplog):
    told(react, 2)
    compose, first = mail.compose, list[UUID]()

    def stumble(settings, notice, to, *more):
        if not first:
            first.append(notice)
            raise LookupError(to)
        return compose(settings, notice, to, *more)

    monkeypatch.setattr(mail, "compose", stumble)
    office.set(notice_retries=(3_600,))
    office.send()
    assert sorted(ends(react)) == [("failed", "refused-for-now"), ("sent", None)]
    assert "LookupError" in caplog.text
    assert ADDRESS["p-0001"] not in caplog.text
