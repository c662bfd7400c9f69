"""Petitions and how they are handled: the real ones at their real times, and made-up ones of the township."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from functools import cache
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from lianxin_schemas.events.cases import Outcome

from deploy.demo import categories, real
from deploy.demo.commands import Command, command_id, text
from deploy.demo.real import Rate
from deploy.demo.township import FIRST_DAY, LAST_DAY, TODAY, Township

SHANGHAI = ZoneInfo("Asia/Shanghai")
TWICE = 0.05
"""The share of commands that are sent a second time."""
LIVELIHOOD = ("01", "03", "04", "06", "09", "10", "12", "14", "15")
"""The fields of everyday life that categories are drawn from."""


@dataclass(frozen=True)
class Journey:
    """One petition: how it comes in, and the steps of its case in their order. `twice`: paths sent a second time."""

    registration: Command
    steps: tuple[Command, ...]
    twice: frozenset[str] = field(default=frozenset())

    def sendings(self) -> int:
        """How often something is sent for it."""
        return 1 + len(self.steps) + len(self.twice)


def of_the_file(seed: int = 2026) -> list[Journey]:
    """The real petitions, each with the whole of its case, in a random order of arrival."""
    random = Random(f"real-{seed}")
    journeys = [_real(random, petition) for petition in real.petitions()]
    random.shuffle(journeys)
    return journeys


def of_the_township(township: Township, seed: int = 2026, count: int = 300) -> list[Journey]:
    """Made-up petitions of the quarter and the one before: most answered, some late, some open, some overdue."""
    random = Random(f"petitions-{seed}")
    return [_made_up(random, number, township.group_zones) for number in range(1, count + 1)]


def in_time(journeys: Iterable[Journey], zone: str) -> Rate:
    """Of a zone's petitions registered in the quarter of the visits, those replied to before the limit."""
    found = Rate()
    for journey in journeys:
        registered = datetime.fromisoformat(journey.registration.body["time"]).astimezone(SHANGHAI)
        if journey.registration.body["petition"]["zone"] == zone and FIRST_DAY <= registered.date() <= LAST_DAY:
            replies = [datetime.fromisoformat(step.body["time"]) for step in journey.steps[2:]]
            found += Rate(int(any(reply < real.due(registered) for reply in replies)), 1)
    return found


def everyday(random: Random) -> str:
    """A category of everyday life."""
    return random.choice(_everyday())


@cache
def _everyday() -> tuple[str, ...]:
    return tuple(code for code in categories.leaves() if code[:2] in LIVELIHOOD)


def _real(random: Random, petition: real.RealPetition) -> Journey:
    """Taken up at a made-up moment of the first day, decided and answered when the file says."""
    midnight = datetime.combine(petition.registered.date() + timedelta(days=1), time(), petition.registered.tzinfo)
    first_day = min(petition.replied, midnight) - petition.registered
    accepted = petition.registered + first_day * random.uniform(0.1, 0.9)
    return _journey(
        random,
        str(petition.petition),
        {"channel": "web", "category": everyday(random), "zone": petition.zone},
        registered=petition.registered,
        steps=[("acceptance", accepted), ("decision", petition.replied), ("reply", petition.replied)],
    )


def _made_up(random: Random, number: int, zones: Sequence[str]) -> Journey:
    """Some zones have more of them than others; what would lie after TODAY has not happened yet."""
    days = (LAST_DAY - FIRST_DAY).days
    day = FIRST_DAY + timedelta(days=random.randint(-days, days))
    registered = datetime.combine(day, time(8), SHANGHAI) + timedelta(seconds=random.randrange(12 * 3600))
    patience = random.choices([random.uniform(1, 30), random.uniform(45, 110), 400], weights=[80, 12, 8])[0]
    accepted = registered + timedelta(days=min(patience, 3) * random.uniform(0.1, 0.9))
    decided = registered + timedelta(days=patience * 0.95)
    replied = registered + timedelta(days=patience)
    now = datetime.combine(TODAY, time(), SHANGHAI)
    steps = [("acceptance", accepted), ("decision", decided), ("reply", replied)]
    facts = {
        "channel": random.choice(["reception", "visit", "telephone", "letter", "hotline", "web"]),
        "category": everyday(random),
        "zone": zones[min(random.randrange(len(zones)), random.randrange(len(zones)))],
    }
    done = [(step, moment) for step, moment in steps if moment < now]
    return _journey(random, command_id("township-petition", number), facts, registered=registered, steps=done)


def _journey(
    random: Random, id_: str, facts: dict[str, Any], *, registered: datetime, steps: list[tuple[str, datetime]]
) -> Journey:
    registration = Command(
        "/petitions",
        {"command": command_id("register", id_), "petition": {"petition": id_, **facts}, "time": text(registered)},
    )
    outcome = random.choices(list(Outcome), weights=[60, 15, 20, 5])[0]
    done = []
    for step, moment in steps:
        body = {"command": command_id(step, id_), "time": text(moment)}
        extra = {"outcome": outcome.value} if step == "decision" else {}
        done.append(Command(f"/cases/{id_}/{step}", body | extra))
    twice = {each.path for each in (registration, *done) if random.random() < TWICE}
    return Journey(registration, tuple(done), frozenset(twice))
