"""Asks intake's vault for an address, at the moment of sending and never before (P1, P2)."""

import logging
from typing import Any
from uuid import UUID, uuid5

import httpx

from services.notify.settings import Settings

logger = logging.getLogger(__name__)


class Away(Exception):
    """The vault does not answer, or does not let this service in: ask again later."""


class NoAddress(Exception):
    """The vault has no address of this person, or none any more."""


class Vault:
    """The vault of an installation, asked over HTTP with this service's token."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._client = httpx.AsyncClient(base_url=settings.vault, timeout=settings.vault_timeout, trust_env=False)

    async def address(self, notice: UUID, epoch: int, *, kind: str, person: str) -> str:
        """A person's mail address. Each claim of a notice is a reading of its own, with an event of its own.

        Raises Away or NoAddress.
        """
        asked = {
            "command": str(uuid5(notice, f"reveal/{epoch}")),
            "person": person,
            "kind": kind,
            "datum": "mail",
            "reason": "notice",
        }
        try:
            token = self._token()
            answer = await self._client.post("/vault/reveal", json=asked, headers={"Authorization": f"Bearer {token}"})
            body = answer.json()
        except (OSError, ValueError, httpx.HTTPError) as error:
            logger.warning("the vault could not be asked: %s", type(error).__name__)
            raise Away from error
        return self._read(answer.status_code, body)

    def _token(self) -> str:
        """This service's token, read anew each time: it may have been replaced. Raises OSError."""
        file = self._settings.token_file
        if file is None:
            raise FileNotFoundError("LIANXIN_TOKEN_FILE names no file")
        return file.read_text().strip()

    def _read(self, status: int, body: Any) -> str:
        known = body if isinstance(body, dict) else {}
        code = str(known.get("code", ""))
        text = known.get("text")
        if status == httpx.codes.OK and isinstance(text, str):
            return text
        # An address of the vault that is not there answers 404 as well: that says nothing about the person.
        if status in (httpx.codes.NOT_FOUND, httpx.codes.GONE) and code and not code.startswith("http."):
            raise NoAddress
        logger.warning("the vault did not let us in: %s %s", status, code)
        raise Away

    async def close(self) -> None:
        """Closes its connections."""
        await self._client.aclose()
