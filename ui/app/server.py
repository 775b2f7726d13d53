"""The life of the web server: what it starts and ends with, and its routes beside the pages.

The lab's own modules are imported in a thread: the server answers meanwhile, and a browser loads
Streamlit's files before it asks for anything else. So nothing at the top of this module may import
them, nor pandas, Dask or SQLAlchemy.
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
"""The frame around every page."""


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Start the engine with the server, and end it with it."""
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
    """The addresses of the live chart, of saved runs and of TensorBoard."""
    return [
        Route(path, LateRoutes())
        for path in (*addresses("/live/{path:path}"), "/font-roboto/{name}")
    ]


class LateRoutes:
    """The routes, which are loaded after the server has begun to answer."""

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
    """Close the live streams before the server waits for its open connections, which they are."""
    for number in (signal.SIGTERM, signal.SIGINT):
        server_stops = signal.getsignal(number)

        def stop(number: int, frame: FrameType | None, then: Any = server_stops) -> None:
            if _router.cache_info().currsize:  # before, there are no streams
                from ui.live import routes

                routes.close_streams()
            if callable(then):
                then(number, frame)

        signal.signal(number, stop)
