"""The pages of the app, for the menu and for links from one to another."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

import streamlit as st
from streamlit.components.v2.types import ComponentRenderer

from mnist_core.tasks import TASKS
from ui.common import session
from ui.common.i18n import _

PAGES = Path(__file__).parents[2] / "pages"
TRAIN_ADDRESS = "train"
FOLDS_ADDRESS = "folds"
RUNS_ADDRESS = "runs"
DRAW_ADDRESS = "draw"
ASK_ADDRESS = "ask"
DATA_ADDRESS = "data"
EVALUATE_ADDRESS = "evaluate"
MODELS_ADDRESS = "models"
TENSORBOARD_ADDRESS = "tensorboard"


def start_page() -> st.Page:
    """What it is, and the experiments to begin with. It has no address of its own but ``/``."""
    return st.Page(PAGES / "start.py", title=_("Start"), icon=":material/home:", default=True)


def train_page() -> st.Page:
    """One experiment: its settings, its buttons, its curves."""
    return st.Page(
        PAGES / "train.py",
        title=_("Train"),
        icon=":material/show_chart:",
        url_path=TRAIN_ADDRESS,
    )


def folds_page() -> st.Page:
    """K-fold cross-validation."""
    return st.Page(
        PAGES / "folds.py",
        title=_("Cross-validate"),
        icon=":material/account_tree:",
        url_path=FOLDS_ADDRESS,
    )


def draw_page() -> st.Page:
    """Draw a digit and have it read."""
    return st.Page(
        PAGES / "draw.py", title=_("Draw"), icon=":material/draw:", url_path=DRAW_ADDRESS
    )


def ask_page() -> st.Page:
    """Type a text, or set the columns of a table, and have it judged."""
    return st.Page(PAGES / "ask.py", title=_("Ask"), icon=":material/chat:", url_path=ASK_ADDRESS)


def trying_page(task_key: str) -> st.Page | None:
    """Where a network of this task is tried on something new; None if there is no such page."""
    if task_key == "mnist":
        return draw_page()
    has_words_or_columns = task_key in TASKS and TASKS[task_key].inputs != "images"
    return ask_page() if has_words_or_columns else None


def data_page() -> st.Page:
    """What is learned from: the digits, how they are prepared, what training sees of them."""
    return st.Page(
        PAGES / "data.py", title=_("Data"), icon=":material/grid_view:", url_path=DATA_ADDRESS
    )


def evaluate_page() -> st.Page:
    """How well a run's network reads, and where it goes wrong."""
    return st.Page(
        PAGES / "evaluate.py",
        title=_("Evaluate"),
        icon=":material/fact_check:",
        url_path=EVALUATE_ADDRESS,
    )


def models_page() -> st.Page:
    """The trained networks: what is known of each, the way out and the way in."""
    return st.Page(
        PAGES / "models.py",
        title=_("Models"),
        icon=":material/inventory_2:",
        url_path=MODELS_ADDRESS,
    )


def tensorboard_page() -> st.Page:
    """TensorBoard, with the runs that a reader chooses."""
    return st.Page(
        PAGES / "tensorboard.py",
        title=_("TensorBoard"),
        icon=":material/monitoring:",
        url_path=TENSORBOARD_ADDRESS,
    )


def runs_page() -> st.Page:
    """Every run."""
    return st.Page(
        PAGES / "runs.py", title=_("Runs"), icon=":material/list:", url_path=RUNS_ADDRESS
    )


def all_pages() -> list[st.Page]:
    """Every page, in the order of the menu."""
    return [
        start_page(),
        data_page(),
        train_page(),
        folds_page(),
        draw_page(),
        ask_page(),
        evaluate_page(),
        models_page(),
        tensorboard_page(),
        runs_page(),
    ]


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
    return None if last in {page.url_path for page in all_pages()} else last


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
