"""From events to tables on a real database. Every test ends by applying the same again: nothing changes (rule 7)."""

from datetime import UTC, date, datetime

import pytest
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import CaseAccepted, Credit
from lianxin_schemas.events.petitions import Satisfaction, Solved
from lianxin_schemas.events.ratings import RatingKind
from lianxin_schemas.events.responsibility import PairingEnded, PairingStarted, ZoneDrawn, ZoneLevel
from lianxin_schemas.events.scores import IndicatorKind
from lianxin_schemas.events.seals import LogRecovered
from lianxin_schemas.events.visits import VisitCorrected, VisitWithdrawn, WithdrawalReason

from services.runtime.inbox import Message
from tests.appraisal.given import (
    Published,
    Store,
    assigned,
    at,
    limit,
    marked,
    opened,
    registered,
    released,
    reopened,
    replied,
    uid,
    verdict,
    visit,
    withdrawn,
)


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


def test_A4_who_gets_a_case_that_was_opened_again_has_its_credit(store: Store, log: Published) -> None:
    store.take(log.all(handled(1), (replied(1, "c-1"), at("2026-03-05 09:00"))))
    store.settles(log.all(reopened(1, "c-2"), limit(1, "2026-05-10 00:00")))
    assert figures(store) == [("c-2", 1, 0, 0, 0, 0, 0)]


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


def figures(store: Store, kind: str = "cadre") -> list[tuple[object, ...]]:
    """Subject, base, in time, answered, solved, rated, satisfied."""
    return store.query(
        "SELECT subject, registered, in_time, answered, solved, rated, satisfied FROM case_tally WHERE kind = %s"
        " ORDER BY subject",
        kind,
    )


def handled(number: int, due: str = "2026-03-10 00:00") -> list[Event]:
    return [opened(number, "2026-03-02"), assigned(number, "c-1"), limit(number, due)]


@pytest.mark.parametrize(
    ("moment", "base"), [("2026-03-09 23:59:59", 0), ("2026-03-10 00:00", 1), ("2026-04-01 09:00", 1)]
)
def test_C9_withdrawn_before_its_limit_is_out_of_the_base(store: Store, log: Published, moment: str, base: int) -> None:
    store.settles(log.all(handled(1), handled(2), withdrawn(1, moment)))
    assert figures(store) == [("c-1", 1 + base, 0, 0, 0, 0, 0)]


def test_C9_withdrawn_alone_leaves_no_trace_in_tallies(store: Store, log: Published) -> None:
    store.take(log.all(handled(1), verdict(1, Solved.SOLVED, Satisfaction.SATISFIED)))
    assert figures(store) == [("c-1", 1, 0, 1, 1, 1, 1)]
    store.settles(log.all(withdrawn(1, "2026-03-05 09:00")))
    assert store.query("SELECT * FROM case_tally") == []


def test_C9_a_case_opened_again_is_open_until_it_is_replied_to_again(store: Store, log: Published) -> None:
    store.take(log.all(handled(1), (replied(1, "c-1"), at("2026-03-05 09:00"))))
    assert figures(store) == [("c-1", 1, 1, 0, 0, 0, 0)]
    store.take(log.all(reopened(1, "c-1"), limit(1, "2026-05-10 00:00")))
    assert figures(store) == [("c-1", 1, 0, 0, 0, 0, 0)]
    store.settles(log.all((replied(1, "c-1"), at("2026-05-09 09:00"))))
    assert figures(store) == [("c-1", 1, 1, 0, 0, 0, 0)]


@pytest.mark.parametrize(("first", "second"), [("2026-03-10", "2026-05-09"), ("2026-03-09", "2026-05-10")])
def test_C9_opening_again_does_not_wash_a_late_reply(store: Store, log: Published, first: str, second: str) -> None:
    messages = log.all(
        handled(1),
        (replied(1, "c-1"), at(f"{first} 00:00")),
        [reopened(1, "c-1"), limit(1, "2026-05-10 00:00")],
        (replied(1, "c-1"), at(f"{second} 00:00")),
    )
    together = store.settles(messages)
    assert figures(store) == [("c-1", 1, 0, 0, 0, 0, 0)]
    store.empty()
    for message in messages:
        store.take([message])
    assert store.settles(messages) == together


def test_C8_the_last_word_holds_and_no_answer_stays_in_the_base(store: Store, log: Published) -> None:
    store.take(log.all(*(handled(number) for number in range(1, 6))))
    store.take(
        log.all(
            verdict(1, Solved.NOT_SOLVED, Satisfaction.VERY_DISSATISFIED),
            verdict(1, Solved.SOLVED, Satisfaction.VERY_SATISFIED),
            verdict(2, Solved.SOLVED, Satisfaction.SATISFIED),
            verdict(2, Solved.PARTLY, Satisfaction.NEUTRAL),
            verdict(3, Solved.SOLVED),
            verdict(9, Solved.SOLVED),  # of a case that is not here yet
        )
    )
    assert figures(store) == [("c-1", 5, 0, 3, 2, 2, 1)]
    store.settles(log.all(handled(9)))
    assert figures(store) == [("c-1", 6, 0, 4, 3, 2, 1)]
    assert figures(store, "office") == [("o-1", 6, 0, 4, 3, 2, 1)]
    assert figures(store, "zone") == [("z-1", 6, 0, 4, 3, 2, 1)]


def test_C8_a_verdict_replayed_after_a_newer_one_changes_nothing(store: Store, log: Published) -> None:
    messages = log.all(handled(1), verdict(1, Solved.NOT_SOLVED), verdict(1, Solved.SOLVED))
    store.take(messages)
    store.apply_again(messages[-2:-1])
    assert figures(store) == [("c-1", 1, 0, 1, 1, 0, 0)]
    store.settles(messages)


def test_C4_a_petition_says_whether_it_is_a_complaint(store: Store, log: Published) -> None:
    store.settles(log.all(registered(1, complaint=True), registered(2), handled(3), registered(4, category="05.02")))
    assert store.query("SELECT petition, complaint FROM case_fact ORDER BY 1") == [
        (uid(1), True),
        (uid(2), False),
        (uid(3), None),
        (uid(4), True),
    ]


def test_G1_a_mark_given_anew_replaces_the_first(store: Store, log: Published) -> None:
    store.take(log.all(marked(1, "c-1", 70), marked(2, "c-1", 90)))
    assert store.counted("c-1", "2026-Q1", of=IndicatorKind.COUNTY_MARK) == (160, 2)
    store.settles(log.all(marked(1, "c-1", 80)))
    assert store.counted("c-1", "2026-Q1", of=IndicatorKind.COUNTY_MARK) == (170, 2)
    assert store.counted("c-1", "2026-Q1", of=IndicatorKind.PROVINCE_MARK) == (0, 0)


def test_G1_ratings_count_in_a_period_that_holds_all_their_days(store: Store, log: Published) -> None:
    store.settles(
        log.all(
            released(1, "c-1", 0, 0, 0, 0, 5, zone_="z-1"),
            released(2, "c-1", 5, 0, 0, 0, 0, days="2026-02-01 2026-02-28"),
            released(3, "c-1", 0, 0, 5, 0, 0, days="2025-12-31 2026-03-31"),
            released(4, None, 0, 9, 0, 0, 0),
            released(5, "c-1", 9, 9, 9, 9, 9, kind=RatingKind.REVERSE),
        )
    )
    rating = {name: store.counted("c-1", name, of=IndicatorKind.ZONE_RATING) for name in ("2026-02", "2026-Q1", "2026")}
    assert rating == {"2026-02": (0, 5), "2026-Q1": (20, 10), "2026": (20, 10)}
    assert store.counted("z-1", "2026-Q1", "zone", IndicatorKind.ZONE_RATING) == (20, 5)
    assert store.counted("c-1", "2026-Q1", of=IndicatorKind.EVALUATION) == (0, 0)
