"""A real mail server and a real vault over HTTP, in threads of the test's own; and the sender fed by hand."""

import asyncio
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import default
from pathlib import Path
from typing import Any

import uvicorn
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse

from services.notify.sender import Sender
from services.notify.settings import Settings
from services.notify.texts import Words
from services.runtime.database import Connection
from tests.world.world import until

TOKEN = "the-token-of-notify"
ADDRESS = {"p-0001": "planted-resident@mail.example", "c-0001": "planted-cadre@mail.example"}


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class Listening(Controller):
    """Knows which connections are open, so that it ends none in the middle."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        self.opened: set[SMTP] = set()
        super().__init__(*arguments, **more)

    def factory(self) -> SMTP:
        """The server's side of one connection."""
        opened = self.opened

        class Side(SMTP):
            def connection_made(self, transport: Any) -> None:
                opened.add(self)
                super().connection_made(transport)

            def connection_lost(self, error: Exception | None) -> None:
                super().connection_lost(error)
                opened.discard(self)

        return Side(self.handler, **self.SMTP_kwargs)


@dataclass
class Post:
    """A mail server: what came, and what it answers from here on. Comes and goes at one port."""

    port: int = field(default_factory=free_port)
    mails: list[tuple[str, EmailMessage]] = field(default_factory=list)
    on_mail: str = "250 OK"
    on_recipient: str = "250 OK"
    on_data: str = "250 OK"
    then: Callable[[], None] = lambda: None
    _controller: Listening | None = None

    def open(self, **more: Any) -> "Post":
        """Starts to listen."""
        self._controller = Listening(self, hostname="127.0.0.1", port=self.port, **more)
        self._controller.start()
        return self

    def close(self) -> None:
        """Stops to listen, once nobody is connected any more."""
        if self._controller:
            until(lambda: not (self._controller and self._controller.opened), "the mail server is let go")
            self._controller.stop()
            self._controller = None

    async def handle_MAIL(self, _server: Any, _session: Session, envelope: Envelope, address: str, options: Any) -> str:
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return self.on_mail

    async def handle_RCPT(
        self, _server: Any, _session: Session, envelope: Envelope, address: str, _options: Any
    ) -> str:
        if self.on_recipient.startswith("2"):
            envelope.rcpt_tos.append(address)
        return self.on_recipient

    async def handle_DATA(self, _server: Any, _session: Session, envelope: Envelope) -> str:
        if self.on_data.startswith("2"):
            assert isinstance(envelope.content, bytes)
            message = message_from_bytes(envelope.content, policy=default)
            assert isinstance(message, EmailMessage)
            self.mails += [(address, message) for address in envelope.rcpt_tos]
        self.then()
        return self.on_data

    def ids(self) -> list[str]:
        """The Message-ID of each mail that came."""
        return [message["Message-ID"] for _, message in self.mails]


def only(user: bytes, password: bytes) -> Callable[..., AuthResult]:
    """Lets in one user."""
    return lambda _server, _session, _envelope, _how, data: AuthResult(
        success=(data.login, data.password) == (user, password),
        handled=False,
    )


@dataclass
class Vault:
    """intake's vault, as far as a notice asks it: what it was asked, and whose address it has."""

    addresses: dict[str, str] = field(default_factory=lambda: dict(ADDRESS))
    asked: list[dict[str, Any]] = field(default_factory=list)
    token: str = TOKEN
    answer: tuple[int, Any] | None = None
    """What it answers whoever asks; None for what is right."""

    def application(self) -> FastAPI:
        """The vault over HTTP."""
        app = FastAPI()

        @app.post("/vault/reveal")
        async def reveal(request: Request) -> JSONResponse:
            if request.headers.get("authorization") != f"Bearer {self.token}":
                return JSONResponse({"code": "auth.invalid"}, 401)
            self.asked.append(await request.json())
            if self.answer:
                return JSONResponse(self.answer[1], self.answer[0])
            text = self.addresses.get(self.asked[-1]["person"])
            return JSONResponse({"text": text}) if text else JSONResponse({"code": "vault.no-such-datum"}, 404)

        return app


@contextmanager
def served(app: FastAPI, port: int) -> Iterator[str]:
    """An application over HTTP; its address."""
    server = uvicorn.Server(uvicorn.Config(app, "127.0.0.1", port, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the vault did not start"
            thread.join(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(10)


async def no_guard(_: Connection) -> None:
    """Kafka is not looked at."""


@dataclass
class Office:
    """Mail server, vault and settings of one installation, and senders that work when they are told to."""

    post: Post
    vault: Vault
    settings: Settings

    def set(self, **changed: Any) -> Settings:
        """Other settings from here on."""
        self.settings = type(self.settings)(**{**self.settings.model_dump(), **changed})
        return self.settings

    def send(self, senders: int = 1, most: int = 1_000) -> int:
        """Lets senders side by side send what is due, until nothing is; answers with how many they took on."""

        async def one(name: str) -> int:
            sender = Sender(self.settings, name, Words(), no_guard)
            try:
                done = 0
                while done < most and await sender.send_one():
                    done += 1
                return done
            finally:
                await sender.close()

        async def work() -> int:
            return sum(await asyncio.gather(*(one(f"sender-{n}") for n in range(senders))))

        return asyncio.run(work())


def token_file(folder: Path) -> Path:
    """A file with the service's token."""
    file = folder / "notify.token"
    file.write_text(TOKEN + "\n")
    return file
