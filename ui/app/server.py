"""Lifespan of the web server (ASGI) and its routes beside the pages.

A thread imports the lab's modules, so that the server can serve Streamlit's files meanwhile.
Therefore the top of this module must not import them, nor pandas, Dask or SQLAlchemy.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from threading import Thread
from types import FrameType
from typing import Any

import streamlit as st
from anyio import to_thread
from starlette.routing import Route, Router
from starlette.types import Receive, Scope, Send

from ui.common.routes import addresses

SCRIPT = Path(__file__).with_name("dashboard.py")
"""The main script."""


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Start the engine with the server, and stop it with the server."""
    _end_streams_first()
    starting = Thread(target=_start, name="start", daemon=True)
    starting.start()
    try:
        yield None
    finally:
        starting.join()
        from ui.common.lab import lab
        from ui.tensorboard import proxy

        proxy.stop()
        lab.stop_engine()


def routes() -> list[Route]:
    """Return the routes of the live chart, of archives and of TensorBoard."""
    return [
        Route(path, LazyRoutes())
        for path in (*addresses("/live/{path:path}"), "/font-roboto/{name}")
    ]


class LazyRoutes:
    """The lab's routes, imported at the first request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request (ASGI)."""
        router = await to_thread.run_sync(_router)
        await router(scope, receive, send)


@cache
def _router() -> Router:
    from ui.live import routes
    from ui.models import archive_route
    from ui.tensorboard import proxy

    return Router([*routes.routes, *archive_route.routes, *proxy.routes])


def _start() -> None:
    from ui.common.lab import lab

    lab.start_engine()
    _router()


def _end_streams_first() -> None:
    """Close the live streams before the server waits for open connections to end."""
    for number in (signal.SIGTERM, signal.SIGINT):
        server_stops = signal.getsignal(number)

        def stop(number: int, frame: FrameType | None, then: Any = server_stops) -> None:
            if _router.cache_info().currsize:  # otherwise there are no streams yet
                from ui.live import routes

                routes.close_streams()
            if callable(then):
                then(number, frame)

        signal.signal(number, stop)
