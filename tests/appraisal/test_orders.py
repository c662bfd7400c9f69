"""Any order of arrival across lanes, in any batches, gives the same tables and scores (rules 7 and 9, A12)."""

import random
from collections import defaultdict, deque
from datetime import date, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lianxin_schemas.events.base import Event
from lianxin_schemas.events.cases import CaseAccepted, CaseDecided, CaseReopened, Credit, Outcome
from lianxin_schemas.events.petitions import Satisfaction, Solved
from lianxin_schemas.events.ratings import MarkLevel, RatingKind
from lianxin_schemas.events.responsibility import (
    CadreRegistered,
    HouseholdRegistered,
    PairingEnded,
    PairingStarted,
    Rank,
    RegionLevel,
    RegionRegistered,
    TermEnded,
    TermStarted,
    ZoneDrawn,
    ZoneLeaderEnded,
    ZoneLeaderSet,
    ZoneLevel,
)
from lianxin_schemas.events.visits import VisitCorrected, VisitLogged, VisitWithdrawn, WithdrawalReason

from services.appraisal.domain import periods
from services.appraisal.projections import KINDS
from services.appraisal.store import reading
from services.appraisal.store.counts import asked, counts, of, of_all
from services.appraisal.store.petitions import Figures
from services.appraisal.verify import compare
from services.appraisal.verify.refold import HANDLED
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
    replied,
    uid,
    verdict,
    visit,
    withdrawn,
)

DAY = st.integers(0, 100).map(lambda n: date(2026, 1, 1) + timedelta(days=n))
CADRE = st.integers(1, 3).map("c-{}".format)
HOUSEHOLD = st.integers(1, 6).map("h-{}".format)
GROUP = st.integers(1, 2).map("g-{}".format)
ZONE = st.integers(1, 2).map("z-{}".format)
NUMBER = st.integers(1, 6)
CASE = st.integers(1, 2)
TOWNSHIP = RegionLevel.TOWNSHIP
SINCE = st.sampled_from([date(2025, 1, 1), date(2026, 2, 1)])
UNTIL = st.sampled_from([date(2026, 1, 15), date(2026, 2, 20), date(2026, 12, 31)])
CREDIT = st.builds(Credit, office=st.just("o-1"), cadre=st.none() | CADRE)
REGION = st.sampled_from(["141002", "141002100000", "141002200000", "141002100001"])
DAYS = st.sampled_from(["2026-01-01 2026-03-31", "2026-02-01 2026-02-28", "2026-01-01 2026-12-31"])
VISIT = st.builds(
    lambda n, cadre, day, homes, kind: visit(n, cadre, str(day), *homes, kind=kind),
    NUMBER,
    CADRE,
    DAY,
    st.lists(HOUSEHOLD, min_size=1, max_size=3, unique=True),
    st.sampled_from([VisitLogged, VisitCorrected]),
)
STORY = st.lists(
    st.one_of(
        VISIT,
        VISIT,
        st.builds(lambda n: VisitWithdrawn(visit=uid(n), reason=WithdrawalReason.ENTERED_TWICE), NUMBER),
        st.builds(lambda n, day, zone: opened(n, str(day), zone), NUMBER, DAY, st.none() | ZONE),
        st.builds(assigned, NUMBER, st.none() | CADRE),
        st.builds(lambda n, day: limit(n, f"{day} 00:00"), CASE, DAY),
        st.builds(lambda n, day: limit(n, f"{day} 00:00"), CASE, DAY),
        st.builds(lambda n, credit: CaseAccepted(petition=uid(n), credit=credit), NUMBER, CREDIT),
        st.builds(lambda n, c: CaseDecided(petition=uid(n), outcome=Outcome.SOLVED, credit=c), NUMBER, CREDIT),
        st.builds(lambda n, cadre, day: (replied(n, cadre), at(f"{day} 09:00")), CASE, CADRE, DAY),
        st.builds(lambda n, cadre, day: (replied(n, cadre), at(f"{day} 09:00")), CASE, CADRE, DAY),
        st.builds(TermStarted, cadre=CADRE, since=SINCE),
        st.builds(TermEnded, cadre=CADRE, since=SINCE, until=UNTIL),
        st.builds(HouseholdRegistered, household=HOUSEHOLD, group=GROUP),
        st.builds(PairingStarted, household=HOUSEHOLD, cadre=CADRE, since=SINCE),
        st.builds(PairingEnded, household=HOUSEHOLD, cadre=CADRE, since=SINCE, until=UNTIL),
        st.builds(
            ZoneDrawn, zone=ZONE, level=st.sampled_from(ZoneLevel), groups=st.lists(GROUP, unique=True).map(tuple)
        ),
        st.builds(
            ZoneDrawn,
            zone=ZONE,
            level=st.sampled_from(ZoneLevel),
            groups=st.lists(GROUP, unique=True).map(tuple),
            region=st.none() | REGION,
        ),
        st.builds(
            RegionRegistered,
            region=REGION,
            level=st.sampled_from([TOWNSHIP, TOWNSHIP, *RegionLevel]),
            parent=st.none() | REGION,
        ),
        st.builds(CadreRegistered, cadre=CADRE, office=st.just("o-1"), rank=st.sampled_from(Rank)),
        st.builds(lambda n, c: CaseReopened(petition=uid(n), credit=c), CASE, CREDIT),
        st.builds(lambda n, day: withdrawn(n, f"{day} 00:00"), NUMBER, DAY),
        st.builds(lambda n, complaint: registered(n, complaint=complaint), NUMBER, st.booleans()),
        st.builds(verdict, NUMBER, st.sampled_from(Solved), st.none() | st.sampled_from(Satisfaction)),
        st.builds(
            lambda n, cadre, zone, kind, counts, days: released(n, cadre, *counts, kind=kind, zone_=zone, days=days),
            NUMBER,
            st.none() | CADRE,
            st.none() | ZONE,
            st.sampled_from(RatingKind),
            st.lists(st.integers(0, 9), min_size=5, max_size=5).filter(lambda counts: sum(counts) >= 5),
            DAYS,
        ),
        st.builds(marked, NUMBER, CADRE, st.integers(0, 100), st.sampled_from(MarkLevel), DAYS),
        st.builds(ZoneLeaderSet, zone=ZONE, cadre=CADRE, since=SINCE),
        st.builds(ZoneLeaderEnded, zone=ZONE, cadre=CADRE, since=SINCE, until=UNTIL),
    ),
    max_size=90,
)


def shuffled(messages: list[Message], chance: random.Random) -> list[list[Message]]:
    """The messages in batches; those of one partition keep their order."""
    lanes: dict[tuple[str, int], deque[Message]] = defaultdict(deque)
    for message in messages:
        lanes[message.topic, message.partition].append(message)
    batches: list[list[Message]] = [[]]
    while lanes:
        place = chance.choice(sorted(lanes))
        batches[-1].append(lanes[place].popleft())
        if not lanes[place]:
            del lanes[place]
        if chance.random() < 0.2:
            batches.append([])
    return batches


SOME = ("c-1", "c-3")
SUBJECTS = {"cadre": ("c-1", "c-2", "c-3"), "zone": ("z-1", "z-2")}


async def each_and_all(connection: reading.Connection) -> None:
    """All cadres, some of them, and all zones, counted at once come to the same as each alone (A3)."""
    for name in ("2026-02", "2026-Q1", "2026"):
        for kind, subjects in SUBJECTS.items():
            parameters = asked(kind, "", periods.parse(name), 2 if name == "2026" else 1)
            together = dict((await of_all(connection, parameters)).each())
            assert together.keys() <= {*subjects, ""}, "the empty zone is that of cases without one"
            for subject in subjects:
                alone = await counts(connection, parameters | {"subject": subject})
                assert alone == together.get(subject, of((0, 0), Figures(), {}))
            if kind == "cadre":
                some = await of_all(connection, parameters | {"cadres": [*SOME]})
                assert dict(some.each()) == {cadre: counted for cadre, counted in together.items() if cadre in SOME}


def test_rule10_the_plain_fold_handles_the_same_kinds() -> None:
    assert {kind.name for kind in KINDS} == HANDLED
    assert all(kind.version == 1 for kind in KINDS)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=STORY, chance=st.randoms(use_true_random=False))
def test_rule7_A12_any_order_and_any_batches_give_the_plain_refold(
    store: Store, story: list[Event | tuple[Any, Any]], chance: random.Random
) -> None:
    messages = Published().all(*story)
    store.empty()
    for batch in shuffled(messages, chance):
        store.take(batch)
    first = store.tables()
    live = store.runner.run(compare.look(store.settings))
    live.refold.take(messages)
    assert list(compare.differences(live)) == []
    store.ask(each_and_all)

    store.empty()
    store.settles(messages)
    assert store.tables() == first
