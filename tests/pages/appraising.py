"""appraisal as it is served, over a database that its projection has filled from given events."""

import hashlib
import secrets
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from deploy.local import keys
from services.appraisal.api.app import application
from services.web.principals import Role
from tests.appraisal.conftest import make
from tests.appraisal.given import Published, Store
from tests.pages.serving import on_port
from tests.servers import Addresses

BEGIN = (
    "INSERT INTO session (hash, principal, roles, office, expires) VALUES (%s, %s, %s, %s, now() + interval '1 hour')"
)
NAME = "INSERT INTO directory (key, version, zh, en) VALUES (%s, 1, %s, %s)"


@dataclass
class Appraisal:
    """The service at its address, and what fills it."""

    address: str
    store: Store
    log: Published
    aside: ThreadPoolExecutor
    """The browser's driver has a loop of its own in the main thread; the projection gets another thread."""

    def take(self, *events: Any) -> None:
        """Takes in events, and lists and pairs of them."""
        flat: list[Any] = []
        for event in events:
            flat += event if isinstance(event, list) else [event]
        self.aside.submit(self.store.take, self.log.all(*flat)).result()

    def call(self, **names: tuple[str, str | None]) -> None:
        """Puts names into the directory: `cadre_c_1=("甲", None)`."""
        for key, (zh, en) in names.items():
            self.store.query(NAME, key.replace("_", "-"), zh, en)

    def session(self, who: str, *roles: Role) -> dict[str, str]:
        """Signs somebody in; the cookie."""
        id_ = secrets.token_urlsafe(32)
        office = "o-1" if Role.OFFICE in roles else None
        self.store.query(BEGIN, hashlib.sha256(id_.encode()).digest(), who, list(roles), office)
        return {"lx-appraisal": id_}

    def get(self, path: str, cookies: dict[str, str] | None = None) -> httpx.Response:
        """Asks as a browser does, without following."""
        return httpx.get(f"{self.address}{path}", cookies=cookies, headers={"Accept": "text/html"})


@contextmanager
def appraising(servers: Addresses, folder: Path) -> Iterator[Appraisal]:
    """An installation of its own, served."""
    space = f"t{uuid.uuid4().hex[:12]}"
    with ThreadPoolExecutor(1) as aside:
        settings = (
            aside.submit(make, servers, space)
            .result()
            .model_copy(
                update={
                    "jwks": keys.make_key(folder),
                    "county": "示范县",
                    "county_en": "Model County",
                    "plain_http": True,
                }
            )
        )
        store = aside.submit(Store, settings).result()
        aside.submit(store.empty).result()
        try:
            with on_port(application(settings)) as address:
                yield Appraisal(address, store, Published(space), aside)
        finally:
            aside.submit(store.close).result()
