"""A policy is data: a tree of weighted indicators, adopted as a whole, edition after edition (A1).

A command (`AdoptPolicy`) and the editions so far go in; the next edition, or a refusal that names the node, comes out.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from itertools import pairwise
from typing import Annotated

from lianxin_schemas.events.scores import Band, BandFrom, IndicatorKind, Node, PolicyAdopted
from lianxin_schemas.ids import Day, PolicyId, Uuid
from pydantic import BaseModel, ConfigDict, Field

from services.appraisal.domain.periods import Period
from services.refused import Refused


class PolicyText(BaseModel):
    """A policy as people hand it in, and as the shipped files have it: all but its number and who adopts it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    policy: PolicyId
    valid_from: Day
    nodes: Annotated[tuple[Node, ...], Field(min_length=1, max_length=100)]
    bands: Annotated[tuple[BandFrom, ...], Field(max_length=4)] = ()


class AdoptPolicy(PolicyText):
    """Let this be the policy's next edition. `command` is the client's id."""

    command: Uuid


def adopt(editions: Sequence[PolicyAdopted], text: PolicyText) -> PolicyAdopted:
    """The next edition of a policy whose editions so far are given in order.

    Raises Refused: `policy.valid-from` where it would reach behind the newest edition, and the codes of `check`.
    """
    check(text.nodes, text.bands)
    newest = editions[-1] if editions else None
    if newest and text.valid_from < newest.valid_from:
        raise Refused("policy.valid-from", "valid_from", newest=newest.valid_from)
    edition = newest.edition + 1 if newest else 1
    return PolicyAdopted(
        policy=text.policy, edition=edition, valid_from=text.valid_from, nodes=text.nodes, bands=text.bands
    )


def check(nodes: Sequence[Node], bands: Sequence[BandFrom]) -> None:
    """Refuses a tree that is none, or whose weights are not 100 under each node; and bands out of order (A1)."""
    _tree(nodes)
    inner = {node.parent for node in nodes}
    for node in nodes:
        (_branch if node.node in inner else _leaf)(node)
    for kind, times in Counter(node.indicator for node in nodes if node.indicator).items():
        if times > 1:
            raise Refused("policy.indicator-twice", "nodes", indicator=kind)
    for parent, children in children_of(nodes).items():
        total = sum((Decimal(child.weight) for child in children), Decimal(0))
        if total != 100:
            raise Refused("policy.weights", "nodes", node=parent or "-", total=total)
    _bands(bands)


def _tree(nodes: Sequence[Node]) -> None:
    parents = {node.node: node.parent for node in nodes}
    for name, times in Counter(node.node for node in nodes).items():
        if times > 1:
            raise Refused("policy.node-twice", "nodes", node=name)
    for node in nodes:
        if node.parent is not None and node.parent not in parents:
            raise Refused("policy.parent-unknown", "nodes", node=node.node, parent=node.parent)
    for node in nodes:
        above, passed = node.parent, 0
        while above is not None:
            above, passed = parents[above], passed + 1
            if passed > len(nodes):
                raise Refused("policy.cycle", "nodes", node=node.node)


def _branch(node: Node) -> None:
    if node.indicator or node.minimum or node.needed:
        raise Refused("policy.branch-counts", "nodes", node=node.node)
    _weight(node)


def _leaf(node: Node) -> None:
    if node.indicator is None:
        raise Refused("policy.leaf-without-indicator", "nodes", node=node.node)
    if node.minimum is None:
        raise Refused("policy.leaf-without-minimum", "nodes", node=node.node)
    if (node.indicator is IndicatorKind.COVERAGE) != (node.needed is not None):
        raise Refused("policy.needed", "nodes", node=node.node)
    _weight(node)


def _weight(node: Node) -> None:
    if Decimal(node.weight) == 0:
        raise Refused("policy.weight-zero", "nodes", node=node.node)


def _bands(bands: Sequence[BandFrom]) -> None:
    order = list(Band)
    for above, below in pairwise(bands):
        if above.points <= below.points or order.index(above.band) >= order.index(below.band):
            raise Refused("policy.bands", "bands", band=below.band)


def children_of(nodes: Iterable[Node]) -> Mapping[str | None, Sequence[Node]]:
    """The children of each node, in the order given; those of None are the roots."""
    found: dict[str | None, list[Node]] = defaultdict(list)
    for node in nodes:
        found[node.parent].append(node)
    return found


def in_force(editions: Sequence[PolicyAdopted], name: str, period: Period) -> PolicyAdopted:
    """The edition of a policy that held when the period began. Raises Refused `policy.unknown`, `period.no-policy`."""
    own = [edition for edition in editions if edition.policy == name]
    if not own:
        raise Refused("policy.unknown", "policy", policy=name)
    held = [edition for edition in own if edition.valid_from <= period.first]
    if not held:
        raise Refused("period.no-policy", "period", period=period.name)
    return max(held, key=lambda edition: edition.edition)


def needed(policy: PolicyAdopted, period: Period) -> int:
    """How many visits a household needs in the period to count as covered; 1 where the policy does not say."""
    for node in policy.nodes:
        if node.needed:
            return int(getattr(node.needed, period.length))
    return 1
