"""Whatever comes how often and in whichever order of lanes, each cause is told once (N3)."""

from uuid import uuid4

from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis
from hypothesis import strategies as st

from services.notify import operating
from services.notify import settings as own
from tests.notify import given as making
from tests.notify.given import React, make_database


@st.composite
def readings(draw):
    """How two petitions are read: which lane comes next, how often messages repeat, where batches end, whether the
    marks are lost in between."""
    lanes = draw(st.permutations([lane for lane in range(4) for _ in range((1, 6)[lane % 2])]))
    repeats = [draw(st.integers(0, 2)) for _ in lanes]
    cuts = [draw(st.booleans()) for _ in lanes]
    return lanes, repeats, cuts, draw(st.sampled_from([None, *range(len(lanes))]))


@hypothesis(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(reading=readings())
def test_N3_each_notice_once_whatever_the_order(servers, template, reading):
    lanes, repeats, cuts, lost = reading
    space = f"t{uuid4().hex[:12]}"
    make_database(servers.postgres, f"{space}_notify", template)
    settings = own.Settings(space=space, kafka=servers.kafka, postgres=servers.postgres)
    react = React(settings)
    petitions = [making.registered(f"p-{n}") for n in range(2)]
    waiting = []
    for number, petition in enumerate(petitions):
        waiting += [[petition], making.whole_case(petition.petition, f"p-{number}")]
    said, batch = [], []
    for step, lane in enumerate(lanes):
        said.append(react.world.say(waiting[lane].pop(0)))
        batch += [said[-1], *(react.world.again(old) for old in said[-repeats[step] :] if repeats[step])]
        if cuts[step]:
            react.take(batch)
            batch = []
        if step == lost:
            react.query("DELETE FROM mark")
            batch = list(said)
    react.take(batch)
    told = react.query(
        "SELECT reason, coalesce(resident, cadre), count(*), count(DISTINCT cause) FROM notice GROUP BY 1, 2"
    )
    reasons = ("petition-registered", "petition-accepted", "petition-replied")
    expected = {(reason, f"p-{n}", 1, 1) for reason in reasons for n in range(2)}
    assert set(told) == {*expected, ("case-assigned", "c-0001", 2, 2)}
    assert react.query("SELECT channel, count(*) FROM outbox GROUP BY 1 ORDER BY 1") == [("mail", 8), ("page", 2)]
    assert react.query("SELECT count(*) FROM events") == [(10,)]
    assert operating.verify(settings) == []
