"""How every client reaches the broker: in the clear, encrypted, signed in, or both; the same for three libraries."""

import ssl
from typing import Any

from services.runtime.settings import Settings

FETCHED = 256 * 1024
"""Bytes that a projection fetches of one partition at a time; compressed, so it holds some times as many of each."""


def options(settings: Settings) -> dict[str, Any]:
    """What kafka-python and aiokafka take to connect."""
    context = tls(settings)
    found: dict[str, Any] = {"bootstrap_servers": settings.kafka}
    if context:
        found |= {"security_protocol": "SSL", "ssl_context": context}
    if settings.kafka_user:
        found |= {
            "security_protocol": "SASL_SSL" if context else "SASL_PLAINTEXT",
            "sasl_mechanism": settings.kafka_mechanism,
            "sasl_plain_username": settings.kafka_user,
            "sasl_plain_password": password(settings),
        }
    return found


def tls(settings: Settings) -> ssl.SSLContext | None:
    """What a connection is encrypted with, or None."""
    return ssl.create_default_context(cafile=settings.kafka_ca) if settings.kafka_ca else None


def password(settings: Settings) -> str:
    """What the process signs in with."""
    return settings.kafka_password.get_secret_value() if settings.kafka_password else ""
