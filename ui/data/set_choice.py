"""The choice of a set of samples: all of them, or an experiment's three parts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ui.common.formatting import counted
from ui.common.i18n import Markdown, _
from ui.common.setting_labels import SET_LABELS
from ui.data import keys
from ui.data.image_sets import SETS

#: The choice of no class in particular.
EVERY = -1


def show_set_choice(
    sizes: Mapping[str, int],
    help: Markdown,
    on_change: Callable[..., None] | None = None,
    args: tuple[Any, ...] = (),
) -> None:
    """Show the choice of a set, kept in ``keys.SPLIT``.

    Args:
        sizes: How many samples each of ``SETS`` has.
        help: What is said of the sets.
        on_change: Called with ``args`` when another one was chosen.
        args: What it is called with.
    """
    st.segmented_control(
        _("Set"),
        SETS,
        format_func=lambda name: counted(_(SET_LABELS[name]), sizes[name]),
        key=keys.SPLIT.prepare(),
        required=True,
        help=help,
        wrap=True,
        on_change=on_change,
        args=args,
        persist_state="session",
    )
