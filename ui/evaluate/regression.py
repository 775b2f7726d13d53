"""An evaluation of a network that finds a number: how far off it is, and where."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go
import streamlit as st

from mnist_core.evaluation.parts import samples_of
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.runs import Run
from mnist_core.tasks import task
from ui.common.charts import METRICS
from ui.common.formatting import PRICE_COLUMN, loss, price, price_change, samples_called, whole
from ui.common.i18n import Markdown, _, translated
from ui.evaluate import keys, regression_charts
from ui.evaluate.figures import CHART_CONFIG, part_words, show_metric

#: The worst answers that are shown.
WORST_SHOWN = 12


def show_figures(run: Run, evaluation: RegressionEvaluation) -> None:
    """Mean absolute error, root mean squared error, R² and bias, with their intervals."""
    samples = samples_called(run.config)
    mae, rmse, bias = evaluation.mae, evaluation.rmse, evaluation.bias
    with st.container(key=keys.FIGURES, horizontal=True):
        show_metric(
            _("Mean absolute error"),
            price(mae.value),
            _between(price(mae.low), price(mae.high)),
            _(
                "How far off a prediction is on average. Other {samples} would give a slightly "
                "different figure: the range below holds the true one 95 times of 100. The more "
                "{samples}, the narrower it is."
            ).format(samples=samples),
        )
        show_metric(
            _("Root mean squared error"),
            price(rmse.value),
            _between(price(rmse.low), price(rmse.high)),
            _(
                "The square root of the loss (the mean squared error), in dollars again. A few "
                "large errors count more here than many small ones: if it is much larger than the "
                "mean absolute error, look at the largest errors below."
            ),
        )
        show_metric(
            Markdown("R²"),
            loss(evaluation.r2),
            _("of {count} {samples}").format(count=whole(len(evaluation)), samples=samples),
            _(
                "The share of the differences between the {samples} that the network explains. "
                "1 is perfect; 0 is no better than to answer the mean each time, and it can be "
                "less."
            ).format(samples=samples),
        )
        show_metric(
            _("Mean error"),
            price_change(bias.value),
            _between(price_change(bias.low), price_change(bias.high)),
            _(
                "Predicted minus true, on average (the bias). Above 0 the network predicts too "
                "high on the whole, below 0 too low."
            ),
        )


def _between(low: str, high: str) -> Markdown:
    return _("{low} to {high}").format(low=low, high=high)


def show_charts(run: Run, evaluation: RegressionEvaluation) -> None:
    """Predicted against true, and the residuals in two ways."""
    st.header(_("How large are the errors, and where?"), anchor=False)
    samples = samples_called(run.config)
    left, right = st.columns(2, gap="medium")
    with left:
        _chart(
            regression_charts.predicted_against_true,
            evaluation,
            keys.PREDICTED,
            _("Predicted against true"),
            _("Each point is one sample. On the dashed line the prediction equals the truth."),
        )
    with right:
        _chart(
            regression_charts.residuals_against_predicted,
            evaluation,
            keys.RESIDUALS,
            _("Residuals against predicted"),
            _(
                "A residual is predicted minus true. A good network leaves a cloud without a "
                "pattern around the dashed line; a bend or a funnel shows structure that it has "
                "not learned."
            ),
        )
    with left:
        _chart(
            regression_charts.residual_histogram,
            evaluation,
            keys.HISTOGRAM,
            _("Histogram of the residuals"),
            _("How many predictions have an error of each size: narrow and around 0 is good."),
        )
    if (count := len(regression_charts.drawn(evaluation))) < len(evaluation):
        st.caption(
            _("The points are {count} of the {all} {samples}.").format(
                count=whole(count), all=whole(len(evaluation)), samples=samples
            )
        )


def _chart(
    draw: Callable[..., go.Figure],
    evaluation: RegressionEvaluation,
    key: str,
    title: str,
    words: str,
) -> None:
    with st.container(key=key, gap="small"):
        st.markdown(Markdown("**{title}**").format(title=title))
        st.plotly_chart(draw(evaluation, translate=translated), config=CHART_CONFIG, alt=title)
        st.caption(words)


def show_worst(run: Run, evaluation: RegressionEvaluation, part: str) -> None:
    """The samples with the largest errors as a table, with all that the network was told."""
    samples = samples_called(run.config)
    st.header(_("Which errors are largest?"), anchor=False)
    st.caption(
        _(
            "The {samples} with the largest errors, with the inputs of the network "
            "(before standardisation). “No.” is the position in "
            "{array}, counted from 0."
        ).format(samples=samples, array=part_words(part).array)
    )
    worst = evaluation.top_errors(WORST_SHOWN)
    rows = samples_of(run, part, evaluation.indices[worst])
    dollars = METRICS["mae"].scale
    table: dict[str, Any] = {
        "index": evaluation.indices[worst],
        "true": dollars * evaluation.truths[worst],
        "predicted": dollars * evaluation.predictions[worst],
        "error": dollars * evaluation.residuals[worst],
    }
    columns = task(run.config.task).columns
    table |= {name: rows[:, number] for number, name in enumerate(columns)}
    number = st.column_config.NumberColumn
    config = {
        "index": number(_("No."), pinned=True),
        "true": number(_("True"), format=PRICE_COLUMN),
        "predicted": number(_("Predicted"), format=PRICE_COLUMN),
        "error": number(_("Error"), format=PRICE_COLUMN, help=_("Predicted minus true.")),
    }
    config |= {name: number(_(name), format="%.4g") for name in columns}
    st.dataframe(table, hide_index=True, column_config=config)
