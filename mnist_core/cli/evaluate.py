"""``evaluate``: evaluation of a run's model on its samples."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from typing import Any

from mnist_core.cli.arguments import add_checkpoint, add_run, note_failure, run_named
from mnist_core.cli.tables import print_table
from mnist_core.evaluation.classification import Evaluation
from mnist_core.evaluation.gap import ErrorGap, Gap, compared
from mnist_core.evaluation.intervals import Estimate
from mnist_core.evaluation.parts import PARTS, AnyEvaluation, check_part, samples_of, texts_of
from mnist_core.evaluation.regression import RegressionEvaluation
from mnist_core.examples import open_store
from mnist_core.runs import Run
from mnist_core.tasks import task
from mnist_core.tasks.text_data import beginning

#: Number of rows in a printed list.
ROWS_PRINTED = 10
#: Largest number of classes for which the confusion matrix is printed, as a terminal is narrow.
MOST_COLUMNS = 12
#: Number of characters of a text in a printed list.
EXCERPT = 60


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_evaluate)
    add_run(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--part", default="test", choices=PARTS, help="which of the run's samples (default: test)"
    )


def _evaluate(options: argparse.Namespace) -> int:
    store = open_store()
    run = run_named(store, options.run_name)
    note_failure(run)
    check_part(run, options.part)
    from mnist_core.evaluation.service import evaluate_parts

    parts = evaluate_parts(store, run.id, options.checkpoint, on_part=_say)
    figures = _figures(run, options, parts)
    if options.json:
        print(json.dumps(figures))
        return 0
    print_table(f"{run.name}, {options.checkpoint} model", [_row(parts, name) for name in parts])
    evaluation = parts[options.part]
    if isinstance(evaluation, Evaluation):
        _print_classes(evaluation, figures, options.part)
    else:
        _print_errors(evaluation, figures)
    return 0


def _say(part: str) -> None:
    if sys.stderr.isatty():
        print(f"predicting the {part} samples …", file=sys.stderr)


def _figures(
    run: Run, options: argparse.Namespace, parts: Mapping[str, AnyEvaluation]
) -> dict[str, Any]:
    record = run.best if options.checkpoint == "best" else run.last
    named = {
        "run_id": run.id,
        "name": run.name,
        "task": run.config.task,
        "checkpoint": options.checkpoint,
        "epoch": record.epoch if record else None,
        "part": options.part,
    }
    evaluation = parts[options.part]
    figures = evaluation.to_dict()
    _add_samples(run, options.part, evaluation, figures)
    return named | figures | {"compared": compared(parts)}


def _add_samples(run: Run, part: str, evaluation: AnyEvaluation, figures: dict[str, Any]) -> None:
    """Add the text or the row of the table to each of the worst predictions."""
    entry = task(run.config.task)
    if isinstance(evaluation, RegressionEvaluation):
        rows = samples_of(run, part, evaluation.indices[evaluation.top_errors()])
        for one, row in zip(figures["top_errors"], rows, strict=True):
            one["columns"] = dict(zip(entry.columns, map(float, row), strict=True))
    elif entry.inputs == "texts":
        texts = texts_of(run, part, evaluation.indices[evaluation.top_losses()])
        for one, text in zip(figures["top_losses"], texts, strict=True):
            one["text"] = beginning(text)


def _print_classes(evaluation: Evaluation, figures: dict[str, Any], part: str) -> None:
    classes = evaluation.classes
    if len(classes) <= MOST_COLUMNS:
        print_table(
            f"Confusion matrix of the {part} samples (rows: true class; columns: predicted class)",
            [
                {"": name} | dict(zip(classes, map(str, row), strict=True))
                for name, row in zip(classes, evaluation.confusion, strict=True)
            ],
        )
    scores = [
        {
            "class": one.name,
            "precision": _percent(one.precision),
            "recall": _percent(one.recall),
            "f1": _percent(one.f1),
            "samples": one.support,
        }
        for one in evaluation.per_class
    ]
    print_table("Classes", scores)
    pairs = [
        {"true": one["true"], "predicted": one["read"], "count": one["count"]}
        | {"share": _percent(one["share"])}
        for one in figures["confused_pairs"]
    ]
    print_table("Most confused", pairs)
    worst = [
        {
            "index": one["index"],
            "true": one["true"],
            "predicted": one["read"],
            "loss": f"{one['loss']:.3f}",
            "confidence": f"{max(one['probabilities']):.1%}",
        }
        | ({"text": beginning(one["text"], EXCERPT)} if "text" in one else {})
        for one in figures["top_losses"][:ROWS_PRINTED]
    ]
    print_table("Highest losses", worst)
    calibration = evaluation.calibration
    print(
        f"Expected calibration error {calibration.expected_error:.2%}, mean confidence "
        f"{calibration.confidence:.2%}."
    )
    if evaluation.curves:
        print(
            f"Area under the ROC curve {evaluation.curves.roc.area:.4f}, average precision "
            f"{evaluation.curves.precision_recall.area:.4f}."
        )


def _print_errors(evaluation: RegressionEvaluation, figures: dict[str, Any]) -> None:
    worst = [
        {"index": one["index"]}
        | {name: f"{one[name]:.2f}" for name in ("true", "predicted")}
        | {"error": f"{one['error']:+.2f}"}
        for one in figures["top_errors"][:ROWS_PRINTED]
    ]
    print_table(f"Largest errors ({evaluation.unit})", worst)
    r2 = "undefined" if evaluation.r2 is None else f"{evaluation.r2:.4f}"
    print(
        f"R² {r2}, mean error {evaluation.bias.value:+.3f} "
        f"({_ends(evaluation.bias, '+.3f')}) {evaluation.unit}."
    )


def _row(parts: Mapping[str, AnyEvaluation], name: str) -> dict[str, str]:
    one, train = parts[name], parts.get("train")
    row = {"samples": f"{name} ({len(one):,})"}
    if isinstance(one, Evaluation):
        row["accuracy"] = f"{one.accuracy.value:.2%} ({_ends(one.accuracy, '.2%')})"
    else:
        row["mae"] = f"{one.mae.value:.3f} ({_ends(one.mae, '.3f')})"
        row["rmse"] = f"{one.rmse.value:.3f} ({_ends(one.rmse, '.3f')})"
    row["loss"] = f"{one.loss.value:.4f} ({_ends(one.loss, '.4f')})"
    if train is None:
        return row
    on_train = name == "train"
    if isinstance(train, Evaluation) and isinstance(one, Evaluation):
        gap = Gap.between(train, one)
        row["gap, accuracy"] = "" if on_train else f"{100 * gap.accuracy.value:+.2f} points"
        row["gap, loss"] = "" if on_train else f"{gap.loss.value:+.4f}"
    if isinstance(train, RegressionEvaluation) and isinstance(one, RegressionEvaluation):
        errors = ErrorGap.between(train, one)
        row["gap, mae"] = "" if on_train else f"{errors.mae.value:+.3f}"
        row["gap, loss"] = "" if on_train else f"{errors.loss.value:+.4f}"
    return row


def _ends(estimate: Estimate, form: str) -> str:
    return f"{estimate.low:{form}} to {estimate.high:{form}}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"
