"""Browsing a table: its rows, and each column's distribution and correlation with the target."""

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

#: Points of a scatter plot, at most: more would only cover each other.
POINTS = 1_500
#: From these absolute values on, a correlation is called strong or moderate.
STRONG, MODERATE = 0.6, 0.3


@lru_cache(maxsize=16)
def parts(config: TrainingConfig) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float32]]]:
    """The rows and the targets of each set of an experiment, not standardised."""
    data = task(config.task).load()
    train, validation = draw(data, config)
    rows = np.concatenate([data.x_train, data.x_test])
    targets = np.concatenate([data.y_train, data.y_test])
    return {
        "all": (rows, targets),
        "train": (data.x_train[train.indices], train.labels),
        "validation": (data.x_train[validation.indices], validation.labels),
        "test": (data.x_test, data.y_test),
    }


@lru_cache(maxsize=16)
def standard(config: TrainingConfig) -> Standard:
    """The means and the standard deviations of an experiment's training set."""
    found = split(task(config.task).load(), config).standard
    assert found is not None  # every table has one
    return found


def show_warning(key: str) -> None:
    """Warn of the ethical problem of the Boston data, and offer the California data."""
    if key != "boston":
        return
    st.warning(
        _("**This data has an ethical problem.** {source}").format(source=_(task(key).source)),
        icon=":material/warning:",
    )
    st.button(
        _("Show California instead"),
        key=keys.CALIFORNIA,
        icon=":material/arrow_forward:",
        disabled=not fetching.is_available("california"),
        on_click=task_choice.choose,
        args=("california",),
    )
    fetching.show_mark("california")


def show_choice(config: TrainingConfig) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
    """Show the choice of a set; return its rows and targets."""
    sets = parts(config)
    words = _(
        "The network is trained on the training set, and evaluated on the validation set during "
        "training and on the test set at the end. No row is in two of these sets."
    )
    show_set_choice({name: len(targets) for name, (_rows, targets) in sets.items()}, words)
    return sets[keys.SPLIT.get()]


@st.fragment
def show_rows(config: TrainingConfig) -> None:
    """All rows of a set, the target first; a click on a heading sorts them."""
    entry, quantity = task(config.task), _quantity(config)
    rows, targets = show_choice(config)
    heading = capitalised(_(quantity.name))
    columns: dict[str, NDArray[np.floating]] = {
        heading: quantity.scale * targets.astype(np.float64)
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
    """One column: its distribution, and the target against it."""
    entry, quantity = task(config.task), _quantity(config)
    rows, targets = show_choice(config)
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
    target_name = _(quantity.name)
    chosen = np.random.default_rng(0).permutation(len(values))[:POINTS]
    with st.container(key=keys.COLUMN_CHARTS):
        with st.container():
            st.markdown(_("**Distribution of its values**"))
            figure = figures.histogram(values, name)
            st.plotly_chart(figure, height=320, config={"displayModeBar": False})
        with st.container():
            words = _("**{quantity} against this column**")
            st.markdown(words.format(quantity=capitalised(target_name)))
            figure = figures.scatter(
                (values[chosen], name),
                (quantity.scale * targets[chosen], capitalised(target_name)),
                number_format(quantity),
            )
            st.plotly_chart(figure, height=320, config={"displayModeBar": False})
    correlations = [
        float(np.corrcoef(column, targets)[0, 1]) if column.std() else 0.0 for column in rows.T
    ]
    st.caption(_correlation_sentence(name, target_name, correlations[place]))
    words = _("**Correlation of each column with the {quantity}**")
    st.markdown(words.format(quantity=target_name))
    named = zip(map(_, entry.columns), correlations, strict=True)
    st.html(figures.signed_bars(sorted(named, key=lambda row: -abs(row[1]))))


def _quantity(config: TrainingConfig) -> Quantity:
    quantity = config.quantity
    assert quantity is not None  # every table has one
    return quantity


def _correlation_sentence(name: str, quantity: str, correlation: float) -> str:
    if abs(correlation) >= STRONG:
        words = _("The correlation of {name} with the {quantity} is {value}: strong.")
    elif abs(correlation) >= MODERATE:
        words = _("The correlation of {name} with the {quantity} is {value}: moderate.")
    else:
        words = _("The correlation of {name} with the {quantity} is {value}: weak.")
    more = _("+1 or −1 is an exactly linear relation, 0 no linear relation.")
    sentence = words.format(name=name, quantity=quantity, value=f"{correlation:+.2f}")
    return Markdown(" ").join([sentence, more])
