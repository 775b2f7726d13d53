"""The lab from the shell: list what there is, train, see the runs, and ask them.

A training started here is a run like any other: it stands in the same store as the browser's,
under the same lease, and a page can watch it. Each command is one file of this package.
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

#: Each command with what it does. It is a module of its name here, with ``add``, which adds its
#: arguments to a parser and says what runs it. (``list`` and ``import`` end in an underscore.)
COMMANDS = {
    "list": "the presets and architectures",
    "examples": "the trained networks that come with the lab",
    "train": "train a run in this process",
    "resume": "go on with a run that was stopped",
    "crossvalidate": "K-fold cross-validation, then the final training on all samples",
    "runs": "the runs in the store, newest first",
    "predict": "ask a network about pictures, a text or a row",
    "evaluate": "accuracy with its interval, confusions, worst answers, calibration; or errors",
    "export": "write a run's model, or code that trains it again",
    "archive": "write a run, with all that it has, as one .zip",
    "restore": "bring in a run that was written as a .zip",
    "import": "bring in a model file, .keras or .h5",
    "clean": "remove runs that are old and not pinned",
    "reproduce": "train the sources' experiments and compare with their figures",
}
BAD_INPUT = 2
INTERRUPTED = 128 + signal.SIGINT


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: The words after ``python -m mnist_core``; None for the process's own.

    Returns:
        Exit code: 0, 1 for a training that failed, 2 for input that cannot be used, 130 for
        one that was interrupted before it could be stopped.
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
    except BrokenPipeError:  # the reader, e.g. `head`, has seen enough
        # What is left in the buffer would fail once more when the process ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(
            mark("The command line was: {message}. It does not fit this command."),
            mark("See {command} --help."),
            message=message,
            command=self.prog,
        )


def _parser(arguments: Sequence[str]) -> argparse.ArgumentParser:
    """The parser of a command line; only the module of the command that is asked for is loaded."""
    parser = _Parser(prog="python -m mnist_core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for name, summary in COMMANDS.items():
        command = commands.add_parser(name, help=summary)
        if name in arguments[:1]:
            module = f"{name}_" if name in ("list", "import") else name
            import_module(f"mnist_core.cli.{module}").add(command)
            command.add_argument("--json", action="store_true", help="one JSON value on stdout")
    return parser
