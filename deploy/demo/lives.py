"""Made-up petitions of the quarter, each with all that becomes of it (C1, C4, C8). Pure; `journeys.py` sends them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from enum import StrEnum
from random import Random
from uuid import UUID

from lianxin_schemas.events.cases import Outcome
from lianxin_schemas.events.petitions import Satisfaction, Solved

from deploy.demo.commands import command_id
from deploy.demo.county import County
from deploy.demo.everyday import CONDUCT, conduct, everyday
from deploy.demo.places import Zone
from deploy.demo.quarter import FIRST_DAY, LAST_DAY, SHANGHAI, TODAY, day_of
from deploy.demo.size import WHOLE
from deploy.demo.visits import Sendings, Visit
from services.intake.domain.petitions import need_id

CHANNELS = {"web": 35, "reception": 25, "hotline": 25, "visit": 15}
NOWHERE, COMPLAINTS, UNNAMED, EARLIER = 0.05, 0.02, 0.02, 0.05
"""Shares without a zone, with officials named, about officials of whom none is named, and of the quarter before."""
UNACCEPTED, WITHDRAWN, WITHDRAWN_LATE, HANDED_ON = 0.04, 0.03, 0.01, 0.02
"""Shares nobody takes up, taken back before the decision, taken back in vain after it, and given to another cadre."""
SPEAKING, CLOSED_UNHEARD = 0.75, 0.4
"""The share of residents who say what came of the reply, and of the other cases that are closed without an answer."""


class Act(StrEnum):
    """What is done about a petition once it is registered."""

    HAND_ON = "hand-on"
    ACCEPT = "accept"
    DECIDE = "decide"
    REPLY = "reply"
    VERDICT = "verdict"
    CLOSE = "close"
    WITHDRAW = "withdraw"


@dataclass(frozen=True)
class Done:
    """One act: when it was done, and what was said or decided. A verdict has both `solved` and `satisfied`."""

    act: Act
    time: datetime
    outcome: Outcome | None = None
    solved: Solved | None = None
    satisfied: Satisfaction | None = None
    cadre: str = ""
    """To whom it is handed on."""


@dataclass(frozen=True)
class Life:
    """One petition from its registration on. `zone` is empty where nobody knows it."""

    petition: str
    channel: str
    category: str
    zone: str
    registered: datetime
    acts: tuple[Done, ...]
    about: tuple[str, ...] = ()
    """The cadres complained about."""
    visit: str = ""
    """The visit on which the need was heard (V4)."""


def of_the_quarter(
    county: County, sendings: Sendings, seed: int = 2026, count: int = WHOLE.petitions
) -> tuple[Life, ...]:
    """So many petitions, a few of them of the quarter before, in the order of their registration."""
    random = Random(f"petitions-{seed}")
    heard = [visit for visit in sendings.standing().values() if len(visit["needs"]) == 1]
    zone_of = {group: zone for zone in county.places.zones for group in zone.groups}
    channels = random.choices(list(CHANNELS), weights=list(CHANNELS.values()), k=count)
    visits = iter(random.sample(heard, min(len(heard), channels.count("visit"))))
    found = []
    for number, channel in enumerate(channels, 1):
        visit = next(visits, None) if channel == "visit" else None
        if visit is None:
            facts = _anywhere(random, county, "reception" if channel == "visit" else channel)
        else:
            facts = _heard(random, county, visit, zone_of)
        found.append(_life(random, facts.petition or command_id("county-petition", number), facts, county))
    return tuple(sorted(found, key=lambda life: (life.registered, life.petition)))


@dataclass(frozen=True)
class _Facts:
    """How a petition came in."""

    channel: str
    category: str
    zone: Zone | None
    registered: datetime
    visit: str = ""
    petition: str = ""
    """The id that intake gives to the petition of a visit's need."""


def _anywhere(random: Random, county: County, channel: str) -> _Facts:
    """Some zones have more petitions than others."""
    zones = county.places.zones
    zone = zones[min(random.randrange(len(zones)), random.randrange(len(zones)))]
    days = (LAST_DAY - FIRST_DAY).days
    day = FIRST_DAY + timedelta(days=random.randint(-30, -1) if random.random() < EARLIER else random.randint(0, days))
    registered = datetime.combine(day, time(8), SHANGHAI) + timedelta(seconds=random.randrange(10 * 3600))
    return _Facts(channel, everyday(random), None if random.random() < NOWHERE else zone, registered)


def _heard(random: Random, county: County, visit: Visit, zone_of: dict[str, Zone]) -> _Facts:
    """A need heard on a visit, put on record within a day."""
    ended = datetime.fromisoformat(visit["ended"]).astimezone(SHANGHAI)
    group = county.households.get(visit["households"][0], "")
    registered = ended + timedelta(minutes=random.randrange(5, 600))
    [need] = visit["needs"]
    petition = str(need_id(UUID(visit["visit"]), need, 0))
    return _Facts("visit", need, zone_of.get(group), registered, visit["visit"], petition)


def _life(random: Random, petition: str, facts: _Facts, county: County) -> Life:
    zone = facts.zone.zone if facts.zone else ""
    leader = _leader(county, zone, facts.registered)
    complaint = facts.channel != "visit" and random.random() < COMPLAINTS
    about = (leader or random.choice(county.cadres).cadre,) if complaint else ()
    category = _category(petition, facts)
    hidden = complaint or category.startswith(CONDUCT)
    return Life(
        petition=petition,
        channel=facts.channel,
        category=category,
        zone=zone,
        registered=facts.registered,
        acts=_past(_acts(random, facts.registered, _heir(random, county, "" if hidden else leader))),
        about=about,
        visit=facts.visit,
    )


def _category(petition: str, facts: _Facts) -> str:
    """Seldom what officials do, by a random stream of its own; never on a visit."""
    own = Random(f"conduct-{petition}")
    return conduct(own) if facts.channel != "visit" and own.random() < UNNAMED else facts.category


def _leader(county: County, zone: str, moment: datetime) -> str:
    day = day_of(moment)
    return next((led.cadre for led in county.leaders if led.zone == zone and led.holds(day)), "")


def _heir(random: Random, county: County, leader: str) -> str:
    """Seldom, a colleague of the leader's office to whom the case is handed on; empty otherwise."""
    if not leader or random.random() >= HANDED_ON:
        return ""
    [office] = [cadre.office for cadre in county.cadres if cadre.cadre == leader]
    own = [cadre.cadre for cadre in county.cadres if cadre.office == office and cadre.cadre not in county.leaving]
    return random.choice([each for each in own if each != leader])


def _acts(random: Random, registered: datetime, heir: str) -> list[Done]:
    """All that would be done if the quarter had no end."""
    patience = random.choices([random.uniform(1, 30), random.uniform(45, 85), 400], weights=[84, 11, 5])[0]
    accepted = registered + timedelta(days=min(patience, 3) * random.uniform(0.1, 0.9))
    handed = [Done(Act.HAND_ON, registered + (accepted - registered) / 2, cadre=heir)] if heir else []
    if random.random() < WITHDRAWN:
        soon = registered + timedelta(days=random.uniform(0.05, 20))
        return [*handed, *([Done(Act.ACCEPT, accepted)] if accepted < soon else []), Done(Act.WITHDRAW, soon)]
    if random.random() < UNACCEPTED:
        return handed
    decided, replied = registered + timedelta(days=patience * 0.95), registered + timedelta(days=patience)
    first = [*handed, Done(Act.ACCEPT, accepted), Done(Act.DECIDE, decided, outcome=_outcome(random))]
    if random.random() < WITHDRAWN_LATE:
        first.append(Done(Act.WITHDRAW, decided + (replied - decided) / 2))
    return [*first, Done(Act.REPLY, replied), *_after_reply(random, replied)]


def _after_reply(random: Random, replied: datetime) -> list[Done]:
    """What the resident says; a first no opens the case once more, a second one ends it (C8)."""
    if random.random() >= SPEAKING:
        closed = random.random() < CLOSED_UNHEARD
        return [Done(Act.CLOSE, replied + timedelta(days=random.uniform(15, 20)))] if closed else []
    said = replied + timedelta(days=random.uniform(0.2, 6))
    first = _verdict(random, said, [72, 14, 14])
    if first.solved is not Solved.NOT_SOLVED:
        return [first]
    if random.random() < 0.3:
        return [first]  # still open once more
    again = said + timedelta(days=random.uniform(3, 20))
    decided = Done(Act.DECIDE, again - timedelta(hours=random.uniform(1, 24)), outcome=_outcome(random))
    after = [first, decided, Done(Act.REPLY, again)]
    if random.random() < SPEAKING:
        after.append(_verdict(random, again + timedelta(days=random.uniform(0.2, 6)), [60, 15, 25]))
    return after


def _outcome(random: Random) -> Outcome:
    return random.choices(list(Outcome), weights=[60, 15, 20, 5])[0]


def _verdict(random: Random, moment: datetime, weights: Sequence[int]) -> Done:
    """Whoever got help is content more often; one in twelve says nothing of it."""
    solved = random.choices(list(Solved), weights=weights)[0]
    content = {
        Solved.SOLVED: [50, 35, 10, 4, 1],
        Solved.PARTLY: [10, 30, 35, 20, 5],
        Solved.NOT_SOLVED: [2, 8, 25, 40, 25],
    }
    satisfied = random.choices(list(Satisfaction), weights=content[solved])[0] if random.random() > 1 / 12 else None
    return Done(Act.VERDICT, moment, solved=solved, satisfied=satisfied)


def _past(acts: Sequence[Done]) -> tuple[Done, ...]:
    """What has happened by now: nothing after the first act that lies ahead."""
    now = datetime.combine(TODAY, time(), SHANGHAI)
    ahead = next((n for n, done in enumerate(acts) if done.time >= now), len(acts))
    return tuple(acts[:ahead])
