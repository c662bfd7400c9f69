"""Every table but the truth comes back equal to the last digit."""

from collections import Counter
from typing import Any

from services.appraisal import projections
from services.appraisal.store.tables import TABLES
from tests.simulation import refold
from tests.simulation.checks import envelopes, need
from tests.simulation.roles import CONSUMERS
from tests.simulation.stage import Stage


def tables_are_refolds(stage: Stage) -> None:
    """Every table but the truth comes back equal to the last digit."""
    tables = stage.databases["assignment"].tables
    rows = [tables.events[at] for at in sorted(tables.events)]
    cases = refold.cases(rows)
    need(tables.cases == cases, "the table of cases differs", _differ(tables.cases, cases))
    need(tables.zones == refold.zones(rows), "the table of zones differs")
    for service in CONSUMERS:
        fold = stage.databases[service].tables.folds["public"]
        tally = Counter((lane.topic, subject) for lane, _, subject, _ in fold.came)
        need(fold.tally == tally, "the tally differs", service, _differ(fold.tally, tally))
    appraised(stage)


def appraised(stage: Stage) -> None:
    """appraisal's facts against a plain fold of what it has taken in, in the order of the logs."""
    fold = stage.databases["appraisal"].tables.folds["public"]
    facts: dict[Any, Any] = {}
    by_id = {envelope.id: envelope for envelope in envelopes(stage)}
    for _, _, _, id_ in sorted(fold.came):
        envelope = by_id[id_]
        for fact in projections.facts(envelope, stage.read(envelope)):
            key = (fact.table, fact.key, fact.slot)
            lowest = fact.slot in TABLES[fact.table].lowest
            known = facts.get(key)
            if known is None or (fact.values[0] < known[0] if lowest else known[0] < fact.values[0]):
                facts[key] = fact.values
    mine = {key: values for key, values in fold.facts.items() if key[0] != "progress"}
    need(mine == facts, "facts differ", _differ(mine, facts))


def _differ(some: Any, others: Any) -> list[Any]:
    return [(key, some.get(key), others.get(key)) for key in {*some, *others} if some.get(key) != others.get(key)][:3]
