"""The part of the Train page about one run: buttons, live chart, result."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import streamlit as st

from mnist_core.experiment.config import LIMITS, TrainingConfig
from mnist_core.experiment.presets import PRESETS
from mnist_core.runs import Command, Run, RunStatus
from mnist_core.runs.model_files import left_models
from ui.common import errors, fetching, session
from ui.common.formatting import loss, metric, percent, whole
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.navigation import link
from ui.live.chart import live_chart
from ui.train import keys
from ui.train.chart_controls import show_chart_controls
from ui.train.heading import show_heading
from ui.train.reference import find_reference, show_reference

#: Commands within this time in seconds are one double click.
_COMMAND_SECONDS = 0.25


def show_buttons(run: Run | None) -> None:
    """Show pause, one epoch, stop and the learning rate; disabled if they do not apply.

    Start, Pause and Stop have no help text: Streamlit would draw such a button twice, and their
    keys must be unique. The help of the experiment explains them.
    """
    status = run.status if run else None
    paused = status is RunStatus.PAUSED
    training = status in (RunStatus.RUNNING, RunStatus.PAUSED)
    st.button(
        _("Resume") if paused else _("Pause"),
        key=keys.PAUSE,
        icon=":material/resume:" if paused else ":material/pause:",
        disabled=not training,
        on_click=_send,
        args=(run, Command.RESUME if paused else Command.PAUSE),
    )
    st.button(
        _("One epoch"),
        key=keys.STEP,
        icon=":material/step_over:",
        help=_("Trains until the end of an epoch and pauses."),
        disabled=not training,
        on_click=_send,
        args=(run, Command.STEP),
    )
    st.button(
        _("Stop"),
        key=keys.STOP,
        icon=":material/stop:",
        disabled=run is None or not run.status.is_active,
        on_click=_send,
        args=(run, Command.STOP),
    )
    _rate_popover(run, training)


def _rate_popover(run: Run | None, training: bool) -> None:
    limit = LIMITS["learning_rate"]
    now = run.last.learning_rate if run and run.last else keys.NEW_RATE.default
    now = float(f"{now:.6g}")  # the precision of the optimizer's float32
    with st.popover(
        _("Adjust learning rate"),
        icon=":material/tune:",
        help=_("Changes the learning rate of this run without restarting it."),
        disabled=not training,
    ):
        st.number_input(
            _("New learning rate"),
            # Without limits, see ui/common/number_field.py: the callback checks the value. Not set
            # through the session, which does not update a widget in a closed popover.
            value=now if limit.low <= now <= limit.high else keys.NEW_RATE.default,
            step=0.001,
            format="%g",
            key=keys.NEW_RATE.key,
            help=_(
                "Applies from the next step on. A smaller rate late in the training often lowers "
                "the loss further; a larger rate makes it jump."
            ),
        )
        st.caption(_("The current rate is {rate}.").format(rate=f"{now:g}"))
        sent = st.button(
            _("Use this rate"),
            key=keys.SET_RATE,
            help=_("Sends the new rate to the run."),
            on_click=_send_rate,
            args=(run,),
        )
        if sent and limit.low <= keys.NEW_RATE.get() <= limit.high:
            words = _("The learning rate is {rate} from the next step on.")
            rate = f"{keys.NEW_RATE.get():.6g}"
            st.toast(words.format(rate=rate), icon=":material/tune:")


def _send(run: Run, command: Command, value: float | None = None) -> None:
    last = keys.LAST_COMMAND.get()
    now = time.monotonic()
    toggled = {Command.PAUSE, Command.RESUME}
    # The second press of a double click must not undo the first.
    if last and command in toggled and last[0] in toggled and now - last[1] < _COMMAND_SECONDS:
        return
    keys.LAST_COMMAND.set((command, now))
    if command is Command.STOP:
        session.presses().clear()  # a press of Start after Stop is no repetition
    with errors.noted():
        lab.store.command(run.id, command, value)
        lab.wake()


def _send_rate(run: Run) -> None:
    rate = keys.NEW_RATE.get()
    with errors.noted():
        replace(TrainingConfig(), learning_rate=rate)  # raises if the rate is invalid
        _send(run, Command.LEARNING_RATE, rate)


def show_run(run: Run | None, known: Run | None) -> None:
    """Show the heading, the chart with its controls, and the figures of a run that has ended.

    Args:
        run: The run as it is now.
        known: The run as the buttons show it.
    """
    show_heading(run)
    reference = find_reference(run)
    if run and reference:
        show_reference(run, reference)
    if run:
        fetching.wait_with_run(run)
    quantity = (run.config if run else PRESETS[session.PRESET.get()].config).quantity
    with st.container(key=keys.LIVE_CHART):
        live_chart(
            run,
            known=known,
            reference=reference,
            criterion=keys.CRITERION.get(),
            smoothing=keys.SMOOTHING.get(),
            log_loss=keys.LOSS_AXIS.get() == "log",
            series=keys.SHOWN_SERIES.get(),
            quantity=quantity,
            on_status_change=st.rerun,
        )
    show_chart_controls(quantity)
    if run and not run.status.is_active:
        _figures(run)


def _accuracies(run: Run, gained: float | None) -> None:
    """Show validation and test accuracy of the best model, and the change since its epoch."""
    assert run.best is not None
    st.metric(
        _("Validation accuracy at best epoch"),
        percent(run.best.val_metric),
        None if gained is None else f"{100 * gained:+.1f}",
        delta_description=None if gained is None else _("points at the last epoch"),
        help=_("Share of the validation samples that the model classifies correctly."),
    )
    st.metric(
        _("Test accuracy"),
        percent(run.test_metric),
        help=_(
            "Share of the test samples that the best model classifies correctly. The test set was "
            "used neither for training nor for choosing the best epoch, so this estimate is "
            "unbiased."
        ),
    )


def _errors(run: Run, grown: float | None) -> None:
    """Show the same as :func:`_accuracies` for a regression task."""
    assert run.best is not None
    quantity = run.config.quantity
    assert quantity is not None
    st.metric(
        _("Validation error at best epoch"),
        quantity.text(run.best.val_metric),
        None if grown is None else quantity.change(grown),
        delta_color="inverse",
        delta_description=None if grown is None else _("at the last epoch"),
        help=_(
            "Mean absolute error on the validation samples, which the network is never trained on."
        ),
    )
    st.metric(
        _("Test error"),
        metric(run.test_metric, quantity),
        help=_(
            "Mean absolute error of the best model on the test set. The test set was used neither "
            "for training nor for choosing the best epoch, so this estimate is unbiased."
        ),
    )


def _figures(run: Run) -> None:
    best, last = run.best, run.last
    if best is None or last is None:
        return
    worse = last.val_loss - best.val_loss
    moved = best.epoch != last.epoch and math.isfinite(worse)
    with st.container(horizontal=True):
        st.metric(
            _("Best epoch"),
            whole(best.epoch),
            help=_("The epoch with the lowest validation loss; its model is kept."),
        )
        st.metric(
            _("Validation loss at best epoch"),
            loss(best.val_loss),
            f"{worse:+.3f}" if moved else None,
            delta_color="inverse",
            delta_description=_("at the last epoch") if moved else None,
            help=_(
                "The loss on samples that the network was not trained on. Confident errors count "
                "most; lower is better."
            ),
        )
        show_metric = _errors if run.config.quantity else _accuracies
        show_metric(run, last.val_metric - best.val_metric if moved else None)
    if left_models(lab.store, run):
        with st.container(horizontal=True):
            link("evaluate", _("Evaluate the model"), run=run.id)
            link("models", _("Inspect or download the model"), run=run.id)
            if lab.store.event_files.exist(run.id):
                link("tensorboard", _("Show in TensorBoard"), run=run.id)
