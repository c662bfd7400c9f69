"""Petitions as they are sent: the real ones at their real times, and the made-up ones of the quarter."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from random import Random
from typing import Any

from lianxin_schemas.events.cases import Outcome

from deploy.demo import real
from deploy.demo.commands import Command, command_id, text
from deploy.demo.county import County
from deploy.demo.everyday import everyday
from deploy.demo.lives import Act, Done, Life

TWICE = 0.05
"""The share of commands that are sent a second time."""
STEPS = {
    Act.HAND_ON: "assignment",
    Act.ACCEPT: "acceptance",
    Act.DECIDE: "decision",
    Act.REPLY: "reply",
    Act.CLOSE: "closing",
    Act.VERDICT: "verdict",
    Act.WITHDRAW: "withdrawal",
}
"""What is told of a case, by the last part of the path: intake hears what the resident says, assignment the rest."""
SAID = (Act.VERDICT, Act.WITHDRAW)
SERVICES = ("assignment", "intake")
"""Whose turn it is, over and over, once a petition is registered."""


@dataclass(frozen=True)
class Journey:
    """One petition: how it comes in, and the steps of its case in their order. `twice`: commands sent again."""

    registration: Command
    steps: tuple[Command, ...]
    twice: frozenset[str] = field(default=frozenset())

    def sendings(self) -> int:
        """How often something is sent for it."""
        return 1 + len(self.steps) + len(self.twice)

    @property
    def turns(self) -> list[list[Command]]:
        """The steps as SERVICES have their turns; some turns have none. What is sent twice stands there twice."""
        found: list[list[Command]] = []
        for step in self.steps:
            while not found or SERVICES[(len(found) - 1) % 2] != step.service:
                found.append([])
            found[-1] += [step, step] if step.id in self.twice else [step]
        return found


def of_the_file(seed: int = 2026, count: int | None = None) -> list[Journey]:
    """The real petitions, the first ones of the file or all, each with its whole case, in a random order of arrival."""
    random = Random(f"real-{seed}")
    journeys = [_real(random, petition) for petition in real.petitions()[:count]]
    random.shuffle(journeys)
    return journeys


def of_the_quarter(lives: Sequence[Life], county: County, seed: int = 2026) -> list[Journey]:
    """The made-up petitions, in their order."""
    random = Random(f"journeys-{seed}")
    office_of = {cadre.cadre: cadre.office for cadre in county.cadres}
    return [_lived(random, life, office_of) for life in lives]


def _real(random: Random, petition: real.RealPetition) -> Journey:
    """Taken up at a made-up moment of the first day, decided and answered when the file says."""
    midnight = datetime.combine(petition.registered.date() + timedelta(days=1), time(), petition.registered.tzinfo)
    first_day = min(petition.replied, midnight) - petition.registered
    outcome = random.choices(list(Outcome), weights=[60, 15, 20, 5])[0]
    id_ = str(petition.petition)
    acts = [
        Done(Act.ACCEPT, petition.registered + first_day * random.uniform(0.1, 0.9)),
        Done(Act.DECIDE, petition.replied, outcome=outcome),
        Done(Act.REPLY, petition.replied),
    ]
    facts = {"channel": "web", "category": everyday(random), "zone": petition.zone}
    return _journey(random, _registration(id_, petition.registered, facts), [_step(id_, act) for act in acts])


def _lived(random: Random, life: Life, office_of: Mapping[str, str]) -> Journey:
    facts: dict[str, Any] = {"channel": life.channel, "category": life.category, "zone": life.zone or None}
    facts |= {"visit": life.visit} if life.visit else {}
    facts |= {"complaint": True} if life.about else {}
    steps = [_step(life.petition, done, number, office_of) for number, done in enumerate(life.acts)]
    return _journey(random, _registration(life.petition, life.registered, facts, life.about), steps)


def _registration(petition: str, moment: datetime, facts: dict[str, Any], about: Sequence[str] = ()) -> Command:
    body = {"command": command_id("register", petition), "petition": {"petition": petition, **facts}}
    return Command("/petitions", body | {"time": text(moment)} | ({"about": list(about)} if about else {}))


def _step(petition: str, done: Done, number: int = 0, office_of: Mapping[str, str] | None = None) -> Command:
    step = STEPS[done.act]
    body: dict[str, Any] = {"command": command_id(step, petition, number), "time": text(done.time)}
    said = {"outcome": done.outcome, "solved": done.solved, "satisfied": done.satisfied}
    body |= {name: word.value for name, word in said.items() if word}
    if done.cadre and office_of:
        body |= {"office": office_of[done.cadre], "cadre": done.cadre}
    if done.act in SAID:
        return Command(f"/petitions/{petition}/{step}", body)
    return Command(f"/cases/{petition}/{step}", body, service="assignment")


def _journey(random: Random, registration: Command, steps: Sequence[Command]) -> Journey:
    twice = {each.id for each in (registration, *steps) if random.random() < TWICE}
    return Journey(registration, tuple(steps), frozenset(twice))
