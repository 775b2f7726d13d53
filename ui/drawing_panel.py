"""What is shown of a digit that was drawn: what networks read, and why."""

from __future__ import annotations

import threading
from contextlib import suppress
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.drawing import Digit
from mnist_core.errors import LabError, UnknownRunError
from mnist_core.explain import Activations, Explanation, Neighbours
from mnist_core.overfitting import CRITERIA, DEFAULT_CRITERION, Curves
from mnist_core.predictions import Prediction
from mnist_core.runs import Run
from ui import pictures, problems, services, state, teach_panel
from ui.run_words import escaped, percent
from ui.text import _

#: A layer with so many units is the last one: each stands for a digit.
DIGITS = 10


@st.cache_data(max_entries=500, show_spinner=False)
def overfits(run_id: str, attempt: int) -> bool:  # noqa: ARG001 - part of what is remembered
    """Whether a run that has ended overfits, by the usual criterion."""
    curves = Curves.of(services.store().curves(run_id))
    return CRITERIA[DEFAULT_CRITERION].find(curves).best_epoch is not None


def model_line(run: Run, checkpoint: str) -> str:
    """A model in the list to choose from."""
    if run.imported is not None:
        return run.name
    record = run.best if checkpoint == "best" else run.last
    epoch = record.epoch if record else run.epochs_done
    words = (
        _("{name}, best epoch {epoch}") if checkpoint == "best" else _("{name}, last epoch {epoch}")
    )
    return words.format(name=run.name, epoch=epoch)


def warm_up(models: list[tuple[Run, str]]) -> None:
    """Let the worker load models before the first stroke, which would wait for them.

    Nobody waits here: it goes on in a thread of its own, which knows no page.
    """
    if services.engine_state().phase == "ready" and models:
        asked = [(run.id, checkpoint) for run, checkpoint in models]
        threading.Thread(target=_load, args=(asked,), name="draw-warm-up", daemon=True).start()


def _load(models: list[tuple[str, str]]) -> None:
    with suppress(LabError):  # the first drawing says so in its place
        services.predict(models, np.zeros((28, 28), np.uint8))


def show_reading(found: Digit | LabError | None, models: list[tuple[Run, str]]) -> None:
    """What networks read, or what to do first.

    Args:
        found: The digit, why there is none, or None before anything was drawn.
        models: Who reads.
    """
    if found is None:
        st.markdown(
            _(
                "Draw one digit, large, with mouse, pen or finger. It is read after each stroke, "
                "and you see how sure the network is, and what else it might be."
            )
        )
    elif isinstance(found, LabError):
        problems.show(found)
    elif not models:
        st.info(_("Choose under “Who reads” a network that is to read it."))
    else:
        show_digit(found, models)


def show_digit(digit: Digit, models: list[tuple[Run, str]]) -> None:
    """What networks read in a digit, how it came to their picture of it, and why."""
    if services.engine_state().phase in ("starting", "failed"):  # the page says so
        st.html(_seen(digit))
        return
    try:
        predictions = services.predict(
            [(run.id, checkpoint) for run, checkpoint in models], digit.image_u8
        )
    except UnknownRunError:  # deleted meanwhile: the page chooses among those that are left
        st.rerun()
    except LabError as error:
        problems.show(error)
        return
    with st.container(key=state.DRAW_RESULT):
        st.html(_seen(digit))
        for (run, checkpoint), prediction in zip(models, predictions, strict=True):
            with st.container(gap=None):
                st.metric(_("Prediction"), prediction.digit)
                st.html(_answer(run, checkpoint, prediction))
    if digit.touches_edge:
        st.caption(_("The drawing runs into the edge: a part of the digit may be missing."))
    teach_panel.show_question(digit.image_u8, predictions[0].digit)
    if st.toggle(
        _("Show each step"),
        key=state.DRAW_STEPS.prepare(),
        help=_("How your drawing becomes a picture of 28 × 28 pixels, like those of MNIST."),
    ):
        show_steps(digit)
    if st.toggle(
        _("Why?"),
        key=state.DRAW_WHY.prepare(),
        help=_(
            "Which pixels count for the answer (the saliency), which training digits look most "
            "like yours, and what the layers of the network make of it."
        ),
    ):
        with problems.shown():
            show_why(digit, *models[0])


def _seen(digit: Digit) -> str:
    words = _("What the network sees: 28 × 28 pixels")
    return pictures.captioned([(pictures.picture(digit.image_u8, words, side=140), words)])


def _answer(run: Run, checkpoint: str, prediction: Prediction) -> str:
    """Who reads, how sure it is, what else it might be, and all ten."""
    words = _("{sure} sure; next is {other} with {share}").format(
        sure=percent(prediction.confidence),
        other=prediction.runner_up,
        share=percent(prediction.probabilities[prediction.runner_up]),
    )
    return (
        f'<div class="lab-answer"><div class="who">{escape(model_line(run, checkpoint))}</div>'
        f"<div>{escape(words)}</div>{pictures.bars(prediction)}</div>"
    )


def show_steps(digit: Digit) -> None:
    """The way from the drawing to MNIST's picture."""
    steps = [
        (pictures.smaller(digit.ink), _("1. Only the ink")),
        (pictures.smaller(digit.cropped), _("2. Cut out")),
        (digit.scaled, _("3. Made small: the longer side has 20 pixels")),
        (digit.image_u8, _("4. Put in the middle of 28 × 28 pixels")),
    ]
    st.html(pictures.captioned([(pictures.picture(image, line), line) for image, line in steps]))
    st.caption(
        _(
            "MNIST's makers did the same with every digit. A network that never saw a digit in a "
            "corner, or a tiny one, could not read it there. The middle is the point where the "
            "ink would balance on a finger tip."
        )
    )


def show_why(digit: Digit, run: Run, checkpoint: str) -> None:
    """Saliency, neighbours, weights and activations of the first model."""
    with st.spinner(_("Looking into the network …")):
        reason = services.explain(run.id, checkpoint, digit.image_u8)
        # What a model from a file learned from is not known.
        near = None if run.imported else services.neighbours(run.id, digit.image_u8)
    words = _("**Why does {name} read {digit}?**")
    st.markdown(words.format(name=escaped(model_line(run, checkpoint)), digit=reason.digit))
    maps = [(reason.saliency, _("Change one of these pixels, and the answer moves most"))]
    if reason.class_activation is not None:
        maps.append((reason.class_activation, _("Where it found what speaks for the answer")))
    st.html(
        pictures.captioned(
            [
                (pictures.picture(pictures.heat(values, digit.image_u8), line), line)
                for values, line in maps
            ]
        )
    )
    if near is not None:
        _show_neighbours(near)
    _show_weights(reason)
    # A network of one layer has only its answer to show, and the bars do.
    layers = reason.activations if reason.weights is None or len(reason.weights) != DIGITS else []
    for number, layer in enumerate(layers, start=1):
        _show_layer(number, layer)


def _show_neighbours(near: Neighbours) -> None:
    st.markdown(_("**The digits it learned from that look most like yours**"))
    st.html(
        pictures.captioned(
            [
                (pictures.picture(image, str(label), side=56), str(label))
                for image, label in zip(near.images_u8, near.labels, strict=True)
            ]
        )
    )


def _show_weights(reason: Explanation) -> None:
    if reason.weights is None:
        return
    st.markdown(_("**Its weights as pictures**: ink on blue speaks for it, ink on red against it"))
    units = range(len(reason.weights))
    if len(units) == DIGITS:
        lines = [str(digit) for digit in units]
    else:
        lines = [_("unit {number}").format(number=unit + 1) for unit in units]
    st.html(
        pictures.captioned(
            [
                (pictures.picture(pictures.signed(unit), line, side=84), line)
                for line, unit in zip(lines, reason.weights, strict=True)
            ]
        )
    )


def _show_layer(number: int, layer: Activations) -> None:
    dense = layer.maps.shape[:2] == (1, 1)
    words = (
        _("**Layer {number}**: each square is one unit, bright where it is active")
        if dense
        else _("**Layer {number}**: each picture is one filter, bright where it found its pattern")
    )
    st.markdown(words.format(number=number))
    if dense:
        square = pictures.grey(_in_rows(layer.maps.ravel()))
        side = min(28 * max(square.shape), 320)
        images = [pictures.picture(square, layer.layer, side=side)]
    else:
        images = [
            pictures.picture(pictures.grey(one), str(unit), side=64)
            for one, unit in zip(layer.maps, layer.unit, strict=True)
        ]
    st.html(pictures.captioned([(image, "") for image in images]))


def _in_rows(values: NDArray[np.float32], width: int = 32) -> NDArray[np.float32]:
    """Units in rows of at most so many; places that are left over are as the least active."""
    width = min(width, len(values))
    rows = -(-len(values) // width)
    padded = np.full(rows * width, values.min(), np.float32)
    padded[: len(values)] = values
    return padded.reshape(rows, width)
