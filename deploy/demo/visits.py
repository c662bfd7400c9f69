"""Visits of a quarter, as they are sent: most at once, some late, again, corrected, withdrawn, or wrong. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from random import Random
from typing import Any
from uuid import UUID

from deploy.demo.commands import ACCEPTED, Command, command_id, text
from deploy.demo.county import County
from deploy.demo.everyday import everyday
from deploy.demo.pairings import Pairing
from deploy.demo.quarter import FIRST_DAY, LAST_DAY, SHANGHAI
from deploy.demo.size import WHOLE

LATE, AGAIN, CORRECTED, WITHDRAWN = 0.05, 0.03, 0.03, 0.01
STRANGERS, HELPERS = 0.004, 0.015
"""Shares of visits to a household that the register does not know, and by a cadre who does not answer for it."""
SLOTS = 9
"""Hours of a day at which a visit may begin, from 08:00 on: nobody is in two places at once."""
PURPOSES = {"routine": 70, "care": 12, "policy": 8, "festival": 5, "petition": 5}

Visit = dict[str, Any]
"""A visit as JSON."""


@dataclass(frozen=True)
class Sendings:
    """Everything that is sent about the visits, in three rounds: a later one needs an earlier one."""

    first: tuple[Command, ...]
    """Entries, a few of them twice."""
    late: tuple[Command, ...]
    """Entries made off line and sent days after, entries sent again, and entries that are refused."""
    changes: tuple[Command, ...]
    """Corrections and withdrawals."""
    refused_changes: tuple[Command, ...]
    """Changes of what was changed already."""

    def __len__(self) -> int:
        return len(self.first) + len(self.late) + len(self.changes) + len(self.refused_changes)

    def standing(self) -> dict[str, Visit]:
        """The visits by id as they stand in the end: entered once, as last corrected, without those withdrawn."""
        entries = (each.body["visit"] for each in (*self.first, *self.late) if each.expect == ACCEPTED)
        found: dict[str, Visit] = {visit["visit"]: visit for visit in entries}
        for change in self.changes:
            visit = change.path.split("/")[2]
            if change.path.endswith("/withdrawal"):
                del found[visit]
            else:
                found[visit] = change.body["visit"]
        return found


def of_the_quarter(county: County, seed: int = 2026, count: int = WHOLE.visits) -> Sendings:
    """So many visits, and all that is said about them."""
    random = Random(f"visits-{seed}")
    visits = list(_visits(random, county, count))
    late = set(random.sample(range(count), int(count * LATE)))
    prompt = [visit for number, visit in enumerate(visits) if number not in late]
    again = [visit["visit"] for visit in random.sample(prompt, int(count * AGAIN))]
    first, later = _first(prompt, at_once=set(again[::2])), set(again[1::2])
    tail = [_entry(visits[number] | {"offline": True}) for number in late]
    tail += [_entry(visit) for visit in prompt if visit["visit"] in later]
    tail += _wrong(random, random.sample(prompt, count // 500))
    random.shuffle(tail)
    changes, refused = _changes(random, random.sample(prompt, int(count * (CORRECTED + WITHDRAWN))), count)
    return Sendings(tuple(first), tuple(tail), tuple(changes), tuple(refused))


def _first(visits: list[Visit], at_once: set[str]) -> list[Command]:
    """Entries in the order of the visits, a few of them twice in a row."""
    return [_entry(visit) for visit in visits for _ in range(2 if visit["visit"] in at_once else 1)]


def _changes(random: Random, chosen: list[Visit], count: int) -> tuple[list[Command], list[Command]]:
    """Corrections and withdrawals of the chosen visits, and what is tried afterwards and refused."""
    corrected, withdrawn = chosen[: int(count * CORRECTED)], chosen[int(count * CORRECTED) :]
    corrections = [_correction(random, visit) for visit in corrected]
    changes = [*corrections, *(_withdrawal(random, visit) for visit in withdrawn)]
    random.shuffle(changes)
    refused = [_unchanged(each) for each in corrections[::10]]
    return changes, [*refused, *(_after_the_end(random, visit) for visit in withdrawn[::10])]


def _visits(random: Random, county: County, count: int) -> Iterator[Visit]:
    """Visits in the order of their days."""
    calls = county.calls()
    paired, holders = _by_cadre(calls), _by_household(calls)
    households = list(county.households)
    cadres = sorted(paired)
    for number, (day, hour, cadre) in enumerate(_plan(random, paired, count)):
        own = [pairing.household for pairing in paired[cadre] if pairing.holds(day)]
        draw = random.random()
        if draw < STRANGERS:
            own = [f"h-9{number:05}"]
        elif draw < STRANGERS + HELPERS:
            own = [_other(random, households, holders, cadre)]
        companion = random.choice(cadres) if random.random() < 0.2 else cadre
        visit = _visit(random, own, datetime.combine(day, time(8 + hour), SHANGHAI))
        yield {**visit, "cadre": cadre, "companions": [companion] if companion != cadre else []}


def _plan(random: Random, paired: dict[str, list[Pairing]], count: int) -> list[tuple[date, int, str]]:
    """Who goes on which day at which hour: some go often, some seldom, and only while they answer for somebody."""
    cadres = sorted(paired)
    eager = list(accumulate(random.uniform(0.2, 1) * len(paired[cadre]) for cadre in cadres))
    days = [FIRST_DAY + timedelta(days=n) for n in range((LAST_DAY - FIRST_DAY).days + 1)]
    plan: set[tuple[date, int, str]] = set()
    while len(plan) < count:
        [cadre] = random.choices(cadres, cum_weights=eager)
        day = random.choice(days)
        if any(pairing.holds(day) for pairing in paired[cadre]):
            plan.add((day, random.randrange(SLOTS), cadre))
    return sorted(plan)


def _by_cadre(pairings: Sequence[Pairing]) -> dict[str, list[Pairing]]:
    found: dict[str, list[Pairing]] = defaultdict(list)
    for pairing in pairings:
        found[pairing.cadre].append(pairing)
    return found


def _by_household(pairings: Sequence[Pairing]) -> dict[str, set[str]]:
    found: dict[str, set[str]] = defaultdict(set)
    for pairing in pairings:
        found[pairing.household].add(pairing.cadre)
    return found


def _other(random: Random, households: Sequence[str], holders: Mapping[str, set[str]], cadre: str) -> str:
    """A household that was never the cadre's own."""
    while cadre in holders.get(found := random.choice(households), ()):
        pass
    return found


def _visit(random: Random, households: list[str], hour: datetime) -> Visit:
    """A visit to some of these households, but for who makes it."""
    count = min(len(households), random.choices([1, 2, 3], weights=[70, 22, 8])[0])
    started = hour + timedelta(minutes=random.randrange(15))
    ended = started + timedelta(minutes=random.randint(10, 15) * count, seconds=random.randrange(60))
    promises = [{"matter": everyday(random), "due": _in_days(random, started)}] if random.random() < 0.12 else []
    return {
        "visit": str(UUID(int=random.getrandbits(128), version=4)),
        "households": sorted(random.sample(households, count)),
        "started": text(started),
        "ended": text(ended),
        "purpose": random.choices(list(PURPOSES), weights=list(PURPOSES.values()))[0],
        "needs": [everyday(random)] if random.random() < 0.25 else [],
        "promises": promises,
        "offline": random.random() < 0.1,
    }


def _in_days(random: Random, moment: datetime) -> str:
    return (moment.date() + timedelta(days=random.choice([7, 15, 30, 60]))).isoformat()


def _entry(visit: Visit, expect: str = ACCEPTED, command: str | None = None) -> Command:
    return Command("/visits", {"command": command or command_id("log", visit["visit"]), "visit": visit}, expect)


def _correction(random: Random, visit: Visit) -> Command:
    """A household was named that nobody called on, a promise was forgotten, or the purpose mistaken."""
    if len(visit["households"]) > 1:
        new = visit | {"households": visit["households"][1:]}
    elif random.random() < 0.5:
        due = _in_days(random, datetime.fromisoformat(visit["started"]))
        new = visit | {"promises": [*visit["promises"], {"matter": everyday(random), "due": due}]}
    else:
        new = visit | {"purpose": random.choice([each for each in PURPOSES if each != visit["purpose"]])}
    return Command(
        f"/visits/{visit['visit']}/corrections", {"command": command_id("correct", visit["visit"]), "visit": new}
    )


def _withdrawal(random: Random, visit: Visit) -> Command:
    reason = random.choice(["entered-twice", "did-not-happen", "wrong-person"])
    return Command(
        f"/visits/{visit['visit']}/withdrawal", {"command": command_id("withdraw", visit["visit"]), "reason": reason}
    )


def _wrong(random: Random, visits: list[Visit]) -> Iterator[Command]:
    """Entries that are refused, each for one reason."""
    for visit in visits:
        other = visit | {"visit": str(UUID(int=random.getrandbits(128), version=4))}
        match random.randrange(4):
            case 0:  # an id used again
                yield _entry(visit, "visit.exists", command_id("again", visit["visit"]))
            case 1:  # a command used again for something else
                yield _entry(other, "command.contradicted", command_id("log", visit["visit"]))
            case 2:
                yield _entry(
                    other | {"started": "2198-01-01T00:00:00Z", "ended": "2198-01-01T01:00:00Z"}, "time.in-future"
                )
            case _:  # ends before it starts
                yield _entry(other | {"started": visit["ended"], "ended": visit["started"]}, "body.invalid")


def _unchanged(correction: Command) -> Command:
    visit = correction.body["visit"]
    body = {"command": command_id("unchanged", visit["visit"]), "visit": visit}
    return Command(correction.path, body, "visit.unchanged")


def _after_the_end(random: Random, visit: Visit) -> Command:
    correction = _correction(random, visit)
    body = correction.body | {"command": command_id("too-late", visit["visit"])}
    return Command(correction.path, body, "visit.withdrawn")
