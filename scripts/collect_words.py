"""Extract the translatable texts into a catalogue template, for translators.

scripts/words runs this file. The texts of pages are in ``_("…")`` and ``ngettext("…", "…", n)``,
those of the core in ``mark("…")``. A comment that begins with "Translators:" is extracted too.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "ui" / "locale" / "messages.pot"
EXTRACT = (
    *("-m", "babel.messages.frontend", "--quiet", "extract"),
    *("--keywords=_", "--keywords=mark", "--keywords=ngettext:1,2"),
    *("--add-comments=Translators:", "--strip-comments"),
    *("--omit-header", "--sort-output", "--add-location=file", "--width=100"),
)
FOLDERS = ("ui", "pages", "mnist_core")


def main() -> int:
    """Write the template to the given file, or to its default place."""
    into = Path(sys.argv[1]) if sys.argv[1:] else TEMPLATE
    into.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run([sys.executable, *EXTRACT, f"--output={into}", *FOLDERS], cwd=ROOT, check=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
