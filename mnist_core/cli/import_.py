"""``import``: import a model file of Keras as a run."""

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
    """Add the arguments of the command."""
    parser.set_defaults(run=_import)
    parser.add_argument("file", type=Path, metavar="FILE", help="a model file saved by Keras")
    parser.add_argument("--name", help="name of the run (default: the file's name)")
    parser.add_argument(
        "--pixel-scaling",
        default=AUTO,
        choices=(AUTO, *CHOICES["pixel_scaling"]),
        help="pixel range of the network: unit for 0 to 1, raw for 0 to 255 (default: auto, "
        "determined by measuring)",
    )


def _import(options: argparse.Namespace) -> int:
    store = Store.open()
    run_id, file = keep_file(store, options.file)
    from mnist_core.transfer.keras_import.importer import import_model

    import_model(store, run_id, file, options.pixel_scaling, options.name)
    print_run(store.get(run_id), as_json=options.json)
    return 0


def keep_file(store: Store, path: Path) -> tuple[str, str]:
    """Copy a file into the store, for an import.

    Args:
        store: The run store.
        path: The file.

    Returns:
        The id of the run that the file may become, and the file's name.

    Raises:
        ConfigError: The file cannot be read.
        StoreError: The file cannot be copied.
    """
    try:
        with path.open("rb") as file:
            run_id = keep_arrived(store, file)
    except (OSError, ValueError) as error:  # ValueError: the path is invalid
        raise ConfigError(
            mark("Could not read the file {path}: {cause}."),
            mark("Give the path of a readable file."),
            path=shown(str(path)),
            cause=getattr(error, "strerror", None) or str(error),
        ) from error
    name = path.name.encode("utf-8", "replace").decode()  # Linux allows any bytes in a name
    return run_id, name


def print_run(run: Run, *, as_json: bool) -> None:
    """Print an imported run and the findings about it."""
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
