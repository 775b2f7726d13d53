"""What the lab's own routes share; they lie beside the addresses of Streamlit's pages."""

from __future__ import annotations

from starlette.responses import PlainTextResponse, Response
from streamlit import config

NO_STORE = {"Cache-Control": "no-store"}


def address(path: str) -> str:
    """Where a browser finds a path, below the one that Streamlit's pages lie under."""
    base = config.get_option("server.baseUrlPath").strip("/")
    return f"/{base}{path}" if base else path


def addresses(path: str) -> list[str]:
    """Where a path is served: a proxy may pass the part before it on, or not."""
    return sorted({path, address(path)})


def refusal(status: int, sentence: str, **headers: str) -> Response:
    """An answer in words. Of a header's name, "_" stands for "-"."""
    more = {name.replace("_", "-"): value for name, value in headers.items()}
    return PlainTextResponse(sentence, status_code=status, headers=NO_STORE | more)
