"""Databases for tests of notify: a migrated one is made once a worker and copied for each test."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from services.notify import settings as own
from services.runtime import migrate
from tests.notify.given import React, make_database
from tests.notify.posting import Office, Post, Vault, free_port, served, token_file
from tests.servers import Addresses


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="session")
def template(servers: Addresses) -> str:
    """The name of a migrated, empty database."""
    name = f"template_{uuid4().hex[:12]}"
    files = [*migrate.PLUMBING, *migrate.service_files(Path(own.__file__).parent)]
    migrate.migrate(make_database(servers.postgres, name), files)
    return name


@pytest.fixture
def settings(servers: Addresses, template: str) -> own.Settings:
    """Settings of a space of the test's own, with its database."""
    space = f"t{uuid4().hex[:12]}"
    make_database(servers.postgres, f"{space}_notify", template)
    return own.Settings(space=space, kafka=servers.kafka, postgres=servers.postgres)


@pytest.fixture
def react(settings: own.Settings) -> React:
    """The reaction, and those it hears."""
    return React(settings)


@pytest.fixture
def office(settings: own.Settings, tmp_path: Path) -> Iterator[Office]:
    """A mail server and a vault, and settings by which mail goes out at any hour and is tried three times at once."""
    vault, post, port = Vault(), Post(), free_port()
    with served(vault.application(), port) as address:
        made = Office(post.open(), vault, settings)
        made.set(
            smtp_host="127.0.0.1",
            smtp_port=post.port,
            smtp_tls="none",
            smtp_from="noreply@county.example",
            vault=address,
            token_file=token_file(tmp_path),
            notice_retries=(0.001, 0.001),
            quiet_from="00:00",
            quiet_until="00:00",
        )
        yield made
        post.close()
