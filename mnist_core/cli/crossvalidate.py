"""``crossvalidate``: K-fold cross-validation, then the final training on all samples."""

from __future__ import annotations

import argparse
import json
import time
from typing import Any

from mnist_core.cli.arguments import find_data
from mnist_core.cli.tables import finite, metric_words, print_table, tested
from mnist_core.cli.train import add_settings, config_of, train_here
from mnist_core.errors import TrainingError
from mnist_core.experiment.config import TrainingConfig
from mnist_core.i18n import mark
from mnist_core.runs import Run, RunStatus, Store
from mnist_core.studies.crossvalidation import (
    DEFAULT_FOLDS,
    final_config,
    fold_configs,
    mean_curve,
    new_tag,
)

#: Settings that follow from the number of folds.
SETTLED = ("train_size", "validation_size", "sampling", "folds", "fold")


def add(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.set_defaults(run=_crossvalidate)
    add_settings(parser, without=SETTLED)
    parser.add_argument(
        "--folds", type=int, default=DEFAULT_FOLDS, help="number of folds, 2 to 10", metavar="K"
    )
    parser.add_argument(
        "--final-epochs",
        type=int,
        metavar="N",
        help="epochs of the final training (default: best epoch of the mean curve)",
    )


def _crossvalidate(options: argparse.Namespace) -> int:
    count = options.folds
    options.folds = None  # in a configuration, it belongs to a single fold
    config = config_of(options)
    find_data(config.task)
    configs = fold_configs(config, count)
    store, tag = Store.open(), new_tag()
    name = options.name or options.preset or config.task
    began = time.monotonic()
    folds = [
        _ended(
            train_here(
                store,
                one,
                name=f"{name}, fold {one.fold} of {one.folds}",
                tags=[tag],
                quiet=options.json,
            )
        )
        for one in configs
    ]
    seconds = time.monotonic() - began
    mean = mean_curve([store.curves(run.id) for run in folds])
    assert mean.best_epoch is not None
    epochs = options.final_epochs or mean.best_epoch
    last = final_config(config, epochs)
    final = _ended(train_here(store, last, name=f"{name}, final", tags=[tag], quiet=options.json))
    best = mean.best_epoch - 1
    result = {
        "tag": tag,
        "folds": [_fold(run) for run in folds],
        "seconds": round(seconds, 3),
        "best_epoch": mean.best_epoch,
        "val_loss": finite(float(mean.val_loss[best])),
        f"val_{config.metric}": finite(float(mean.val_metric[best])),
        "spread": finite(float(mean.spread[best])),
        "final": {"run_id": final.id, "epochs": epochs} | tested(final),
    }
    print(json.dumps(result)) if options.json else _print(result, config)
    return 0


def _ended(run: Run) -> Run:
    if run.status is RunStatus.FINISHED:
        return run
    raise TrainingError(
        mark(
            "The run “{name}” of the cross-validation did not finish (status: {status}). {reason}"
        ),
        mark("Start the cross-validation again."),
        name=run.name,
        status=run.status.value,
        reason=run.message,
    )


def _fold(run: Run) -> dict[str, Any]:
    assert run.best is not None
    return {
        "run_id": run.id,
        "fold": run.config.fold,
        "best_epoch": run.best.epoch,
        "val_loss": finite(run.best.val_loss),
        f"val_{run.config.metric}": finite(run.best.val_metric),
    }


def _print(result: dict[str, Any], config: TrainingConfig) -> None:
    metric, figure = config.metric, f"val_{config.metric}"
    rows = [
        {
            "fold": one["fold"],
            "best epoch": one["best_epoch"],
            "val_loss": f"{one['val_loss']:.4g}",
            figure: metric_words(one[figure], config),
        }
        for one in result["folds"]
    ]
    print_table(f"{len(rows)} folds in {result['seconds']:.1f} s", rows)
    print(
        f"mean: best after epoch {result['best_epoch']}, {figure} "
        f"{metric_words(result[figure], config)} ± {metric_words(result['spread'], config)}"
    )
    final = result["final"]
    words = metric_words(final[f"test_{metric}"], config)
    print(f"final, {final['epochs']} epochs on all samples: test {metric} {words}")
