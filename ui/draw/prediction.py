"""Predictions for a drawing, and their explanation: saliency, neighbours, weights, activations."""

from __future__ import annotations

import threading
from contextlib import suppress
from html import escape

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.drawing.digit import Digit
from mnist_core.drawing.likeness import looks_like_a_digit
from mnist_core.errors import LabError, UnknownRunError
from mnist_core.evaluation.overfitting import CRITERIA, DEFAULT_CRITERION, Curves
from mnist_core.inference.answers import Activations, Explanation, Neighbours, Prediction
from mnist_core.runs import Run
from mnist_core.tasks.base import SIDE
from mnist_core.workers.engine import Question
from ui.common import errors
from ui.common import images as pictures
from ui.common.formatting import percent, probability
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.navigation import link
from ui.draw import finetune, keys

#: Units of the output layer, one for each digit.
DIGITS = 10
#: Seconds after which models are loaded again, in case the worker has dropped them.
LOADED_SECONDS = 300


@st.cache_data(max_entries=500, show_spinner=False)
def overfits(run_id: str, attempt: int) -> bool:  # noqa: ARG001 - part of the cache key
    """Whether a run that has ended overfits, by the default criterion."""
    curves = Curves.of(lab.store.curves(run_id))
    return CRITERIA[DEFAULT_CRITERION].find(curves).best_epoch is not None


def model_line(run: Run, checkpoint: str) -> str:
    """The label of a model in the choice."""
    if run.imported is not None:
        return run.name
    record = run.best if checkpoint == "best" else run.last
    epoch = record.epoch if record else run.epochs_done
    words = (
        _("{name}, best epoch {epoch}") if checkpoint == "best" else _("{name}, last epoch {epoch}")
    )
    return words.plain(name=run.name, epoch=epoch)


def warm_up(models: list[tuple[Run, str]]) -> None:
    """Load models before the first stroke needs them, in a thread that does not block the page."""
    if lab.engine_state().phase == "ready":
        for run, checkpoint in models:
            _start_loading(run.id, run.attempt, checkpoint)


@st.cache_data(max_entries=100, ttl=LOADED_SECONDS, show_spinner=False)
def _start_loading(run_id: str, attempt: int, checkpoint: str) -> None:  # noqa: ARG001 - cache key
    models = [(run_id, checkpoint)]
    threading.Thread(target=_load, args=(models,), name="draw-warm-up", daemon=True).start()


def _load(models: list[tuple[str, str]]) -> None:
    with suppress(LabError):  # the first prediction shows the error
        _predict(models, np.zeros((SIDE, SIDE), np.uint8))


def _predict(models: list[tuple[str, str]], image_u8: NDArray[np.uint8]) -> list[Prediction]:
    """Predictions of models, each a run's id and "best" or "last", for an image."""
    found: list[Prediction] = lab.ask("mnist_core.inference.predict:predict_each", models, image_u8)
    return found


def show_result(found: Digit | LabError | None, models: list[tuple[Run, str]]) -> None:
    """Show the predictions, or what to do first.

    Args:
        found: The digit, or the error, or None without an input.
        models: The models that predict.
    """
    if isinstance(found, LabError):
        errors.show(found)
    elif not models:
        st.info(_("Choose at least one model under “Models to compare”."))
    elif found is None:
        _show_beginning(models[0][0])
    else:
        show_digit(found, models)


def _show_beginning(run: Run) -> None:
    st.markdown(
        _(
            "Draw one large digit with mouse, pen or finger. After each stroke the model predicts "
            "which digit it is."
        )
    )
    if run.test_metric is not None:
        words = _("Model: **{name}**, accuracy on the MNIST test set {accuracy}.")
        st.markdown(words.format(name=run.name, accuracy=percent(run.test_metric)))


def show_digit(digit: Digit, models: list[tuple[Run, str]]) -> None:
    """Show the predictions for a digit, the image that the models received, and explanations."""
    if lab.engine_state().phase in ("starting", "failed"):  # the page shows it
        _show_received(digit)
        return
    try:
        predictions = _predict([(run.id, checkpoint) for run, checkpoint in models], digit.image_u8)
    except UnknownRunError:  # deleted meanwhile
        st.rerun()
    except LabError as error:
        errors.show(error)
        return
    if digit.photo is not None:
        _show_received(digit)
    with st.container(key=keys.RESULT):
        if digit.photo is None:
            with st.container(gap="small"):
                _show_received(digit)
        for (run, checkpoint), prediction in zip(models, predictions, strict=True):
            with st.container(gap=None):
                st.metric(_("Prediction"), prediction.digit)
                st.html(_answer(run, checkpoint, prediction))
    _show_calibration_link(models[0][0])
    finetune.show_question(digit.image_u8, predictions[0].digit)
    if st.toggle(
        _("Show the preprocessing"),
        key=keys.STEPS.prepare(),
        help=_("How your drawing becomes an image of 28 × 28 pixels, like those of MNIST."),
    ):
        show_steps(digit)
    if st.toggle(
        _("Explain the prediction"),
        key=keys.WHY.prepare(),
        help=_(
            "The pixels that affect the prediction most (saliency map), the training digits most "
            "similar to your drawing, and the activations of the first layers."
        ),
    ):
        with errors.shown():
            show_explanation(digit, *models[0])


def _show_received(digit: Digit) -> None:
    """Show the image that the models receive, the photo that it comes from, and remarks."""
    words = _("Input of the network: 28 × 28 pixels")
    images = [(pictures.picture(digit.image_u8, words, side=140), words)]
    if digit.photo is not None:
        words = _("Your photo")
        images.insert(0, (pictures.picture(digit.photo, words, side=140), words))
    st.html(pictures.captioned(images))
    if digit.frame > 1:
        words = _("The file contains several images. Number {number} is used.")
        st.caption(words.format(number=digit.frame))
    if not looks_like_a_digit(digit.image_u8):
        with st.container(key=keys.UNLIKE):
            st.markdown(
                _(":orange[:material/warning:] **This does not look like a digit.**"),
                help=_(
                    "A model predicts one of ten digits for any drawing, also for a letter or a "
                    "scribble. This warning compares the drawing with MNIST's digits, without the "
                    "model. About 1 in 100 real digits gets the warning too."
                ),
            )
    if digit.touches_edge:
        st.caption(_("The drawing touches the edge: part of the digit may be missing."))
    rim = digit.image_u8.copy()
    rim[1:-1, 1:-1] = 0
    if rim.any():
        st.caption(
            _(
                "Centred by its centre of mass, as in MNIST, the digit reaches the edge. Nothing "
                "is cut."
            )
        )


def _show_calibration_link(run: Run) -> None:
    """Show a link to the calibration of a model."""
    if run.imported is None:
        words = _("How reliable is this probability? See the calibration.")
        link("evaluate", words, run=run.id)


def _answer(run: Run, checkpoint: str, prediction: Prediction) -> str:
    """The model, the probability of its prediction, and all ten probabilities, as HTML."""
    words = _("Probability of {digit}: {probability}").plain(
        digit=prediction.digit, probability=probability(prediction.confidence)
    )
    lines = [f'<div class="who">{escape(model_line(run, checkpoint))}</div>']
    if checkpoint == "best" and run.test_metric is not None:
        accuracy = _("Accuracy on the test set: {accuracy}")
        lines.append(f"<div>{escape(accuracy.plain(accuracy=percent(run.test_metric)))}</div>")
    lines.append(f"<div><strong>{escape(words)}</strong></div>")
    return f'<div class="lab-answer">{"".join(lines)}{pictures.bars(prediction)}</div>'


def show_steps(digit: Digit) -> None:
    """Show the steps from the drawing to an image like MNIST's."""
    steps = [
        (pictures.smaller(digit.ink), _("1. Ink only")),
        (pictures.smaller(digit.cropped), _("2. Cropped")),
        (digit.scaled, _("3. Scaled: the longer side has 20 pixels")),
        (digit.image_u8, _("4. Centred in 28 × 28 pixels")),
    ]
    st.html(pictures.captioned([(pictures.picture(image, line), line) for image, line in steps]))
    st.caption(
        _(
            "Every digit of MNIST was prepared in the same way. A network that was trained on "
            "large, centred digits misclassifies small digits and digits in a corner. The centre "
            "is the centre of mass of the ink."
        )
    )


@st.cache_data(max_entries=200, show_spinner=False)
def _explanation(run_id: str, attempt: int, checkpoint: str, image: bytes) -> Explanation:  # noqa: ARG001 - part of the cache key
    question = "mnist_core.inference.explain_image:explain", run_id, checkpoint
    found: Explanation = lab.ask(*question, _image_u8(image), kind=Question.SHORT)
    return found


@st.cache_data(max_entries=200, show_spinner=False)
def _neighbours(run_id: str, image: bytes) -> Neighbours:
    question = "mnist_core.inference.explain_image:neighbours", run_id
    found: Neighbours = lab.ask(*question, _image_u8(image), kind=Question.SHORT)
    return found


def _image_u8(image: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(image, np.uint8).reshape(SIDE, SIDE)


def show_explanation(digit: Digit, run: Run, checkpoint: str) -> None:
    """Show saliency, neighbours, weights and activations of a model."""
    image = digit.image_u8.tobytes()
    with st.spinner(_("Computing …")):
        reason = _explanation(run.id, run.attempt, checkpoint, image)
        # The training data of an imported model is unknown.
        near = None if run.imported else _neighbours(run.id, image)
    words = _("**Why {name} predicts {digit}**")
    st.markdown(words.format(name=model_line(run, checkpoint), digit=reason.digit))
    maps = [(reason.saliency, _("Pixels that affect the prediction most (saliency map)"))]
    if reason.class_activation is not None:
        maps.append((reason.class_activation, _("Regions that support the prediction (Grad-CAM)")))
    st.html(
        pictures.captioned(
            [
                (pictures.picture(pictures.heat(values, digit.image_u8), line), line)
                for values, line in maps
            ]
        )
    )
    if reason.class_activation is None:
        st.caption(
            _(
                "The map may look like noise. This is not an error: a network without convolutions "
                "has a separate weight for every pixel, and nothing in its training makes the "
                "weights of neighbouring pixels similar."
            )
        )
    if near is not None:
        _show_neighbours(near)
    _show_weights(reason)
    # The only layer of a one-layer network is its output, which the bars show.
    layers = reason.activations if reason.weights is None or len(reason.weights) != DIGITS else []
    for number, layer in enumerate(layers, start=1):
        _show_layer(number, layer)


def _show_neighbours(near: Neighbours) -> None:
    st.markdown(_("**Most similar training digits and their labels**"))
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
    st.markdown(
        _("**Weights as images.** Blue: ink here raises the score; red: ink here lowers it.")
    )
    units = range(len(reason.weights))
    if len(units) == DIGITS:
        lines = [str(digit) for digit in units]
    else:
        lines = [_("unit {number}").plain(number=unit + 1) for unit in units]
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
        _("**Layer {number}**: each square is one unit; the brighter, the larger its activation")
        if dense
        else _("**Layer {number}**: each image is one filter; bright where its pattern occurs")
    )
    st.markdown(words.format(number=number))
    if dense:
        square = pictures.grey(_in_rows(layer.maps.ravel()))
        side = min(SIDE * max(square.shape), 320)
        images = [pictures.picture(square, layer.layer, side=side)]
    else:
        images = [
            pictures.picture(pictures.grey(feature_map), str(unit), side=64)
            for feature_map, unit in zip(layer.maps, layer.unit, strict=True)
        ]
    st.html(pictures.captioned([(image, "") for image in images]))


def _in_rows(values: NDArray[np.float32], width: int = 32) -> NDArray[np.float32]:
    """Units in rows of at most ``width``, padded with the smallest activation."""
    width = min(width, len(values))
    rows = -(-len(values) // width)
    padded = np.full(rows * width, values.min(), np.float32)
    padded[: len(values)] = values
    return padded.reshape(rows, width)
