"""Failures as a sentence on the page, never as a traceback."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from mnist_core.errors import LabError
from ui import state
from ui.fields import FIELDS
from ui.run_words import escaped
from ui.text import _

_log = logging.getLogger(__name__)


def show(error: LabError) -> None:
    """Say on the page, where it stands now, what is wrong and what to do."""
    _log.warning("%s", error)
    st.error(sentence(error), icon=":material/error:")


def sentence(error: LabError) -> str:
    """The error in the reader's language as Markdown, with settings called as on the page.

    Its values come from outside, from an address for example: a link or an image in them must
    stay text. Only names such as ``train_size`` are exchanged: ``seed`` and the like are plain
    words.
    """
    numbers = int, float
    values = {
        name: value if isinstance(value, numbers) else escaped(str(value))
        for name, value in error.values.items()
    }
    safe = type(error)(error.received, error.why, error.remedy, **values)
    text = safe.sentence(_)
    for name, field in FIELDS.items():
        if "_" in name:
            written = name.replace("_", r"\\?_")  # it may be one of the values
            text = re.sub(rf"\b{written}\b", f"“{_(field.label)}”", text)
    return text


@contextmanager
def shown() -> Iterator[None]:
    """Show a failure of what is done inside, in its place."""
    try:
        yield
    except LabError as error:
        show(error)


def show_notice() -> None:
    """Show here what went wrong in a callback since the last run of the script, if anything did."""
    if notice := state.take_notice():
        st.error(notice, icon=":material/error:")


@contextmanager
def noted() -> Iterator[None]:
    """Keep a failure of a callback, which has no place on the page, for ``show_notice``."""
    try:
        yield
    except LabError as error:
        _log.warning("%s", error)
        state.NOTICE.set(sentence(error))
