"""The training set of an experiment: class frequencies, label noise, data augmentation."""

from __future__ import annotations

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.errors import ConfigError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.inference.questions import VARIATIONS
from mnist_core.tasks import task
from mnist_core.tasks.base import SIDE
from mnist_core.workers.engine import Question
from ui.common import errors, images, settings_form
from ui.common.formatting import whole
from ui.common.i18n import Markdown, _
from ui.common.image_grid import sheet
from ui.common.lab import lab
from ui.common.navigation import link
from ui.common.setting_labels import CHOICE_LABELS
from ui.common.waiting import workers_answer
from ui.data import figures, image_sets, keys
from ui.data.image_sets import ImageSet
from ui.data.images import chosen_digit, show_grid

#: Training images shown in the grid.
SHOWN = 60
#: Augmented images in a row.
ACROSS = 8


@st.cache_data(max_entries=200, show_spinner=False)
def _variations(name: str, image: bytes, seed: int) -> NDArray[np.uint8]:
    """Augmented variations of an image, computed by a worker once for all sessions."""
    image_u8 = np.frombuffer(image, np.uint8).reshape(SIDE, SIDE)
    if name == "none":  # nothing to compute
        return np.repeat(image_u8[None], VARIATIONS, axis=0)
    question = "mnist_core.inference.variations:vary", name, image_u8, seed
    varied: NDArray[np.uint8] = lab.ask(*question, kind=Question.SHORT)
    return varied


@st.fragment
def show_training() -> None:
    """The data settings, and beside them the training set that they give."""
    with st.container(key=keys.TRAINING):
        with st.container():
            settings_form.show_data()
            with st.container(key=keys.TRAIN):
                link("train", _("Train with these settings"), icon=":material/play_arrow:")
        with st.container():
            try:
                config = settings_form.read()
            except ConfigError as error:
                errors.show(error)
                return
            drawn = image_sets.image_set("train", config)
            _show_counts(drawn, config)
            _show_drawn(drawn, config)
            _show_variations(config)


def _show_counts(drawn: ImageSet, config: TrainingConfig) -> None:
    names = task(config.task).classes
    st.markdown(_("**Training images per class**"))
    st.html(figures.count_bars(names, drawn.counts, drawn.wrong_counts))
    few, many = int(drawn.counts.argmin()), int(drawn.counts.argmax())
    words = _(
        "{total} images; fewest of class {few} ({fewest}), most of class {many} ({most})."
    ).format(
        total=whole(len(drawn.numbers)),
        few=names[few],
        fewest=whole(int(drawn.counts[few])),
        many=names[many],
        most=whole(int(drawn.counts[many])),
    )
    wrong = int(drawn.wrong.sum())
    if wrong:
        red = _("Red, and in brackets: {count} with a wrong label.").format(count=whole(wrong))
        words = Markdown(" ").join([words, red])
    st.caption(words)


def _show_drawn(drawn: ImageSet, config: TrainingConfig) -> None:
    st.markdown(_("**First training images and their labels**"))
    if drawn.wrong.any():
        only = st.toggle(
            _("Only wrong labels"),
            key=keys.WRONG.prepare(),
            persist_state="session",
        )
        st.caption(_("Red labels are wrong. The network is trained with them."))
    else:
        only = False
        st.caption(_("All labels are correct. Increase “Label noise” to see its effect."))
    show_grid(drawn.chosen(wrong=only).page(1, SHOWN), config)


def _show_variations(config: TrainingConfig) -> None:
    st.markdown(_("**Data augmentation: one image in sixteen epochs**"))
    number = chosen_digit(config)
    image = image_sets.images(config.task, np.array([number]))[0]
    kind = _(CHOICE_LABELS["augmentation"][config.augmentation])
    if config.augmentation == "none":
        st.caption(
            _(
                "Without data augmentation the image is the same in each epoch. Choose “{form}” or "
                "“{both}” under “Data augmentation”. Click an image above to see it here."
            ).format(
                form=_(CHOICE_LABELS["augmentation"]["shape"]),
                both=_(CHOICE_LABELS["augmentation"]["handwriting"]),
            )
        )
    else:
        st.caption(
            _(
                "{kind}, by the same code as in training. Click an image above to see it here."
            ).format(kind=kind)
        )
        if not workers_answer(_("The workers are starting. The images follow in a few seconds.")):
            return
    with errors.shown():
        with st.spinner(_("Computing the images …")):
            varied = _variations(config.augmentation, image.tobytes(), config.seed)
        framed = np.pad(varied, ((0, 0), (1, 1), (1, 1)), constant_values=90)
        shown = sheet(framed, ACROSS)
        with st.container(key=keys.VARIED):
            st.html(
                images.captioned(
                    [
                        (images.picture(image, _("Original"), side=144), _("Original")),
                        (
                            images.picture(shown, kind, side=ACROSS * 72),
                            _("Augmented"),
                        ),
                    ]
                )
            )
