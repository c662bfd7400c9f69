"""The made-up petitions: every kind of life there is, each step after the one before (C1, C4, C8)."""

from collections import Counter
from datetime import datetime, time
from itertools import pairwise

from lianxin_schemas.events.petitions import Channel, Solved

from deploy.demo import lives
from deploy.demo.county import County
from deploy.demo.lives import Act, Life
from deploy.demo.quarter import FIRST_DAY, LAST_DAY, SHANGHAI, TODAY, day_of
from deploy.demo.visits import Sendings

SHAPE: dict[Act, set[Act | None]] = {
    Act.HAND_ON: {None},
    Act.ACCEPT: {None, Act.HAND_ON},
    Act.DECIDE: {Act.ACCEPT, Act.VERDICT},
    Act.REPLY: {Act.DECIDE, Act.WITHDRAW},
    Act.VERDICT: {Act.REPLY},
    Act.CLOSE: {Act.REPLY},
    Act.WITHDRAW: {None, Act.HAND_ON, Act.ACCEPT, Act.DECIDE},
}
"""What may come before each act; None is the registration."""

Lives = tuple[Life, ...]


def acts(life: Life) -> list[Act]:
    return [done.act for done in life.acts]


def test_the_same_seed_gives_the_same_and_another_another(made: County, sendings: Sendings, petitions: Lives) -> None:
    assert lives.of_the_quarter(made, sendings) == petitions
    assert lives.of_the_quarter(made, sendings, 1) != petitions


def test_three_thousand_nearly_all_of_the_quarter(petitions: Lives) -> None:
    assert len({life.petition for life in petitions}) == 3_000
    earlier = [life for life in petitions if day_of(life.registered) < FIRST_DAY]
    assert 50 < len(earlier) < 250
    # what was heard on the last days may be put on record on the day after
    assert all(day_of(life.registered) <= LAST_DAY for life in petitions if life.channel != "visit")


def test_C1_all_four_channels(petitions: Lives) -> None:
    found = Counter(life.channel for life in petitions)
    assert set(found) == {"web", "reception", "visit", "hotline"}
    assert set(found) <= set(Channel)
    assert min(found.values()) > 300


def test_V4_a_visit_behind_each_need(made: County, sendings: Sendings, petitions: Lives) -> None:
    standing = sendings.standing()
    zone_of = {group: zone.zone for zone in made.places.zones for group in zone.groups}
    heard = [life for life in petitions if life.channel == "visit"]
    assert len({life.visit for life in heard}) == len(heard)
    for life in heard:
        visit = standing[life.visit]
        assert visit["needs"] == [life.category]
        assert life.registered > datetime.fromisoformat(visit["ended"])
        assert life.zone == zone_of.get(made.households.get(visit["households"][0], ""), "")
    assert not any(life.visit for life in petitions if life.channel != "visit")


def test_C4_every_step_follows_one_that_it_may_follow(petitions: Lives) -> None:
    now = datetime.combine(TODAY, time(), SHANGHAI)
    for life in petitions:
        steps = acts(life)
        for before, after in zip([None, *steps], steps, strict=False):
            assert before in SHAPE[after]
        moments = [life.registered, *(done.time for done in life.acts)]
        assert all(before < after for before, after in pairwise(moments))
        assert moments[-1] < now


def test_C8_every_kind_of_life_is_there(petitions: Lives) -> None:
    kinds: Counter[str] = Counter()
    for life in petitions:
        steps = acts(life)
        verdicts = [done.solved for done in life.acts if done.act is Act.VERDICT]
        kinds["never accepted"] += Act.ACCEPT not in steps
        kinds["open"] += Act.ACCEPT in steps and Act.REPLY not in steps
        kinds["withdrawn"] += Act.WITHDRAW in steps and Act.DECIDE not in steps
        kinds["withdrawn in vain"] += Act.WITHDRAW in steps and Act.DECIDE in steps
        kinds["reopened, open"] += bool(verdicts) and steps[-1] is Act.VERDICT and verdicts == [Solved.NOT_SOLVED]
        kinds["reopened, answered"] += steps.count(Act.REPLY) == 2
        kinds["a second no"] += verdicts == [Solved.NOT_SOLVED] * 2
        kinds["closed unheard"] += Act.CLOSE in steps
        kinds["handed on"] += Act.HAND_ON in steps
        kinds["complaint"] += bool(life.about)
        kinds["about officials, unnamed"] += life.category.startswith("05") and not life.about
        kinds["no zone"] += not life.zone
        assert len(verdicts) <= 2
    assert min(kinds.values()) >= 10, kinds


def test_C4_a_complaint_is_about_somebody_who_exists_and_is_handed_to_nobody(made: County, petitions: Lives) -> None:
    cadres = {cadre.cadre for cadre in made.cadres}
    for life in petitions:
        assert set(life.about) <= cadres
        about = life.about or life.category.startswith("05")
        assert not (about and Act.HAND_ON in acts(life))
        assert not (about and life.visit)


def test_a_case_is_handed_on_to_a_colleague_of_the_office(made: County, petitions: Lives) -> None:
    office = {cadre.cadre: cadre.office for cadre in made.cadres}
    leaders = {(led.zone, led.cadre): led for led in made.leaders}
    for life in petitions:
        for done in life.acts:
            if done.act is Act.HAND_ON:
                [leader] = [
                    c for (z, c), led in leaders.items() if z == life.zone and led.holds(day_of(life.registered))
                ]
                assert (office[done.cadre], done.cadre != leader) == (office[leader], True)
                assert done.cadre not in made.leaving
