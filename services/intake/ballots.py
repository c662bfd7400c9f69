"""From a code and a mark to a sealed answer that belongs to nobody (G2).

The code is spent by one transaction; the answer is written by another, on another connection, with nothing in common
with the first. A process that dies between the two loses the answer: it counts as not given, and nobody is told.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import psycopg
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from psycopg_pool import AsyncConnectionPool

from services.intake.domain import codes
from services.intake.domain.ballots import Answer, Found, Outcome, good
from services.intake.domain.rounds import local_day
from services.intake.store import ballots as store
from services.intake.store import codes as spending
from services.refused import Refused
from services.runtime import failpoints
from services.runtime.database import AWAY, Connection, Reconnecting, pause
from services.runtime.gather import Overloaded

logger = logging.getLogger(__name__)

MOST = 5_000
"""Answers that may wait in memory while the database is away."""
LAST = 5.0
"""Seconds in which a process that ends may still write what it holds."""
NONCE = bytes(12)
"""Every answer has a key of its own, so that none is ever used twice."""


def key_pair() -> tuple[bytes, bytes]:
    """Private and public key of a round."""
    private = X25519PrivateKey.generate()
    return private.private_bytes_raw(), private.public_key().public_bytes_raw()


def seal(public: bytes, round_: UUID, mark: int) -> bytes:
    """A mark that only the holder of the round's private key can read; all are 49 bytes long and none is like another
    (X25519, HKDF-SHA256, AES-256-GCM with the round as associated data).
    """
    once = X25519PrivateKey.generate()
    shared = once.exchange(X25519PublicKey.from_public_bytes(public))
    own = once.public_key().public_bytes_raw()
    return own + AESGCM(_key(shared, own + public)).encrypt(NONCE, bytes([mark]), round_.bytes)


def unseal(private: bytes, round_: UUID, sealed: bytes) -> int:
    """The mark. Raises cryptography.exceptions.InvalidTag for what was not sealed so."""
    key = X25519PrivateKey.from_private_bytes(private)
    shared = key.exchange(X25519PublicKey.from_public_bytes(sealed[:32]))
    return AESGCM(_key(shared, sealed[:32] + key.public_key().public_bytes_raw())).decrypt(
        NONCE, sealed[32:], round_.bytes
    )[0]


def _key(shared: bytes, publics: bytes) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=b"lianxin rating" + publics).derive(shared)


async def public_key(keys: Connection, round_: UUID) -> bytes:
    """The key that answers of a round are sealed with; made with the first."""
    public = await store.public_key(keys, round_)
    if public is None:
        await store.add_key(keys, round_, *key_pair())
        public = await store.public_key(keys, round_)
    assert public is not None
    return public


class Ballots:
    """Takes answers by code. `pool` spends codes; what is answered is written over connections of its own."""

    def __init__(self, pool: AsyncConnectionPool[Any], intake: str, keys: str) -> None:
        self._pool = pool
        self._connection, self._keys = Reconnecting(intake), Reconnecting(keys)
        self._waiting: list[tuple[UUID, int]] = []
        self._wake, self._empty = asyncio.Event(), asyncio.Event()
        self._empty.set()
        self._guesses = codes.Guesses()
        self._secret = b""
        self._salt = os.urandom(16)

    async def __aenter__(self) -> "Ballots":
        with contextlib.suppress(*AWAY):
            self._secret = await spending.secret(await self._keys.get())
        self._task = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *_: object) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._empty.wait(), LAST)
        self._task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._task
        await self._connection.close()
        await self._keys.close()

    @property
    def secret(self) -> bytes:
        """What codes follow from. Raises psycopg.OperationalError as long as the keys were away since the start."""
        if not self._secret:
            raise psycopg.OperationalError("the database of keys is away")
        return self._secret

    async def answer(self, answer: Answer, now: datetime, source: str, cadre: str | None = None) -> Outcome:
        """Counts an answer. `source` is the address it comes from, held in memory against guessing; `cadre` whoever is
        signed in, if somebody is.

        Raises Refused: `rating.unknown`, `rating.own`, `rating.wait`; Overloaded; psycopg.OperationalError.
        """
        place = self._place(source, now)
        if len(self._waiting) >= MOST:
            raise Overloaded
        async with self._pool.connection() as connection:
            hashed, found = await self._good(connection, answer.code, now, place, cadre)
            if found.spent:
                return Outcome.ALREADY
            round_ = await spending.spend(connection, hashed)
        if round_ is None:
            return Outcome.ALREADY
        failpoints.reach("rating.spent")
        self._waiting.append((round_, answer.mark))
        self._empty.clear()
        self._wake.set()
        return Outcome.COUNTED

    async def about(self, code: str, now: datetime, source: str, cadre: str | None = None) -> Found:
        """What a code is for, under the limits of an answer; changes nothing. Whoever shows it leaves out whether the
        code was used: a list of codes must not tell who has answered without using them up.

        Raises what `answer` does, but for Overloaded.
        """
        place = self._place(source, now)
        async with self._pool.connection() as connection:
            _, found = await self._good(connection, code, now, place, cadre)
        return found

    def _place(self, source: str, now: datetime) -> int:
        """What stands for an address in memory; refused where too many wrong codes came from it."""
        place = hash((self._salt, source))
        if self._guesses.too_many(place, now):
            raise Refused("rating.wait")
        return place

    async def _good(
        self, connection: Connection, code: str, now: datetime, place: int, cadre: str | None
    ) -> tuple[bytes, Found]:
        """A code's hash and what is on record of it. What can be no code is looked up like any other, as long."""
        hashed = codes.hashed(self.secret, code) or b""
        found = await spending.find(connection, hashed)
        try:
            return hashed, good(found, cadre, local_day(now))
        except Refused as refused:
            if refused.code == "rating.unknown":
                self._guesses.wrong(place, now)
            raise

    async def written(self) -> None:
        """Waits until no answer is held in memory."""
        await self._empty.wait()

    async def _run(self) -> None:
        tries = 0
        while not self._secret:
            await pause(tries := tries + 1)
            with contextlib.suppress(*AWAY):
                self._secret = await spending.secret(await self._keys.get())
        while True:
            await self._wake.wait()
            self._wake.clear()
            taken, self._waiting = self._waiting, []
            by_round: dict[UUID, list[int]] = {}
            for round_, mark in taken:
                by_round.setdefault(round_, []).append(mark)
            for round_, marks in by_round.items():
                await self._write(round_, marks)
            if not self._waiting:
                self._empty.set()

    async def _write(self, round_: UUID, marks: Sequence[int]) -> None:
        """Seals and writes; again as long as the database is away."""
        sealed: list[bytes] = []
        attempt = 0
        while True:
            try:
                if not sealed:
                    public = await public_key(await self._keys.get(), round_)
                    sealed = [seal(public, round_, mark) for mark in marks]
                await store.put(await self._connection.get(), round_, sealed)
            except AWAY:
                attempt += 1
                await pause(attempt)
            except Exception as error:  # said without what was answered; those that wait behind it are still written
                logger.error("answers could not be written: %s", type(error).__name__)
                return
            else:
                return
