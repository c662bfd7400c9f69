"""The counted facts of a subject in a period, for every indicator there is."""

from typing import Any

from services.appraisal.domain.periods import Period
from services.appraisal.domain.policy import Kind, Policy
from services.appraisal.domain.score import Count
from services.appraisal.store import coverage, petitions
from services.appraisal.store.reading import Connection


def asked(kind: str, subject: str, period: Period, policy: Policy) -> dict[str, Any]:
    """The parameters that all queries of a score share; `kind` is cadre or zone."""
    visits = [item.visits[period.length] for item in policy.indicators if item.indicator is Kind.COVERAGE]
    return {
        "kind": kind,
        "subject": subject,
        "first": period.first,
        "last": period.last,
        "required": visits[0] if visits else 1,
    }


async def counts(connection: Connection, parameters: dict[str, Any]) -> dict[Kind, Count]:
    """Numerators and denominators. Parameters: see `asked`."""
    return {
        Kind.COVERAGE: Count(*await coverage.count(connection, parameters)),
        Kind.PETITIONS_IN_TIME: Count(*await petitions.count(connection, parameters)),
    }
