"""Browsing the images of a task: a set in a grid, and one image with its pixel values."""

from __future__ import annotations

import functools

import numpy as np
import streamlit as st

from mnist_core.experiment.config import Limit, TrainingConfig
from mnist_core.i18n import mark
from mnist_core.tasks import task
from ui.common.formatting import percent, whole
from ui.common.i18n import _, escaped, ngettext
from ui.common.image_grid import picture_grid
from ui.common.number_field import place_field
from ui.data import figures, image_sets, keys
from ui.data.image_sets import ImageSet
from ui.data.set_choice import EVERY, show_set_choice

#: The views in the order of the page.
VIEWS = {
    "digits": mark("Images"),
    "steps": mark("Preparation"),
    "training": mark("Training images"),
}
#: Parameters of the address, in this order.
ADDRESS = ("view", "split", "class", "digit")
#: Images on a page of the grid.
PAGE = 96
SET_DESCRIPTIONS = {
    "all": mark("All {count} images: 60,000 for training and validation, then 10,000 for testing."),
    "train": mark("{count} images, drawn at random to train the network of this experiment."),
    "validation": mark(
        "{count} images, none of them a training image. During training they measure how well the "
        "network generalises."
    ),
    "test": mark("{count} other images, the same for every experiment: used once, after training."),
}


def follow_address(config: TrainingConfig) -> None:
    """Show the view, the set, the class and the image that the address names, once."""
    asked = tuple(st.query_params.get(name) for name in ADDRESS)
    if asked == keys.ADDRESS.get() or not any(asked):
        return
    keys.ADDRESS.set(asked)
    view, split, name, number = asked
    if view in VIEWS:
        keys.VIEW.set(view)
    classes = task(config.task).classes
    if split in image_sets.SETS:
        keys.SPLIT.set(split)
    elif split:
        st.warning(_("There is no set {name}.").format(name=split[:40]))
    if name in classes:
        keys.CLASS.set(classes.index(name))
    elif name == "all":
        keys.CLASS.set(EVERY)
    elif name:
        st.warning(_("There is no class {name}.").format(name=name[:40]))
    keys.PAGE.set(1)
    known = len(image_sets.image_set("all", config).numbers)
    if number and number.isascii() and number.isdecimal() and int(number[:9]) < known:
        keys.DIGIT.set(int(number))
    else:
        select_first(config)


def update_address(config: TrainingConfig) -> None:
    """Write the selection to the address, so that it survives a reload."""
    label = chosen_class()
    names = task(config.task).classes
    asked = (
        keys.VIEW.get(),
        keys.SPLIT.get(),
        names[label] if label is not None else "all",
        str(chosen_digit(config)),
    )
    st.query_params.update(dict(zip(ADDRESS, asked, strict=True)))
    keys.ADDRESS.set(asked)


def chosen_class() -> int | None:
    """The selected class, None for all."""
    label = keys.CLASS.get()
    return None if label in (EVERY, None) else label


def chosen_set(config: TrainingConfig) -> ImageSet:
    """All images of the selected set and class."""
    return image_sets.image_set(keys.SPLIT.get(), config).chosen(chosen_class())


def chosen_digit(config: TrainingConfig) -> int:
    """Number of the selected image; at first, the first image of the set."""
    if keys.DIGIT.get() is None:
        select_first(config)
    return int(keys.DIGIT.get() or 0)


def select_first(config: TrainingConfig) -> None:
    """Select the first image on the page of the grid."""
    first = chosen_set(config).page(keys.PAGE.get(), PAGE).numbers[:1]
    keys.DIGIT.set(int(first[0]) if len(first) else keys.DIGIT.get() or 0)


def show_first_page(config: TrainingConfig) -> None:
    """Show the first page, after another set or class was selected."""
    keys.PAGE.set(1)
    select_page(config)


def select_page(config: TrainingConfig) -> None:
    """Select the first image of another page."""
    select_first(config)
    update_address(config)


@st.fragment
def show_digits(config: TrainingConfig) -> None:
    """The grid with its filters, the selected image, and the number of images per class.

    Args:
        config: The experiment whose sets are shown.
    """
    names = task(config.task).classes
    whole_set = image_sets.image_set(keys.SPLIT.get(), config)
    found = whole_set.chosen(chosen_class())
    pages = max(1, -(-len(found.numbers) // PAGE))
    keys.PAGE.set(min(keys.PAGE.get(), pages))
    with st.container(key=keys.BROWSE):
        with st.container(key=keys.CHOICE):
            _show_choice(config)
            if len(found.numbers):
                show_grid(found.page(keys.PAGE.get(), PAGE), config)
            else:
                st.info(_("This set has no image of this class."))
            if pages > 1:
                st.pagination(pages, key=keys.PAGE.prepare(), on_change=select_page, args=(config,))
        with st.container(key=keys.ENLARGED):
            show_enlarged(whole_set, config)
        with st.container(key=keys.COUNTS):
            st.markdown(_("**Images per class**"))
            st.html(figures.count_bars(names, whole_set.counts, whole_set.wrong_counts))
            if whole_set.wrong.any():
                st.caption(_("Red, and in brackets: wrong labels."))


def _show_choice(config: TrainingConfig) -> None:
    sets = {name: len(image_sets.image_set(name, config).numbers) for name in image_sets.SETS}
    names = task(config.task).classes
    words = _(
        "The settings under “Training images”, which are those of the Train page, determine the "
        "training and the validation set."
    )
    show_set_choice(sets, words, show_first_page, (config,))
    st.pills(
        _("Class"),
        [EVERY, *range(len(names))],
        format_func=lambda label: _("All") if label == EVERY else escaped(names[label]),
        key=keys.CLASS.prepare(),
        required=True,
        on_change=show_first_page,
        args=(config,),
        persist_state="session",
    )
    chosen = keys.SPLIT.get()
    st.caption(_(SET_DESCRIPTIONS[chosen]).format(count=whole(sets[chosen])))


def show_grid(found: ImageSet, config: TrainingConfig) -> None:
    """A grid of images to select one from; wrong labels are shown in red.

    Args:
        found: The images of one page.
        config: The experiment, for the address.
    """
    names = task(config.task).classes

    def choose(number: int) -> None:
        keys.DIGIT.set(number)
        update_address(config)

    picture_grid(
        image_sets.images(config.task, found.numbers),
        found.numbers.tolist(),
        _titles(found),
        key=keys.GRID,
        label=_("Images"),
        badges=[
            names[label] if wrong else ""
            for label, wrong in zip(found.labels, found.wrong, strict=True)
        ],
        chosen=chosen_digit(config),
        on_choose=choose,
    )


def _titles(found: ImageSet) -> list[str]:
    names = task(found.task).classes
    real = image_sets.true_classes(found.task, found.numbers)
    right, wrong = _("{name}, image {number}"), _("{real} with the label {name}, image {number}")
    return [
        (wrong if bad else right).plain(name=names[label], real=names[true], number=whole(number))
        for number, label, true, bad in zip(
            found.numbers.tolist(), found.labels, real, found.wrong, strict=True
        )
    ]


def show_enlarged(shown: ImageSet, config: TrainingConfig) -> None:
    """The selected image with its pixel values.

    Args:
        shown: The selected set; the label of the image may be wrong in it.
        config: The experiment.
    """
    names = task(config.task).classes
    everything = image_sets.image_set("all", config)
    number = chosen_digit(config)
    place_field(
        _("Image number"),
        keys.DIGIT,
        Limit(0, len(everything.numbers) - 1),
        help=_(
            "Its position in the data set: the first 60,000 images are for training and "
            "validation, the last 10,000 for testing. Or click an image in the grid."
        ),
        then=functools.partial(update_address, config),
    )
    image = image_sets.images(config.task, np.array([number]))[0]
    real = names[int(image_sets.true_classes(config.task, np.array([number]))[0])]
    label = shown.label_of(number)
    if label is None:
        st.markdown(_("**Class {real}**, not in the selected set.").format(real=real))
    elif names[label] != real:
        words = _("**Class {real}, labelled {label}:** label noise.")
        st.markdown(words.format(real=real, label=names[label]))
    else:
        st.markdown(_("**Class {real}**, labelled correctly.").format(real=real))
    st.plotly_chart(
        figures.pixel_map(image),
        key=keys.PIXELS,
        height=430,
        config={"displayModeBar": False},
        alt=_("Image of class {real} with the value of each pixel").plain(real=real),
    )
    inked = int(np.count_nonzero(image))
    st.caption(
        ngettext(
            "28 × 28 whole numbers from 0 (black) to 255 (white); {count} of them ({share}) is "
            "not black. Drag to zoom in; double-click to zoom out.",
            "28 × 28 whole numbers from 0 (black) to 255 (white); {count} of them ({share}) are "
            "not black. Drag to zoom in; double-click to zoom out.",
            inked,
        ).format(count=whole(inked), share=percent(inked / image.size))
    )
