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
from typing import NoReturn

from mnist_core.cli import (
    archive,
    clean,
    crossvalidate,
    evaluate,
    examples,
    export,
    import_,
    list_,
    predict,
    reproduce,
    restore,
    resume,
    runs,
    train,
)
from mnist_core.errors import ConfigError, LabError
from mnist_core.i18n import mark

#: A command is a module with ``add``, which adds its parser and says what runs it.
COMMANDS = (
    list_,
    examples,
    train,
    resume,
    crossvalidate,
    runs,
    predict,
    evaluate,
    export,
    archive,
    restore,
    import_,
    clean,
    reproduce,
)
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
        options = _parser().parse_args(arguments)
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
            mark("The command line was: {message}."),
            mark("It does not fit this command."),
            mark("See {command} --help."),
            message=message,
            command=self.prog,
        )


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="python -m mnist_core", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in COMMANDS:
        command = module.add(commands)
        command.add_argument("--json", action="store_true", help="one JSON value on stdout")
    return parser
