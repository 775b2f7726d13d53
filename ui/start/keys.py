"""The session keys of the Start page; see :mod:`ui.common.session`."""

from __future__ import annotations

DRAW = "start-draw"
FIRST = "start-first"
CHART = "start-chart"

# Containers that ``ui/app/layout.css`` styles.
LAYOUT = "start-layout"
INTRO = "start-intro"
ACTIONS = "start-actions"
PICTURE = "start-picture"
CARDS = "start-cards"
MORE_CARDS = "start-more-cards"
OTHER_CARDS = "start-other-cards"


def card(preset: str) -> str:
    """Key of a preset's card."""
    return f"card-{preset}"


def start(preset: str) -> str:
    """Key of the Start button on a preset's card."""
    return f"start-{preset}"
