"""``python -m mnist_core``: the lab from the shell."""

import sys

from mnist_core.commands import main

if __name__ == "__main__":
    sys.exit(main())
