"""The form with an experiment's settings, and its conversion to and from a configuration.

The values are in the session (``ui/common/session.py``), so a configuration can be read before the
widgets are drawn, and a preset or an older run can fill the form.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import streamlit as st

from mnist_core.experiment.architectures import ARCHITECTURES, architectures_for
from mnist_core.experiment.config import (
    CHOICES,
    DEFAULT_LEARNING_RATES,
    LIMITS,
    Limit,
    TrainingConfig,
)
from mnist_core.experiment.presets import PRESETS
from mnist_core.tasks import Task, task
from ui.common import session, setting_changes
from ui.common.i18n import Markdown, _
from ui.common.number_field import number_field
from ui.common.setting_labels import CHOICE_LABELS, FIELDS, STOP_EARLY, Field

#: Step of the + and - buttons while the value is 0.
FIRST_STEPS = {"momentum": 0.1, "min_delta": 0.001}
#: Step of the sliders.
SHARE_STEP = 0.01
#: Initial patience when early stopping is turned on.
FIRST_PATIENCE = 10


def fill(config: TrainingConfig) -> None:
    """Fill the form with a configuration; only before it is drawn, or in a callback."""
    for name in FIELDS:
        session.field(name).set(getattr(config, name))
    session.STOP_EARLY.set(config.patience is not None)
    if config.patience is None:
        session.field("patience").set(FIRST_PATIENCE)


def fill_preset(key: str) -> None:
    """Choose a preset and fill the form with its settings."""
    session.PRESET.set(key)
    fill(PRESETS[key].config)


def fill_like(config: TrainingConfig, preset: str | None) -> None:
    """Fill the form with the settings of a run, and choose its preset or the most similar one."""
    values = config.to_dict()
    nearest = min(PRESETS, key=lambda key: len(_differences(values, key)))
    session.PRESET.set(preset if preset in PRESETS else nearest)
    fill(config)


def read() -> TrainingConfig:
    """Return the configuration in the form.

    Raises:
        ConfigError: A value is out of range, or values are inconsistent.
    """
    return TrainingConfig.from_dict(values())


def values() -> dict[str, Any]:
    """Return the values in the form by field name, without validation."""
    found = PRESETS[session.PRESET.get()].config.to_dict()
    found |= {name: session.field(name).get() for name in FIELDS}
    if not session.STOP_EARLY.get():
        found |= {"patience": None, "min_delta": 0.0}
    # These fields have no widget now; the session may contain old values.
    if found["optimizer"] != "sgd":
        found["momentum"] = 0.0
    if _task().inputs != "images":
        found |= {"pixel_scaling": "unit", "augmentation": "none"}
    if _task().is_number:
        found |= {"sampling": "random", "label_noise": 0.0}
    return found


def changes() -> str:
    """Return the differences from the chosen preset as Markdown; empty without any."""
    return setting_changes.in_words(PRESETS[session.PRESET.get()].config.to_dict(), values())


def show_first() -> None:
    """Show the four settings that a beginner changes first."""
    fitting = architectures_for(_task().key)
    if session.field("architecture").get() not in fitting:
        session.field("architecture").set(fitting[0])
    _choice("architecture", fitting, {key: ARCHITECTURES[key].label for key in fitting})
    chosen = ARCHITECTURES.get(session.field("architecture").get())
    if chosen:
        with st.container(key=session.NETWORK_SUMMARY):
            st.caption(
                _("{summary} {count} parameters.").format(
                    summary=_(chosen.summary), count=f"{chosen.parameters:,}"
                )
            )
    left, right = st.columns(2, wrap=False)
    with left:
        _number("train_size")
    with right:
        _number("validation_size")
    _number("epochs")


def show_more() -> None:
    """Show the other settings."""
    _choice("optimizer", on_change=_follow_optimizer)
    _number("learning_rate")
    if session.field("optimizer").get() == "sgd":
        _number("momentum")
    _number("batch_size")
    _number("seed")
    if _task().inputs == "images":
        _choice("pixel_scaling")
    if not _task().is_number:
        _choice("sampling")
        _share("label_noise")
    if _task().inputs == "images":
        _choice("augmentation")
    _choice("histograms")
    st.toggle(
        _(STOP_EARLY.label),
        key=session.STOP_EARLY.prepare(),
        help=_(STOP_EARLY.help),
        on_change=_begin_patience,
        persist_state="session",
    )
    if session.STOP_EARLY.get():
        _number("patience")
        _number("min_delta")


def show_data() -> None:
    """Show the settings that select and change the training data."""
    _number("train_size")
    _number("validation_size")
    _choice("sampling")
    _share("label_noise")
    _choice("augmentation")
    _number("seed")


def show_pixel_scaling() -> None:
    """Show the setting that scales the pixels."""
    _choice("pixel_scaling")


def _task() -> Task:
    """Return the task of the chosen preset."""
    return task(PRESETS[session.PRESET.get()].config.task)


def _differences(values: dict[str, Any], preset: str) -> list[str]:
    defaults = PRESETS[preset].config.to_dict()
    return [name for name in defaults if values[name] != defaults[name]]


def _help(name: str, field: Field) -> Markdown:
    # With the name that the command line uses.
    return Markdown("{help}\n\n`{name}`").format(help=_(field.help), name=Markdown(name))


def _number(name: str) -> None:
    limit, field, entry = _limit(name), FIELDS[name], session.field(name)
    step = _step(name, entry.get(), isinstance(limit.low, int))
    number_field(_(field.label), entry, limit, step=step, help=_help(name, field))


def _limit(name: str) -> Limit:
    """Return the valid range of a setting for the chosen task."""
    limit = LIMITS[name]
    if name in ("train_size", "validation_size"):
        return Limit(limit.low, min(limit.high, _task().samples))
    return limit


def _step(name: str, value: float | None, whole: bool) -> float:
    """Return the step of + and -: about a tenth of the value."""
    if name == "seed" or not value:
        return 1 if whole else FIRST_STEPS.get(name, 0.001)
    tenth = 10.0 ** (math.floor(math.log10(abs(value))) - 1)
    return max(1, round(tenth)) if whole else tenth


def _share(name: str) -> None:
    limit, field = LIMITS[name], FIELDS[name]
    st.slider(
        _(field.label),
        float(limit.low),
        float(limit.high),
        step=SHARE_STEP,
        format="percent",
        key=session.field(name).prepare(),
        help=_help(name, field),
        persist_state="session",
    )


def _choice(
    name: str,
    options: list[str] | None = None,
    labels: dict[str, str] | None = None,
    on_change: Callable[[], None] | None = None,
) -> None:
    field = FIELDS[name]
    names = labels or CHOICE_LABELS[name]
    st.selectbox(
        _(field.label),
        options or list(CHOICES[name]),
        format_func=lambda option: _(names[option]),
        key=session.field(name).prepare(),
        help=_help(name, field),
        on_change=on_change or "rerun",
        persist_state="session",
    )


def _begin_patience() -> None:
    """Set an initial patience when early stopping is turned on (callback)."""
    if session.field("patience").get() is None:
        session.field("patience").set(FIRST_PATIENCE)


def _follow_optimizer() -> None:
    """Replace a default learning rate by the default of the new optimizer (callback)."""
    rate = session.field("learning_rate")
    if rate.get() in DEFAULT_LEARNING_RATES.values():
        rate.set(DEFAULT_LEARNING_RATES[session.field("optimizer").get()])
