"""The weight histograms of a run over its epochs, for the Models page."""

from __future__ import annotations

import streamlit as st

from mnist_core.runs import Run
from mnist_core.tensorboard.histograms import WeightHistograms
from mnist_core.workers.engine import Question
from ui.common.charts import Theme
from ui.common.i18n import _, escaped, translated
from ui.common.lab import lab
from ui.common.navigation import link
from ui.models import keys
from ui.models.histogram_charts import histogram_figure

#: Charts in a row.
COLUMNS = 2


@st.cache_data(max_entries=16, show_spinner=False)
def _histograms(run_id: str, version: int) -> list[WeightHistograms]:  # noqa: ARG001 - part of the cache key
    question = "mnist_core.tensorboard.histograms:read_histograms", run_id
    found: list[WeightHistograms] = lab.ask(*question, kind=Question.SHORT)
    return found


def show_histograms(run: Run) -> None:
    """Show the weight histograms of a run, or how to record them.

    Args:
        run: The run.
    """
    found: list[WeightHistograms] = []
    if run.config.histograms == "on":
        if lab.engine_state().phase in ("starting", "failed"):  # shown beside the network
            return
        with st.spinner(_("Loading the histograms …")):
            found = _histograms(run.id, run.version)
    if not found:
        st.markdown(
            _(
                "This run has no weight histograms. Choose “Weight histograms” under “More "
                "settings” before you start a run, and they are shown here, epoch by epoch."
            )
        )
        link("train", _("Train it again with histograms"), run=run.id)
        return
    st.caption(
        _(
            "Epochs run from left to right, weights from bottom to top: the stronger the colour, "
            "the more weights have that value. The thick line is the median, the dotted lines are "
            "the quartiles. While the distribution changes, the layer is still learning."
        )
    )
    kinds = list(dict.fromkeys(_kind(one) for one in found))
    kind = kinds[0]
    if len(kinds) > 1:
        chosen = st.segmented_control(
            _("Kind of weights"),
            kinds,
            format_func=_kind_words,
            default=kinds[0],
            key=keys.HISTOGRAM_KIND,
            help=_(
                "A **kernel** holds the weights by which a layer multiplies its inputs; a **bias** "
                "is added to each sum. Other layers have other parameters."
            ),
        )
        kind = chosen or kinds[0]
    shown = [one for one in found if _kind(one) == kind]
    theme: Theme = "dark" if st.context.theme.type == "dark" else "light"
    for first in range(0, len(shown), COLUMNS):
        # Without the empty column, a single last chart would be twice as wide.
        for place, column in enumerate(st.columns(COLUMNS)[: len(shown) - first], first):
            one = shown[place]
            with column:
                st.markdown(escaped(one.name))
                st.plotly_chart(
                    histogram_figure(one, theme=theme, translate=translated),
                    theme=None,
                    config={"displayModeBar": False},
                    alt=_("Histograms of the weights {name} over the epochs").plain(name=one.name),
                    key=keys.histogram_chart(place),
                )


def _kind(histograms: WeightHistograms) -> str:
    return histograms.name.rpartition("/")[2]


def _kind_words(kind: str) -> str:
    words = {"kernel": _("Kernels"), "bias": _("Biases")}
    return words.get(kind) or escaped(kind)
