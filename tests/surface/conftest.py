"""Every service in this process, on databases and topics of one space, with something in each of them to ask for."""

import asyncio
import importlib
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from lianxin_schemas.directory import DIRECTORY
from lianxin_schemas.topics import produced_by

from deploy.local import keys
from services.appraisal import adopting
from services.appraisal.projections import PROJECTION as SCORES
from services.intake.settings import BESIDE
from services.runtime import migrate, topics
from services.runtime.inbox import Inbox, Message
from services.runtime.rebuild import Projection
from services.runtime.receiver import Receiver
from tests.assignment.given import complaint, make_database, petition, write_files
from tests.assignment.reacting import React, load
from tests.intake.asking import log_visit, told
from tests.intake.given import BEGAN, Projected, begun, credit, drawn, replied
from tests.notify import given as notified
from tests.projected import Published
from tests.runtime.making import logged, message
from tests.servers import Addresses
from tests.surface.asking import Surface
from tests.web.applications import ROOT, SERVICES, application
from tests.web.serving import serving

BY = credit("office-a", "c2")
MINUTE = timedelta(minutes=1)


@pytest.fixture(scope="session")
def surface(servers: Addresses, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Surface]:
    """The services, and what is known of them."""
    folder, space = tmp_path_factory.mktemp("keys"), f"t{uuid4().hex[:12]}"
    environment = {"space": space, "kafka": servers.kafka, "postgres": servers.postgres, "jwks": keys.make_key(folder)}
    environment["seal_keys"] = keys.make_seal_keys(folder, SERVICES)
    for service in SERVICES:
        _migrated(servers.postgres, space, service)
    settings = {service: _settings(service, environment) for service in SERVICES}
    with pytest.MonkeyPatch.context() as patch:
        every = {topic.name: topic for service in SERVICES for topic in produced_by(service)}
        patch.setattr(topics, "EVERY", (*every.values(), DIRECTORY))
        topics.apply(settings["intake"])
    load(settings["assignment"].database("assignment"), write_files(tmp_path_factory.mktemp("register")))
    with ExitStack() as stack:
        clients = {
            service: stack.enter_context(serving(application(service, **environment), folder)) for service in SERVICES
        }
        found = Surface(clients)
        _begin(found, settings)
        yield found


def _settings(service: str, environment: dict[str, Any]) -> Any:
    return importlib.import_module(f"services.{service}.settings").Settings(**environment)


def _migrated(server: str, space: str, service: str) -> None:
    """The databases of a service."""
    own = [*migrate.PLUMBING, migrate.SESSION, migrate.DIRECTORY, *migrate.service_files(ROOT / service)]
    migrate.migrate(make_database(server, f"{space}_{service}"), own)
    for beside in BESIDE if service == "intake" else ():
        migrate.migrate(make_database(server, f"{space}_{beside}"), migrate.service_files(ROOT / service, beside))


def _begin(surface: Surface, settings: dict[str, Any]) -> None:
    """A visit, a petition whose resident has number and secret, its case in every service, a reply, a notice."""
    intake, known = surface.clients["intake"], surface.known
    entered = log_visit(cadre="c2", households=["h1"])
    assert intake.call("POST", "/visits", entered).status_code == 201
    body = {"command": str(uuid4()), "category": "01.02.11", "zone": "z1", "told": told()}
    projected = Projected(settings["intake"])
    projected.hears(drawn("z1"))
    answer = intake.ask("POST", "/petitions/web", json=body)
    assert answer.status_code == 201, answer.text
    received = answer.json()
    case = UUID(received["petition"])
    projected.hears(*begun(case, BY), *replied(case, by=BY))
    projected.close()
    react = React(settings["assignment"])
    event, other = petition(case), petition()
    aimed = petition(complaint=True)
    since = datetime.now(UTC) - timedelta(hours=1)
    about = complaint(aimed, "c2")
    react.take([react.intake.message(each, since) for each in (event, other, aimed, about)])
    space = settings["appraisal"].space
    asyncio.run(_policies(settings["appraisal"]))
    seen = [message(logged(cadre="c2", households=("h1",)), 1, space=space)]
    seen += Published(space, BEGAN, MINUTE).all(drawn("z1"), *begun(case, BY), *replied(case, by=BY))
    asyncio.run(_project(settings["appraisal"].database("appraisal", guarded=False), space, SCORES, seen))
    cases = Published(space, BEGAN, MINUTE).all(*begun(case, BY), *begun(other.petition, BY))
    notified.React(settings["notify"]).take(cases)
    mine = surface.ask("notify", "cadre", "GET", "/notices.json").json()["notices"]
    known.learn(entered)
    known.learn(received)
    known.learn([{"notice": each["notice"], "petition": each["petition"]} for each in mine])
    known.learn([{"petition": str(each.petition)} for each in (other, aimed)])


async def _policies(settings: Any) -> None:
    async with await psycopg.AsyncConnection.connect(settings.database("appraisal"), autocommit=True) as connection:
        await adopting.begin(connection, datetime(2026, 1, 1, tzinfo=UTC))


async def _project(info: str, space: str, projection: Projection, messages: Sequence[Message]) -> None:
    receiver = Receiver(info, Inbox(projection.name, space, projection.kinds), projection.handler)
    assert not (await receiver.take(messages)).parked
    await receiver.close()
