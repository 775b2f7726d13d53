"""Starting a run from a page, once for each decision to start one."""

from __future__ import annotations

import time

from mnist_core.config import TrainingConfig
from mnist_core.errors import UnknownRunError
from mnist_core.presets import PRESETS
from mnist_core.runs import Run
from ui import services, state
from ui.text import _


def start_run(config: TrainingConfig, preset: str) -> Run:
    """Put a run into the queue.

    A double click is delivered as two presses of the button. The second one finds the run of
    the first, if its settings are the same, it comes at once, and nobody stopped that run.

    Args:
        config: What to train.
        preset: Key of the preset that it began as.

    Raises:
        StoreError: The run cannot be kept.
    """
    repeated = _just_started(config)
    if repeated is not None:
        return repeated
    unchanged = config == PRESETS[preset].config
    run = services.submit(
        config,
        name=preset if unchanged else _("{preset}, changed").format(preset=preset),
        preset=preset if unchanged else None,
    )
    state.LAST_START.set(state.Start(config, run.id, time.monotonic()))
    return run


def _just_started(config: TrainingConfig) -> Run | None:
    run_id = state.recent_start(config)
    if run_id is None:
        return None
    try:
        run = services.store().get(run_id)
    except UnknownRunError:  # deleted meanwhile
        return None
    return run if run.status.is_active else None
