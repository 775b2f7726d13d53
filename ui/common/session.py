"""Typed access to Streamlit's session state.

Only this module uses ``st.session_state``. An ``Entry`` has the key and the type of a value. The
keys of a single page are in ``ui/<page>/keys.py``, shared keys are here. Widget keys are part of
the page: Streamlit turns ``train-start`` into the CSS class ``st-key-train-start``, by which
browser tests find the button.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

from mnist_core.experiment.presets import PRESETS

DEFAULT_LANGUAGE = "en"
#: The initially chosen preset.
FIRST_PRESET = next(iter(PRESETS))

Value = TypeVar("Value")


@dataclass(frozen=True)
class Entry(Generic[Value]):
    """One value of the session.

    Attributes:
        key: Key of the value and of the widget that changes it, if any.
        default: Value before the first change.
    """

    key: str
    default: Value

    def get(self) -> Value:
        """Return the current value."""
        value: Value = st.session_state.get(self.key, self.default)
        return value

    def is_set(self) -> bool:
        """Whether the value is set; Streamlit drops that of a widget that is no longer drawn."""
        return self.key in st.session_state

    def set(self, value: Value) -> None:
        """Change the value; not after the widget was drawn in this script run."""
        st.session_state[self.key] = value

    def keep_among(self, values: Sequence[Value]) -> None:
        """Set the first of the allowed values if the current value is not among them."""
        if self.get() not in values:
            self.set(values[0])

    def prepare(self) -> str:
        """Initialise the value and return the key, for the widget."""
        st.session_state.setdefault(self.key, self.default)
        return self.key


# Values without a widget.
LANGUAGE: Entry[str] = Entry("language", DEFAULT_LANGUAGE)
NOTICE: Entry[str] = Entry("notice", "")

# The settings form, see also ``field``. The first key is public: do not change its value.
PRESET: Entry[str] = Entry("train-preset", FIRST_PRESET)
STOP_EARLY: Entry[bool] = Entry("train-stop-early", False)
NETWORK_SUMMARY = "train-network-summary"

DATA_AGAIN = "data-again"
NAVIGATION_DRAWER = "navigation-drawer"
NAVIGATION_DRAWER_ELEMENT = "navigation-drawer-element"


def labels_of(choice: Entry[str]) -> Entry[dict[str, str]]:
    """Return the entry of the labels with which a choice was last drawn."""
    return Entry(f"{choice.key}-labels", {})


def element_value(key: str, name: str) -> Any:
    """Return a value that a custom component has reported; None before the first report."""
    return (st.session_state.get(key) or {}).get(name)


def field(name: str) -> Entry[Any]:
    """Return the entry of a configuration field."""
    default = getattr(PRESETS[FIRST_PRESET].config, name)
    return Entry(f"train-{name.replace('_', '-')}", default)


def language() -> str:
    """Return the language code of this session."""
    return LANGUAGE.get()


def kept_dict(key: str) -> dict[Any, Any]:
    """Return a dictionary of this session, always the same object.

    Changing it is no access to the session, at which Streamlit could end the script run.

    Args:
        key: Key in the session.
    """
    kept: dict[Any, Any] = st.session_state.setdefault(key, {})
    return kept


def presses() -> dict[Hashable, Any]:
    """Return the recent requests of this session, see :mod:`ui.common.idempotency`."""
    return kept_dict("presses")


def take_notice() -> str:
    """Return the error message of a callback, and remove it from the session."""
    notice = NOTICE.get()
    NOTICE.set("")
    return notice
