"""The session keys of the Train page; see :mod:`ui.common.session`.

``START``, ``PAUSE``, ``STOP`` and ``LIVE_CHART`` are public: do not change their values.
"""

from __future__ import annotations

from collections.abc import Sequence

from mnist_core.evaluation.overfitting import DEFAULT_CRITERION
from mnist_core.experiment.config import TrainingConfig
from ui.common.charts import SERIES
from ui.common.session import Entry

SHOWN_RUN: Entry[str | None] = Entry("shown-run", None)
#: The shown run and the one behind it.
REFERENCE: Entry[tuple[str, str] | None] = Entry("reference", None)
PINNED: Entry[str | None] = Entry("pinned-reference", None)
REFERENCE_LINE = "train-reference"
PIN = "train-pin"
HIDE_REFERENCE = "train-hide-reference"
FOLLOWED_PRESET: Entry[str | None] = Entry("followed-preset", None)
LAST_COMMAND: Entry[tuple[str, float] | None] = Entry("last-command", None)
START = "train-start"
PAUSE = "train-pause"
STOP = "train-stop"
LIVE_CHART = "live-chart"
STEP = "train-step"
RESET = "train-reset"
RUN_SETTINGS = "train-run-settings"
RESUME = "train-resume"
NEW_RATE: Entry[float] = Entry("train-new-rate", TrainingConfig().learning_rate)
SET_RATE = "train-set-rate"
CRITERION: Entry[str] = Entry("chart-criterion", DEFAULT_CRITERION)
SMOOTHING: Entry[float] = Entry("chart-smoothing", 0.0)
LOSS_AXIS: Entry[str] = Entry("chart-loss-axis", "linear")
SHOWN_SERIES: Entry[Sequence[str]] = Entry("chart-series", tuple(SERIES))

# Containers that ``ui/app/layout.css`` styles.
BAR = "train-bar"
BUTTONS = "train-buttons"
MESSAGES = "train-messages"
LAYOUT = "train-layout"
SETTINGS = "train-settings"
MORE = "train-more"
CHANGES = "train-changes"
WATCH = "train-watch"
RUN_HEADING = "run-heading"


def next_step(key: str) -> str:
    """Key of the button that starts a proposed run."""
    return f"next-{key}"
