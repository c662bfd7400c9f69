"""The API one would write first: FastAPI, a pool, one transaction a request. No token, no log, no receipt, no Kafka."""

import contextlib
import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import FastAPI, Request
from psycopg_pool import AsyncConnectionPool
from pydantic import BaseModel

from tests.bench.peers.tables import FACT, ONE_MORE

METHOD = (
    "FastAPI on uvicorn (uvloop, httptools), one process, psycopg pool of 32, one transaction a request: INSERT of the"
    " visit, update of its tallies. No token, no checks beyond the form, no log, no Kafka, a repeat is not told apart"
)
HERE = ZoneInfo("Asia/Shanghai")


class Said(BaseModel):
    """A visit."""

    visit: UUID
    cadre: str
    households: list[str]
    started: datetime
    ended: datetime
    purpose: str


class Command(BaseModel):
    """What is asked for."""

    command: UUID
    visit: Said


@contextlib.asynccontextmanager
async def life(app: FastAPI) -> AsyncIterator[None]:
    """Opens the pool and closes it."""
    async with AsyncConnectionPool[Any](os.environ["NAIVE"], min_size=32, max_size=32, open=False) as pool:
        app.state.pool = pool
        yield


app = FastAPI(lifespan=life)


@app.post("/visits", status_code=201)
async def enter(command: Command, request: Request) -> dict[str, str]:
    """Enters one visit."""
    said = command.visit
    day = said.started.astimezone(HERE).date()
    async with request.app.state.pool.connection() as connection:
        await connection.execute(FACT, (said.visit, said.cadre, day, said.households))
        for household in sorted(said.households):  # two requests that took them in another order would lock each other
            await connection.execute(ONE_MORE, (household, day, said.cadre))
    return {"visit": str(said.visit)}
