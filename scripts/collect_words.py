"""Collect the words that a person sees into the catalogue template ui/locale/messages.pot.

scripts/words ends here. The words of pages stand in ``_("…")`` and ``ngettext("…", "…", n)``,
those of the core in ``mark("…")``. A comment that begins with "Translators:" goes with them.
The template holds neither dates nor line numbers, so it changes only when a word does.
"""

from __future__ import annotations

import difflib
import subprocess
import sys
import tempfile
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


def collect(into: Path) -> None:
    """Write the template of all words into a file."""
    subprocess.run([sys.executable, *EXTRACT, f"--output={into}", *FOLDERS], cwd=ROOT, check=True)


def differences() -> list[str]:
    """Return how the template differs from what it should be, line by line."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / TEMPLATE.name
        collect(file)
        wanted = file.read_text("utf-8").splitlines()
    known = TEMPLATE.read_text("utf-8").splitlines() if TEMPLATE.exists() else []
    return list(difflib.unified_diff(known, wanted, "is", "should be", n=0, lineterm=""))


def main() -> int:
    """Write the template or, with --check, compare it; the exit code says whether it is right."""
    if sys.argv[1:] == ["--check"]:
        found = differences()
        print("\n".join([*found, "Run scripts/words."] if found else []))
        return int(bool(found))
    if sys.argv[1:]:
        print("scripts/words takes nothing or --check.", file=sys.stderr)
        return 2
    TEMPLATE.parent.mkdir(parents=True, exist_ok=True)
    collect(TEMPLATE)
    return 0


if __name__ == "__main__":
    sys.exit(main())
