"""Inspection of a run's network: diagram, layers, weights as images, histograms."""

from __future__ import annotations

from functools import cache

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from streamlit.components.v2.types import ComponentRenderer

from mnist_core.inference.answers import Anatomy, WeightPictures, numbered_from_first
from mnist_core.runs import Run
from mnist_core.runs.model_files import left_models
from mnist_core.tasks import task
from mnist_core.tasks.base import SIDE
from mnist_core.tasks.quantity import NONE
from mnist_core.workers.engine import Question
from ui.common import errors, images
from ui.common.formatting import byte_size, whole
from ui.common.i18n import _, escaped
from ui.common.image_grid import sheet
from ui.common.lab import lab
from ui.common.run_selector import choose_checkpoint
from ui.common.waiting import workers_answer
from ui.models import keys
from ui.models.histograms import show_histograms
from ui.models.network_diagram import network_diagram

#: Images of weights in a row, and the side of each, in pixels.
ACROSS = 12
UNIT_SIDE, FILTER_SIDE = 72, 48
#: Up to this number of units, each is shown large, with its name.
FEW, FEW_SIDE = 10, 112
#: Bytes of a parameter (float32).
BYTES = 4


@st.cache_data(max_entries=50, show_spinner=False)
def _anatomy(run_id: str, checkpoint: str, attempt: int) -> Anatomy:  # noqa: ARG001 - cache key
    """The layers and weights of a network, requested from a worker once for all sessions."""
    question = "mnist_core.inference.inspect:describe", run_id, checkpoint
    found: Anatomy = lab.ask(*question, kind=Question.SHORT)
    return numbered_from_first(found)


def show_model(run: Run) -> None:
    """Show the network of a run.

    Args:
        run: The run; without a saved model, only a message is shown.
    """
    if not left_models(lab.store, run):
        st.info(_("This run has no saved model."))
        return
    _show_network(run)
    if run.imported is not None:  # its training is unknown
        return
    st.markdown(_("**Weight histograms**"))
    _show_histograms(run)


@st.fragment
def _show_histograms(run: Run) -> None:
    with errors.shown():
        show_histograms(run)


@st.fragment
def _show_network(run: Run) -> None:
    if not workers_answer(_("The workers are starting; the network is shown in a few seconds.")):
        return
    chosen = choose_checkpoint(run, keys.MODEL_CHECKPOINT)
    with errors.shown():
        with st.spinner(_("Loading the network …")):
            found = _anatomy(run.id, chosen, run.attempt)
        show_anatomy(found, task(run.config.task).classes)


def show_anatomy(anatomy: Anatomy, classes: tuple[str, ...]) -> None:
    """Show a network as a diagram and as a table, and its weights as images.

    Args:
        anatomy: The network.
        classes: The names of its classes.
    """
    _diagram()(key=keys.MODEL_DIAGRAM, data={"svg": network_diagram(anatomy, classes)})
    if not anatomy.chain:
        st.caption(
            _("Some layers of this network are parallel; the diagram shows them in sequence.")
        )
    st.markdown(_("**Layers**"))
    _show_layers(anatomy)
    for weights in anatomy.weights:
        # The units of the last layer are the classes.
        is_output = weights.layer == anatomy.layers[-1].name and weights.count == len(classes)
        _show_weights(weights, classes if is_output else ())


@cache
def _diagram() -> ComponentRenderer:
    # Streamlit removes SVG from HTML, but not from a component.
    return st.components.v2.component(
        "mnist_lab_network",
        html='<div class="lab-network"></div>',
        js="""export default function ({ data, parentElement }) {
            parentElement.querySelector(".lab-network").innerHTML = data.svg;
        }""",
        isolate_styles=False,
    )


def _show_layers(anatomy: Anatomy) -> None:
    yes_or_no = {None: NONE, True: _("yes"), False: _("no")}
    st.table(
        [
            {
                # Cells are Markdown, and the names may come from an imported file.
                _("Layer"): escaped(layer.name),
                _("Kind"): escaped(layer.kind),
                _("Output shape"): str((None, *layer.output_shape)),
                _("Parameters"): whole(layer.parameters),
                _("Trainable"): yes_or_no[layer.trainable],
            }
            for layer in anatomy.layers
        ],
        hide_index=True,
    )
    st.caption(
        _(
            "{total} parameters ({size}), {trainable} of them trainable. The first number of a "
            "shape is the batch size; None means any."
        ).format(
            total=whole(anatomy.parameters),
            size=byte_size(BYTES * anatomy.parameters),
            trainable=whole(anatomy.trainable_parameters),
        )
    )


def _show_weights(weights: WeightPictures, names: tuple[str, ...]) -> None:
    shown = len(weights.unit)
    values = {"layer": weights.layer, "shown": shown, "count": weights.count}
    units = weights.kind == "units"
    if units and shown < weights.count:
        words = _(
            "**The weights of {layer} as images**, for the {shown} of {count} units with the "
            "largest weights. Blue: ink here raises the unit's output; red: ink here lowers it."
        )
    elif units:
        words = _(
            "**The weights of {layer} as images**, one for each unit. Blue: ink here raises the "
            "unit's output; red: ink here lowers it."
        )
    elif weights.channels == 1:
        words = _(
            "**The filters of {layer}**: small windows that slide over the image. The "
            "output of a filter is high if there is ink under its blue squares, but not under its "
            "red squares."
        )
    else:
        words = _(
            "**The filters of {layer}**: each has a window for all {channels} feature maps of the "
            "layer before. For {shown} of {count} filters, the window with the largest weights is "
            "shown."
        )
    st.markdown(words.format(channels=weights.channels, **values))
    if units and weights.count <= FEW:
        captions = names or tuple(
            _("unit {number}").plain(number=unit + 1) for unit in weights.unit
        )
        st.html(
            images.captioned(
                [
                    (images.picture(images.signed(unit), caption, side=FEW_SIDE), caption)
                    for unit, caption in zip(weights.pictures, captions, strict=True)
                ]
            )
        )
        return
    side = UNIT_SIDE if units else FILTER_SIDE
    across = min(ACROSS, shown)
    made = weight_sheet(weights.pictures, across)
    longest = side * max(across, -(-shown // across))
    label = _("Weights of {layer}").plain(layer=weights.layer)
    st.html(images.picture(made, label, side=longest))


def weight_sheet(values: NDArray[np.float32], across: int) -> NDArray[np.uint8]:
    """Images of weights in rows, with gaps, each scaled to its own range.

    Args:
        values: float32 (n, height, width).
        across: Images in a row.

    Returns:
        uint8 (rows × height, columns × width, 4); the gaps are transparent.
    """
    coloured = np.stack([images.signed(unit) for unit in values])
    # Small kernels are enlarged first, so that the gap is narrower than a weight.
    factor = max(1, SIDE // values.shape[-1])
    large = coloured.repeat(factor, axis=1).repeat(factor, axis=2)
    solid = np.concatenate([large, np.full_like(large[..., :1], 255)], axis=-1)
    gap = max(1, large.shape[2] // 8)
    return sheet(np.pad(solid, ((0, 0), (0, gap), (0, gap), (0, 0))), across)
