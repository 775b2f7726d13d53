"""What is shown of a digit that was drawn: what networks read, and why."""

from __future__ import annotations

import streamlit as st

from mnist_core.drawing import Digit
from mnist_core.errors import LabError
from mnist_core.overfitting import CRITERIA, DEFAULT_CRITERION, Curves
from mnist_core.predictions import Prediction
from mnist_core.runs import Run
from ui import pictures, problems, services, state
from ui.run_words import escaped, percent
from ui.text import _


@st.cache_data(max_entries=500, show_spinner=False)
def overfits(run_id: str, _attempt: int) -> bool:
    """Whether a run that has ended overfits, by the usual criterion."""
    curves = Curves.of(services.store().curves(run_id))
    return CRITERIA[DEFAULT_CRITERION].find(curves).best_epoch is not None


def run_line(run: Run) -> str:
    """A run in the list to choose from."""
    if run.test_accuracy is None:
        return run.name
    return _("{name} · {accuracy} of the test digits").format(
        name=run.name, accuracy=percent(run.test_accuracy)
    )


def model_line(run: Run, checkpoint: str) -> str:
    """A model in the list to choose from."""
    record = run.best if checkpoint == "best" else run.last
    epoch = record.epoch if record else run.epochs_done
    words = (
        _("{name}, best epoch {epoch}") if checkpoint == "best" else _("{name}, last epoch {epoch}")
    )
    return words.format(name=run.name, epoch=epoch)


def show_digit(digit: Digit, models: list[tuple[Run, str]]) -> None:
    """What networks read in a digit."""
    if not models:
        st.info(_("Choose a model that is to read it."))
        return
    try:
        predictions = services.predict(
            [(run.id, checkpoint) for run, checkpoint in models], digit.image_u8
        )
    except LabError as error:
        problems.show(error)
        return
    with st.container(key=state.DRAW_RESULT, horizontal=True, gap="medium"):
        st.html(
            pictures.captioned(
                [
                    (
                        pictures.picture(
                            digit.image_u8, _("The drawing, as a network sees it"), side=140
                        ),
                        _("what a network sees"),
                    )
                ]
            ),
            width="content",
        )
        for (run, checkpoint), prediction in zip(models, predictions, strict=True):
            with st.container(width=190, gap="xsmall"):
                show_prediction(run, checkpoint, prediction)
    if digit.touches_edge:
        st.caption(_("The drawing runs into the edge: a part of the digit may be missing."))
    st.toggle(_("Show each step"), key=state.DRAW_STEPS.prepare())
    if state.DRAW_STEPS.get():
        show_steps(digit)
    st.toggle(_("Why?"), key=state.DRAW_WHY.prepare())
    if state.DRAW_WHY.get():
        with problems.shown():
            show_why(digit, *models[0])


def show_prediction(run: Run, checkpoint: str, prediction: Prediction) -> None:
    """One network's answer: the digit, how sure it is, what else it might be, all ten."""
    st.metric(_("Prediction"), prediction.digit)
    sure = _("{sure} sure, else {other} ({share})").format(
        sure=percent(prediction.confidence),
        other=prediction.runner_up,
        share=percent(prediction.probabilities[prediction.runner_up]),
    )
    st.caption(f"{escaped(model_line(run, checkpoint))}  \n{sure}")
    st.html(pictures.bars(prediction))


def show_steps(digit: Digit) -> None:
    """The way from the drawing to MNIST's picture."""
    steps = [
        (digit.ink, _("1. the ink")),
        (digit.cropped, _("2. cut out")),
        (digit.scaled, _("3. longer side 20 pixels")),
        (digit.image_u8, _("4. centre of mass in the middle of 28 × 28")),
    ]
    st.html(pictures.captioned([(pictures.picture(image, line), line) for image, line in steps]))
    st.caption(
        _(
            "MNIST's makers did the same with every digit. A network that never saw a digit in a "
            "corner, or a tiny one, could not read it there."
        )
    )


def show_why(digit: Digit, run: Run, checkpoint: str) -> None:
    """Saliency, activations, weights and neighbours of the first model."""
    with st.spinner(_("Looking into the network …")):
        reason = services.explain(run.id, checkpoint, digit.image_u8)
        near = services.neighbours(run.id, digit.image_u8)
    maps = [(pictures.heat(reason.saliency, digit.image_u8), _("pixels that move the answer"))]
    if reason.class_activation is not None:
        maps.append((pictures.heat(reason.class_activation, digit.image_u8), _("where it looked")))
    st.markdown(_("**Why {digit}?**").format(digit=reason.digit))
    st.html(pictures.captioned([(pictures.picture(image, line), line) for image, line in maps]))
    st.markdown(_("**The training digits that look most like it**"))
    st.html(
        pictures.captioned(
            [
                (pictures.picture(image, str(label), side=56), str(label))
                for image, label in zip(near.images_u8, near.labels, strict=True)
            ]
        )
    )
    if reason.weights is not None:
        st.markdown(_("**The weights themselves**: blue speaks for, red against"))
        st.html(
            pictures.captioned(
                [
                    (pictures.picture(pictures.signed(unit), str(place), side=84), str(place))
                    for place, unit in enumerate(reason.weights)
                ]
            )
        )
    for layer in reason.activations:
        st.markdown(_("**What the layer {layer} makes of it**").format(layer=escaped(layer.layer)))
        st.html(
            pictures.captioned(
                [
                    (pictures.picture(pictures.grey(one), str(unit), side=64), "")
                    for one, unit in zip(layer.maps, layer.unit, strict=False)
                ]
            )
        )
