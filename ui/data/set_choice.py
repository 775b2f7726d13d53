"""The choice of a set of samples: all of them, training, validation or test set."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from ui.common.formatting import counted
from ui.common.i18n import Markdown, _
from ui.common.setting_labels import SET_LABELS
from ui.data import keys
from ui.data.image_sets import SETS

#: Stands for all classes.
EVERY = -1


def show_set_choice(
    sizes: Mapping[str, int],
    help: Markdown,
    on_change: Callable[..., None] | None = None,
    args: tuple[Any, ...] = (),
) -> None:
    """Show the choice of a set, kept in ``keys.SPLIT``.

    Args:
        sizes: The number of samples of each of ``SETS``.
        help: Explains the sets.
        on_change: Called with ``args`` after another set was selected.
        args: Arguments of ``on_change``.
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
