"""The server's side of the live chart: what the browser fetches past Streamlit's rerun.

A rerun of the page for each epoch and each viewer would neither be smooth nor serve a class.
So the chart opens one stream of server-sent events and appends what comes, and the page reruns
only when a run changes its state. See ``ui/live/hub.py`` for where the events come from.
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

#: Most runs in one stream; their curves could not be told apart beyond it.
MAX_RUNS = 8
#: A browser waits this long before it opens a broken stream again.
RETRY_MILLISECONDS = 1000

_CURSOR = re.compile(r"[0-9]{1,18}")


def _engine_state(run: Run) -> dict[str, Any]:
    """Why a queued run may have to wait: the workers are still starting, or could not start."""
    if run.status is not RunStatus.QUEUED:
        return {}
    state = lab.engine_state()
    return {"engine": state.phase, "engine_message": state.message}


hub = LiveHub(lambda: lab.store, _engine_state, lab.store_trouble)


def close_streams() -> None:
    """End every stream at once, so that the server can go down. Safe in a signal handler."""
    hub.close()


async def events(request: Request) -> Response:
    """The stream of one or several runs: ``/live/events?runs=ID[,ID…]``.

    With ``&once=1`` it ends when all that is known has been said, and the browser comes again:
    for tabs that find all the connections taken which a browser allows to one server.
    """
    run_ids = request.query_params.get("runs", "").split(",")
    if not all(RUN_ID.fullmatch(run_id) for run_id in run_ids):
        return refusal(400, "Each run is named by the 32 hexadecimal digits of its id.")
    if len(set(run_ids)) != len(run_ids) or len(run_ids) > MAX_RUNS:
        return refusal(400, f"One stream shows 1 to {MAX_RUNS} runs, each of them once.")
    cursors = _cursors(request, len(run_ids))
    if cursors is None:
        return refusal(400, "The position to go on from needs one whole number for each run.")
    if hub.closed:
        return refusal(503, "The server is going down; try again in a moment.")
    try:
        known = await asyncio.to_thread(lambda: lab.store.versions(run_ids))
    except StoreError as error:
        return refusal(503, str(error))
    unknown = [run_id for run_id in run_ids if run_id not in known]
    if unknown:
        return refusal(404, f"There is no run {unknown[0]}; it may have been deleted.")
    # The second header asks a proxy of the kind that collects answers to pass this one on.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    if request.method == "HEAD":  # nobody reads on, so nothing must begin that has no end
        return Response(media_type="text/event-stream", headers=headers)
    once = request.query_params.get("once") == "1"
    stream = _stream(run_ids, cursors, once=once)
    return StreamingResponse(stream, media_type="text/event-stream", headers=headers)


async def plotly_js(request: Request) -> Response:
    """plotly.js, from the installed Python package. Its address names the version."""
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Vary": "Accept-Encoding",
    }
    packed = "gzip" in request.headers.get("accept-encoding", "")
    if packed:
        headers["Content-Encoding"] = "gzip"
    body = await asyncio.to_thread(_plotly_js, packed)
    return Response(body, media_type="text/javascript", headers=headers)


async def health(_request: Request) -> Response:
    """Whether the server answers, how far its workers are, and whether the store can be used."""
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
    # Streamlit puts its own addresses below this path, but not those of an app. No Mount: it
    # would swallow the pages that lie below the same path.
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
            yield ": still here\n\n"
        else:
            yield f"id: {','.join(map(str, event.cursors))}\ndata: {event.data}\n\n"
    if hub.closed:  # the browser is to come back to the next server
        return
    yield f"event: {'end' if hub.over(run_ids) else 'pause'}\ndata: {{}}\n\n"


def _cursors(request: Request, runs: int) -> list[int] | None:
    """Where to go on: what the browser itself says after a broken connection comes first."""
    text = request.headers.get("last-event-id") or request.query_params.get("after")
    if not text:
        return [0] * runs
    parts = text.split(",")
    if len(parts) != runs or not all(_CURSOR.fullmatch(part) for part in parts):
        return None
    return [int(part) for part in parts]


@cache
def _plotly_js(packed: bool) -> bytes:
    # Packed once for all browsers: 1.5 MB instead of 4.8 for each of a class on one wireless net.
    text = (Path(plotly.__file__).parent / "package_data" / "plotly.min.js").read_bytes()
    return gzip.compress(text, compresslevel=6) if packed else text
