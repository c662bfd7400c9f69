"""A client of the service's HTTP side, in the loop of the store."""

from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

from httpx import ASGITransport, AsyncClient, Response

from deploy.local import keys
from services.appraisal.api.app import application
from tests.appraisal.given import Store


class Client:
    """Asks as somebody."""

    def __init__(self, store: Store, http: AsyncClient, folder: Path) -> None:
        self._run, self._http, self._folder = store.runner.run, http, folder

    def raw(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Response:
        return self._run(self._http.get(path, params=query, headers=headers))

    def get(self, path: str, who: str = "o-1", role: str = "organisation", **query: Any) -> Response:
        return self.raw(path, self._as(who, role), **query)

    def post(self, path: str, body: Any, who: str = "o-1", role: str = "organisation") -> Response:
        return self._run(self._http.post(path, json=body, headers=self._as(who, role)))

    def _as(self, who: str, role: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {keys.sign(self._folder, who, [role])}"}


@contextmanager
def serving(store: Store, folder: Path) -> Iterator[Client]:
    """The application over the store's database."""
    app = application(store.settings.model_copy(update={"jwks": keys.make_key(folder)}))
    opened = AsyncExitStack()

    async def open_() -> AsyncClient:
        await opened.enter_async_context(app.router.lifespan_context(app))
        http = AsyncClient(transport=ASGITransport(app), base_url="http://test")
        return await opened.enter_async_context(http)

    yield Client(store, store.runner.run(open_()), folder)
    store.runner.run(opened.aclose())
