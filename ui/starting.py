"""Starting a run from a page, once for each decision to start one."""

from __future__ import annotations

from mnist_core.config import TrainingConfig
from mnist_core.errors import UnknownRunError
from mnist_core.presets import PRESETS
from mnist_core.runs import Run
from mnist_core.tasks import availability
from ui import presses, services
from ui.text import _

#: A time is written in seconds up to so many, then in minutes.
SECONDS_UP_TO = 95


def time_needed(config: TrainingConfig) -> list[str]:
    """About how long a training takes on this machine, in words; nothing where that is unknown.

    Raises:
        StoreError: The runs cannot be read.
    """
    seconds = services.estimated_seconds(config)
    if seconds is None:
        return []
    if seconds < SECONDS_UP_TO:
        tens = 10 * max(1, round(seconds / 10))
        return [_("about {count} s").format(count=tens)]
    minutes = max(2, round(seconds / 60))
    return [_("about {count} min").format(count=minutes)]


def start_run(config: TrainingConfig, preset: str) -> Run:
    """Put a run into the queue.

    A double click is delivered as two presses of the button. The second one finds the run of
    the first, if its settings are the same, it comes at once, and nobody stopped that run.

    Args:
        config: What to train.
        preset: Key of the preset that it began as.

    Raises:
        DataError: Its data is not on this machine and cannot be downloaded.
        StoreError: The run cannot be kept.
    """
    unchanged = config == PRESETS[preset].config

    def submit() -> str:
        availability.require(config.task)  # before there is a run that could only fail
        run = services.submit(
            config,
            name=preset if unchanged else _("{preset}, changed").format(preset=preset),
            preset=preset if unchanged else None,
        )
        return run.id

    return services.store().get(presses.once(config, submit, holds=_is_at_work))


def _is_at_work(run_id: str) -> bool:
    try:
        return services.store().get(run_id).status.is_active
    except UnknownRunError:  # deleted meanwhile
        return False
