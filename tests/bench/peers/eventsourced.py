"""A projection by pyeventsourcing, from its own store in PostgreSQL: each event and its tracking in one transaction."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from eventsourcing.utils import get_topic
from psycopg.conninfo import conninfo_to_dict

from tests.bench.peers.tables import FACT, ONE_MORE
from tests.bench.visits import Visit

METHOD = (
    "eventsourcing 9.5: Projection and ProjectionRunner, PostgresTrackingRecorder, prepared statements, subscription to"
    " its own store, events stored before. Exactly once: rows and tracking in one transaction an event"
)


@dataclass(frozen=True, kw_only=True)
class Entered(DomainEvent):
    """A visit."""

    cadre: str
    day: str
    households: list[str]


class Visits(Application[UUID]):
    """The store of visits."""


class View(PostgresTrackingRecorder):
    """Rows and tracking."""

    def count(self, event: Entered, tracking: Tracking) -> None:
        """Takes one event in."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            fact = (event.originator_id, event.cadre, event.day, event.households)
            cursor.execute(FACT, fact, prepare=True)
            for household in event.households:
                cursor.execute(ONE_MORE, (household, event.day, event.cadre), prepare=True)


class Tally(Projection[View]):
    """Counts visits."""

    name = "tally"
    topics = (get_topic(Entered),)

    def process_event(self, domain_event: Any, tracking: Tracking) -> None:
        """Takes one event in."""
        self.view.count(domain_event, tracking)


def environment(info: str) -> dict[str, str]:
    """The library's settings for a database."""
    said = conninfo_to_dict(info)
    return {
        "PERSISTENCE_MODULE": "eventsourcing.postgres",
        "POSTGRES_DBNAME": str(said["dbname"]),
        "POSTGRES_HOST": str(said["host"]),
        "POSTGRES_USER": str(said["user"]),
        "POSTGRES_PASSWORD": "none is asked for",
    }


def store(info: str, made: Iterable[Visit]) -> None:
    """Puts events into the store, many at a time."""
    app, rest = Visits(environment(info)), iter(made)
    try:
        while chunk := list(islice(rest, 1_000)):
            events = [
                Entered(
                    originator_id=UUID(visit.visit),
                    originator_version=1,
                    timestamp=Entered.create_timestamp(),
                    cadre=visit.cadre,
                    day=visit.day,
                    households=list(visit.households),
                )
                for visit in chunk
            ]
            app.recorder.insert_events([app.mapper.to_stored_event(event) for event in events])
    finally:
        app.close()


def run(info: str) -> None:
    """Projects until it is ended."""
    with ProjectionRunner(
        application_class=Visits, projection_class=Tally, view_class=View, env=environment(info)
    ) as running:
        running.run_forever()


if __name__ == "__main__":
    # By its full name: the library writes down where a class is to be found, and in this process it is __main__.
    import_module("tests.bench.peers.eventsourced").run(sys.argv[1])
