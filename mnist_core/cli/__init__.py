"""Command line of the lab: train networks, list runs, predict, evaluate, import and export.

A training started here is a run like any other: it is in the same store as the browser's runs, with
the same kind of lease, and a page can show it. Each command is one file of this package.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from mnist_core.errors import ConfigError, LabError
from mnist_core.i18n import mark

#: Commands and their summaries. Each command is a module of this package of the same name, whose
#: function ``add`` adds the command's arguments to a parser and sets the function that runs it.
#: (The modules of ``list`` and ``import`` end in an underscore.)
COMMANDS = {
    "list": "the presets and architectures",
    "examples": "the trained networks that come with the lab",
    "train": "train a run in this process",
    "resume": "continue a run that was stopped",
    "crossvalidate": "K-fold cross-validation, then the final training on all samples",
    "runs": "the runs in the store, newest first",
    "predict": "predict the class of images or a text, or the value of a row",
    "evaluate": "accuracy with interval, confusion matrix, highest losses, calibration; or errors",
    "export": "write a run's model, or code that trains it again",
    "archive": "write a run with its models and event files to a .zip file",
    "restore": "import a run from a .zip file",
    "import": "import a model file, .keras or .h5",
    "clean": "delete runs that are old and not pinned",
    "reproduce": "train the sources' experiments and compare with their figures",
}
BAD_INPUT = 2
INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Arguments after ``python -m mnist_core``; None for the arguments of the process.

    Returns:
        Exit code: 0, 1 for a training that failed, 2 for invalid input, 130 for a training that
        was interrupted before it could be stopped.
    """
    try:
        words = sys.argv[1:] if arguments is None else arguments
        options = _parser(words).parse_args(words)
        result: int = options.run(options)
        sys.stdout.flush()
        return result
    except LabError as error:
        print(error.sentence(), file=sys.stderr)
        return BAD_INPUT
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:  # the reading process, such as `head`, has ended
        # The rest of the buffer would raise the error again when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(
            mark("The command line is invalid: {message}."),
            mark("See {command} --help for its options."),
            message=message,
            command=self.prog,
        )


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser of a command line; only the module of the given command is loaded."""
    parser = _Parser(prog="python -m mnist_core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary)
        if name in arguments[:1]:
            module = f"{name}_" if name in ("list", "import") else name
            import_module(f"mnist_core.cli.{module}").add(command)
            command.add_argument("--json", action="store_true", help="one JSON value on stdout")
    return parser
