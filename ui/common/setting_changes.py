"""Differences between two configurations, such as those of a preset and of a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mnist_core.experiment.architectures import ARCHITECTURES
from mnist_core.i18n import mark
from mnist_core.runs.store import NAME_LENGTH
from mnist_core.tasks import TASKS
from ui.common.formatting import whole
from ui.common.i18n import Markdown, _
from ui.common.setting_labels import CHOICE_LABELS, FIELDS

#: Maximal number of differences that are listed.
MOST_NAMED = 4
_TASK = mark("Data")


def differing(*settings: Mapping[str, Any]) -> list[str]:
    """Return the names of the settings, without folds, that are not the same in all."""
    first, *others = settings
    known = ["task", *FIELDS]
    return [name for name in known if any(one.get(name) != first.get(name) for one in others)]


def in_words(before: Mapping[str, Any], after: Mapping[str, Any]) -> Markdown:
    """Return the differences in one line: "Epochs 1,000 → **50** · Momentum 0 → **0.9**"."""
    names = differing(before, after)
    named = names if len(names) <= MOST_NAMED else names[: MOST_NAMED - 1]
    change = Markdown("{label} {before} → **{after}**")
    parts = [
        change.format(
            label=label(name),
            before=value_label(name, before.get(name)),
            after=value_label(name, after.get(name)),
        )
        for name in named
    ]
    if left := len(names) - len(named):
        parts.append(_("{count} more").format(count=left))
    return Markdown(" · ").join(parts)


def run_name(preset: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> str:
    """Return the name of a run: its preset, with the differences if they are short."""
    names = differing(before, after)
    if not names:
        return preset
    if len(names) > 2:
        return _("{preset}, changed").plain(preset=preset)
    parts = (f"{label(name).lower()} {value_label(name, after.get(name))}" for name in names)
    named = ", ".join([preset, *parts])
    if len(named) > NAME_LENGTH:
        return _("{preset}, changed").plain(preset=preset)
    return named


def label(name: str) -> str:
    """Name of a setting for readers."""
    return _(_TASK) if name == "task" else _(FIELDS[name].label)


def value_label(name: str, value: Any) -> str:
    """Value of a setting for readers, as plain text."""
    if value is None:
        return _("none")
    if name == "task":
        return _(TASKS[value].label) if value in TASKS else str(value)
    if name == "architecture":
        return _(ARCHITECTURES[value].label) if value in ARCHITECTURES else str(value)
    if name in CHOICE_LABELS:
        known = CHOICE_LABELS[name].get(value)
        return _(known) if known else str(value)
    if name == "label_noise":
        return f"{value:.0%}"
    if name == "seed":
        return str(value)
    return whole(value) if isinstance(value, int) else f"{value:g}"
