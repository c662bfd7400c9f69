"""Static files: their names change with their content, so a browser never asks twice."""

import gzip
import hashlib
from pathlib import Path

from fastapi import Request, Response

from services.refused import Refused

IMMUTABLE = "public, max-age=31536000, immutable"
KINDS = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}


class Files:
    """The files of some folders, held in memory; each by its own name and by the one with its hash."""

    def __init__(self, *folders: Path) -> None:
        self._by_hash: dict[str, tuple[bytes, bytes]] = {}
        self._hashed: dict[str, str] = {}
        for path in (path for folder in folders for path in sorted(folder.glob("*.*"))):
            content = path.read_bytes()
            name = f"{path.stem}.{hashlib.sha256(content).hexdigest()[:12]}{path.suffix}"
            self._by_hash[name] = content, gzip.compress(content, 9, mtime=0)
            self._hashed[path.name] = name

    def hashed(self, name: str) -> str:
        """The name with the hash. Raises KeyError."""
        return self._hashed[name]

    def content(self, hashed: str) -> tuple[bytes, bytes] | None:
        """A file as it is, and packed."""
        return self._by_hash.get(hashed)


async def serve(name: str, request: Request) -> Response:
    """The route of a file by its hashed name."""
    files: Files = request.app.state.files
    if (found := files.content(name)) is None:
        raise Refused("http.not-found")
    packed = "gzip" in request.headers.get("accept-encoding", "")
    headers = {"Cache-Control": IMMUTABLE, "Vary": "Accept-Encoding"} | ({"Content-Encoding": "gzip"} if packed else {})
    return Response(found[packed], 200, headers, KINDS.get(Path(name).suffix, "application/octet-stream"))
