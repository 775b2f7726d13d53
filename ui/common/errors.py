"""Failures as a sentence on the page, never as a traceback."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from mnist_core.errors import ConfigError, DataPendingError, LabError, StoreGoneError
from ui.common import session
from ui.common.i18n import Markdown, _, escaped
from ui.common.setting_labels import FIELDS

_log = logging.getLogger(__name__)
#: What is on its way is asked for again after so many seconds.
AGAIN_SECONDS = 2


def show(error: LabError) -> None:
    """Say on the page, where it stands now, what is wrong and what to do."""
    if isinstance(error, DataPendingError):  # of a worker that fetches what this machine has not
        _ask_again(sentence(error), time.monotonic())
        return
    if isinstance(error, StoreGoneError):  # it may come back
        _log.warning("%s", error)
        _ask_again(sentence(error), time.monotonic(), is_fault=True)
        return
    if not isinstance(
        error, ConfigError
    ):  # what somebody has just typed is no trouble of the lab's
        _log.warning("%s", error)
    st.error(sentence(error), icon=":material/error:")


@st.fragment(run_every=AGAIN_SECONDS)
def _ask_again(words: Markdown, since: float, *, is_fault: bool = False) -> None:
    """Say what is waited for, and draw the page anew after some seconds."""
    if time.monotonic() - since > AGAIN_SECONDS / 2:
        st.rerun()
    if is_fault:
        st.error(words, icon=":material/error:")
    else:
        st.info(words, icon=":material/downloading:")


def sentence(error: LabError) -> Markdown:
    """The error in the reader's language as Markdown, with settings called as on the page.

    Its values come from outside, from an address for example: a link or an image in them must
    stay text. Of names elsewhere in a sentence only such as ``train_size`` are exchanged: ``seed``
    and the like are plain words.
    """
    text = _safe(error).sentence(_)
    for name, field in FIELDS.items():
        if "_" in name:
            written = name.replace("_", r"\\?_")  # it may be one of the values
            text = re.sub(rf"\b{written}\b", f"“{_(field.label)}”", text)
    return Markdown(text)


def _safe(error: LabError) -> LabError:
    values: dict[str, object] = {
        # What a setting was given may be a number in quotes; a name or a file stays as it is.
        name: Markdown(_safe(value).cause(_))
        if isinstance(value, LabError)
        else _written(value, number=isinstance(error, ConfigError))
        for name, value in error.values.items()
    }
    field = FIELDS.get(str(error.values.get("field")))
    if field is not None and error.problem.startswith("{field}"):
        values["field"] = f"“{_(field.label)}”"
    return type(error)(error.problem, error.remedy, **values)


def _written(value: object, *, number: bool) -> str | float:
    """A value of a sentence: a whole number with its thousands apart, a text as a text."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return value
    text = str(value)
    return f"{int(text):,}" if number and re.fullmatch(r"\d{4,18}", text) else escaped(text)


@contextmanager
def shown() -> Iterator[None]:
    """Show a failure of what is done inside, in its place."""
    try:
        yield
    except LabError as error:
        show(error)


def show_notice() -> None:
    """Show here what went wrong in a callback since the last run of the script, if anything did."""
    if notice := session.take_notice():
        st.error(notice, icon=":material/error:")


@contextmanager
def noted() -> Iterator[None]:
    """Keep a failure of a callback, which has no place on the page, for ``show_notice``."""
    try:
        yield
    except LabError as error:
        _log.warning("%s", error)
        session.NOTICE.set(sentence(error))
