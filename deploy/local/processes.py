"""What an installation runs, as data: its services' databases, what prepares them, and their processes."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Program:
    """One supervised process: `python -m <module...>`; a web program gets LIANXIN_PORT and answers on /readyz."""

    name: str
    module: tuple[str, ...]
    web: bool = False
    token: str | None = None
    """As which service it calls others: it gets LIANXIN_TOKEN_FILE then."""
    seals: str | None = None
    """Of which service it signs the seals: it gets LIANXIN_SEAL_KEY then."""


@dataclass(frozen=True)
class Installation:
    """Everything `up` brings to run beside the two servers."""

    databases: tuple[str, ...]
    """Their names without the space: one for each service, and those beside intake's."""
    migrations: tuple[Program, ...]
    """Run to their end, side by side, as soon as PostgreSQL serves; each does nothing the second time."""
    topics: tuple[Program, ...]
    """The same, as soon as Kafka serves."""
    programs: tuple[Program, ...]


def role(service: str, verb: str, *, web: bool = False) -> Program:
    """A service's process in one of its roles."""
    return Program(f"{service}-{verb}", (f"services.{service}", verb), web=web)


def relay(service: str) -> Program:
    """A service's relay."""
    return Program(f"{service}-relay", (f"services.{service}", "relay"), seals=service)


SERVICES = ("intake", "assignment", "appraisal", "notify")
DATABASES = (*SERVICES, "vault", "keys")

LIANXIN = Installation(
    databases=DATABASES,
    migrations=tuple(role(service, "migrate") for service in SERVICES),
    topics=(Program("topics-apply", ("services.runtime.topics", "apply")),),
    programs=(
        role("intake", "api", web=True),
        relay("intake"),
        role("intake", "project"),
        role("intake", "directory"),
        role("assignment", "api", web=True),
        relay("assignment"),
        role("assignment", "react"),
        role("assignment", "directory"),
        role("appraisal", "api", web=True),
        relay("appraisal"),
        role("appraisal", "project"),
        role("appraisal", "directory"),
        role("notify", "api", web=True),
        relay("notify"),
        role("notify", "react"),
        Program("notify-send", ("services.notify", "send"), token="notify"),
        Program("issuer", ("deploy.local.issuer",), web=True),
    ),
)
