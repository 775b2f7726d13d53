"""Registry of the pages, for the menu and for links between pages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from mnist_core.i18n import mark
from mnist_core.runs import Run
from mnist_core.tasks import TASKS
from ui.common import session
from ui.common.i18n import _

FOLDER = Path(__file__).parents[2] / "pages"


class PageEntry(NamedTuple):
    """A page in the menu.

    Attributes:
        title: Title, marked for translation.
        icon: Icon in the menu and in links.
        file: Script in ``pages/``.
    """

    title: str
    icon: str
    file: str


#: Address → page, in the order of the menu. The first page has the address ``/``.
PAGES = {
    "start": PageEntry(mark("Start"), ":material/home:", "start.py"),
    "data": PageEntry(mark("Data"), ":material/grid_view:", "data.py"),
    "train": PageEntry(mark("Train"), ":material/show_chart:", "train.py"),
    "compare": PageEntry(mark("Compare"), ":material/stacked_line_chart:", "compare.py"),
    "folds": PageEntry(mark("Cross-validate"), ":material/account_tree:", "folds.py"),
    "draw": PageEntry(mark("Draw"), ":material/draw:", "draw.py"),
    "ask": PageEntry(mark("Ask"), ":material/chat:", "ask.py"),
    "evaluate": PageEntry(mark("Evaluate"), ":material/fact_check:", "evaluate.py"),
    "models": PageEntry(mark("Models"), ":material/inventory_2:", "models.py"),
    "tensorboard": PageEntry(mark("TensorBoard"), ":material/monitoring:", "tensorboard.py"),
    "runs": PageEntry(mark("Runs"), ":material/list:", "runs.py"),
}


def page(address: str) -> st.Page:
    """Return the Streamlit page of an address.

    Args:
        address: Key of ``PAGES``.
    """
    entry = PAGES[address]
    first = address == next(iter(PAGES))
    return st.Page(
        FOLDER / entry.file,
        title=_(entry.title),
        icon=entry.icon,
        url_path=None if first else address,
        default=first,
    )


def all_pages() -> list[st.Page]:
    """Return all pages in the order of the menu."""
    return [page(address) for address in PAGES]


def link(
    address: str,
    label: str | None = None,
    *,
    icon: str | None = None,
    help: str | None = None,
    **query: str,
) -> None:
    """Show a link to a page.

    Args:
        address: Key of ``PAGES``.
        label: Text of the link; None for the page's title.
        icon: Icon; None for the page's icon.
        help: Tooltip.
        **query: Query parameters, such as ``run=ID``.
    """
    st.page_link(
        page(address),
        label=label or _(PAGES[address].title),
        icon=icon or PAGES[address].icon,
        help=help,
        query_params=query or None,
    )


def trying_page(task_key: str) -> str | None:
    """Return the page that predicts new inputs of a task, "draw" or "ask"; None without one."""
    if task_key == "mnist":
        return "draw"
    has_text_or_table = task_key in TASKS and TASKS[task_key].inputs != "images"
    return "ask" if has_text_or_table else None


def link_to_try(run: Run) -> None:
    """Link to the page on which a run's model predicts new inputs, if any."""
    if (address := trying_page(run.config.task)) is not None:
        link(address, run=run.id)


def unknown_address(shown: st.Page) -> str | None:
    """Return the last part of an address without a page, for which Streamlit shows the first page.

    Args:
        shown: The page that is shown.
    """
    asked = urlsplit(st.context.url or "").path.strip("/")
    base = st.get_option("server.baseUrlPath").strip("/")
    if shown.url_path or asked == base:
        return None
    last = asked.rsplit("/", 1)[-1]
    # During navigation the browser may still report the previous page.
    return None if last in {entry.url_path for entry in all_pages()} else last


def close_drawer_after_choice(chosen: st.Page) -> None:
    """Let the browser close the navigation drawer of a narrow window after a choice."""
    with st.container(key=session.NAVIGATION_DRAWER):
        _drawer()(key=session.NAVIGATION_DRAWER_ELEMENT, data={"page": chosen.url_path})


@cache
def _drawer() -> ComponentRenderer:
    script = Path(__file__).with_name("navigation_drawer.js").read_text("utf-8")
    return st.components.v2.component(
        "mnist_lab_navigation_drawer", js=script, isolate_styles=False
    )
