"""Weight histograms over the epochs as a Plotly figure; imports no Streamlit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import plotly.graph_objects as go

from mnist_core.i18n import mark
from mnist_core.tensorboard.histograms import WeightHistograms
from ui.common.charts import Theme, theme_colours

HEIGHT = 260
#: Up to this number of epochs, each has a tick.
FEW_EPOCHS = 10
_QUARTILES = {1: mark("lower quartile"), 2: mark("median"), 3: mark("upper quartile")}


def histogram_figure(
    histograms: WeightHistograms, *, theme: Theme = "light", translate: Callable[[str], str] = str
) -> go.Figure:
    """A heatmap of the weights: epochs from left to right, values from bottom to top.

    Colours follow the square root of the share, so that the few large weights are visible beside
    the many small weights. Three lines are the quartiles of each epoch.

    Args:
        histograms: Histograms of one array of weights.
        theme: Colours for a light or a dark page.
        translate: Translates a text into the user's language.
    """
    colours = theme_colours(theme)
    figure = go.Figure(layout=_layout(colours, int(histograms.epochs[-1]), translate))
    blue = colours["chartCategoricalColors"][0]
    share = translate(mark("share of the weights"))
    epoch = translate(mark("Epoch"))
    weight = translate(mark("weight"))
    figure.add_heatmap(
        x=histograms.epochs,
        y=histograms.values,
        z=np.sqrt(histograms.shares),
        customdata=histograms.shares,
        colorscale=[[0, f"{blue}00"], [1, blue]],
        showscale=False,
        hovertemplate=(
            f"{epoch} %{{x}}<br>{weight} %{{y:.3f}}<br>{share} %{{customdata:.1%}}<extra></extra>"
        ),
    )
    for row, words in _QUARTILES.items():
        figure.add_scatter(
            x=histograms.epochs,
            y=histograms.quartiles[row],
            mode="lines" if len(histograms.epochs) > 1 else "markers",
            line={
                "color": colours["chartCategoricalColors"][1],
                "width": 2 if row == 2 else 1,
                "dash": "solid" if row == 2 else "dot",
            },
            hovertemplate=f"%{{y:.3f}}<extra>{translate(words)}</extra>",
        )
    return figure


def _layout(
    colours: dict[str, Any], epochs: int, translate: Callable[[str], str]
) -> dict[str, Any]:
    axis = {"gridcolor": colours["borderColor"], "zeroline": False, "automargin": True}
    return {
        "height": HEIGHT,
        "margin": {"l": 8, "r": 8, "t": 8, "b": 8},
        "font": {"color": colours["textColor"]},
        "paper_bgcolor": "rgba(0, 0, 0, 0)",
        "plot_bgcolor": "rgba(0, 0, 0, 0)",
        "showlegend": False,
        # Epochs are whole numbers.
        "xaxis": axis
        | {"title": {"text": translate(mark("Epoch"))}, "tickformat": "d"}
        | ({"dtick": 1} if epochs <= FEW_EPOCHS else {}),
        "yaxis": axis | {"title": {"text": translate(mark("Weight"))}},
    }
