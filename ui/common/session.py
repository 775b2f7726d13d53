"""Everything that a browser session remembers, by name.

Streamlit keeps a dictionary for each session, which only this module touches. What it holds has
an ``Entry``, which knows the key and the type. The keys of one page stand in ``ui/<page>/keys.py``,
those that several pages share stand here. The keys of widgets are part of the page: Streamlit
turns ``train-start`` into the class ``st-key-train-start``, by which browser tests find the button.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import streamlit as st

from mnist_core.experiment.presets import PRESETS

DEFAULT_LANGUAGE = "en"
#: The preset that is chosen before anybody has chosen one.
FIRST_PRESET = next(iter(PRESETS))

Value = TypeVar("Value")


@dataclass(frozen=True)
class Entry(Generic[Value]):
    """One value of the session.

    Attributes:
        key: Its key, also the ``key`` of the widget that changes it, if there is one.
        default: What it is before anything has set it.
    """

    key: str
    default: Value

    def get(self) -> Value:
        """The value now."""
        value: Value = st.session_state.get(self.key, self.default)
        return value

    def is_set(self) -> bool:
        """Whether anything has set it; Streamlit forgets a widget that is not drawn any more."""
        return self.key in st.session_state

    def set(self, value: Value) -> None:
        """Change it; not in a run of the script that has already drawn its widget."""
        st.session_state[self.key] = value

    def keep_among(self, values: Sequence[Value]) -> None:
        """Take the first of some values, unless it is one of them."""
        if self.get() not in values:
            self.set(values[0])

    def prepare(self) -> str:
        """Give its widget the default to begin with.

        Returns:
            The key, for the widget.
        """
        st.session_state.setdefault(self.key, self.default)
        return self.key


# What is no widget.
LANGUAGE: Entry[str] = Entry("language", DEFAULT_LANGUAGE)
NOTICE: Entry[str] = Entry("notice", "")

# The form of an experiment's settings, see ``field`` too. The first key is public: keep it.
PRESET: Entry[str] = Entry("train-preset", FIRST_PRESET)
STOP_EARLY: Entry[bool] = Entry("train-stop-early", False)
NETWORK_SUMMARY = "train-network-summary"

DATA_AGAIN = "data-again"
NAVIGATION_DRAWER = "navigation-drawer"
NAVIGATION_DRAWER_ELEMENT = "navigation-drawer-element"


def labels_of(choice: Entry[str]) -> Entry[dict[str, str]]:
    """What the options of a choice were called when it was last drawn."""
    return Entry(f"{choice.key}-labels", {})


def element_value(key: str, name: str) -> Any:
    """What an element of the browser's own has reported under a name; None before it has."""
    return (st.session_state.get(key) or {}).get(name)


def field(name: str) -> Entry[Any]:
    """The widget of one field of the configuration."""
    default = getattr(PRESETS[FIRST_PRESET].config, name)
    return Entry(f"train-{name.replace('_', '-')}", default)


def language() -> str:
    """Code of the language that this session reads."""
    return LANGUAGE.get()


def kept_dict(key: str) -> dict[Any, Any]:
    """A dictionary of this session; always the same, so that a change does not touch the session.

    Args:
        key: Its key.
    """
    found: dict[Any, Any] = st.session_state.setdefault(key, {})
    return found


def presses() -> dict[Hashable, Any]:
    """What this session has done lately, or is doing, see :mod:`ui.common.idempotency`."""
    return kept_dict("presses")


def take_notice() -> str:
    """What went wrong in a callback, to be said once."""
    notice = NOTICE.get()
    NOTICE.set("")
    return notice
