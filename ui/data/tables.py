"""Looking through a table: its rows, and how each column is spread and goes with the answer."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import streamlit as st
from numpy.typing import NDArray

from mnist_core.experiment.config import TrainingConfig
from mnist_core.tasks import Quantity, Standard, draw, split, task
from ui.common import fetching
from ui.common.charts import number_format
from ui.common.formatting import capitalised, column_format
from ui.common.i18n import Markdown, _
from ui.data import figures, keys, task_choice
from ui.data.set_choice import show_set_choice

#: Points in a picture of a column and the answer: more would only cover each other.
POINTS = 1_500
#: A correlation at least so strong is called so.
STRONG, SOME = 0.6, 0.3


@lru_cache(maxsize=16)
def parts(config: TrainingConfig) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float32]]]:
    """The rows and the answers of each set of an experiment, as the data has them."""
    data = task(config.task).load()
    train, validation = draw(data, config)
    rows = np.concatenate([data.x_train, data.x_test])
    answers = np.concatenate([data.y_train, data.y_test])
    return {
        "all": (rows, answers),
        "train": (data.x_train[train.indices], train.labels),
        "validation": (data.x_train[validation.indices], validation.labels),
        "test": (data.x_test, data.y_test),
    }


@lru_cache(maxsize=16)
def standard(config: TrainingConfig) -> Standard:
    """The mean and the deviation of an experiment's training part."""
    found = split(task(config.task).load(), config).standard
    assert found is not None  # of every table
    return found


def show_warning(key: str) -> None:
    """Say plainly what is wrong with Boston's data, and offer the other table."""
    if key != "boston":
        return
    st.warning(
        _("**This data has an ethical problem.** {source}").format(source=_(task(key).source)),
        icon=":material/warning:",
    )
    st.button(
        _("Look at California instead"),
        key=keys.CALIFORNIA,
        icon=":material/arrow_forward:",
        disabled=not fetching.is_available("california"),
        on_click=task_choice.choose,
        args=("california",),
    )
    fetching.show_mark("california")


def show_choice(config: TrainingConfig) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """The choice of a set; its rows and answers."""
    sets = parts(config)
    words = _(
        "Training samples train the network, validation samples evaluate it during training, test "
        "samples evaluate it at the end. No row is in two of these sets."
    )
    show_set_choice({name: len(prices) for name, (_rows, prices) in sets.items()}, words)
    return sets[keys.SPLIT.get()]


@st.fragment
def show_rows(config: TrainingConfig) -> None:
    """All rows of a set, with the answer first; a click on a heading sorts them."""
    entry, quantity = task(config.task), _quantity(config)
    rows, answers = show_choice(config)
    heading = capitalised(_(quantity.name))
    columns: dict[str, NDArray[np.floating]] = {
        heading: quantity.scale * answers.astype(np.float64)
    }
    columns |= {_(name): values for name, values in zip(entry.columns, rows.T, strict=True)}
    st.dataframe(
        columns,
        height=420,
        column_config={
            name: st.column_config.NumberColumn(
                format=column_format(quantity) if name == heading else "%.4g"
            )
            for name in columns
        },
    )
    st.caption(
        _(
            "Each row is one {row}. A network predicts the {quantity} from the "
            "other columns. Click a heading to sort."
        ).format(row=_(entry.row or entry.noun), quantity=_(quantity.name))
    )


@st.fragment
def show_columns(config: TrainingConfig) -> None:
    """One column: how its values are spread, and how the answer goes with it."""
    entry, quantity = task(config.task), _quantity(config)
    rows, answers = show_choice(config)
    if keys.COLUMN.get() >= len(entry.columns):
        keys.COLUMN.set(0)
    with st.container(width=320):
        st.selectbox(
            _("Column"),
            range(len(entry.columns)),
            format_func=lambda place: _(entry.columns[place]),
            key=keys.COLUMN.prepare(),
            persist_state="session",
        )
    place = keys.COLUMN.get()
    st.caption(_(entry.columns_explained[place]))
    values, name = rows[:, place], _(entry.columns[place])
    called = _(quantity.name)
    chosen = np.random.default_rng(0).permutation(len(values))[:POINTS]
    with st.container(key=keys.COLUMN_CHARTS):
        with st.container():
            st.markdown(_("**Distribution of its values**"))
            figure = figures.spread(values, name)
            st.plotly_chart(figure, height=320, config={"displayModeBar": False})
        with st.container():
            words = _("**{quantity} against this column**")
            st.markdown(words.format(quantity=capitalised(called)))
            figure = figures.against(
                (values[chosen], name),
                (quantity.scale * answers[chosen], capitalised(called)),
                number_format(quantity),
            )
            st.plotly_chart(figure, height=320, config={"displayModeBar": False})
    found = [
        float(np.corrcoef(column, answers)[0, 1]) if column.std() else 0.0 for column in rows.T
    ]
    st.caption(_related(name, called, found[place]))
    words = _("**All columns, strongest correlation with the {quantity} first**")
    st.markdown(words.format(quantity=called))
    order = sorted(range(len(found)), key=lambda number: -abs(found[number]))
    st.html(figures.signed_bars([(_(entry.columns[number]), found[number]) for number in order]))


def _quantity(config: TrainingConfig) -> Quantity:
    quantity = config.quantity
    assert quantity is not None  # of every table
    return quantity


def _related(name: str, quantity: str, correlation: float) -> str:
    if abs(correlation) >= STRONG:
        words = _("The correlation of {name} with the {quantity} is {value}: strong.")
    elif abs(correlation) >= SOME:
        words = _("The correlation of {name} with the {quantity} is {value}: moderate.")
    else:
        words = _("The correlation of {name} with the {quantity} is {value}: weak.")
    more = _("+1 or −1 means a straight line, 0 no linear relation at all.")
    said = words.format(name=name, quantity=quantity, value=f"{correlation:+.2f}")
    return Markdown(" ").join([said, more])
