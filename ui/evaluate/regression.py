"""Regression metrics: mean absolute error, root mean squared error, R², residuals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from mnist_core.evaluation.parts import samples_of
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.runs import Run
from mnist_core.tasks import Quantity, task
from ui.common.charts import number_format
from ui.common.formatting import column_format, loss, samples_called, whole
from ui.common.i18n import Markdown, _, translated
from ui.evaluate import keys, regression_charts
from ui.evaluate.figures import CHART_CONFIG, part_names, show_metric

#: Samples with the largest errors that are shown.
WORST_SHOWN = 12


def show_figures(run: Run, evaluation: RegressionEvaluation) -> None:
    """Mean absolute error, root mean squared error, R² and bias, with their intervals."""
    samples, quantity = samples_called(run.config), _quantity(run)
    mae, rmse, bias = evaluation.mae, evaluation.rmse, evaluation.bias
    with st.container(key=keys.FIGURES, horizontal=True):
        show_metric(
            _("Mean absolute error"),
            quantity.text(mae.value),
            _between(quantity.text(mae.low), quantity.text(mae.high)),
            _(
                "The mean size of an error. Other {samples} would give a slightly different value. "
                "Below is its 95% confidence interval: the more {samples}, the narrower."
            ).format(samples=samples),
        )
        show_metric(
            _("Root mean squared error"),
            quantity.text(rmse.value),
            _between(quantity.text(rmse.low), quantity.text(rmse.high)),
            _(
                "The square root of the loss (the mean squared error), in {unit}. Large errors "
                "count more than in the mean absolute error: if it is much larger, look at the "
                "largest errors below."
            ).format(unit=_(quantity.shown_unit)),
        )
        show_metric(
            Markdown("R²"),
            loss(evaluation.r2),
            _("of {count} {samples}").format(count=whole(len(evaluation)), samples=samples),
            _(
                "The share of the variance that the network explains. 1 is perfect; 0 is no better "
                "than always predicting the mean, and it can be negative."
            ),
        )
        show_metric(
            _("Mean error"),
            quantity.change(bias.value),
            _between(quantity.change(bias.low), quantity.change(bias.high)),
            _(
                "Predicted minus true, on average (the bias). Above 0 the predictions are too high "
                "on average, below 0 too low."
            ),
        )


def _quantity(run: Run) -> Quantity:
    quantity = run.config.quantity
    assert quantity is not None  # every regression task has one
    return quantity


def _between(low: str, high: str) -> Markdown:
    return _("{low} to {high}").format(low=low, high=high)


def show_charts(run: Run, evaluation: RegressionEvaluation) -> None:
    """Predicted against true, and the residuals in two ways."""
    st.header(_("Residuals"), anchor=False)
    samples = samples_called(run.config)
    left, right = st.columns(2, gap="medium")
    with left:
        _chart(
            run,
            regression_charts.predicted_against_true,
            evaluation,
            keys.PREDICTED,
            _("Predicted against true"),
            _("Each point is one sample. On the dashed line the prediction is exact."),
        )
    with right:
        _chart(
            run,
            regression_charts.residuals_against_predicted,
            evaluation,
            keys.RESIDUALS,
            _("Residuals against predicted"),
            _(
                "A residual is predicted minus true. For a good network the points scatter around "
                "the dashed line without a pattern; a bend or a funnel shows structure that it has "
                "not learned."
            ),
        )
    with left:
        _chart(
            run,
            regression_charts.residual_histogram,
            evaluation,
            keys.HISTOGRAM,
            _("Histogram of the residuals"),
            _("The distribution of the residuals: narrow and around 0 is good."),
        )
    if (count := len(regression_charts.drawn(evaluation))) < len(evaluation):
        st.caption(
            _("{count} of the {all} {samples} are shown.").format(
                count=whole(count), all=whole(len(evaluation)), samples=samples
            )
        )


def _chart(
    run: Run,
    draw: Callable[..., go.Figure],
    evaluation: RegressionEvaluation,
    key: str,
    title: str,
    words: str,
) -> None:
    with st.container(key=key, gap="small"):
        st.markdown(Markdown("**{title}**").format(title=title))
        figure = draw(evaluation, number_format(_quantity(run)), translate=translated)
        st.plotly_chart(figure, config=CHART_CONFIG, alt=title)
        st.caption(words)


def show_worst(run: Run, evaluation: RegressionEvaluation, part: str) -> None:
    """The samples with the largest errors as a table, with the network's inputs."""
    samples = samples_called(run.config)
    st.header(_("Largest errors"), anchor=False)
    st.caption(
        _(
            "The {samples} with the largest errors, with the inputs of the network "
            "(before standardisation). “No.” is the position in "
            "{array}, counted from 0."
        ).format(samples=samples, array=part_names(part).array)
    )
    worst = evaluation.top_errors(WORST_SHOWN)
    rows = samples_of(run, part, evaluation.indices[worst])
    scale, form = _quantity(run).scale, column_format(_quantity(run))
    table: dict[str, Any] = {
        "index": evaluation.indices[worst],
        "true": scale * evaluation.truths[worst],
        "predicted": scale * evaluation.predictions[worst],
        "error": scale * evaluation.residuals[worst],
    }
    columns = task(run.config.task).columns
    table |= {name: rows[:, number] for number, name in enumerate(columns)}
    number = st.column_config.NumberColumn
    config = {
        "index": number(_("No."), pinned=True),
        "true": number(_("True"), format=form),
        "predicted": number(_("Predicted"), format=form),
        "error": number(_("Error"), format=form, help=_("Predicted minus true.")),
    }
    config |= {name: number(_(name), format="%.4g") for name in columns}
    st.dataframe(table, hide_index=True, column_config=config)
