"""Preprocessing of one image, step by step: shape, scaling, label encoding."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import streamlit as st

from mnist_core.experiment.architectures import IMAGE, VECTOR, architecture
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.tasks import image_steps, task
from mnist_core.tasks.image_steps import Step
from ui.common import images, session, settings_form
from ui.common.formatting import whole
from ui.common.i18n import _
from ui.data import figures, image_sets, keys
from ui.data.images import chosen_digit

INPUTS = {"vector": VECTOR, "image": IMAGE}
INPUT_LABELS = {
    "vector": mark("Vector, for dense layers"),
    "image": mark("Image, for convolutional layers"),
}


@dataclass(frozen=True)
class StepDescription:
    """The name and the description of a step.

    Attributes:
        label: Its name.
        text: What it does and why.
    """

    label: str
    text: str


STEPS: dict[str, StepDescription] = {
    "picture": StepDescription(
        mark("1 Image"),
        mark(
            "An image as stored in the data set: 28 rows of 28 pixels, each a whole number of 8 "
            "bits. 0 is the black background, 255 the brightest ink."
        ),
    ),
    "arranged": StepDescription(
        mark("2 Shape"),
        mark(
            "The pixels in the shape that the network's first layer expects. No value changes. A "
            "dense layer expects a vector: the image's rows one after the other, 28 × 28 = 784 "
            "values. Which pixels were neighbours is lost. A convolution keeps rows and columns, "
            "and expects a third axis for the colours: 1, grey."
        ),
    ),
    "scaled": StepDescription(
        mark("3 Scale"),
        mark(
            "Each value is converted to a 32-bit decimal number and multiplied by 1/255, so that "
            "it lies between 0 and 1. The initial weights of a network are small, and suit inputs "
            "of that size. With “0 to 255” the values are not scaled."
        ),
    ),
    "label": StepDescription(
        mark("4 Label"),
        mark(
            "The label: a whole number, the index of the class. This lab trains with this form "
            "(the loss is called sparse categorical cross-entropy)."
        ),
    ),
    "one_hot": StepDescription(
        mark("5 One-hot"),
        mark(
            "Many books encode the label as a number for each class: 1 for the true class, 0 for "
            "the others. The network's output has that form too, with a probability for each "
            "class. The loss is the same in both forms."
        ),
    ),
}
ORDER = tuple(STEPS)


def move(by: int) -> None:
    """Move a number of steps forward, or back if it is negative."""
    place = ORDER.index(keys.STEP.get()) + by
    keys.STEP.set(ORDER[min(max(place, 0), len(ORDER) - 1)])


def show_steps(config: TrainingConfig) -> None:
    """Show the preparation of the selected image: choices, one step, and its result.

    Args:
        config: The experiment; its network determines the input shape.
    """
    _follow_network(config.architecture)
    _show_steps(config)


def _follow_network(key: str) -> None:
    """Select the input shape of the experiment's network, once for each network."""
    if keys.LAYOUT_FOR.get() != key:
        keys.LAYOUT_FOR.set(key)
        shape = architecture(key).input_shape
        keys.LAYOUT_OF_INPUT.set(next(k for k, v in INPUTS.items() if v == shape))


@st.fragment
def _show_steps(config: TrainingConfig) -> None:
    number = chosen_digit(config)
    image = image_sets.images(config.task, np.array([number]))[0]
    label = int(image_sets.true_classes(config.task, np.array([number]))[0])
    names = task(config.task).classes
    made = {
        step.key: step
        for step in image_steps.steps(
            image,
            label,
            scaling=session.field("pixel_scaling").get(),  # its widget stands in this fragment
            input_shape=INPUTS[keys.LAYOUT_OF_INPUT.get()],
            classes=len(names),
        )
    }
    st.caption(
        _(
            "How image {number} (a {name}) is prepared for a network. Choose another image under "
            "“Images”."
        ).format(number=whole(number), name=names[label])
    )
    _show_choice()
    step = made[keys.STEP.get()]
    with st.container(key=keys.PREPARED):
        with st.container(gap="small"):
            _show_figures(step)
            st.code(step.code, language="python")
            st.markdown(_(STEPS[step.key].text))
        with st.container(gap="small"):
            _show_result(step, image, names)


def _show_choice() -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.segmented_control(
            _("Step"),
            ORDER,
            format_func=lambda key: _(STEPS[key].label),
            key=keys.STEP.prepare(),
            required=True,
            wrap=True,
            persist_state="session",
        )
        place = ORDER.index(keys.STEP.get())
        st.button(
            _("Back"),
            key=keys.BACK,
            icon=":material/arrow_back:",
            disabled=place == 0,
            on_click=move,
            args=(-1,),
        )
        st.button(
            _("Next"),
            key=keys.NEXT,
            type="primary",
            icon=":material/arrow_forward:",
            disabled=place == len(ORDER) - 1,
            on_click=move,
            args=(1,),
        )
    with st.container(horizontal=True):
        st.segmented_control(
            _("Shape"),
            list(INPUTS),
            format_func=lambda key: _(INPUT_LABELS[key]),
            key=keys.LAYOUT_OF_INPUT.prepare(),
            required=True,
            help=_("The first layer of the network determines the shape."),
            wrap=True,
            persist_state="session",
        )
        with st.container(width=200):
            settings_form.show_pixel_scaling()


def _show_figures(step: Step) -> None:
    array = step.array
    with st.container(key=keys.FIGURES, horizontal=True):
        st.metric(
            _("Shape"),
            " × ".join(map(str, array.shape)) or _("scalar"),
            help=_("The number of values along each axis."),
        )
        st.metric(
            _("Type"),
            str(array.dtype),
            help=_(
                "uint8: whole numbers from 0 to 255, one byte each. int64: whole numbers, eight "
                "bytes. float32: decimal numbers, four bytes."
            ),
        )
        st.metric(
            _("Range"),
            f"{array.min():.3g} – {array.max():.3g}" if array.size > 1 else f"{array.max():g}",
            help=_("The smallest and the largest value."),
        )


def _show_result(step: Step, image: np.ndarray, names: tuple[str, ...]) -> None:
    array = step.array
    if step.key == "label":
        st.metric(_("Label"), names[int(array)])
        return
    if step.key == "one_hot":
        st.html(figures.cells(names, array))
        return
    words = _(STEPS[step.key].label)
    if array.ndim == 1:
        picture = images.picture(figures.strip(array), words, side=array.size)
    else:
        levels = array.reshape(image.shape).astype(np.float32)
        # Scaling changes the values, not the brightness of the image.
        grey = (255 * levels / max(float(levels.max()), 1e-9)).round().astype(np.uint8)
        picture = images.picture(grey, words, side=252)
    st.html(picture)
    st.caption(_("The same {count} pixels at each step:").format(count=figures.EXCERPT))
    place = figures.inkiest_excerpt(image)
    st.code(figures.excerpt(array, place), language=None, wrap_lines=True)
