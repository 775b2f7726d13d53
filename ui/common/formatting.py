"""Text format of a run's status, settings, figures and times.

A status has a label and an icon beside its colour, so that it is accessible without colour vision.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from zoneinfo import ZoneInfo

from mnist_core.experiment.architectures import ARCHITECTURES
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs import RateChange, RunStatus
from mnist_core.runs.records import IMPORTED
from mnist_core.tasks import TASKS, Quantity, Task
from mnist_core.tasks.quantity import NONE
from ui.common.i18n import Markdown, _, ngettext, translated
from ui.common.setting_labels import CHOICE_LABELS

#: Maximal number of learning rate changes in a line.
MOST_RATES = 4
#: Larger probabilities would be rounded to 100.0%.
MOST_CERTAIN = 0.9995


@dataclass(frozen=True)
class StatusWord:
    """Label, icon and colour of a status.

    Attributes:
        label: The label, marked for translation.
        icon: Streamlit's name of an icon.
        colour: Streamlit's name of a colour.
    """

    label: str
    icon: str
    colour: Literal["gray", "green", "orange", "red", "blue"]


STATUS_WORDS: dict[RunStatus, StatusWord] = {
    RunStatus.QUEUED: StatusWord(mark("Queued"), ":material/hourglass_empty:", "gray"),
    RunStatus.RUNNING: StatusWord(mark("Running"), ":material/play_arrow:", "blue"),
    RunStatus.PAUSED: StatusWord(mark("Paused"), ":material/pause:", "orange"),
    RunStatus.FINISHED: StatusWord(mark("Finished"), ":material/check:", "green"),
    RunStatus.STOPPED: StatusWord(mark("Stopped"), ":material/stop:", "orange"),
    RunStatus.FAILED: StatusWord(mark("Failed"), ":material/error:", "red"),
    RunStatus.INTERRUPTED: StatusWord(mark("Interrupted"), ":material/power_off:", "orange"),
}


def task_label(config: TrainingConfig) -> str:
    """Return the label of a configuration's task; its key if this version does not have it."""
    known = TASKS.get(config.task)
    return _(known.label) if known else config.task


def architecture_label(config: TrainingConfig) -> str:
    """Return the label of the network; its key if this version does not have it."""
    if config.architecture == IMPORTED:
        return _("Imported model")
    known = ARCHITECTURES.get(config.architecture)
    return _(known.label) if known else config.architecture


def choice_label(field: str, value: str) -> str:
    """Return the label of a choice; the choice itself if this version does not have it."""
    known = CHOICE_LABELS[field].get(value)
    return _(known) if known else value


def settings_line(config: TrainingConfig) -> Markdown:
    """Return the most important settings in one line; only the label for an imported model."""
    if config.architecture == IMPORTED:
        return _line(architecture_label(config))
    return _line(
        architecture_label(config),
        _("{count} training samples").format(count=whole(config.train_size)),
        epochs(config.epochs),
    )


def more_settings_line(config: TrainingConfig, changes: Sequence[RateChange] = ()) -> Markdown:
    """Return the other settings in one line, without those that have their default value.

    Args:
        config: The settings.
        changes: Changes of the learning rate during the training.
    """
    if config.architecture == IMPORTED:
        raw = config.pixel_scaling == "raw"
        return _line(_("pixels from 0 to 255") if raw else _("pixels from 0 to 1"))
    parts = [
        _("{count} validation samples").format(count=whole(config.validation_size)),
        optimizer_words(config, changes),
        _("batches of {size}").format(size=whole(config.batch_size)),
        _("seed {seed}").format(seed=config.seed),
    ]
    if config.momentum:
        parts.insert(2, _("momentum {share}").format(share=f"{config.momentum:g}"))
    if config.folds:
        words = _("validation on fold {fold} of {folds}")
        parts.append(words.format(fold=config.fold, folds=config.folds))
    if config.sampling == "stratified":
        parts.append(_("stratified sampling"))
    if config.pixel_scaling == "raw":
        parts.append(_("pixels from 0 to 255"))
    if config.label_noise:
        parts.append(_("{share} label noise").format(share=f"{config.label_noise:.0%}"))
    if config.augmentation != "none":
        what = choice_label("augmentation", config.augmentation).lower()
        parts.append(_("data augmentation: {what}").format(what=what))
    if config.histograms == "on":
        parts.append(_("weight histograms"))
    if config.patience is not None:
        parts.append(_("early stopping, patience {epochs}").format(epochs=whole(config.patience)))
    if config.min_delta:
        parts.append(_("minimum improvement {loss}").format(loss=f"{config.min_delta:g}"))
    return _line(*parts)


def all_settings(config: TrainingConfig, changes: Sequence[RateChange] = ()) -> Markdown:
    """Return all settings of a run in one line."""
    return Markdown(" · ").join([settings_line(config), more_settings_line(config, changes)])


def optimizer_words(config: TrainingConfig, changes: Sequence[RateChange] = ()) -> Markdown:
    """Return the optimizer, its learning rate, and the rates that were set later."""
    first = _("{optimizer} at {rate}").format(
        optimizer=choice_label("optimizer", config.optimizer), rate=f"{config.learning_rate:g}"
    )
    shown = changes if len(changes) <= MOST_RATES else [*changes[: MOST_RATES - 2], changes[-1]]
    then = _("then {rate} from epoch {epoch}")
    later = [then.format(rate=f"{change.rate:g}", epoch=whole(change.epoch)) for change in shown]
    words = Markdown(", ").join([first, *later])
    if len(shown) < len(changes):
        count = len(changes)
        more = ngettext("({count} change in total)", "({count} changes in total)", count)
        words = Markdown(" ").join([words, more.format(count=whole(count))])
    return words


def class_labels(entry: Task) -> tuple[str, ...]:
    """Return the translated class labels of a task as plain text."""
    return tuple(map(translated, entry.labels))


def samples_called(config: TrainingConfig, count: int = 2) -> Markdown:
    """Return the noun for samples of a run's task, such as "image" or "images"."""
    known = TASKS.get(config.task)
    if known is None:
        return _("sample") if count == 1 else _("samples")
    return _(known.noun) if count == 1 else _(known.nouns)


def capitalised(name: Markdown) -> Markdown:
    """Return a text with a capital first letter, for a heading."""
    return Markdown(name[:1].upper() + name[1:])


def epochs(count: int) -> Markdown:
    """Format a number of epochs: "1 epoch", "20 epochs"."""
    return ngettext("{count} epoch", "{count} epochs", count).format(count=whole(count))


def whole(number: int) -> str:
    """Format a whole number with thousands separators."""
    return f"{number:,}"


def byte_size(count: int) -> Markdown:
    """Format a number of bytes: "43 kB", "1.2 MB"."""
    if count < 1_000_000:
        return _("{size} kB").format(size=whole(round(count / 1000)))
    return _("{size} MB").format(size=f"{count / 1e6:,.1f}")


def counted(label: Markdown, number: int) -> Markdown:
    """Append a number to a label: "Test (10,000)"."""
    return Markdown("{label} ({number})").format(label=label, number=whole(number))


def loss(value: float | None) -> str:
    """Format a loss with three decimal places; from 1,000 on as a whole number."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:.3f}" if abs(value) < 1_000 else f"{value:,.0f}"


def metric(value: float | None, quantity: Quantity | None) -> str:
    """Format a task's metric: an accuracy in percent, or an error in the quantity's unit."""
    if quantity is None or value is None:
        return percent(value)
    return quantity.text(value)


def column_format(quantity: Quantity) -> str:
    """Return the number format of a Streamlit table column with displayed values."""
    return f"{quantity.prefix}%,.{quantity.digits}f{quantity.suffix}"


def percent(value: float | None) -> str:
    """Format a share (0 to 1) in percent."""
    return NONE if value is None or not math.isfinite(value) else f"{value:.1%}"


def probability(value: float) -> str:
    """Format a model's probability (0 to 1) in percent, never as 0.0% or 100.0%."""
    if value > MOST_CERTAIN:
        return ">99.9%"
    if value < 1 - MOST_CERTAIN:
        return "<0.1%"
    return percent(value)


def duration(seconds: float) -> str:
    """Format a duration: 75 seconds as 1:15, 3,675 seconds as 1:01:15."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def about(seconds: float) -> Markdown:
    """Format an estimated time with few digits: "40 s", "3 min", "2 h"."""
    if seconds < 90:
        tens = round(seconds, -1) if seconds >= 20 else max(1, round(seconds))
        return _("{count} s").format(count=round(tens))
    if seconds < 90 * 60:
        return _("{count} min").format(count=round(seconds / 60))
    return _("{count} h").format(count=round(seconds / 3600))


def moment(seconds: float | None, timezone: str | None) -> str:
    """Format a point in time as date and local time of the browser.

    Args:
        seconds: Unix time in seconds.
        timezone: The browser's time zone name; if it is None or unknown, the server's is used.
    """
    if seconds is None:
        return NONE
    try:
        zone = ZoneInfo(timezone) if timezone else None
    except (KeyError, ValueError, OSError):
        zone = None
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M")


def _line(*parts: str) -> Markdown:
    # The line may break between two parts, not within a part.
    joined = Markdown("\n").join(parts).replace(" ", "\N{NO-BREAK SPACE}")
    return Markdown(joined.replace("\n", " · "))
