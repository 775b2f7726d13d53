"""A cross-validation: its folds while they train, their mean, and the final network."""

from __future__ import annotations

from dataclasses import replace

import streamlit as st

from mnist_core.crossvalidation import MeanCurve, Study, find_study, mean_curve
from mnist_core.errors import StoreError
from mnist_core.presets import PRESETS
from mnist_core.runs import EpochRecord, Run, RunStatus
from mnist_core.tasks import task
from ui import presses, problems, services, state
from ui.charts import axis_title
from ui.fold_figures import fold_curves
from ui.navigation import evaluate_page, train_page
from ui.run_words import STATUS_WORDS, escaped, loss, metric, whole
from ui.text import _, ngettext

#: The folds are looked at so often while they train, in seconds.
LOOK_SECONDS = 1


def start() -> None:
    """Queue a run for each fold."""
    with problems.noted():
        key = state.FOLDS_PRESET.get()
        config = replace(PRESETS[key].config, epochs=state.FOLDS_EPOCHS.get())
        name = f"{key}, " + _("fold {fold} of {folds}")
        folds = state.FOLDS_COUNT.get()
        st.query_params["study"] = presses.once(
            (config, folds), lambda: services.cross_validate(config, folds, name)
        )


def train_final(study: Study, epochs: int) -> None:
    """Queue the training on all samples."""
    with problems.noted():
        run = study.folds[0]
        name = _("{name}, final").format(name=run.name.split(",")[0])
        presses.once((study.tag, epochs), lambda: services.train_final(study, epochs, name).id)


def show(study: Study) -> None:
    """The folds and what comes of them."""
    busy = [run for run in (*study.folds, *study.final) if run.status.is_active]
    # Only what changes while it trains is drawn again and again.
    st.fragment(_show, run_every=LOOK_SECONDS if busy else None)(study.tag, bool(busy))


def _show(tag: str, was_busy: bool) -> None:
    with problems.shown():
        try:
            study = find_study(services.store(), tag)
        except StoreError as error:
            problems.show(error)
            return
        runs = (*study.folds, *study.final)
        if was_busy != any(run.status.is_active for run in runs):
            st.rerun()  # it is looked at again and again from now on, or no longer
        curves = [_curve(run.id, run.version) for run in study.folds]
        mean = mean_curve(curves)
        _progress(study)
        if len(mean.epochs):
            _chart(study, curves, mean)
            _table(study)
        if all(run.status is RunStatus.FINISHED for run in study.folds):
            _final(study, mean)


@st.cache_data(max_entries=200, show_spinner=False)
def _curve(run_id: str, version: int) -> list[EpochRecord]:  # noqa: ARG001 - what it is known by
    """A fold's epochs, read once for all who look at it."""
    return services.store().curves(run_id)


def _progress(study: Study) -> None:
    done = sum(run.epochs_done for run in study.folds)
    epochs = sum(run.config.epochs for run in study.folds)
    ended = sum(not run.status.is_active for run in study.folds)
    if ended < len(study.folds):
        words = _("{ended} of {folds} folds have ended; epoch {done} of {epochs} in all.")
        st.progress(
            min(done / epochs, 1.0),
            words.format(
                ended=ended, folds=len(study.folds), done=whole(done), epochs=whole(epochs)
            ),
        )
    if study.missing:
        words = ngettext(
            "{count} fold is missing; it was deleted. The mean is that of the others.",
            "{count} folds are missing; they were deleted. The mean is that of the others.",
            study.missing,
        )
        st.warning(words.format(count=study.missing))
    for run in study.folds:
        if run.message:
            st.error(f"{escaped(run.name)}: {escaped(run.message)}", icon=":material/error:")


def _chart(study: Study, curves: list[list[EpochRecord]], mean: MeanCurve) -> None:
    name = study.folds[0].config.metric
    options = {"val_loss": _("Validation loss"), "val_metric": _(axis_title("metric", name))}
    st.segmented_control(
        _("Figure"),
        list(options),
        format_func=options.__getitem__,
        key=state.FOLDS_FIGURE.prepare(),
        required=True,
        persist_state="session",
        label_visibility="collapsed",
    )
    figure = state.FOLDS_FIGURE.get()
    st.plotly_chart(
        fold_curves(curves, mean, figure=figure, title=options[figure], translate=_),
        key=state.FOLDS_CHART,
        config={"displayModeBar": False},
        alt=_("Validation curves of all folds, and their mean"),
    )


def _table(study: Study) -> None:
    name = study.folds[0].config.metric
    figure = _(axis_title("metric", name))
    rows = [
        {
            _("Fold"): run.config.fold,
            _("Status"): _(STATUS_WORDS[run.status].label),
            _("Best epoch"): run.best.epoch if run.best else None,
            _("Validation loss there"): loss(run.best.val_loss) if run.best else "",
            figure: metric(run.best.val_metric, name) if run.best else "",
        }
        for run in study.folds
    ]
    st.dataframe(rows, hide_index=True, width="stretch", key=state.FOLDS_TABLE)


def _final(study: Study, mean: MeanCurve) -> None:
    name = study.folds[0].config.metric
    assert mean.best_epoch is not None
    at_best = mean.best_epoch - 1
    unit = _(task(study.folds[0].config.task).unit)
    words = _(
        "The mean curve is lowest after epoch **{epoch}**; there the folds' {figure} is {value} ± "
        "{spread} {unit}. Now train the final network for so many epochs, on all samples: the test "
        "set alone will say how good it is."
    )
    st.markdown(
        words.format(
            epoch=mean.best_epoch,
            figure=_(axis_title("metric", name)).lower(),
            value=metric(float(mean.val_metric[at_best]), name),
            spread=metric(float(mean.spread[at_best]), name),
            unit=unit,
        )
    )
    if state.FOLDS_FINAL_FOR.get() != study.tag:
        state.FOLDS_FINAL_FOR.set(study.tag)
        state.FOLDS_FINAL_EPOCHS.set(mean.best_epoch)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.number_input(
            _("Epochs of the final training"),
            1,
            len(mean.epochs),
            key=state.FOLDS_FINAL_EPOCHS.prepare(),
            persist_state="session",
            width=240,
        )
        st.button(
            _("Train the final network"),
            type="primary",
            key=state.FOLDS_FINAL,
            on_click=train_final,
            args=(study, state.FOLDS_FINAL_EPOCHS.get()),
        )
    for run in study.final:
        _final_line(run, unit)


def _final_line(run: Run, unit: str) -> None:
    name = run.config.metric
    status = _(STATUS_WORDS[run.status].label)
    if run.test_metric is None:
        words = _("**{name}**, {epochs} epochs: {status}")
        st.markdown(
            words.format(name=escaped(run.name), epochs=run.config.epochs, status=status.lower())
        )
        return
    words = _("**{name}**, {epochs} epochs on all samples: test {figure} **{value}** {unit}")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            words.format(
                name=escaped(run.name),
                epochs=run.config.epochs,
                figure=_(axis_title("metric", name)).lower(),
                value=metric(run.test_metric, name),
                unit=unit,
            )
        )
        links = ((train_page(), _("Its curve")), (evaluate_page(), _("Evaluate it")))
        for page, label in links:
            st.page_link(page, label=label, query_params={"run": run.id})
