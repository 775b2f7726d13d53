"""The pages of the app, for the menu and for links from one to another."""

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
        title: What it is called, marked for translation.
        icon: What stands beside its name, also in links.
        file: Its script, in ``pages/``.
    """

    title: str
    icon: str
    file: str


#: Address of each page → the page, in the order of the menu. The first has the address ``/``.
PAGES = {
    "start": PageEntry(mark("Start"), ":material/home:", "start.py"),
    "data": PageEntry(mark("Data"), ":material/grid_view:", "data.py"),
    "train": PageEntry(mark("Train"), ":material/show_chart:", "train.py"),
    "folds": PageEntry(mark("Cross-validate"), ":material/account_tree:", "folds.py"),
    "draw": PageEntry(mark("Draw"), ":material/draw:", "draw.py"),
    "ask": PageEntry(mark("Ask"), ":material/chat:", "ask.py"),
    "evaluate": PageEntry(mark("Evaluate"), ":material/fact_check:", "evaluate.py"),
    "models": PageEntry(mark("Models"), ":material/inventory_2:", "models.py"),
    "tensorboard": PageEntry(mark("TensorBoard"), ":material/monitoring:", "tensorboard.py"),
    "runs": PageEntry(mark("Runs"), ":material/list:", "runs.py"),
}


def page(address: str) -> st.Page:
    """A page as Streamlit takes it.

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
    """Every page, in the order of the menu."""
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
        label: Its words; the page's title if there are none.
        icon: What stands beside them; the page's own if there is none.
        help: What is said of it to somebody who points at it.
        **query: What the address asks the page for, such as ``run=ID``.
    """
    st.page_link(
        page(address),
        label=label or _(PAGES[address].title),
        icon=icon or PAGES[address].icon,
        help=help,
        query_params=query or None,
    )


def trying_page(task_key: str) -> str | None:
    """Where a network of this task is tried on something new; None if there is no such page."""
    if task_key == "mnist":
        return "draw"
    has_words_or_columns = task_key in TASKS and TASKS[task_key].inputs != "images"
    return "ask" if has_words_or_columns else None


def link_to_try(run: Run) -> None:
    """Show a link to the page where a run's network is tried, if there is one."""
    if (address := trying_page(run.config.task)) is not None:
        link(address, run=run.id)


def unknown_address(shown: st.Page) -> str | None:
    """The last part of an address that names no page; Streamlit shows the first page for it.

    Args:
        shown: The page that is shown.
    """
    asked = urlsplit(st.context.url or "").path.strip("/")
    base = st.get_option("server.baseUrlPath").strip("/")
    if shown.url_path or asked == base:
        return None
    last = asked.rsplit("/", 1)[-1]
    # While a link is followed, the browser may still be at the page before.
    return None if last in {one.url_path for one in all_pages()} else last


def close_drawer_after_choice(chosen: st.Page) -> None:
    """Let the browser close the drawer with the pages, on a narrow window, once one is chosen."""
    with st.container(key=session.NAVIGATION_DRAWER):
        _drawer()(key=session.NAVIGATION_DRAWER_ELEMENT, data={"page": chosen.url_path})


@cache
def _drawer() -> ComponentRenderer:
    script = Path(__file__).with_name("navigation_drawer.js").read_text("utf-8")
    return st.components.v2.component(
        "mnist_lab_navigation_drawer", js=script, isolate_styles=False
    )
