"""The server's one TensorBoard, and the way to it: a proxy below the lab's own address.

TensorBoard listens on this machine only, at a port that nobody is told. What a browser sees of it
goes through here: no other port is opened, only TensorBoard's own addresses are passed on, and
only what it reads; no cookie reaches it, and its pages may load nothing from another host.
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
#: Longest question to it, in bytes.
MOST_BYTES = 1_000_000
#: So long it may think about an answer, in seconds.
ANSWER_SECONDS = 120.0
CHUNK_BYTES = 1 << 16
#: Threads that wait for TensorBoard. They are its own: where it hangs, these are taken and no
#: others, and the pages, whose files the server reads in threads too, come as always.
_THREADS = CapacityLimiter(16)

#: Plugins that have something to show here. Others would read what their own files name.
_PLUGINS = "scalars|histograms|distributions|graphs|hparams|images|timeseries|custom_scalars"
_OWN = re.compile(
    r"|index\.html|index\.js|chart_worker\.js|icon_bundle\.svg"
    r"|(?:font-roboto|tf-imports)/[\w./-]+"
    r"|(?:experiment/[\w-]+/)?data/(?:environment|runs|experiments|experiment_runs|plugins_listing"
    r"|notifications|window_properties|plugin_entry\.html"
    rf"|plugin/(?:{_PLUGINS})/[\w./-]+)"
)
#: Before all of them: whose runs are shown, where it is not all of them.
_CHOSEN = re.compile(rf"chosen/({CHOICE.pattern})/(.*)")
#: An address that names an experiment itself; the choice takes its place.
_EXPERIMENT = re.compile(r"experiment/[\w-]+/")
#: The only ones that are asked with a body.
_ASKED = re.compile(r"(?:experiment/[\w-]+/)?data/plugin/(?:scalars|hparams|timeseries)/\w+")
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
#: As TensorBoard's own, without the hosts on the internet that it would allow.
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
    """The address of TensorBoard's page with some runs only; the others are not in it at all.

    Each reader's choice is a part of the address, so that readers share one TensorBoard and no
    reader changes what another one sees.
    """
    return f"{address()}chosen/{'-'.join(run_id[:SHORT_ID] for run_id in run_ids)}/"


def state() -> BoardState:
    """How far it is."""
    return _server().state


def start() -> None:
    """Start it in the background for everybody, unless it runs already.

    Raises:
        StoreError: The runs cannot be read.
    """
    if (folder := lab.event_files()) is not None:
        _server().start(folder)


def refresh() -> None:
    """Let it see runs under the names that they have now.

    Raises:
        StoreError: The runs cannot be read.
    """
    lab.event_files()


def is_possible() -> bool:
    """Whether the lab's files are where TensorBoard can read them.

    Raises:
        StoreError: The store cannot be opened.
    """
    return lab.store.event_files.logdir is not None


def stop() -> None:
    """End it with the server."""
    _server().stop()


async def font(request: Request) -> Response:
    """TensorBoard asks for some of its fonts at the root, whatever its own address is."""
    return await _hand_on(request, f"font-roboto/{request.path_params['name']}")


async def board(request: Request) -> Response:
    """Hand a request on to TensorBoard, and its answer back."""
    return await _hand_on(request, request.path_params["path"])


async def _hand_on(request: Request, path: str) -> Response:
    asked = request.method == "POST"
    choice = _CHOSEN.fullmatch(path)
    path = choice[2] if choice else path
    if ".." in path or not (_ASKED if asked else _OWN).fullmatch(path):
        return _refusal(404, "TensorBoard has nothing at this address.")
    port = state().port
    if port is None:
        return _refusal(503, "TensorBoard is not running. Start it on the page TensorBoard.")
    body = await _body(request) if asked else b""
    if body is None:
        return _refusal(413, "This question to TensorBoard is too long.")
    _server().used()
    if choice and "data/" in path:
        path = f"experiment/{choice[1]}/{_EXPERIMENT.sub('', path, count=1)}"
    # Up to the last slash it is TensorBoard's prefix; what follows has no signs to be escaped.
    url = f"{address()}{path}" + (f"?{request.url.query}" if request.url.query else "")
    headers = {name: request.headers[name] for name in _REQUEST_HEADERS if name in request.headers}
    try:
        ask = partial(_ask, port, request.method, url, headers, body or None)
        answer = await to_thread.run_sync(ask, limiter=_THREADS)
    except urllib3.exceptions.HTTPError:
        return _refusal(502, "TensorBoard does not answer. Reload the page TensorBoard.")
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
    """What a question says, or None where it is too long."""
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MOST_BYTES:
            return None
    return bytes(body)


def _ask(
    port: int, method: str, url: str, headers: Mapping[str, str], body: bytes | None
) -> urllib3.BaseHTTPResponse:
    # A connection each: TensorBoard's server keeps none open.
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
