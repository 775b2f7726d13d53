"""The runs that are compared and the curve that is shown; the address contains both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import streamlit as st

from mnist_core.i18n import mark
from mnist_core.runs import Run
from ui.common import run_selector
from ui.common.charts import series_label
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.session import Entry
from ui.compare import keys
from ui.live.routes import MAX_RUNS

X_AXES = {
    "epoch": mark("Epochs"),
    "samples": mark("Samples seen"),
    "seconds": mark("Seconds trained"),
}
#: Generalisation gap: validation loss minus training loss.
GAP = "gap"


def choose_runs() -> list[Run]:
    """Show the choice of up to eight runs and return them, oldest first."""
    asked = _asked()
    offered = {run.id: run for run in lab.store.list_runs(limit=run_selector.RUNS_OFFERED)}
    offered |= {run.id: run for run in lab.store.examples()}
    wanted = asked if asked is not None else keys.RUNS.get()
    older = [run_id for run_id in wanted[:MAX_RUNS] if run_id not in offered]
    offered |= {run.id: run for run in lab.store.get_some(older)}
    fitting = run_selector.with_unique_names([run for run in offered.values() if _has_curve(run)])
    _warn_of_missing(asked or (), fitting)
    if asked is None and not keys.RUNS.is_set():
        keys.RUNS.set(_first_choice(list(fitting.values())))
    else:
        keys.RUNS.set(tuple(run_id for run_id in wanted if run_id in fitting)[:MAX_RUNS])
    chosen = st.multiselect(
        _("Runs"),
        list(fitting),
        format_func=lambda run_id: run_selector.run_line(fitting[run_id]),
        key=keys.RUNS.prepare(),
        max_selections=MAX_RUNS,
        placeholder=_("Choose two to eight runs"),
        help=_(
            "Your own runs come first, the newest at the top, then the examples. A run that is "
            "still training can be compared as well: its curve grows."
        ),
        on_change=lambda: _keep("runs", ",".join(keys.RUNS.get())),
        wrap=True,
    )
    if chosen:
        st.query_params["runs"] = ",".join(chosen)
    return sorted((fitting[run_id] for run_id in chosen), key=lambda run: run.number)


def curve_labels(runs: Sequence[Run]) -> dict[str, str]:
    """Return the curves that some runs have in common, with their English labels."""
    quantities = {run.config.quantity for run in runs}
    quantity = next(iter(quantities)) if len(quantities) == 1 else None
    curves = {
        "val_loss": series_label("val_loss", quantity),
        "loss": series_label("loss", quantity),
        "val_metric": series_label("val_metric", quantity),
        "metric": series_label("metric", quantity),
        GAP: mark("Generalisation gap"),
    }
    if len(quantities) > 1:  # an accuracy and an error have no axis in common
        del curves["val_metric"], curves["metric"]
    return curves


def choose_curve(runs: Sequence[Run]) -> None:
    """Show the choice of the curve, of the horizontal axis and of the scale."""
    curves = curve_labels(runs)
    _follow("curve", keys.CURVE, curves)
    _follow("x", keys.X_AXIS, X_AXES)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        _choice(
            _("Curve"),
            "curve",
            keys.CURVE,
            curves,
            _(
                "The **generalisation gap** is the validation loss minus the training loss: it "
                "grows while a network memorises its training samples."
            ),
        )
        _choice(
            _("Horizontal axis"),
            "x",
            keys.X_AXIS,
            X_AXES,
            _(
                "By **samples seen**, runs with training sets of different sizes are compared "
                "after equally many steps of the same batch size; by **seconds**, after equal "
                "training time."
            ),
        )
        st.toggle(_("Logarithmic"), key=keys.LOG.prepare(), disabled=keys.CURVE.get() == GAP)


def _choice(
    label: str, parameter: str, entry: Entry[str], options: Mapping[str, str], help: str
) -> None:
    st.segmented_control(
        label,
        list(options),
        format_func=lambda key: _(options[key]),
        key=entry.prepare(),
        required=True,
        help=help,
        on_change=lambda: _keep(parameter, "" if entry.get() == entry.default else entry.get()),
    )


def _keep(parameter: str, value: str) -> None:
    """Write a choice into the address; the default stays out of it."""
    if value:
        st.query_params[parameter] = value
    else:
        st.query_params.pop(parameter, None)


def _follow(parameter: str, entry: Entry[str], options: Mapping[str, str]) -> None:
    """Take over a choice of the address; an unknown one leaves the default, with a warning."""
    asked = st.query_params.get(parameter)
    if asked is not None and asked in options:
        entry.set(asked)
    elif asked is not None:
        words = _("The address asks for {parameter}={value}, which is none of {known}.")
        known = ", ".join(options)
        st.warning(words.format(parameter=parameter, value=asked[:40], known=known))
    if entry.get() not in options:
        entry.set(entry.default)


def _asked() -> tuple[str, ...] | None:
    """Ids of the runs that the address names, without repetitions; None if it names none."""
    text = st.query_params.get("runs")
    return None if text is None else tuple(dict.fromkeys(filter(None, text.split(","))))


def _has_curve(run: Run) -> bool:
    return run.imported is None and (run.epochs_done > 0 or run.status.is_active)


def _first_choice(runs: list[Run]) -> tuple[str, ...]:
    """The newest run with the newest other run of the same task."""
    if not runs:
        return ()
    same = [run for run in runs[1:] if run.config.task == runs[0].config.task]
    return tuple(run.id for run in [runs[0], *same[:1]])


def _warn_of_missing(asked: tuple[str, ...], fitting: Mapping[str, Run]) -> None:
    missing = [run_id[:40] for run_id in asked if run_id not in fitting]
    if missing:
        words = _("No curve to compare was found for {runs}; perhaps the run was deleted.")
        st.warning(words.format(runs=", ".join(missing[:MAX_RUNS])))
    if len(asked) > MAX_RUNS:
        words = _("The address names {count} runs; the first {most} are compared.")
        st.warning(words.format(count=len(asked), most=MAX_RUNS))
