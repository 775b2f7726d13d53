"""Error messages on a page: a sentence, never a traceback."""

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
#: Seconds until the page tries again after a temporary error.
RETRY_SECONDS = 2


def show(error: LabError) -> None:
    """Show the problem and the remedy at the current position of the page."""
    if isinstance(error, DataPendingError):  # a worker is downloading the data
        _show_and_retry(sentence(error), time.monotonic())
        return
    if isinstance(error, StoreGoneError):  # the store may come back
        _log.warning("%s", error)
        _show_and_retry(sentence(error), time.monotonic(), is_fault=True)
        return
    if not isinstance(error, ConfigError):  # invalid input is not logged
        _log.warning("%s", error)
    st.error(sentence(error), icon=":material/error:")


@st.fragment(run_every=RETRY_SECONDS)
def _show_and_retry(words: Markdown, since: float, *, is_fault: bool = False) -> None:
    """Show a temporary error, and rerun the page after some seconds."""
    if time.monotonic() - since > RETRY_SECONDS / 2:
        st.rerun()
    if is_fault:
        st.error(words, icon=":material/error:")
    else:
        st.info(words, icon=":material/downloading:")


def sentence(error: LabError) -> Markdown:
    """Return the translated message as Markdown, with the settings' labels instead of their names.

    The values are escaped, because they may come from outside, such as from an address. Within the
    text only names with an underscore, such as ``train_size``, are replaced: ``seed`` is a word.
    """
    text = _safe(error).sentence(_)
    for name, field in FIELDS.items():
        if "_" in name:
            written = name.replace("_", r"\\?_")  # escaped if it is part of a value
            text = re.sub(rf"\b{written}\b", f"“{_(field.label)}”", text)
    return Markdown(text)


def _safe(error: LabError) -> LabError:
    values: dict[str, object] = {
        # Only settings are formatted as numbers: a name or a file may consist of digits.
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
    """Format a value: whole numbers with thousands separators, texts escaped."""
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    if isinstance(value, float):
        return value
    text = str(value)
    return f"{int(text):,}" if number and re.fullmatch(r"\d{4,18}", text) else escaped(text)


@contextmanager
def shown() -> Iterator[None]:
    """Show a ``LabError`` of the ``with`` block at the current position of the page."""
    try:
        yield
    except LabError as error:
        show(error)


def show_notice() -> None:
    """Show the error that :func:`noted` has kept since the last script run, if any."""
    if notice := session.take_notice():
        st.error(notice, icon=":material/error:")


@contextmanager
def noted() -> Iterator[None]:
    """Keep a ``LabError`` of a callback, which has no position on the page, for `show_notice`."""
    try:
        yield
    except LabError as error:
        _log.warning("%s", error)
        session.NOTICE.set(sentence(error))
