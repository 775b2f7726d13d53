"""Looking through the digits: a set of them in a grid, and one enlarged with its numbers."""

from __future__ import annotations

import functools

import numpy as np
import streamlit as st

from mnist_core.experiment.config import Limit, TrainingConfig
from mnist_core.i18n import mark
from mnist_core.tasks import task
from ui.common.formatting import counted, percent, whole
from ui.common.i18n import _, escaped, ngettext
from ui.common.image_grid import picture_grid
from ui.common.number_field import place_field
from ui.data import figures, image_sets, keys
from ui.data.image_sets import ImageSet

#: What there is to look at, in the order of the page.
VIEWS = {
    "digits": mark("Images"),
    "steps": mark("How they are prepared"),
    "training": mark("What the network sees"),
}
#: What the address says, in this order.
ADDRESS = ("view", "split", "class", "digit")
#: Digits on a page of the grid.
PAGE = 96
#: The choice of no class in particular.
EVERY = -1
SET_LABELS = {
    "all": mark("Everything"),
    "train": mark("Training"),
    "validation": mark("Validation"),
    "test": mark("Test"),
}
SET_WORDS = {
    "all": mark("All {count} images: 60,000 for training and validation, then 10,000 for testing."),
    "train": mark("{count} images, drawn at random for this experiment: they train its network."),
    "validation": mark(
        "{count} images, none of them a training image: they show during training how well the "
        "network does on images it has not seen."
    ),
    "test": mark("{count} other images, the same for every experiment: used once, at the end."),
}


def follow_address(config: TrainingConfig) -> None:
    """Take over the view, the set, the class and the digit that the address asks for, once."""
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
        take_first(config)


def note_address(config: TrainingConfig) -> None:
    """Let the address say what is shown, also after a reload."""
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
    """The class that is looked at, None for every one."""
    label = keys.CLASS.get()
    return None if label in (EVERY, None) else label


def chosen_set(config: TrainingConfig) -> ImageSet:
    """All images of the set and the class that are chosen."""
    return image_sets.image_set(keys.SPLIT.get(), config).chosen(chosen_class())


def chosen_digit(config: TrainingConfig) -> int:
    """Number of the digit that is looked at; the first one of the set before any was chosen."""
    if keys.DIGIT.get() is None:
        take_first(config)
    return int(keys.DIGIT.get() or 0)


def take_first(config: TrainingConfig) -> None:
    """Look at the first digit of the page of the grid."""
    first = chosen_set(config).page(keys.PAGE.get(), PAGE).numbers[:1]
    keys.DIGIT.set(int(first[0]) if len(first) else keys.DIGIT.get() or 0)


def turn_to_first(config: TrainingConfig) -> None:
    """Another set or class was chosen: begin with its first page."""
    keys.PAGE.set(1)
    turn(config)


def turn(config: TrainingConfig) -> None:
    """Another page was chosen."""
    take_first(config)
    note_address(config)


@st.fragment
def show_digits(config: TrainingConfig) -> None:
    """The grid with its choices, the digit that is chosen, and how many there are of each class.

    Args:
        config: The experiment whose parts there are to choose from.
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
                st.pagination(pages, key=keys.PAGE.prepare(), on_change=turn, args=(config,))
        with st.container(key=keys.ENLARGED):
            show_enlarged(whole_set, config)
        with st.container(key=keys.COUNTS):
            st.markdown(_("**How many of each class**"))
            st.html(figures.count_bars(names, whole_set.counts, whole_set.wrong_counts))
            if whole_set.wrong.any():
                st.caption(_("Red, and in brackets: those with a wrong label."))


def _show_choice(config: TrainingConfig) -> None:
    sets = {name: len(image_sets.image_set(name, config).numbers) for name in image_sets.SETS}
    names = task(config.task).classes
    st.segmented_control(
        _("Set"),
        image_sets.SETS,
        format_func=lambda name: counted(_(SET_LABELS[name]), sets[name]),
        key=keys.SPLIT.prepare(),
        required=True,
        help=_(
            "The training and the validation images are those of the settings under “What the "
            "network sees”, which are also those of the page Train."
        ),
        on_change=turn_to_first,
        args=(config,),
        persist_state="session",
    )
    st.pills(
        _("Class"),
        [EVERY, *range(len(names))],
        format_func=lambda label: _("All") if label == EVERY else escaped(names[label]),
        key=keys.CLASS.prepare(),
        required=True,
        on_change=turn_to_first,
        args=(config,),
        persist_state="session",
    )
    chosen = keys.SPLIT.get()
    words = _(SET_WORDS[chosen]).format(count=whole(sets[chosen]))
    st.caption(words)


def show_grid(found: ImageSet, config: TrainingConfig) -> None:
    """Images to choose one from; those with a wrong label carry it in red.

    Args:
        found: The images of one page.
        config: The experiment, for the address.
    """
    names = task(config.task).classes

    def choose(number: int) -> None:
        keys.DIGIT.set(number)
        note_address(config)

    picture_grid(
        image_sets.images(config.task, found.numbers),
        found.numbers.tolist(),
        _titles(found),
        key=keys.GRID,
        label=_("Images to choose from"),
        badges=[
            names[label] if wrong else ""
            for label, wrong in zip(found.labels, found.wrong, strict=True)
        ],
        chosen=chosen_digit(config),
        on_choose=choose,
    )


def _titles(found: ImageSet) -> list[str]:
    names = task(found.task).classes
    real = image_sets.truth(found.task, found.numbers)
    right, wrong = _("{name}, image {number}"), _("{real} with the label {name}, image {number}")
    return [
        (wrong if bad else right).plain(name=names[label], real=names[true], number=whole(number))
        for number, label, true, bad in zip(
            found.numbers.tolist(), found.labels, real, found.wrong, strict=True
        )
    ]


def show_enlarged(shown: ImageSet, config: TrainingConfig) -> None:
    """One digit with its numbers.

    Args:
        shown: The set that it is looked at in: its label may be wrong there.
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
            "Its place in the whole data set: the first 60,000 are for training and validation, "
            "the last 10,000 for testing. Or click one in the grid."
        ),
        then=functools.partial(note_address, config),
    )
    image = image_sets.images(config.task, np.array([number]))[0]
    real = names[int(image_sets.truth(config.task, np.array([number]))[0])]
    label = shown.label_of(number)
    if label is None:
        st.markdown(_("**It is a {real}.** It is not in the chosen set.").format(real=real))
    elif names[label] != real:
        words = _("**It is a {real}, and its label says {label}:** set wrong on purpose.")
        st.markdown(words.format(real=real, label=names[label]))
    else:
        st.markdown(_("**It is a {real}**, and its label says so.").format(real=real))
    st.plotly_chart(
        figures.pixel_map(image),
        key=keys.PIXELS,
        height=430,
        config={"displayModeBar": False},
        alt=_("The image of {real} with the number of each of its pixels").plain(real=real),
    )
    inked = int(np.count_nonzero(image))
    st.caption(
        ngettext(
            "28 × 28 whole numbers from 0 (black) to 255 (white); {count} of them ({share}) is "
            "not black. Drag over a part to enlarge it; a double click shows all again.",
            "28 × 28 whole numbers from 0 (black) to 255 (white); {count} of them ({share}) are "
            "not black. Drag over a part to enlarge it; a double click shows all again.",
            inked,
        ).format(count=whole(inked), share=percent(inked / image.size))
    )
