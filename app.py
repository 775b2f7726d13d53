"""The front door: ``streamlit run app.py``.

One server process holds the pages, the live event stream and the engine. It never loads
TensorFlow: that is for the engine's workers.
"""

from __future__ import annotations

import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import streamlit as st

from ui import board, live_routes, services


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[dict[str, Any] | None]:
    """Start the engine with the server, and end it with it."""
    _end_streams_first()
    services.start_engine()
    try:
        yield None
    finally:
        board.stop()
        services.stop_engine()


def _end_streams_first() -> None:
    """Close the live streams before the server waits for its open connections, which they are."""
    for number in (signal.SIGTERM, signal.SIGINT):
        server_stops = signal.getsignal(number)

        def stop(number: int, frame: FrameType | None, then: Any = server_stops) -> None:
            live_routes.close_streams()
            if callable(then):
                then(number, frame)

        signal.signal(number, stop)


app = st.App(
    Path(__file__).parent / "ui" / "dashboard.py",
    routes=[*live_routes.routes, *board.routes],
    lifespan=lifespan,
)
