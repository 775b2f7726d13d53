"""A guard that rejects Markdown which is not marked as the lab's own text.

A name from a person or a file may contain Markdown, such as an image from another host.
``ui.common.i18n.Markdown`` escapes the values of its fields, so pages pass only such texts to
Streamlit: during a page test, any other text where Streamlit expects Markdown is an error, and so
is an escaped text elsewhere.
"""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable
from typing import Any

import pytest
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from ui.common.i18n import Markdown

#: Parameters that are Markdown in all elements except the listed ones.
PLACES = frozenset({"body", "label", "help", "text", "delta_description"})
#: Parameters that are Markdown of a metric only; figures need no mark.
FIGURES = frozenset({"value", "delta"})
ESCAPED = re.compile(r"\\[!-/:-@\[-`{-~]")
FORMATTED = re.compile(r"[]!<*`:\[_~]")
PLAIN = frozenset({"code", "text", "json"})
#: Elements whose options are Markdown.
CHOICES = frozenset({"pills", "segmented_control", "radio"})


def guard(patch: pytest.MonkeyPatch) -> None:
    """Make all elements reject texts that are not marked."""
    for name, element in inspect.getmembers(DeltaGenerator, inspect.isfunction):
        if not name.startswith("_") and name not in PLAIN:
            patch.setattr(DeltaGenerator, name, _guarded(name, element))
    # The methods of the main area are also bound as functions of Streamlit's module.
    for name, element in inspect.getmembers(st):
        if inspect.ismethod(element) and isinstance(element.__self__, DeltaGenerator):
            patch.setattr(st, name, getattr(element.__self__, element.__name__))
        elif name in ("toast", "spinner"):
            patch.setattr(st, name, _guarded(name, element))


def _guarded(name: str, element: Callable[..., Any]) -> Callable[..., Any]:
    signature = inspect.signature(element)

    @functools.wraps(element)
    def call(*arguments: Any, **named: Any) -> Any:
        given = signature.bind(*arguments, **named).arguments
        for place in PLACES & set(given) if name != "html" else ():
            _check(f"{name}({place})", given[place])
        for place in FIGURES & set(given) if name == "metric" else ():
            if FORMATTED.search(str(given[place])):
                _check(f"{name}({place})", given[place])
        for label in given.get("tabs", ()):
            _check(f"a label of {name}", label)
        if name == "plotly_chart":
            _check_plain(name, given["figure_or_data"].to_json().replace('\\"', ""))
        if name == "html":
            _check_plain(name, str(given["body"]))
            return element(*arguments, **named)
        if name in ("selectbox", "multiselect"):
            for option in given["options"]:
                _check_plain(f"an option of {name}", given.get("format_func", str)(option))
        if name in CHOICES:
            shown = given.get("format_func", str)
            for option in given["options"]:
                _check(f"an option of {name}", shown(option))
        return element(*arguments, **named)

    return call


def _check_plain(place: str, text: str) -> None:
    if ESCAPED.search(text):
        raise TypeError(f"{place} is no Markdown, and would show the backslashes of {text!r:.200}")


def _check(place: str, text: Any) -> None:
    if isinstance(text, str) and text.strip() and not isinstance(text, Markdown):
        raise TypeError(f"{place} is not marked as Markdown: {text!r}")
