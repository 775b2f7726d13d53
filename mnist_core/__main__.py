"""``python -m mnist_core``: the command line."""

import sys

from mnist_core.process import begin_in_utf8, let_warnings_warn

if __name__ == "__main__":
    begin_in_utf8()
    let_warnings_warn()
    from mnist_core.cli import main

    sys.exit(main())
