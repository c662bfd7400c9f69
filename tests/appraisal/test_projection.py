"""From events to tables on a real database. Every test ends by applying the same again: nothing changes (rule 7)."""

from datetime import UTC, date, datetime

from lianxin_schemas.events.cases import CaseAccepted, Credit
from lianxin_schemas.events.responsibility import PairingEnded, PairingStarted, ZoneDrawn, ZoneLevel
from lianxin_schemas.events.seals import LogRecovered
from lianxin_schemas.events.visits import VisitCorrected, VisitWithdrawn, WithdrawalReason

from services.runtime.inbox import Message
from tests.appraisal.given import Published, Store, assigned, at, limit, opened, replied, uid, visit


def tally(store: Store) -> list[tuple[object, ...]]:
    return store.query("SELECT household, day::text, cadre, visits, withdrawn FROM visit_tally ORDER BY 1, 2, 3")


def cases(store: Store) -> list[tuple[object, ...]]:
    return store.query(
        "SELECT kind, subject, month::text, registered, in_time FROM case_tally WHERE kind <> 'office' ORDER BY 1, 2, 3"
    )


def taken_back(number: int) -> VisitWithdrawn:
    return VisitWithdrawn(visit=uid(number), reason=WithdrawalReason.DID_NOT_HAPPEN)


def test_V1_a_visit_counts_for_each_of_its_households(store: Store, log: Published) -> None:
    tables = store.settles(log.all(visit(1, "c-1", "2026-03-02", "h-1", "h-2")))
    assert tally(store) == [("h-1", "2026-03-02", "c-1", 1, 0), ("h-2", "2026-03-02", "c-1", 1, 0)]
    assert len(tables["visit"]) == 1


def test_V1_the_day_is_the_one_people_here_write(store: Store, log: Published) -> None:
    store.settles(log.all(visit(1, "c-1", "2026-04-01 00:10", "h-1"), visit(2, "c-1", "2026-03-31 23:50", "h-1")))
    assert [row[1] for row in tally(store)] == ["2026-03-31", "2026-04-01"]


def test_V3_a_correction_moves_cadre_day_and_households(store: Store, log: Published) -> None:
    store.take(log.all(visit(1, "c-1", "2026-03-02", "h-1", "h-2"), visit(2, "c-1", "2026-03-02", "h-1")))
    corrected = log.all(visit(1, "c-2", "2026-04-05", "h-2", "h-3", kind=VisitCorrected))
    store.settles(corrected)
    assert tally(store) == [
        ("h-1", "2026-03-02", "c-1", 1, 0),
        ("h-2", "2026-04-05", "c-2", 1, 0),
        ("h-3", "2026-04-05", "c-2", 1, 0),
    ]


def test_V3_a_correction_in_the_same_batch_leaves_no_trace_in_tallies(store: Store, log: Published) -> None:
    store.settles(
        log.all(visit(1, "c-1", "2026-03-02", "h-1"), visit(1, "c-2", "2026-03-03", "h-2", kind=VisitCorrected))
    )
    assert tally(store) == [("h-2", "2026-03-03", "c-2", 1, 0)]


def test_V3_a_withdrawn_visit_counts_nothing_and_stays_visible(store: Store, log: Published) -> None:
    store.take(log.all(visit(1, "c-1", "2026-03-02", "h-1")))
    store.settles(log.all(taken_back(1)))
    assert tally(store) == [("h-1", "2026-03-02", "c-1", 0, 1)]


def test_rule7_a_withdrawal_heard_before_its_visit(store: Store, log: Published) -> None:
    messages = log.all(visit(1, "c-1", "2026-03-02", "h-1"), taken_back(1))
    store.apply_again(messages)
    expected = store.tables()
    store.empty()
    for message in reversed(messages):
        store.apply_again(_renumbered(message))
    assert store.tables() == expected
    store.settles([])


def _renumbered(message: Message) -> list[Message]:
    """The same message as the first of its lane, so that it can be handed over before those ahead of it."""
    assert message.value
    value = message.value.replace(b'"lanenumber":2', b'"lanenumber":1')
    return [Message(message.topic, message.partition, message.offset, value)]


def test_C9_a_case_is_in_time_when_replied_strictly_before_its_limit(store: Store, log: Published) -> None:
    given = [[opened(n, "2026-03-02"), assigned(n, "c-1"), limit(n, "2026-03-10 00:00")] for n in (1, 2, 3, 4)]
    replies = [
        (replied(1, "c-1"), at("2026-03-09 23:59:59")),
        (replied(2, "c-1"), at("2026-03-10 00:00")),
        (replied(3, "c-1"), at("2026-03-11 00:00")),
    ]
    store.settles(log.all(*given, *replies))
    assert cases(store) == [("cadre", "c-1", "2026-03-01", 4, 1), ("zone", "z-1", "2026-03-01", 4, 1)]


def test_C9_an_extended_limit_counts_anew(store: Store, log: Published) -> None:
    store.take(log.all([opened(1, "2026-03-31"), assigned(1, "c-1"), limit(1, "2026-04-10 00:00")]))
    store.take(log.all((replied(1, "c-1"), at("2026-04-12 09:00"))))
    assert cases(store)[0] == ("cadre", "c-1", "2026-03-01", 1, 0)
    store.settles(log.all(limit(1, "2026-04-20 00:00")))
    assert cases(store)[0] == ("cadre", "c-1", "2026-03-01", 1, 1)


def test_A4_Z8_credit_moves_with_the_newest_credit_of_the_case(store: Store, log: Published) -> None:
    store.take(log.all([opened(1, "2026-03-02", None), assigned(1, "c-1"), limit(1, "2026-03-10 00:00")]))
    nowhere = ("zone", "", "2026-03-01", 1, 0)
    assert cases(store) == [("cadre", "c-1", "2026-03-01", 1, 0), nowhere]
    store.take(log.all(assigned(1, "c-2")))
    assert cases(store) == [("cadre", "c-2", "2026-03-01", 1, 0), nowhere]
    store.take(log.all(CaseAccepted(petition=uid(1), credit=Credit(office="o-2"))))
    assert cases(store) == [nowhere]
    assert store.query("SELECT subject, registered FROM case_tally WHERE kind = 'office'") == [("o-2", 1)]
    store.settles(log.all((replied(1, "c-3"), at("2026-03-05 09:00"))))
    assert cases(store) == [("cadre", "c-3", "2026-03-01", 1, 1), ("zone", "", "2026-03-01", 1, 1)]


def test_Z2_a_period_has_the_last_day_of_its_newest_event(store: Store, log: Published) -> None:
    started = PairingStarted(household="h-1", cadre="c-1", since=date(2026, 1, 1))
    ended = PairingEnded(household="h-1", cadre="c-1", since=date(2026, 1, 1), until=date(2026, 6, 30))
    store.settles(log.all(started, ended))
    assert store.query("SELECT kind, subject, cadre, since, until FROM responsibility") == [
        ("pairing", "h-1", "c-1", date(2026, 1, 1), date(2026, 6, 30))
    ]


def test_Z1_a_zone_drawn_anew_has_its_new_groups_alone(store: Store, log: Published) -> None:
    first = ZoneDrawn(zone="z-1", level=ZoneLevel.VILLAGE, groups=("g-1", "null"))
    store.take(log.all(first))
    assert store.query("SELECT groups FROM zone") == [(["g-1", "null"],)]
    store.settles(log.all(ZoneDrawn(zone="z-1", level=ZoneLevel.VILLAGE, groups=())))
    assert store.query("SELECT level, groups FROM zone") == [(1, [])]


def test_rule10_kinds_it_does_not_fold_pass_by(store: Store, log: Published) -> None:
    recovered = LogRecovered(service="intake", old_source="/t/intake/1", lanes=())
    store.settles(log.all(recovered, visit(1, "c-1", "2026-03-02", "h-1")))
    assert store.query("SELECT topic FROM progress") == [("visits",)]


def test_A6_progress_is_the_newest_recordedtime_of_each_lane(store: Store, log: Published) -> None:
    messages = log.all(visit(1, "c-1", "2026-03-02", "h-1"), taken_back(1))
    store.settles(messages)
    assert store.query("SELECT max(recorded) FROM progress") == [(datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC),)]


def test_rule11_what_is_parked_changes_nothing(store: Store, log: Published) -> None:
    good, late = log.all(visit(1, "c-1", "2026-03-02", "h-1"), taken_back(1))
    assert good.value
    broken = Message(good.topic, good.partition, good.offset, good.value.replace(b'"purpose":"routine"', b'"x":1'))
    result = store.take([broken, late])
    assert [item.reason for item in result.parked] == ["invalid-data"]
    assert [item.reason for item in result.behind] == ["behind"]
    assert not any(store.tables().values())
