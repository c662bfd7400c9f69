"""An application served inside the test's process, in an event loop of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from fastapi import FastAPI


class Client:
    """Sends requests from any thread, several at once if need be."""

    def __init__(self, loop: asyncio.AbstractEventLoop, client: httpx.AsyncClient) -> None:
        self._loop, self._client = loop, client

    def request(self, method: str, path: str, **more: Any) -> httpx.Response:
        """The answer."""
        return asyncio.run_coroutine_threadsafe(self._client.request(method, path, **more), self._loop).result(30)


@contextmanager
def served(app: FastAPI) -> Iterator[Client]:
    """The application between its start and its end."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://assignment")
    lifespan = app.router.lifespan_context(app)
    try:
        asyncio.run_coroutine_threadsafe(lifespan.__aenter__(), loop).result(60)
        yield Client(loop, client)
        asyncio.run_coroutine_threadsafe(client.aclose(), loop).result(10)
        asyncio.run_coroutine_threadsafe(lifespan.__aexit__(None, None, None), loop).result(10)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
