"""The server's TensorBoard process, and a reverse proxy to it below the lab's own address.

TensorBoard listens on this machine only, at a port that is not published. Browsers reach it
through this proxy: no other port is opened, only TensorBoard's own paths and the headers that it
needs are forwarded, no cookie reaches it, and its pages may load nothing from another host.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Collection, Mapping
from functools import cache, partial

import urllib3
from anyio import CapacityLimiter, to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mnist_core.runs.event_files import SHORT_ID
from mnist_core.tensorboard.process import CHOICE, HOST
from mnist_core.tensorboard.server import BoardState, TensorBoardServer
from ui.common.lab import lab
from ui.common.routes import address as address_below
from ui.common.routes import refusal

PATH = "/live/tensorboard"
#: Largest request body, in bytes.
MOST_BYTES = 1_000_000
#: Read timeout of a request to TensorBoard, in seconds.
ANSWER_SECONDS = 120.0
CHUNK_BYTES = 1 << 16
#: Threads that wait for TensorBoard. They are separate from those in which the server reads files,
#: so that pages load even if TensorBoard hangs.
_THREADS = CapacityLimiter(16)

#: Plugins with data in this lab. Others would read paths that their own files name.
_PLUGINS = "scalars|histograms|distributions|graphs|hparams|images|timeseries|custom_scalars"
_GET_PATHS = re.compile(
    r"|index\.html|index\.js|chart_worker\.js|icon_bundle\.svg"
    r"|(?:font-roboto|tf-imports)/[\w./-]+"
    r"|(?:experiment/[\w-]+/)?data/(?:environment|runs|experiments|experiment_runs|plugins_listing"
    r"|notifications|window_properties|plugin_entry\.html"
    rf"|plugin/(?:{_PLUGINS})/[\w./-]+)"
)
#: The prefix of a path with a choice of runs.
_CHOSEN = re.compile(rf"chosen/({CHOICE.pattern})/(.*)")
#: An experiment in a path, which the choice replaces.
_EXPERIMENT = re.compile(r"experiment/[\w-]+/")
#: The only paths that accept POST.
_POST_PATHS = re.compile(r"(?:experiment/[\w-]+/)?data/plugin/(?:scalars|hparams|timeseries)/\w+")
_REQUEST_HEADERS = ("accept", "accept-encoding", "accept-language", "content-type")
_RESPONSE_HEADERS = (
    "cache-control",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-type",
    "etag",
    "expires",
    "vary",
)
#: TensorBoard's own policy, without the hosts on the internet that it allows.
_CONTENT_POLICY = (
    "default-src 'self'; font-src 'self' data:; frame-src 'self'; img-src 'self' data: blob:; "
    "object-src 'none'; style-src 'self' data: 'unsafe-inline'; connect-src 'self'; "
    "script-src 'self' 'unsafe-eval' 'unsafe-inline'; frame-ancestors 'self'"
)


@cache
def _server() -> TensorBoardServer:
    return TensorBoardServer(address().rstrip("/"))


def address() -> str:
    """The address of TensorBoard's page, below this server."""
    return address_below(f"{PATH}/")


def address_of(run_ids: Collection[str]) -> str:
    """The address of TensorBoard's page with some runs only; it does not list the others.

    The choice is part of the address, so that users share one TensorBoard process without changing
    each other's view.
    """
    return f"{address()}chosen/{'-'.join(run_id[:SHORT_ID] for run_id in run_ids)}/"


def state() -> BoardState:
    """The state of the TensorBoard process."""
    return _server().state


def start() -> None:
    """Start TensorBoard in the background for all sessions, unless it runs already.

    Raises:
        StoreError: The runs cannot be read.
    """
    if (folder := lab.event_files()) is not None:
        _server().start(folder)


def refresh() -> None:
    """Update the names of the runs in the log directory.

    Raises:
        StoreError: The runs cannot be read.
    """
    lab.event_files()


def is_possible() -> bool:
    """Whether the event files are in a folder that TensorBoard can read.

    Raises:
        StoreError: The store cannot be opened.
    """
    return lab.store.event_files.logdir is not None


def stop() -> None:
    """Stop TensorBoard with the server."""
    _server().stop()


async def font(request: Request) -> Response:
    """Forward a font, which TensorBoard requests at the root, whatever its own address is."""
    return await _forward(request, f"font-roboto/{request.path_params['name']}")


async def board(request: Request) -> Response:
    """Forward a request to TensorBoard, and its response to the browser."""
    return await _forward(request, request.path_params["path"])


async def _forward(request: Request, path: str) -> Response:
    is_post = request.method == "POST"
    choice = _CHOSEN.fullmatch(path)
    path = choice[2] if choice else path
    if ".." in path or not (_POST_PATHS if is_post else _GET_PATHS).fullmatch(path):
        return _refusal(404, "TensorBoard has nothing at this address.")
    port = state().port
    if port is None:
        return _refusal(503, "TensorBoard is not running. Start it on the TensorBoard page.")
    body = await _body(request) if is_post else b""
    if body is None:
        return _refusal(413, "The request to TensorBoard is too large.")
    _server().used()
    if choice and "data/" in path:
        path = f"experiment/{choice[1]}/{_EXPERIMENT.sub('', path, count=1)}"
    # The address ends with a slash; the path has no characters that must be escaped.
    url = f"{address()}{path}" + (f"?{request.url.query}" if request.url.query else "")
    headers = {name: request.headers[name] for name in _REQUEST_HEADERS if name in request.headers}
    try:
        ask = partial(_ask, port, request.method, url, headers, body or None)
        answer = await to_thread.run_sync(ask, limiter=_THREADS)
    except urllib3.exceptions.HTTPError:
        return _refusal(502, "TensorBoard does not answer. Reload the TensorBoard page.")
    kept = {name: answer.headers[name] for name in _RESPONSE_HEADERS if name in answer.headers}
    kept |= {
        "Content-Security-Policy": _CONTENT_POLICY,
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "SAMEORIGIN",
        "Referrer-Policy": "no-referrer",
    }
    return StreamingResponse(_content(answer), status_code=answer.status, headers=kept)


def _routes() -> list[Route]:
    return [
        Route("/font-roboto/{name}", font),
        *(
            Route(f"{prefix}/{{path:path}}", board, methods=["GET", "POST"])
            for prefix in sorted({PATH, address().rstrip("/")})
        ),
    ]


routes = _routes()


async def _body(request: Request) -> bytes | None:
    """The body of a request, None if it is too large."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _ask(
    port: int, method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> urllib3.BaseHTTPResponse:
    # A connection for each request: TensorBoard's server keeps none open.
    pool = urllib3.HTTPConnectionPool(HOST, port, timeout=urllib3.Timeout(5, read=ANSWER_SECONDS))
    return pool.urlopen(
        method,
        url,
        body=body,
        headers={"host": f"{HOST}:{port}", **headers},
        redirect=False,
        retries=False,
        preload_content=False,
        decode_content=False,
    )


async def _content(answer: urllib3.BaseHTTPResponse) -> AsyncIterator[bytes]:
    pieces = answer.stream(CHUNK_BYTES, decode_content=False)
    with answer:
        while (piece := await to_thread.run_sync(next, pieces, None, limiter=_THREADS)) is not None:
            yield piece


def _refusal(status: int, sentence: str) -> Response:
    return refusal(status, sentence, X_Frame_Options="SAMEORIGIN")
