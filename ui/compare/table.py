"""The compared runs as a table: what differs in their settings, and what they reached."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from typing import Any

import streamlit as st

from mnist_core.evaluation.intervals import NORMAL_95, Estimate
from mnist_core.evaluation.overfitting import DEFAULT_CRITERION
from mnist_core.runs import EpochRecord, Run
from mnist_core.tasks import TASKS, Quantity
from ui.common import findings, setting_changes
from ui.common.charts import Theme
from ui.common.formatting import STATUS_WORDS, column_format
from ui.common.i18n import _
from ui.common.lab import lab
from ui.common.run_selector import with_unique_names
from ui.common.run_styles import run_style
from ui.compare import keys
from ui.compare.choice import GAP

#: Figures of an epoch in the file.
EPOCH_FIELDS = ("loss", "metric", "val_loss", "val_metric", "val_loss_se", "learning_rate")


def show_table(run_ids: Sequence[str]) -> None:
    """One row for each run: settings that differ, and the figures of the best epoch."""
    runs = _read(run_ids)
    if not runs:
        return
    settings = [run.config.to_dict() for run in runs]
    differing = setting_changes.differing(*settings)
    quantities = {run.config.quantity for run in runs}
    quantity = next(iter(quantities)) if len(quantities) == 1 else None
    comparable = len(quantities) == 1
    theme: Theme = "dark" if st.context.theme.type == "dark" else "light"
    columns: dict[str, list[Any]] = {
        "swatch": [run_style(run).swatch(theme) for run in runs],
        "name": [run.name for run in runs],
    }
    for name in differing:
        columns[_setting(name)] = _cells(name, [one.get(name) for one in settings])
    rows = [_figures(run, comparable=comparable) for run in runs]
    columns |= {name: [row[name] for row in rows] for name in rows[0]}
    st.dataframe(
        columns,
        hide_index=True,
        width="stretch",
        column_config=_columns(differing, quantity),
        key=keys.TABLE,
    )
    st.caption(
        _(
            "Settings that are the same in all runs are left out. Figures are those of the best "
            "epoch, the one with the lowest validation loss. Brackets hold 95% intervals: how "
            "much a figure could differ with other samples of the same kind. A click on a heading "
            "sorts the table."
        )
    )


def epoch_rows(runs: Sequence[Run]) -> Iterator[dict[str, Any]]:
    """Every epoch of some runs, with the samples seen and the seconds trained until its end."""
    for run in runs:
        seconds = 0.0
        for record in lab.store.curves(run.id):
            seconds += record.seconds
            yield {
                "run_id": run.id,
                "run": run.name,
                "epoch": record.epoch,
                "samples_seen": record.epoch * run.config.train_size,
                "seconds": round(seconds, 4),
            } | {name: getattr(record, name) for name in EPOCH_FIELDS}


def show_download(run_ids: Sequence[str]) -> None:
    """The numbers of the chart: a CSV file, made when the button is pressed."""
    st.download_button(
        _("Download all epochs (CSV)"),
        lambda: csv_file(_read(run_ids)),
        file_name="comparison.csv",
        mime="text/csv",
        key=keys.CSV,
        icon=":material/download:",
        on_click="ignore",
    )


def show_numbers(runs: Sequence[Run]) -> None:
    """The curve of the chart as a table: one row for each epoch, one column for each run."""
    curve = keys.CURVE.get()
    records = {run.name: lab.store.curves(run.id) for run in with_unique_names(list(runs)).values()}
    epochs = range(1, 1 + max(map(len, records.values())))
    columns: dict[str, list[Any]] = {_("Epoch"): list(epochs)}
    for run, (name, found) in zip(runs, records.items(), strict=True):
        quantity = run.config.quantity
        scale = quantity.scale if quantity and curve.endswith("metric") else 1
        values = [scale * _value(record, curve) for record in found]
        columns[name] = values + [None] * (len(epochs) - len(values))
    st.dataframe(columns, hide_index=True, width="stretch", key=keys.NUMBERS_TABLE)


def _value(record: EpochRecord, curve: str) -> float:
    if curve == GAP:
        return record.val_loss - record.loss
    value: float = getattr(record, curve)
    return value


def _read(run_ids: Sequence[str]) -> list[Run]:
    return sorted(lab.store.get_some(run_ids), key=lambda run: run.number)


def csv_file(runs: Sequence[Run]) -> bytes:
    """Every epoch of some runs as CSV (UTF-8, one header line)."""
    text = io.StringIO()
    names = ["run_id", "run", "epoch", "samples_seen", "seconds", *EPOCH_FIELDS]
    writer = csv.DictWriter(text, names, lineterminator="\n")
    writer.writeheader()
    for row in epoch_rows(runs):
        # A spreadsheet would compute a name that begins like a formula.
        name = f"'{row['run']}" if row["run"].startswith(("=", "+", "-", "@")) else row["run"]
        writer.writerow(row | {"run": name})
    return text.getvalue().encode()


def _setting(name: str) -> str:
    """Name of a setting's column: epochs are also a figure."""
    return f"setting-{name}"


def _cells(name: str, values: Sequence[Any]) -> list[Any]:
    """A setting of each run: numbers where all are, so that the column sorts by size."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return list(values)
    return [setting_changes.value_label(name, value) for value in values]


def _figures(run: Run, *, comparable: bool) -> dict[str, Any]:
    best = run.best
    row: dict[str, Any] = {
        "status": _(STATUS_WORDS[run.status].label),
        "epochs": run.epochs_done,
        "best_epoch": best.epoch if best else None,
        "overfits": _overfitting_epoch(run),
        "val_loss": best.val_loss if best else None,
        "val_loss_range": _range(_mean_interval(best), ".4f") if best else "",
    }
    if comparable:
        row |= _metrics(run, best)
    return row | {"seconds": run.active_seconds}


def _metrics(run: Run, best: EpochRecord | None) -> dict[str, Any]:
    """Validation and test figure; the interval of an accuracy, for errors none is recorded."""
    quantity, known = run.config.quantity, TASKS.get(run.config.task)
    row: dict[str, Any] = {}
    counts = {"val_metric": run.config.validation_size, "test": known.test_samples if known else 0}
    figures = {"val_metric": best.val_metric if best else None, "test": run.test_metric}
    for name, value in figures.items():
        if quantity is not None:
            row[name] = None if value is None else value * quantity.scale
            continue
        row[name] = value
        count = counts[name]
        if value is None or not 0 <= value <= 1 or not count:
            row[f"{name}_range"] = ""
        else:
            row[f"{name}_range"] = _range(Estimate.of_share(round(value * count), count), ".1%")
    return row


def _mean_interval(best: EpochRecord) -> Estimate:
    half = NORMAL_95 * best.val_loss_se
    return Estimate(best.val_loss, best.val_loss - half, best.val_loss + half)


def _range(found: Estimate, form: str) -> str:
    if found.low != found.low:  # NaN: no validation samples
        return ""
    return f"[{found.low:{form}}, {found.high:{form}}]"


def _overfitting_epoch(run: Run) -> int | None:
    if run.status.is_active or not run.epochs_done:
        return None
    at_best = findings.finding(run, DEFAULT_CRITERION).at_best
    return at_best.epoch if at_best else None


def _columns(differing: Sequence[str], quantity: Quantity | None) -> dict[str, Any]:
    column = st.column_config
    form = "percent" if quantity is None else column_format(quantity)
    validation = _("Validation accuracy") if quantity is None else _("Validation error")
    test = _("Test accuracy") if quantity is None else _("Test error")
    found: dict[str, Any] = {
        "swatch": column.ImageColumn("", width=70, pinned=True, help=_("Line in the chart")),
        "name": column.TextColumn(_("Run"), pinned=True),
        "status": column.TextColumn(_("Status")),
        "epochs": column.NumberColumn(_("Epochs"), format="localized"),
        "best_epoch": column.NumberColumn(_("Best epoch"), format="localized"),
        "overfits": column.NumberColumn(
            _("Overfits after"),
            format="localized",
            help=_("Empty where no overfitting was found or the run is still training."),
        ),
        "val_loss": column.NumberColumn(_("Validation loss"), format="%.4f"),
        "val_loss_range": column.TextColumn(""),
        "val_metric": column.NumberColumn(validation, format=form),
        "val_metric_range": column.TextColumn(""),
        "test": column.NumberColumn(test, format=form),
        "test_range": column.TextColumn(""),
        "seconds": column.NumberColumn(_("Seconds trained"), format="%.1f"),
    }
    for name in differing:
        found[_setting(name)] = column.Column(setting_changes.label(name))
    return found
