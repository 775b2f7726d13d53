"""The session keys of the Start page; see :mod:`ui.common.session`."""

from __future__ import annotations

DRAW = "start-draw"
FIRST = "start-first"
CHART = "start-chart"

# Containers, so that ``ui/app/layout.css`` finds them.
LAYOUT = "start-layout"
INTRO = "start-intro"
ACTIONS = "start-actions"
PICTURE = "start-picture"
CARDS = "start-cards"
MORE_CARDS = "start-more-cards"
OTHER_CARDS = "start-other-cards"


def card(preset: str) -> str:
    """The card of a preset on the start page."""
    return f"card-{preset}"


def start(preset: str) -> str:
    """The button of that card."""
    return f"start-{preset}"
