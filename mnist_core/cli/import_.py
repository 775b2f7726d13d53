"""``import``: a model that was trained elsewhere becomes a run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from mnist_core.cli.tables import metric_words, tested
from mnist_core.errors import ConfigError, shown
from mnist_core.experiment.config import CHOICES
from mnist_core.i18n import mark
from mnist_core.runs import Run, Store
from mnist_core.transfer.keras_import.findings import AUTO, findings
from mnist_core.transfer.uploads import keep_arrived


def add(parser: argparse.ArgumentParser) -> None:
    """Add what the command takes."""
    parser.set_defaults(run=_import)
    parser.add_argument("file", type=Path, metavar="FILE", help="a model that Keras saved")
    parser.add_argument("--name", help="what to call the run; by default the file's name")
    parser.add_argument(
        "--pixel-scaling",
        default=AUTO,
        choices=(AUTO, *CHOICES["pixel_scaling"]),
        help="how it wants its pixels: unit for 0 to 1, raw for 0 to 255 (default: auto, what "
        "measuring tells)",
    )


def _import(options: argparse.Namespace) -> int:
    store = Store.open()
    run_id, file = keep_file(store, options.file)
    from mnist_core.transfer.keras_import.importer import import_model

    import_model(store, run_id, file, options.pixel_scaling, options.name)
    print_run(store.get(run_id), as_json=options.json)
    return 0


def keep_file(store: Store, path: Path) -> tuple[str, str]:
    """Copy a file into the store, where an import finds it.

    Args:
        store: Where to.
        path: The file.

    Returns:
        The id of the run that it may become, and what the file is called.

    Raises:
        ConfigError: It cannot be read.
        StoreError: It cannot be kept.
    """
    try:
        with path.open("rb") as file:
            run_id = keep_arrived(store, file)
    except (OSError, ValueError) as error:  # ValueError: no path can be written so
        raise ConfigError(
            mark("The file is {path}. It cannot be read: {cause}."),
            mark("Give the path of a file."),
            path=shown(str(path)),
            cause=getattr(error, "strerror", None) or str(error),
        ) from error
    name = path.name.encode("utf-8", "replace").decode()  # Linux allows any bytes in a name
    return run_id, name


def print_run(run: Run, *, as_json: bool) -> None:
    """Say what came in, and what was found out about it."""
    sentences = [" ".join(finding.sentences()) for finding in findings(run)]
    if as_json:
        about: dict[str, Any] = {"run_id": run.id, "name": run.name} | tested(run)
        if run.imported is not None:
            about |= {"pixel_scaling": run.config.pixel_scaling, "findings": sentences}
        print(json.dumps(about))
        return
    metric = run.config.metric
    found = run.test_metric
    words = "" if found is None else f", test {metric} {metric_words(found, run.config)}"
    print(f"{run.id}: {run.name}{words}", *sentences, sep="\n")
