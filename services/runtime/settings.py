"""What every process takes from its environment. A service adds its own in its `settings.py`."""

import sys
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.runtime.database import conninfo


class Settings(BaseSettings):
    """Environment variables LIANXIN_<FIELD>; frozen once read."""

    model_config = SettingsConfigDict(env_prefix="LIANXIN_", frozen=True, extra="ignore")

    space: str = Field(default="lianxin", pattern=r"^[a-z0-9-]{1,40}$")
    """Prefix of topics, consumer groups, databases and source: two installations may share a broker."""
    kafka: str = "127.0.0.1:9092"
    """Bootstrap servers, host:port, comma between."""
    kafka_user: str = ""
    """Whom the process signs in to Kafka as, by SASL; empty = as nobody. A service's own is <space>.<service>."""
    kafka_password: SecretStr | None = None
    kafka_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "SCRAM-SHA-512"
    kafka_ca: Path | None = None
    """Certificates (PEM) that Kafka's is signed by: connections are encrypted then; None = in the clear."""
    postgres: str = "postgresql://lianxin@127.0.0.1:5432"
    """The server as a URL without a database; each service has the database <space>_<service>."""
    jwks: Path = Path("jwks.json")
    """Public keys (JSON Web Key Set) that tokens are signed with."""
    issuer: str = "lianxin-local"
    """Who signs tokens, and whom they are for."""
    audience: str = "lianxin"
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=1, le=65535)
    member: str | None = None
    """A fixed name of this process, never used by two at once: its restart takes lease and partitions back at once."""
    seal_every: float = Field(default=10.0, gt=0)
    """Seconds between two seals of a log."""
    seal_key: Path | None = None
    """The private key (PEM, Ed25519) that the service's relay signs seals with; a relay does not start without."""
    seal_keys: Path | None = None
    """The folder of all services' public keys, those that sign no more included: <service>.pem, <service>-….pem."""

    county: str = ""
    """The county's name as the head of every page shows it, in Chinese and in English."""
    county_en: str = ""
    help_telephone: str = "12345"
    """Whom to call, and when: in the foot of every page."""
    help_hours: str = ""
    help_hours_en: str = ""
    footer: str = ""
    """What else the foot must say: sponsor, site code, records."""
    footer_en: str = ""
    pages_intake: str = ""
    """Where browsers find each service's pages: https://host:port without a path; empty = one host for all."""
    pages_assignment: str = ""
    pages_appraisal: str = ""
    pages_notify: str = ""
    plain_http: bool = False
    """True only where browsers come over http://: cookies are then neither `Secure` nor `__Host-`."""
    oidc_discovery: str = ""
    """URL of the issuer's openid-configuration; empty = nobody can sign in to pages."""
    oidc_client: str = "lianxin"
    oidc_secret: SecretStr | None = None
    """The client's secret; None = a public client, which PKCE protects."""
    session_hours: float = Field(default=12.0, gt=0)
    """How long a sign-in lasts at most, and how long it lasts unused."""
    session_idle_hours: float = Field(default=2.0, gt=0)
    token_file: Path | None = None
    """A bearer token of this process's own, to call other services with."""

    def database(self, service: str, *, guarded: bool = True) -> str:
        """The connection string of a service's database; unguarded for verify and rebuild, which take longer."""
        return conninfo(self.postgres, f"{self.space}_{service}", guarded=guarded)

    def topic(self, name: str) -> str:
        """A topic's full name on the broker."""
        return f"{self.space}.{name}"

    def bare(self, topic: str) -> str:
        """A topic's name in the contract, from its full name."""
        return topic.removeprefix(f"{self.space}.")


S = TypeVar("S", bound=Settings)


def read(kind: type[S]) -> S:
    """The settings from the environment. What is wrong with them is said, variable by variable; exit code 2 then."""
    try:
        return kind()
    except ValidationError as error:
        for item in error.errors():
            print(f"LIANXIN_{item['loc'][0]}".upper() + f"={item['input']}: {item['msg']}", file=sys.stderr)
        sys.exit(2)
