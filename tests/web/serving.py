"""A service's application in this process, asked without a socket; its start and end run as when it is served."""

import asyncio
import json
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
from fastapi import FastAPI

from deploy.local import keys

T = TypeVar("T")


class Client:
    """Asks an application that runs in a thread of its own; what it raises becomes a 500."""

    def __init__(self, app: FastAPI, loop: asyncio.AbstractEventLoop, folder: Path) -> None:
        self.app, self._loop, self._folder = app, loop, folder
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        self._client = httpx.AsyncClient(transport=transport, base_url="http://test", timeout=30)

    def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Runs work where the application runs."""

        async def task() -> T:
            return await work()

        return asyncio.run_coroutine_threadsafe(task(), self._loop).result(60)

    def forget(self) -> None:
        """Throws away the cookies that were given."""
        self._client.cookies.clear()

    def token(self, who: str, role: str, office: str | None = None) -> str:
        """A token of a principal of one role."""
        return keys.sign(self._folder, who, [role], office)

    def ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        """A request as it stands."""
        return self.run(lambda: self._client.request(method, path, **more))

    def call(
        self, method: str, path: str, body: Any = None, *, who: str = "importer", role: str = "import", **more: Any
    ) -> httpx.Response:
        """A request with a JSON body by a principal of one role."""
        token = self.token(who, role, more.pop("office", None))
        if body is not None:
            more["content"] = json.dumps(body)  # also what httpx would not write, such as half a surrogate pair
            more["headers"] = {"Content-Type": "application/json"} | more.get("headers", {})
        return self.ask(method, path, headers={"Authorization": f"Bearer {token}"} | more.pop("headers", {}), **more)


@contextmanager
def serving(app: FastAPI, folder: Path) -> Iterator[Client]:
    """Opens what the application needs, and closes it. `folder` holds the key that tokens are signed with."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    client = Client(app, loop, folder)
    lifespan = app.router.lifespan_context(app)
    ended: asyncio.Event = asyncio.Event()
    ready = threading.Event()

    async def live() -> None:
        async with lifespan:
            ready.set()
            await ended.wait()

    living = asyncio.run_coroutine_threadsafe(live(), loop)
    try:
        while not ready.wait(0.05):
            if living.done():
                living.result()
        yield client
    finally:
        loop.call_soon_threadsafe(ended.set)
        living.result(60)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(30)
        loop.close()
