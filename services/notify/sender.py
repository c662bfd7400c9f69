"""Sends what is due: claim, ask the vault, hand over, mark (N3). A process of its own; several may run side by side.

An unfinished claim is taken up again when its lease is over, under the same Message-ID: a mail may arrive twice after a
crash, never not at all, and is marked once. Neither address nor text outlives the try.
"""

import asyncio
import logging
import os
import signal
import socket
import time
import traceback
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, cast

import psycopg
from lianxin_schemas.events.notices import NoticeEvent, Problem
from lianxin_schemas.events.vault import PersonKind

from services.notify import mail
from services.notify.domain import notices
from services.notify.domain.notices import EndTry, Phase
from services.notify.domain.quiet import allowed
from services.notify.reactions import AUTHOR
from services.notify.settings import Settings
from services.notify.store import outbox
from services.notify.store.outbox import Claim
from services.notify.texts import About, Words
from services.notify.vault import Away, NoAddress, Vault
from services.refused import Refused
from services.runtime import failpoints, log
from services.runtime.database import AWAY, Connection, Reconnecting, pause
from services.runtime.log import Decision, Fact

logger = logging.getLogger(__name__)

SERVICE = "notify"
POLL = 1.0
"""Seconds between looks at what has become due; what is raised wakes a sender at once."""

Guard = Callable[[Connection], Awaitable[None]]


class Sender:
    """One task that sends one notice after the other. `guard` looks at every new connection before it is used."""

    def __init__(self, settings: Settings, name: str, words: Words, guard: Guard) -> None:
        self._settings, self._name, self._words = settings, name, words
        self._connection = Reconnecting(settings.database(SERVICE), self._opened)
        self._guard = guard
        self._vault = Vault(settings)

    async def run(self, stop: asyncio.Event) -> None:
        """Sends until it is told to stop; a try under way is brought to its end first."""
        tries = 0
        while not stop.is_set():
            try:
                if not await self.send_one():
                    await self._rest()
                tries = 0
            except AWAY as error:
                logger.warning("the database is away, trying again: %s", error)
                await self._connection.close()
                await pause(tries)
                tries += 1

    async def send_one(self) -> bool:
        """Takes on what is due the longest; False when nothing is. Raises psycopg.Error as it comes."""
        until = time.monotonic() + self._settings.notice_lease / 2
        claim = await outbox.claim(await self._connection.get(), self._name, self._settings.notice_lease)
        if claim is None:
            return False
        failpoints.reach("send.after-claim")
        if claim.resident and (later := allowed(claim.now, self._settings.quiet)) > claim.now:
            await outbox.postpone(await self._connection.get(), claim, later)
            return True
        problem = await self._try(claim, until)
        failpoints.reach("send.before-mark")
        await self._mark(claim, problem)
        return True

    async def close(self) -> None:
        """Closes its connections."""
        await self._vault.close()
        await self._connection.close()

    async def _opened(self, connection: Connection) -> None:
        await self._guard(connection)
        await connection.execute("LISTEN log")

    async def _rest(self) -> None:
        """Waits until something is written to the log, or for a while."""
        connection = await self._connection.get()
        async for _ in connection.notifies(timeout=POLL, stop_after=1):
            pass

    async def _try(self, claim: Claim, until: float) -> Problem | None:
        """One try to send; None when the mail server has taken it.

        What nobody foresaw is a failed try as well, or one notice would stop all others; it is logged without its
        words, which may repeat the address.
        """
        try:
            return await self._send(claim, until)
        except NoAddress:
            return Problem.NO_ADDRESS
        except (Away, TimeoutError):
            return Problem.VAULT_AWAY
        except Exception as error:
            frames = "".join(traceback.format_tb(error.__traceback__))
            logger.error("notice %s could not be tried: %s\n%s", claim.notice, type(error).__name__, frames)
            return Problem.REFUSED_FOR_NOW

    async def _send(self, claim: Claim, until: float) -> Problem | None:
        settings = self._settings
        async with asyncio.timeout(settings.vault_timeout):
            address = await self._address(claim)
        link = settings.pages_intake if claim.resident else settings.pages_assignment
        subject, body = self._words.mail(About(claim.reason, claim.happened, claim.limit, link))
        message = mail.compose(settings, claim.notice, address, subject, body, claim.now)
        if message is None:
            return Problem.NO_ADDRESS
        return await asyncio.to_thread(mail.deliver, settings, message, until)

    async def _address(self, claim: Claim) -> str:
        kind = PersonKind.RESIDENT if claim.resident else PersonKind.CADRE
        person = claim.resident or claim.cadre
        assert person is not None, "mail goes to a person"
        return await self._vault.address(claim.notice, claim.epoch, kind=kind, person=person)

    async def _mark(self, claim: Claim, problem: Problem | None) -> None:
        """Keeps what became of the try, however long the database is away: it has happened."""
        tries = 0
        while True:
            try:
                return await self._keep(await self._connection.get(), claim, problem)
            except (Refused, log.Repeated, log.Overtaken, psycopg.errors.ObjectNotInPrerequisiteState):
                logger.warning("notice %s: another sender, or an earlier life, has marked this try", claim.notice)
                return None
            except AWAY as error:
                logger.warning("the database is away, what was sent is marked later: %s", error)
                await self._connection.close()
                await pause(tries)
                tries += 1

    async def _keep(self, connection: psycopg.AsyncConnection[Any], claim: Claim, problem: Problem | None) -> None:
        """The event of the try and the row of the outbox, in one commit."""
        command = EndTry(claim.notice, claim.channel, claim.attempt, problem)
        stream = f"notice-{claim.notice}"
        entries = (await log.load(connection, [stream]))[stream]
        notice = notices.fold(cast(NoticeEvent, entry.event) for entry in entries)
        event, wait = notices.end_try(notice, command, self._settings.notice_retries)
        state = notices.evolve(notice, event).on(claim.channel).phase
        now = await outbox.clock(connection)
        due = now if wait is None else now + timedelta(seconds=wait)
        decision = Decision(command.id, AUTHOR, [Fact(event, now)], {stream: entries[-1].version})
        # The claim is ended behind the append: everybody takes the log's head before rows (protocol rule 2).
        await log.write(connection, [decision], then=[outbox.ended(claim, state, due)])
        if state is Phase.GIVEN_UP:
            logger.warning("notice %s is given up after %s tries: %s", claim.notice, claim.attempt, problem)


async def serve(settings: Settings, guard: Guard) -> None:
    """Runs the tasks of one process until it is told to stop."""
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    if not settings.smtp_host:
        logger.warning("no mail server is named (LIANXIN_SMTP_HOST): mail waits in the outbox")
        await stop.wait()
        return
    member, words = settings.member or f"{socket.gethostname()}/{os.getpid()}", Words()
    senders = [Sender(settings, f"{member}/{number}", words, guard) for number in range(settings.senders)]
    try:
        await asyncio.gather(*(sender.run(stop) for sender in senders))
    finally:
        for sender in senders:
            await sender.close()
