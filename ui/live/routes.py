"""HTTP routes of the live chart: server-sent events, plotly.js, and a health check.

Rerunning the page for each epoch and each viewer would be neither smooth nor scalable. So the chart
opens one stream of server-sent events and appends the epochs, and the page reruns only when a run
changes its state. The events come from ``ui/live/hub.py``.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import re
from collections.abc import AsyncIterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import plotly
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from mnist_core.errors import StoreError
from mnist_core.runs import RUN_ID, Run, RunStatus
from ui.common.lab import lab
from ui.common.routes import addresses, refusal
from ui.live.hub import LiveHub

#: Maximal number of runs in one stream; more curves could not be distinguished.
MAX_RUNS = 8
#: Time in milliseconds after which a browser reconnects.
RETRY_MILLISECONDS = 1000

_CURSOR = re.compile(r"[0-9]{1,18}")


def _engine_state(run: Run) -> dict[str, Any]:
    """Return the engine's state for a queued run, which may wait for the workers to start."""
    if run.status is not RunStatus.QUEUED:
        return {}
    state = lab.engine_state()
    return {"engine": state.phase, "engine_message": state.message}


hub = LiveHub(lambda: lab.store, _engine_state, lab.store_trouble)


def close_streams() -> None:
    """End all streams immediately, so that the server can stop. Safe in a signal handler."""
    hub.close()


async def events(request: Request) -> Response:
    """Stream the events of one or several runs: ``/live/events?runs=ID[,ID…]``.

    With ``&once=1`` the stream ends after the present news, and the browser polls: for tabs beyond
    the number of connections that a browser allows per server.
    """
    run_ids = request.query_params.get("runs", "").split(",")
    if not all(RUN_ID.fullmatch(run_id) for run_id in run_ids):
        return refusal(400, "A run id has 32 hexadecimal digits. Check the address.")
    if len(set(run_ids)) != len(run_ids) or len(run_ids) > MAX_RUNS:
        return refusal(400, f"A stream needs 1 to {MAX_RUNS} different runs. Check the address.")
    cursors = _cursors(request, len(run_ids))
    if cursors is None:
        return refusal(400, "The cursor needs one whole number per run. Check the address.")
    if hub.closed:
        return refusal(503, "The server is stopping. Try again in a moment.")
    try:
        known = await asyncio.to_thread(lambda: lab.store.versions(run_ids))
    except StoreError as error:
        return refusal(503, str(error))
    unknown = [run_id for run_id in run_ids if run_id not in known]
    if unknown:
        return refusal(404, f"The run {unknown[0]} does not exist or was deleted.")
    # The second header tells a proxy such as nginx not to buffer the stream.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if request.method == "HEAD":  # without a body, which would never end
        return Response(media_type="text/event-stream", headers=headers)
    once = request.query_params.get("once") == "1"
    stream = _stream(run_ids, cursors, once=once)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def plotly_js(request: Request) -> Response:
    """Serve plotly.js from the installed Python package; its URL contains the version."""
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Vary": "Accept-Encoding",
    }
    compressed = "gzip" in request.headers.get("accept-encoding", "")
    if compressed:
        headers["Content-Encoding"] = "gzip"
    body = await asyncio.to_thread(_plotly_js, compressed)
    return Response(body, media_type="text/javascript", headers=headers)


async def health(_request: Request) -> Response:
    """Report the state of the server, of its workers and of the run store as JSON."""
    engine = lab.engine_state()
    state, message = await asyncio.to_thread(lab.store_state)
    return JSONResponse(
        {
            "status": "ok",
            "engine": {"state": engine.phase, "message": engine.message},
            "store": {"state": state, "message": message},
        },
        headers={"Cache-Control": "no-store"},
    )


def _routes() -> list[Route]:
    # Streamlit adds its base path to its own routes, but not to an app's. Not a Mount, which would
    # also match the pages below the same path.
    return [
        Route(prefix + path, endpoint)
        for prefix in addresses("/live")
        for path, endpoint in (
            ("/plotly.js", plotly_js),
            ("/events", events),
            ("/health", health),
        )
    ]


routes = _routes()


async def _stream(
    run_ids: Sequence[str], cursors: Sequence[int], *, once: bool
) -> AsyncIterator[str]:
    yield f"retry: {RETRY_MILLISECONDS}\n\n"
    async for event in hub.events(run_ids, cursors, once=once):
        if event.trouble is not None:
            yield f"event: trouble\ndata: {json.dumps(event.trouble)}\n\n"
        elif event.data is None:
            yield ": heartbeat\n\n"
        else:
            yield f"id: {','.join(map(str, event.cursors))}\ndata: {event.data}\n\n"
    if hub.closed:  # without an end event, the browser reconnects to the next server
        return
    yield f"event: {'end' if hub.over(run_ids) else 'pause'}\ndata: {{}}\n\n"


def _cursors(request: Request, runs: int) -> list[int] | None:
    """Return the cursors: the browser's own after a reconnect, else those of the address."""
    text = request.headers.get("last-event-id") or request.query_params.get("after")
    if not text:
        return [0] * runs
    parts = text.split(",")
    if len(parts) != runs or not all(_CURSOR.fullmatch(part) for part in parts):
        return None
    return [int(part) for part in parts]


@cache
def _plotly_js(compressed: bool) -> bytes:
    # Compressed once for all browsers, from 4.8 MB to 1.5 MB.
    text = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()
    return gzip.compress(text, compresslevel=6) if compressed else text
