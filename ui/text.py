"""The words of the pages, in the reader's language.

Every visible word goes through ``_``. The catalogues are GNU gettext's, in ``ui/locale``:
``messages.pot`` holds all words (``scripts/words`` collects them), ``zh_CN/LC_MESSAGES`` and the
like a translation each. The words of the core are marked there (``mnist_core.words.mark``) and
translated here, at the moment when they are shown.
"""

from __future__ import annotations

import gettext
import re
from functools import cache
from pathlib import Path

from streamlit.runtime.scriptrunner import get_script_run_ctx

from ui import state

LOCALE = Path(__file__).parent / "locale"
DOMAIN = "messages"

LANGUAGES: dict[str, str] = {state.DEFAULT_LANGUAGE: "English"}
"""Code of each language that there is → its own name for itself."""

_PUNCTUATION = re.compile(r"[!-/:-@\[-`{-~]")
#: It has no width, and parts two signs without parting them for a reader.
JOINER = "\N{WORD JOINER}"
#: What Streamlit looks for in a text after its Markdown is read, so that no backslash keeps it
#: back: addresses, shortcodes of icons and emoji, and arrows and dashes between spaces.
_READ_LATER = re.compile(
    r"(?P<begin>://|www|@|:(?=[\w+-])|(?:(?<=\s)|^)[<>~-](?=[->=]))", re.IGNORECASE | re.MULTILINE
)
#: Four spaces at the beginning of a line would be code.
_INDENT = re.compile(r"(?<=\n)[ \t]+")


def _(text: str) -> str:
    """Translate a text for the reader of this session."""
    # The empty text is a catalogue's own title page to gettext.
    return catalogue(language()).gettext(text) if text else ""


def escaped(text: str) -> str:
    """A text that a person wrote, or a file brought along, as Markdown that shows it as it is.

    Every such text goes through here on its way to Streamlit: none of it becomes a format, HTML,
    a formula, a link, an icon, an emoji or an arrow.
    """
    apart = _READ_LATER.sub(rf"\g<begin>{JOINER}", _INDENT.sub("", text))
    return _PUNCTUATION.sub(r"\\\g<0>", apart)


def ngettext(one: str, many: str, count: int) -> str:
    """Translate a text that depends on a number: "1 run", "2 runs"."""
    return catalogue(language()).ngettext(one, many, count)


def language() -> str:
    """Code of the reader's language; the default outside of a browser session."""
    if get_script_run_ctx(suppress_warning=True) is None:
        return state.DEFAULT_LANGUAGE
    return state.language()


@cache
def catalogue(code: str) -> gettext.NullTranslations:
    """The words of a language, read once; where there is no catalogue the words stay English."""
    return gettext.translation(DOMAIN, LOCALE, [code], fallback=True)
