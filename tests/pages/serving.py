"""An application on a port of its own, for a browser."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from deploy.local.state import free_ports


@contextmanager
def on_port(app: ASGIApp, port: int | None = None) -> Iterator[str]:
    """Serves for as long as the context lasts; the address is http://127.0.0.1:<port>."""
    port = port or free_ports(1, set())[0]
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, ws="none", log_level="warning", access_log=False)
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        while not server.started:
            assert thread.is_alive(), "the application did not start: see above"
            thread.join(0.02)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join(30)
