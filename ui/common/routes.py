"""Helpers of the lab's HTTP routes, which are served beside Streamlit's pages."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response
from streamlit import config

NO_STORE = {"Cache-Control": "no-store"}


def address(path: str) -> str:
    """Return a path for the browser, below Streamlit's base path."""
    base = config.get_option("server.baseUrlPath").strip("/")
    return f"/{base}{path}" if base else path


def addresses(path: str) -> list[str]:
    """Return the paths to serve: a proxy may pass on the base path or strip it."""
    return sorted({path, address(path)})


def refusal(status: int, sentence: str, **headers: str) -> Response:
    """Return an error response as plain text; "_" in a header's name becomes "-"."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return PlainTextResponse(sentence, status_code=status, headers=NO_STORE | more)
