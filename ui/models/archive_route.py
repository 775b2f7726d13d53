"""The download of a run as one file, past Streamlit, which would hold the whole file in memory."""

from __future__ import annotations

import os
import tempfile
from collections.abc import AsyncIterator
from contextlib import closing
from typing import BinaryIO, cast
from urllib.parse import quote

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from mnist_core.errors import LabError, UnknownRunError
from mnist_core.runs import RUN_ID
from mnist_core.transfer.archive import PIECE, file_name, write_archive
from ui.common.lab import lab
from ui.common.routes import address as address_below
from ui.common.routes import addresses, refusal

PATH = "/live/archive"


def address(run_id: str) -> str:
    """The address of a run as one file."""
    return address_below(f"{PATH}/{run_id}")


async def archive(request: Request) -> Response:
    """A run as one file: ``/live/archive/ID``, written on request."""
    run_id = request.path_params["run_id"]
    if not RUN_ID.fullmatch(run_id):
        return refusal(400, "The id of a run has 32 hexadecimal digits.")
    try:
        run = await to_thread.run_sync(lab.store.get, run_id)
        file = await to_thread.run_sync(_written, run_id)
    except UnknownRunError as error:
        return refusal(404, error.sentence())
    except (LabError, OSError) as error:
        return refusal(503, str(error))
    headers = {
        "Cache-Control": "no-store",
        "Content-Length": str(file.seek(0, os.SEEK_END)),
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(file_name(run))}",
    }
    return StreamingResponse(_pieces(file), media_type="application/zip", headers=headers)


def _written(run_id: str) -> BinaryIO:
    """A run as one file, open at its end.

    Raises:
        LabError: The run is still training or cannot be read, or one of its models is damaged.
    """
    file = cast("BinaryIO", tempfile.TemporaryFile())  # noqa: SIM115 - closed by its reader
    try:
        write_archive(lab.store, run_id, file)
    except BaseException:
        file.close()
        raise
    return file


async def _pieces(file: BinaryIO) -> AsyncIterator[bytes]:
    with closing(file):
        file.seek(0)
        while piece := await to_thread.run_sync(file.read, PIECE):
            yield piece


routes = [Route(path, archive, methods=["GET"]) for path in addresses(f"{PATH}/{{run_id}}")]
