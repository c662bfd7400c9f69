"""A policy before and after its editions, for the table in the README (`services/states.py`)."""

from collections.abc import Callable, Sequence
from datetime import date

from lianxin_schemas.events.base import Event
from lianxin_schemas.events.scores import IndicatorKind, Node, PolicyAdopted

from services.appraisal.domain.policy import PolicyText, adopt
from services.states import Table

FIRST, LATER = date(2026, 1, 1), date(2026, 7, 1)


def _text(valid_from: date, weight: str) -> PolicyText:
    leaf = Node(node="in-time", weight=weight, indicator=IndicatorKind.PETITIONS_IN_TIME, minimum=5)
    return PolicyText(policy="p-1", valid_from=valid_from, nodes=(leaf,))


def _adopt(text: PolicyText) -> Callable[[Sequence[PolicyAdopted]], Sequence[Event]]:
    return lambda editions: [adopt(editions, text)]


ONE = [adopt([], _text(LATER, "100"))]
TABLES = (
    Table(
        name="a policy",
        acts={
            "adopt, weights of 100": _adopt(_text(LATER, "100")),
            "adopt, from an earlier day": _adopt(_text(FIRST, "100")),
            "adopt, weights of 90": _adopt(_text(LATER, "90")),
        },
        states={"no edition yet": [], "an edition is adopted": ONE},
    ),
)
