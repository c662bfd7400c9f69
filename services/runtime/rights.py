"""Who may read restricted topics: entries in the broker's authorizer, from the contract alone."""

import time

from kafka.admin import (
    ACL,
    ACLFilter,
    ACLOperation,
    ACLPermissionType,
    ACLResourcePatternType,
    KafkaAdminClient,
    ResourcePattern,
    ResourcePatternFilter,
    ResourceType,
)
from kafka.errors import KafkaTimeoutError, NoError, SecurityDisabledError
from lianxin_schemas.topics import TOPICS

from services.runtime import broker
from services.runtime.settings import Settings

RESTRICTED = tuple(topic for topic in TOPICS if topic.restricted)
IN_FORCE_WITHIN = 60.0
Right = tuple[str, str, ACLOperation]
"""A topic's full name, a principal, and what it may do."""


class WrongRights(Exception):
    """Somebody may read or write a restricted topic whom the contract does not name."""


def principal(settings: Settings, service: str) -> str:
    """Whom the broker must know a service's processes as."""
    return f"User:{settings.space}.{service}"


def wanted(settings: Settings) -> set[Right]:
    """Producers write, and read back what arrived; consumers read. Nobody else may do anything."""
    found: set[Right] = set()
    for topic in RESTRICTED:
        name = settings.topic(topic.name)
        found |= {(name, principal(settings, service), ACLOperation.WRITE) for service in topic.producers}
        readers = (*topic.producers, *topic.consumers)
        found |= {(name, principal(settings, service), ACLOperation.READ) for service in readers}
    return found


def restrict(settings: Settings) -> str:
    """Adds the entries that are missing; answers with one sentence. Raises WrongRights, or KafkaError as it comes.

    An entry on a topic shuts everybody out whom no entry names, the broker's super users apart.
    """
    names = ", ".join(settings.topic(topic.name) for topic in RESTRICTED)
    admin = KafkaAdminClient(**broker.options(settings), bootstrap_timeout_ms=5_000)
    try:
        present = _present(admin, settings)
        if missing := wanted(settings) - present:
            _add(admin, missing)
            _await(admin, settings)
    except SecurityDisabledError:
        return f"the broker has no authorizer: whoever reaches it can read the restricted topics {names}"
    finally:
        admin.close()
    if others := sorted(f"{who} {may.name.lower()} {topic}" for topic, who, may in present - wanted(settings)):
        raise WrongRights(f"the contract does not say that: {'; '.join(others)}. Remove these entries")
    return f"only their producers and consumers may read {names}"


def _present(admin: KafkaAdminClient, settings: Settings) -> set[Right]:
    """The entries in force, as the broker that answers knows them."""
    return {right for topic in RESTRICTED for right in _on(admin, settings.topic(topic.name))}


def _on(admin: KafkaAdminClient, topic: str) -> set[Right]:
    pattern = ResourcePatternFilter(ResourceType.TOPIC, topic, ACLResourcePatternType.MATCH)
    found, error = admin.describe_acls(ACLFilter(None, None, ACLOperation.ANY, ACLPermissionType.ALLOW, pattern))
    if error is not NoError:
        raise error
    return {(topic, acl.principal, acl.operation) for acl in found}


def _add(admin: KafkaAdminClient, rights: set[Right]) -> None:
    entries = [
        ACL(who, "*", may, ACLPermissionType.ALLOW, ResourcePattern(ResourceType.TOPIC, topic))
        for topic, who, may in sorted(rights)
    ]
    if failed := admin.create_acls(entries)["failed"]:
        raise failed[0][1]


def _await(admin: KafkaAdminClient, settings: Settings) -> None:
    """Returns when the entries are in force: a controller's answer comes before its brokers know. KafkaTimeoutError."""
    deadline = time.monotonic() + IN_FORCE_WITHIN
    while wanted(settings) - _present(admin, settings):
        if time.monotonic() > deadline:
            raise KafkaTimeoutError(f"rights on restricted topics are not in force after {IN_FORCE_WITHIN:.0f} s")
        time.sleep(0.1)
