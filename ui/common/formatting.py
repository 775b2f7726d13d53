"""A run in words: its status, its settings in one line, its figures and times.

A status is a word with a sign and a colour, never a colour alone.
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

#: A line names at most so many changes of the learning rate.
MOST_RATES = 4
#: A probability beyond this would be shown as 100.0%.
MOST_CERTAIN = 0.9995


@dataclass(frozen=True)
class StatusWord:
    """How a status is shown.

    Attributes:
        label: The word.
        icon: Streamlit's name of a sign.
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
    """The name of a configuration's task; its key where this version of the lab knows none."""
    known = TASKS.get(config.task)
    return _(known.label) if known else config.task


def architecture_label(config: TrainingConfig) -> str:
    """Name of the network; its key where the registry does not know it any more."""
    if config.architecture == IMPORTED:
        return _("A model from a file")
    known = ARCHITECTURES.get(config.architecture)
    return _(known.label) if known else config.architecture


def choice_label(field: str, value: str) -> str:
    """Label of a choice; the choice itself where this version does not know it."""
    known = CHOICE_LABELS[field].get(value)
    return _(known) if known else value


def settings_line(config: TrainingConfig) -> Markdown:
    """The settings that matter most, in one line; of a model from a file none is known."""
    if config.architecture == IMPORTED:
        return _line(architecture_label(config))
    return _line(
        architecture_label(config),
        _("{count} training samples").format(count=whole(config.train_size)),
        epochs(config.epochs),
    )


def more_settings_line(config: TrainingConfig, changes: Sequence[RateChange] = ()) -> Markdown:
    """All the other settings in one line, without those that are left as they usually are.

    Args:
        config: The settings.
        changes: What became of the learning rate while the run was trained.
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
        words = _("fold {fold} of {folds} validates")
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
        parts.append(_("smallest improvement {loss}").format(loss=f"{config.min_delta:g}"))
    return _line(*parts)


def all_settings(config: TrainingConfig, changes: Sequence[RateChange] = ()) -> Markdown:
    """Both lines of a run's settings in one."""
    return Markdown(" · ").join([settings_line(config), more_settings_line(config, changes)])


def optimizer_words(config: TrainingConfig, changes: Sequence[RateChange] = ()) -> Markdown:
    """The optimizer with its learning rate, and the rates that somebody has set since."""
    first = _("{optimizer} at {rate}").format(
        optimizer=choice_label("optimizer", config.optimizer), rate=f"{config.learning_rate:g}"
    )
    shown = changes if len(changes) <= MOST_RATES else [*changes[: MOST_RATES - 2], changes[-1]]
    then = _("then {rate} from epoch {epoch}")
    later = [then.format(rate=f"{one.rate:g}", epoch=whole(one.epoch)) for one in shown]
    words = Markdown(", ").join([first, *later])
    if len(shown) < len(changes):
        count = len(changes)
        more = ngettext("({count} change in all)", "({count} changes in all)", count)
        words = Markdown(" ").join([words, more.format(count=whole(count))])
    return words


def class_labels(entry: Task) -> tuple[str, ...]:
    """What pages call the classes of a task, in the reader's language; plain text."""
    return tuple(map(translated, entry.labels))


def samples_called(config: TrainingConfig, count: int = 2) -> Markdown:
    """What so many samples of a run's task are called: "image" or "images", "reviews", "houses"."""
    known = TASKS.get(config.task)
    if known is None:
        return _("sample") if count == 1 else _("samples")
    return _(known.noun) if count == 1 else _(known.nouns)


def capitalised(name: Markdown) -> Markdown:
    """A name of the lab's own at the beginning of a heading."""
    return Markdown(name[:1].upper() + name[1:])


def epochs(count: int) -> Markdown:
    """So many epochs."""
    return ngettext("{count} epoch", "{count} epochs", count).format(count=whole(count))


def whole(number: int) -> str:
    """A whole number with its thousands apart."""
    return f"{number:,}"


def byte_size(count: int) -> Markdown:
    """A number of bytes: "43 kB", "1.2 MB"."""
    if count < 1_000_000:
        return _("{size} kB").format(size=whole(round(count / 1000)))
    return _("{size} MB").format(size=f"{count / 1e6:,.1f}")


def counted(label: Markdown, number: int) -> Markdown:
    """A label with a number that belongs to it: "Everything (70,000)"."""
    return Markdown("{label} ({number})").format(label=label, number=whole(number))


def loss(value: float | None) -> str:
    """A loss to three places, or as a whole number where it is large."""
    if value is None or not math.isfinite(value):
        return NONE
    return f"{value:.3f}" if abs(value) < 1_000 else f"{value:,.0f}"


def metric(value: float | None, quantity: Quantity | None) -> str:
    """A task's own figure: an accuracy in percent, or an error in the unit of its number."""
    if quantity is None or value is None:
        return percent(value)
    return quantity.text(value)


def column_format(quantity: Quantity) -> str:
    """How a column of Streamlit's tables writes a number, once it has its shown scale."""
    return f"{quantity.prefix}%,.{quantity.digits}f{quantity.suffix}"


def percent(value: float | None) -> str:
    """A share (0 to 1) in percent."""
    return NONE if value is None or not math.isfinite(value) else f"{value:.1%}"


def probability(value: float) -> str:
    """A model's probability (0 to 1) in percent; never certainty, which no model has."""
    if value > MOST_CERTAIN:
        return ">99.9%"
    if value < 1 - MOST_CERTAIN:
        return "<0.1%"
    return percent(value)


def duration(seconds: float) -> str:
    """75 seconds are 1:15, 3,675 are 1:01:15."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def about(seconds: float) -> Markdown:
    """A time that is only estimated, without more digits than are known: "40 s", "3 min", "2 h"."""
    if seconds < 90:
        tens = round(seconds, -1) if seconds >= 20 else max(1, round(seconds))
        return _("{count} s").format(count=round(tens))
    if seconds < 90 * 60:
        return _("{count} min").format(count=round(seconds / 60))
    return _("{count} h").format(count=round(seconds / 3600))


def moment(seconds: float | None, timezone: str | None) -> str:
    """A moment as date and time of the reader's place.

    Args:
        seconds: Since 1970 (UTC).
        timezone: The browser's name of its time zone; None or an unknown one for the server's.
    """
    if seconds is None:
        return NONE
    try:
        zone = ZoneInfo(timezone) if timezone else None
    except (KeyError, ValueError, OSError):
        zone = None
    return datetime.fromtimestamp(seconds, zone).strftime("%Y-%m-%d %H:%M")


def _line(*parts: str) -> Markdown:
    # A line breaks between two parts, not between a number and what it counts.
    joined = Markdown("\n").join(parts).replace(" ", "\N{NO-BREAK SPACE}")
    return Markdown(joined.replace("\n", " · "))
