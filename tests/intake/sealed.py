"""intake's log, sealed by a real relay."""

import os
import subprocess
import sys

import psycopg

from deploy.local import keys
from services.intake.settings import Settings
from tests.world.world import until

LEFT = "SELECT count(*) FROM events e, relay r WHERE e.position > r.sealed AND topic <> 'seals'"


def seal(settings: Settings) -> None:
    """Has a relay carry the log to Kafka, until all of it lies under a seal."""
    folder = settings.jwks.parent
    environment = os.environ | {
        "LIANXIN_SPACE": settings.space,
        "LIANXIN_KAFKA": settings.kafka,
        "LIANXIN_POSTGRES": settings.postgres,
        "LIANXIN_SEAL_EVERY": "0.2",
        "LIANXIN_SEAL_KEYS": str(keys.seal_keys(folder)),
        "LIANXIN_SEAL_KEY": str(keys.seal_key(folder, "intake")),
        "LIANXIN_MEMBER": "relay",
    }
    relay = subprocess.Popen([sys.executable, "-m", "services.intake", "relay"], env=environment)
    try:
        with psycopg.connect(settings.database("intake"), autocommit=True) as connection:
            until(lambda: connection.execute(LEFT).fetchall() == [(0,)], "sealed")
    finally:
        relay.kill()
        relay.wait()
