"""``evaluate``: how well a run's model reads its images, and where it goes wrong."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from mnist_core.commands.arguments import Commands, add_checkpoint, add_run, run_named
from mnist_core.commands.tables import print_table
from mnist_core.estimates import Estimate
from mnist_core.evaluation import Evaluation
from mnist_core.generalisation import Gap, compared
from mnist_core.judging import PARTS, check_part, evaluate_parts
from mnist_core.runs import Run, Store


def add(commands: Commands) -> argparse.ArgumentParser:
    """Add the command."""
    parser = commands.add_parser(
        "evaluate", help="accuracy with its interval, confusions, worst answers, calibration"
    )
    parser.set_defaults(run=_evaluate)
    add_run(parser)
    add_checkpoint(parser)
    parser.add_argument(
        "--part", default="test", choices=PARTS, help="which of the run's images (default: test)"
    )
    return parser


def _evaluate(options: argparse.Namespace) -> int:
    store = Store.open()
    run = run_named(store, options.run_name)
    check_part(run, options.part)
    parts = evaluate_parts(store, run.id, options.checkpoint, said=_say)
    if options.json:
        print(json.dumps(_figures(run, options, parts)))
    else:
        _print(run, options, parts)
    return 0


def _say(part: str) -> None:
    if sys.stderr.isatty():
        print(f"reading the {part} images …", file=sys.stderr)


def _figures(run: Run, options: argparse.Namespace, parts: dict[str, Evaluation]) -> dict[str, Any]:
    record = run.best if options.checkpoint == "best" else run.last
    named = {
        "run_id": run.id,
        "name": run.name,
        "checkpoint": options.checkpoint,
        "epoch": record.epoch if record else None,
        "part": options.part,
    }
    return named | parts[options.part].to_dict() | {"compared": compared(parts)}


def _print(run: Run, options: argparse.Namespace, parts: dict[str, Evaluation]) -> None:
    evaluation = parts[options.part]
    print_table(f"{run.name}, {options.checkpoint} model", [_row(parts, name) for name in parts])
    print_table(
        f"Confusion matrix of the {options.part} images (rows: what it is; columns: what is read)",
        [
            {"": name} | dict(zip(evaluation.classes, map(str, row), strict=True))
            for name, row in zip(evaluation.classes, evaluation.confusion, strict=True)
        ],
    )
    scores = [
        {
            "class": one.name,
            "precision": _percent(one.precision),
            "recall": _percent(one.recall),
            "f1": _percent(one.f1),
            "images": one.support,
        }
        for one in evaluation.per_class
    ]
    print_table("Classes", scores)
    figures = evaluation.to_dict()
    pairs = [
        {"is": one["true"], "read as": one["read"], "times": one["count"]}
        | {"of these": _percent(one["share"])}
        for one in figures["confused_pairs"]
    ]
    print_table("Most confused", pairs)
    worst = [
        {
            "index": one["index"],
            "is": one["true"],
            "read as": one["read"],
            "loss": f"{one['loss']:.3f}",
            "sure": f"{max(one['probabilities']):.1%}",
        }
        for one in figures["top_losses"][:10]
    ]
    print_table("Highest losses", worst)
    calibration = evaluation.calibration
    print(
        f"Expected calibration error {calibration.expected_error:.2%}, mean confidence "
        f"{calibration.confidence:.2%}."
    )


def _row(parts: dict[str, Evaluation], name: str) -> dict[str, str]:
    one = parts[name]
    row = {
        "images": f"{name} ({len(one):,})",
        "accuracy": f"{one.accuracy.value:.2%} ({_ends(one.accuracy, '.2%')})",
        "loss": f"{one.loss.value:.4f} ({_ends(one.loss, '.4f')})",
    }
    if "train" not in parts:
        return row
    gap = Gap.between(parts["train"], one)
    learned = name == "train"
    return row | {
        "gap, accuracy": "" if learned else f"{100 * gap.accuracy.value:+.2f} points",
        "gap, loss": "" if learned else f"{gap.loss.value:+.4f}",
    }


def _ends(estimate: Estimate, form: str) -> str:
    return f"{estimate.low:{form}} to {estimate.high:{form}}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"
